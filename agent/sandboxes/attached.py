"""The attached output of a container, as the engine streams it.

Promises that reading ends by a deadline, whatever the container does.
"""

from __future__ import annotations

import select
import socket
import time
from typing import Any

from agent.sandboxes.collect import Silent, Torn


class Attached:
    """Frames of 8 bytes of header and a payload, by stream: 1 is standard output, 2 is standard error."""

    def __init__(self, attached: Any, seconds: float) -> None:
        self._socket: socket.socket = getattr(attached, "_sock", attached)
        self._socket.setblocking(True)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._deadline = time.monotonic() + seconds
        self._left = 0
        self.errors = b""
        """What process 1 itself, or the engine, wrote to standard error; the first 4 KiB."""

    def read(self, size: int) -> bytes:
        """1 to `size` bytes of standard output; none at its end.

        Raises:
            Silent: the deadline has passed.
        """
        while self._left == 0:
            head = b""
            while len(head) < 8:
                part = self._receive(8 - len(head))
                if not part:
                    return b""
                head += part
            length = int.from_bytes(head[4:], "big")
            if head[0] == 2:
                self._note(length)
            else:
                self._left = length
        part = self._receive(min(size, self._left))
        self._left -= len(part)
        return part

    def _note(self, length: int) -> None:
        while length:
            part = self._receive(min(length, 4096))
            if not part:
                return
            length -= len(part)
            self.errors = (self.errors + part)[:4096]

    def _receive(self, size: int) -> bytes:
        if not self._poll.poll(max(0.0, self._deadline - time.monotonic()) * 1000):
            raise Silent("it does not answer")
        try:
            return self._socket.recv(size)
        except OSError as error:
            raise Torn(f"the connection to the engine broke: {error}") from error
