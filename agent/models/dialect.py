"""What one server takes: a form of structured answers, a name of the limit, a temperature, a system role.

Promises that a dialect is settled by what the server refuses, in at most `MOST_REFUSALS` refused calls for
each model, and that the schema is told in the prompt too once the server was seen to pass over it.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agent.models.providers import LimitName, Provider
from agent.models.wire import Mode, Reply, Request

MOST_REFUSALS = 5
"""Two modes, the other name of the limit, the temperature and the system role."""
TAKES_FAULTS = (400, 404, 422, 500, 501)
"""Statuses by which servers refuse a parameter; with 404 and 5xx only where the text names it exactly."""


@dataclass(frozen=True)
class Form:
    """How requests are written for one server."""

    modes: tuple[Mode, ...]
    """The first one is used; the others follow where it is refused."""
    limit_name: LimitName
    temperature: bool = True
    system: bool = True
    """False: the system text goes before the first message of the user."""
    told: bool = False
    """The schema stands in the prompt, although the server takes schemas."""
    renamed: bool = False
    """`limit_name` is no longer the first choice."""

    @property
    def mode(self) -> Mode:
        """How the server is asked for JSON."""
        return self.modes[0]


@dataclass
class Dialect:
    """The form that one model's server has been found to take; shared by threads."""

    provider: Provider
    form: Form = field(init=False)
    refusals: int = 0
    """Refused calls by which it was settled."""
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        temperature = self.provider.temperature != "refused"
        self.form = Form(self.provider.modes, self.provider.limit_name, temperature)

    def adapt(self, used: Form, request: Request, status: int, text: str) -> bool:
        """Leave out what a refusal complains of; False where nothing is left to leave out.

        Another thread may have adapted the form meanwhile: then it is enough to ask again.
        """
        with self._lock:
            if used != self.form:
                return True
            softer = _softer(used, request, status, text.lower())
            if softer is None:
                return False
            self.form, self.refusals = softer, self.refusals + 1
            return True

    def saw(self, used: Form, request: Request, reply: Reply) -> None:
        """Note whether a server that took the schema kept to it."""
        if used.mode == "json_schema" and reply.finish == "stop" and not _keeps(reply.text, request.schema):
            with self._lock:
                self.form = replace(self.form, told=True)

    def words(self) -> list[str]:
        """What was settled otherwise than the provider's entry says, for people."""
        first, form = Form(self.provider.modes, self.provider.limit_name), self.form
        modes = {"json_schema": "a schema", "json_object": "JSON mode", "fenced": "fenced JSON"}
        found = [f"{modes[mode]} is refused" for mode in first.modes if mode not in form.modes]
        found += [f"the limit is called {form.limit_name}"] if form.renamed else []
        found += ["a temperature is refused"] if not form.temperature else []
        found += ["the system role is refused"] if not form.system else []
        return found + (["the schema is accepted but not kept to"] if form.told else [])


def _softer(form: Form, request: Request, status: int, text: str) -> Form | None:
    """The form without what a refusal names; None where it names nothing that can be left out."""
    exact = status not in (400, 422)
    if not form.renamed and form.limit_name in text and _any(text, _NO_SUCH_NAME):
        other: LimitName = "max_tokens" if form.limit_name != "max_tokens" else "max_completion_tokens"
        return replace(form, limit_name=other, renamed=True)
    if form.temperature and request.sampling.temperature is not None and "temperature" in text:
        return replace(form, temperature=False)
    if form.system and _SYSTEM_ROLE.search(text):
        return replace(form, system=False)
    if len(form.modes) > 1 and _any(text, _FORMAT_EXACTLY if exact else _FORMAT):
        return replace(form, modes=form.modes[1:])
    return None


_NO_SUCH_NAME = (
    "unsupported", "not supported", "unrecognized", "unknown", "unexpected", "extra", "not permitted",
    "not allowed", "invalid parameter",
)  # fmt: skip
"""Words of a refusal of a parameter's name; a limit that is too large must not be renamed."""
_FORMAT_EXACTLY = ("response_format", "response format", "json_schema", "json_object", "grammar")
_FORMAT = (*_FORMAT_EXACTLY, "json mode", "structured output", "schema")
_SYSTEM_ROLE = re.compile(
    r"system (role|message|prompt|instruction)|developer instruction|"
    r"role.{0,40}\bsystem\b|\bsystem\b.{0,20}\brole"
)
_LIMIT = (
    "max_tokens", "max_completion_tokens", "output token", "completion token", "context length",
    "context window", "context size",
)  # fmt: skip
_TOO_LARGE = ("too large", "too high", "at most", "exceed", "less than", "maximum", "range", "must be", "<=")


def limit_is_too_large(text: str) -> bool:
    """Whether a refusal says that a reply may not be so long."""
    return _any(text.lower(), _LIMIT) and _any(text.lower(), _TOO_LARGE)


def _any(text: str, words: tuple[str, ...]) -> bool:
    return any(word in text for word in words)


def _keeps(text: str, schema: Mapping[str, Any]) -> bool:
    """Whether a reply is one bare object with the schema's keys, as an enforcing server writes it."""
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and set(schema.get("required", ())) <= set(value)


def arguments(request: Request, name: str, form: Form) -> dict[str, Any]:
    """The body of a chat completion, as `form` has it."""
    messages: list[dict[str, Any]] = [
        {"role": message.role, "content": message.text} for message in request.messages
    ]
    body: dict[str, Any] = {"model": name, form.limit_name: request.sampling.max_output_tokens}
    if form.temperature and request.sampling.temperature is not None:
        body["temperature"] = request.sampling.temperature
    if form.mode == "json_schema":
        described = {"name": request.prompt, "schema": dict(request.schema), "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": described}
    if form.mode == "json_object":
        body["response_format"] = {"type": "json_object"}
    if form.mode != "json_schema" or form.told:
        messages[0]["content"] += _SCHEMA_TOLD[form.mode] + _compact(request.schema)
    if not form.system and len(messages) > 1:
        system = messages.pop(0)["content"]
        messages[0]["content"] = f"{system}\n\n{messages[0]['content']}"
    if request.pictures:
        last = messages[-1]
        seen = [{"type": "image_url", "image_url": {"url": picture.url}} for picture in request.pictures]
        last["content"] = [{"type": "text", "text": last["content"]}, *seen]
    return {**body, "messages": messages}


_SCHEMA_TOLD: Mapping[Mode, str] = {
    "json_schema": "\n\nThe answer is one JSON object that fits this schema:\n",
    "json_object": "\n\nThe answer is one JSON object that fits this schema:\n",
    "fenced": "\n\nThe answer is one JSON object in a ```json fence that fits this schema:\n",
}


def _compact(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, separators=(",", ":"), ensure_ascii=False)
