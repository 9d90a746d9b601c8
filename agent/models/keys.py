"""Keeps keys of model servers out of everything that could be written down.

Promises that no key of a known provider's variable passes in an answer or an error, whoever sends it: a
server can echo what it was sent. An answer goes on with a mark in the key's place, before it is filed.
Values shorter than `SHORTEST` are placeholders of local servers, such as "none", and are left alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, replace

from agent.errors import ModelUnavailable, SettingsError
from agent.models.providers import PROVIDERS
from agent.models.wire import Client, Reply, Request

SHORTEST = 8
"""Characters that a key has, at least."""
MARK = "[key removed]"


@dataclass(frozen=True)
class Keyless:
    """A `Client` that takes keys out of what another one says."""

    inner: Client
    keys: tuple[str, ...] = field(repr=False)

    def complete(self, request: Request) -> Reply:
        """Answer one request (see `agent.models.wire.Client`)."""
        try:
            reply = self.inner.complete(request)
        except (SettingsError, ModelUnavailable) as error:
            if (told := self._without(str(error))) == str(error):
                raise
            safe = copy(error)
            safe.args = (told,)
            raise safe from None
        return replace(reply, text=self._without(reply.text))

    def _without(self, text: str) -> str:
        for key in self.keys:
            text = text.replace(key, MARK)
        return text


def known_keys(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The keys in the variables of all providers, as they stand and as JSON writes them; longest first."""
    held = {environ.get(one.key_variable, "").strip() for one in PROVIDERS.values() if one.key_variable}
    keys = {key for key in held if len(key) >= SHORTEST}
    written = {form for key in keys for form in (json.dumps(key)[1:-1], key.replace("/", "\\/"))}
    return tuple(sorted(keys | written, key=lambda key: (-len(key), key)))
