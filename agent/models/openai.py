"""Chat completions of any OpenAI-compatible server, through the `openai` SDK.

Promises one attempt a call, which ends (`agent.models.retry` repeats it): a fault that may pass is `Passing`,
or `Unanswered` where the server may have done the work; a refusal is an error with its remedy at once; no
key appears in any text it raises. What a server refuses (a schema, a name for the limit, a temperature, the
system role) is left out, asked again and remembered. Does not check what the answer says.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.errors import SettingsError
from agent.models.dialect import TAKES_FAULTS, Dialect, arguments, limit_is_too_large
from agent.models.providers import Spec, check_key, parse_spec
from agent.models.refusals import Told
from agent.models.replies import NoCompletion, read_reply
from agent.models.wire import Mode, Passing, Reply, Request, Unanswered

if TYPE_CHECKING:
    from openai import APIConnectionError, APIStatusError, OpenAI

UNREADABLE_TRIES = 3
"""Attempts where the server answers with something that is no chat completion."""
CONTENT_REFUSED = ("content_filter", "content_policy_violation")
"""Names of errors that are answers: the model's keepers do not want to answer this prompt."""
_UNHEARD = ("ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError")
"""Errors of a request that never reached the server."""


@dataclass
class OpenAIClient:
    """A `Client` for every provider in `agent.models.providers`."""

    environ: Mapping[str, str]
    base_url: str | None = None
    """Overrides the provider's address."""
    timeout_s: float | None = 600
    """Seconds that one attempt may take; None for no limit."""
    _clients: dict[str, OpenAI] = field(default_factory=dict, repr=False)
    _dialects: dict[str, Dialect] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def complete(self, request: Request) -> Reply:
        """Answer one request (see `agent.models.wire.Client`)."""
        import httpx2
        from openai import APIConnectionError, APIStatusError

        spec = parse_spec(request.model)
        client, dialect = self._client(spec), self.dialect(request.model)
        while True:
            form = dialect.form
            body = arguments(request, spec.name, form)
            try:
                raw = client.chat.completions.with_raw_response.create(**body)
                reply = read_reply(raw.content, form.mode, spec.provider)
            except APIStatusError as error:
                told = self._told(error, spec)
                if told.status in TAKES_FAULTS and dialect.adapt(form, request, told.status, told.text):
                    continue
                return self._refused(told, request, spec, form.mode)
            except APIConnectionError as error:
                raise self._unanswered(error, spec) from None
            except httpx2.HTTPError as error:  # while the body of an error arrives
                raise Unanswered(f"no whole answer from {self._where(spec)} ({error})") from None
            except NoCompletion as error:
                raise self._unreadable(error, spec) from None
            dialect.saw(form, request, reply)
            return reply

    def dialect(self, model: str) -> Dialect:
        """What the server of `provider:name` has been found to take so far."""
        with self._lock:
            return self._dialects.setdefault(model, Dialect(parse_spec(model).provider))

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        with self._lock:
            clients, self._clients = self._clients, {}
        for client in clients.values():
            client.close()

    def _client(self, spec: Spec) -> OpenAI:
        from agent.models.transport import open_client

        with self._lock:
            if spec.provider.name not in self._clients:
                key = check_key(spec, self.environ, self.base_url)
                self._clients[spec.provider.name] = open_client(key, self._where(spec), self.timeout_s)
            return self._clients[spec.provider.name]

    def _where(self, spec: Spec) -> str:
        return self.base_url or spec.provider.base_url

    def _told(self, error: APIStatusError, spec: Spec) -> Told:
        return Told(error.status_code, error.body, error.response.headers, self._key(spec))

    def _key(self, spec: Spec) -> str:
        variable = spec.provider.key_variable
        return self.environ.get(variable, "").strip() if variable else ""

    def _refused(self, told: Told, request: Request, spec: Spec, mode: Mode) -> Reply:
        """The reply that stands in a refusal.

        Raises:
            SettingsError: there is none, and the user must act.
            Passing: there is none, and it may pass.
        """
        if told.status == 400 and told.code == "json_validate_failed":
            return Reply(str(told.error.get("failed_generation") or ""), "stop", mode)
        if told.status in (400, 403) and told.code in CONTENT_REFUSED:
            return Reply(told.short, "refusal", mode)
        if told.status in (400, 422) and limit_is_too_large(told.text):
            if request.enlarged:
                return Reply("", "limit", mode)
            raise SettingsError(
                f"{spec}: the server refused the request (HTTP {told.status}): {told.short}; "
                "lower max_output_tokens under [models]"
            )
        raise told.fault(str(spec), self._where(spec), spec.provider.key_variable)

    def _unanswered(self, error: APIConnectionError, spec: Spec) -> Passing:
        from agent.models.transport import BodyTooLarge

        cause = error.__cause__
        reason = " ".join(str(cause or error).split()) or type(cause).__name__
        fault = f"no answer from {self._where(spec)} ({reason})"
        if type(cause).__name__ in _UNHEARD:
            return Passing(fault, "is it running?")
        if isinstance(cause, BodyTooLarge):
            return Unanswered(fault, "check --base-url", tries=UNREADABLE_TRIES)
        return Unanswered(fault, "is it running?")

    def _unreadable(self, error: NoCompletion, spec: Spec) -> Exception:
        told = Told(error.code or 0, {"message": str(error)}, {}, self._key(spec))
        if 400 <= told.status < 600:
            return told.fault(str(spec), self._where(spec), spec.provider.key_variable)
        fault = f"a reply of {self._where(spec)} that cannot be read ({told.short})"
        remedy = "check --base-url (for most servers it ends in /v1)"
        return Unanswered(fault, remedy, tries=UNREADABLE_TRIES)
