"""Chat completions of any OpenAI-compatible server, through the `openai` SDK.

Promises one layer of retries (the SDK's: 408, 409, 429, 5xx and connection errors, jittered and bounded),
an error with its remedy at once for 400, 401, 403 and 404, and that no key appears in any text it raises.
What a server refuses (a schema, a name for the limit, a temperature) is left out and remembered.
Does not check what the answer says.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.errors import ModelUnavailable, SettingsError
from agent.models.providers import LimitName, Spec, check_key, parse_spec
from agent.models.wire import Finish, Mode, Reply, Request, Unanswered
from agent.ports import Usage

if TYPE_CHECKING:
    from openai import APIStatusError, OpenAI
    from openai.types.chat import ChatCompletion

RETRIES = 6
"""Repetitions of a call that failed on the way; about 30 s of waits where the server names none."""


@dataclass
class _Dialect:
    """What one model's server has been found to take."""

    modes: tuple[Mode, ...]
    limit_name: LimitName
    temperature: bool = True
    swapped_limit: bool = False


@dataclass
class OpenAIClient:
    """A `Client` for every provider in `agent.models.providers`."""

    environ: Mapping[str, str]
    base_url: str | None = None
    """Overrides the provider's address."""
    timeout_s: float | None = 600
    """Seconds that one attempt may take; None for no limit."""
    retries: int = RETRIES
    _clients: dict[str, OpenAI] = field(default_factory=dict, repr=False)
    _dialects: dict[str, _Dialect] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def complete(self, request: Request) -> Reply:
        """Answer one request (see `agent.models.wire.Client`)."""
        from openai import APIConnectionError, APIError, APIStatusError

        spec = parse_spec(request.model)
        client, dialect = self._client(spec), self._dialect(spec)
        while True:
            mode, limit_name, temperature = dialect.modes[0], dialect.limit_name, dialect.temperature
            try:
                arguments = _arguments(request, spec.name, mode, limit_name, temperature=temperature)
                completion = client.chat.completions.create(**arguments)
            except APIStatusError as error:
                tried = (mode, limit_name, temperature)
                if not self._adapt(dialect, request, error, tried):
                    raise self._translated(error, spec) from None
            except APIConnectionError as error:
                where = self.base_url or spec.provider.base_url
                reason = " ".join(str(error.__cause__ or error).split())
                unheard = type(error.__cause__).__name__ in ("ConnectError", "ConnectTimeout")
                failure = ModelUnavailable if unheard else Unanswered
                tries = self.retries + 1
                raise failure(
                    f"no answer from {where} in {tries} attempts ({reason}); is it running?"
                ) from None
            except (APIError, json.JSONDecodeError) as error:
                told = self._safe(error, spec)
                raise ModelUnavailable(f"{spec}: the server's reply cannot be read: {told}") from None
            else:
                return _reply(completion, mode, spec)

    def _client(self, spec: Spec) -> OpenAI:
        from openai import OpenAI

        with self._lock:
            if spec.provider.name not in self._clients:
                self._clients[spec.provider.name] = OpenAI(
                    api_key=check_key(spec, self.environ, self.base_url),
                    base_url=self.base_url or spec.provider.base_url,
                    timeout=self.timeout_s,
                    max_retries=self.retries,
                )
            return self._clients[spec.provider.name]

    def _dialect(self, spec: Spec) -> _Dialect:
        with self._lock:
            known = _Dialect(spec.provider.modes, spec.provider.limit_name)
            return self._dialects.setdefault(str(spec), known)

    def _adapt(
        self,
        dialect: _Dialect,
        request: Request,
        error: APIStatusError,
        tried: tuple[Mode, LimitName, bool],
    ) -> bool:
        """Leave out what a 400 or 422 complains of; False where nothing is left to leave out.

        Another thread may have adapted the dialect meanwhile: then it is enough to ask again.
        """
        if error.status_code not in (400, 422):
            return False
        text = _message(error).lower()
        with self._lock:
            if tried != (dialect.modes[0], dialect.limit_name, dialect.temperature):
                return True
            if not dialect.swapped_limit and dialect.limit_name in text and _refuses_a_name(text):
                swapped: LimitName = (
                    "max_completion_tokens" if dialect.limit_name == "max_tokens" else "max_tokens"
                )
                dialect.limit_name, dialect.swapped_limit = swapped, True
                return True
            if dialect.temperature and request.sampling.temperature is not None and "temperature" in text:
                dialect.temperature = False
                return True
            if len(dialect.modes) > 1 and _speaks_of_format(text):
                dialect.modes = dialect.modes[1:]
                return True
        return False

    def _translated(self, error: APIStatusError, spec: Spec) -> SettingsError | ModelUnavailable:
        told, status = self._safe(error, spec), error.status_code
        if status in (401, 403):
            refused = "the key" if status == 401 else "access"
            variable = spec.provider.key_variable or "what the server wants as its key"
            return SettingsError(f"{spec}: the server refused {refused} (HTTP {status}); check {variable}")
        if status == 404:
            where = self.base_url or spec.provider.base_url
            hint = "check the model's name and --base-url (for most servers it ends in /v1)"
            return SettingsError(f"{spec}: HTTP 404 from {where}; {hint}. The server says: {told}")
        if status in (408, 409, 429) or status >= 500:
            tries = self.retries + 1
            return ModelUnavailable(
                f"{spec}: HTTP {status} in {tries} attempts; resume the run later. {told}"
            )
        return SettingsError(f"{spec}: the server refused the request (HTTP {status}): {told}")

    def _safe(self, error: Exception, spec: Spec) -> str:
        """The server's words in one line, without any key that may stand in them."""
        text = _message(error)
        key = self.environ.get(spec.provider.key_variable, "").strip() if spec.provider.key_variable else ""
        if key:
            text = text.replace(key, "[key]")
        return " ".join(text.split())[:300]


def _arguments(
    request: Request, name: str, mode: Mode, limit_name: LimitName, *, temperature: bool
) -> dict[str, Any]:
    messages = [{"role": message.role, "content": message.text} for message in request.messages]
    arguments: dict[str, Any] = {"model": name, limit_name: request.sampling.max_output_tokens}
    if temperature and request.sampling.temperature is not None:
        arguments["temperature"] = request.sampling.temperature
    if mode == "json_schema":
        described = {"name": request.prompt, "schema": request.schema, "strict": True}
        arguments["response_format"] = {"type": "json_schema", "json_schema": described}
    else:
        messages[0] = {
            "role": "system",
            "content": messages[0]["content"] + _SCHEMA_TOLD[mode] + _compact(request),
        }
    if mode == "json_object":
        arguments["response_format"] = {"type": "json_object"}
    return {**arguments, "messages": messages}


_SCHEMA_TOLD: Mapping[str, str] = {
    "json_object": "\n\nThe answer is one JSON object that fits this schema:\n",
    "fenced": "\n\nThe answer is one JSON object in a ```json fence that fits this schema:\n",
}


def _compact(request: Request) -> str:
    return json.dumps(request.schema, separators=(",", ":"), ensure_ascii=False)


def _refuses_a_name(text: str) -> bool:
    """Whether a refusal is about a parameter's name; a limit that is too large must not be renamed."""
    words = (
        "unsupported",
        "not supported",
        "unrecognized",
        "unknown",
        "unexpected",
        "extra",
        "not permitted",
    )
    return any(word in text for word in words)


def _speaks_of_format(text: str) -> bool:
    words = (
        "response_format",
        "json_schema",
        "json_object",
        "json mode",
        "structured output",
        "schema",
        "grammar",
    )
    return any(word in text for word in words)


def _message(error: Exception) -> str:
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        return str(body.get("message") or body.get("error") or body)
    return str(body or error)


def _reply(completion: ChatCompletion, mode: Mode, spec: Spec) -> Reply:
    choices = getattr(completion, "choices", None)
    if not choices:
        told = " ".join(str(getattr(completion, "model_extra", None) or completion).split())[:300]
        raise ModelUnavailable(f"{spec}: the server's reply is no chat completion: {told}")
    choice = choices[0]
    finish: Finish = "length" if choice.finish_reason == "length" else "stop"
    text = choice.message.content or ""
    refusal = choice.message.refusal
    if refusal or choice.finish_reason == "content_filter":
        finish, text = "refusal", refusal or text
    return Reply(text=text, finish=finish, mode=mode, usage=_usage(completion))


def _usage(completion: ChatCompletion) -> Usage:
    """The tokens that the server counted; none where it does not count."""
    usage = completion.usage
    if usage is None:
        return Usage()
    cached = usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else None
    thought = usage.completion_tokens_details.reasoning_tokens if usage.completion_tokens_details else None
    return Usage(
        prompt_tokens=usage.prompt_tokens or 0,
        cached_tokens=cached or (usage.model_extra or {}).get("prompt_cache_hit_tokens") or 0,
        completion_tokens=usage.completion_tokens or 0,
        reasoning_tokens=thought or 0,
    )
