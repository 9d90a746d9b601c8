"""The HTTP client under the SDK: bounds what a reply may take, in seconds and bytes.

Promises that one attempt ends: a body that trickles in for longer than the time limit, or that never ends, is
a read error like any other. The time limit holds for the wait for headers and for the body as a whole.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx2

if TYPE_CHECKING:
    from openai import OpenAI

MOST_BYTES = 16 * 2**20
"""Bytes of one body; an answer of 100,000 tokens has less than one million."""

CONNECT_S = 15.0
"""Seconds to wait for a connection; a server that takes one answers in its own time."""


class BodyTooLarge(httpx2.ReadError):
    """A body has more bytes than any answer."""


class Bounded(httpx2.SyncByteStream):
    """A body that ends in an error once it took too long or grew too large."""

    def __init__(self, inner: httpx2.SyncByteStream, timeout_s: float | None) -> None:
        self._inner = inner
        self._until = None if timeout_s is None else time.monotonic() + timeout_s

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for chunk in self._inner:
            size += len(chunk)
            if size > MOST_BYTES:
                raise BodyTooLarge(f"the reply has more than {MOST_BYTES} bytes")
            if self._until is not None and time.monotonic() > self._until:
                raise httpx2.ReadTimeout("the reply took too long to arrive")
            yield chunk

    def close(self) -> None:
        """Close the connection's side of it."""
        self._inner.close()


def open_client(key: str, base_url: str, timeout_s: float | None) -> OpenAI:
    """An SDK client for one server: no retries of its own, bounded replies, and no other server.

    Proxies are as the variables say; where a server sends on elsewhere, key and prompts do not follow.
    """
    from openai import DefaultHttpxClient, OpenAI

    def bound(response: httpx2.Response) -> None:
        if isinstance(response.stream, httpx2.SyncByteStream):
            response.stream = Bounded(response.stream, timeout_s)

    timeout = httpx2.Timeout(timeout_s, connect=CONNECT_S)
    return OpenAI(
        api_key=key,
        base_url=base_url,
        timeout=timeout,
        max_retries=0,
        http_client=DefaultHttpxClient(
            timeout=timeout, follow_redirects=False, event_hooks={"response": [bound]}
        ),
    )
