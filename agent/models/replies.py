"""Reads the body of a chat completion, whichever fields a server fills.

Promises that a body which is no chat completion is told from an empty or refused answer, that no token
which the server counted is left out, and that the text can be written as UTF-8. Does not check what the
answer says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeGuard

from agent.models.providers import Provider
from agent.models.wire import Finish, Mode, Reply
from agent.ports import Usage

CACHED = (
    "prompt_tokens_details.cached_tokens",
    "prompt_cache_hit_tokens",
    "cache_read_input_tokens",
    "cached_tokens",
)
"""Where servers put the prompt tokens that they had in a cache."""
REASONING = (
    "completion_tokens_details.reasoning_tokens",
    "output_tokens_details.reasoning_tokens",
    "reasoning_tokens",
)
"""Where servers put the tokens of reasoning."""
Part = Literal["prompt", "completion"]
PROMPT, COMPLETION = ("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens")
PARTS: Mapping[Part, tuple[str, ...]] = {"prompt": PROMPT, "completion": COMPLETION}
NONSENSE = 1e12
"""No call has so many tokens."""
_CUT = ("length", "max_tokens", "model_length")
_REFUSED = ("content_filter", "refusal", "safety")


class NoCompletion(ValueError):
    """A body is no chat completion; the text says what it is instead."""

    def __init__(self, told: str, code: int | None = None) -> None:
        super().__init__(told)
        self.code = code
        """The status that stands in the body in place of an answer."""


def read_reply(body: bytes, mode: Mode, provider: Provider) -> Reply:
    """The reply in a body.

    Raises:
        NoCompletion: it is none.
    """
    try:
        completion = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        shown = " ".join(body[:80].decode("utf-8", "replace").split())
        raise NoCompletion(f"no JSON: {shown}" if shown else "an empty body") from None
    choices = completion.get("choices") if isinstance(completion, dict) else None
    if not isinstance(choices, list):
        raise NoCompletion(*_error_in(completion))
    choice = choices[0] if choices and isinstance(choices[0], dict) else {}
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    told = str(choice.get("finish_reason") or "stop").lower()
    finish: Finish = "length" if told in _CUT else "stop"
    text = _text(message.get("content"))
    if not text.strip() and finish == "stop":
        text = _misplaced(message)
    refusal = message.get("refusal")
    if refusal or told in _REFUSED:
        finish, text = "refusal", _text(refusal) or text
    clean = text.encode("utf-8", "replace").decode()
    counted = completion.get("usage")
    usage, lacking = read_usage(counted, provider), uncounted(counted)
    return Reply(text=clean, finish=finish, mode=mode, usage=usage, uncounted=lacking)


def _error_in(completion: Any) -> tuple[str, int | None]:
    error = completion.get("error") if isinstance(completion, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    shown = " ".join(json.dumps(error or completion).split())[:200]
    return f"no chat completion: {shown}", code if isinstance(code, int) else None


def _text(content: Any) -> str:
    """The text of a message; some servers give it in parts, reasoning among them."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(
        part["text"]
        for part in parts
        if isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)
    )


def _misplaced(message: Mapping[str, Any]) -> str:
    """The answer of a server that files a constrained answer as reasoning: nothing but one object."""
    for name in ("reasoning_content", "reasoning"):
        text = _text(message.get(name)).strip()
        if text.startswith("{") and text.endswith("}"):
            return text
    return ""


def read_usage(usage: Any, provider: Provider) -> Usage:
    """The tokens that the server counted; none where it does not count.

    Some servers leave reasoning out of the completion's tokens, or what they had in a cache out of the
    prompt's: where the sums tell, these are added, so that nothing that is billed is missing.
    """
    if not isinstance(usage, dict):
        return Usage()
    prompt, completion = _first(usage, PROMPT), _first(usage, COMPLETION)
    cached = _first(usage, _own_first(provider.cached_field, CACHED))
    reasoning = _first(usage, _own_first(provider.reasoning_field, REASONING))
    if cached > prompt:
        prompt += cached
    total = _first(usage, ("total_tokens",))
    if not prompt and _told(usage, COMPLETION):
        prompt = max(0, total - completion)
    completion = max(completion, total - prompt)
    return Usage(prompt, cached, completion, min(reasoning, completion))


def uncounted(usage: Any) -> frozenset[Part]:
    """The parts that the server did not count, or not as any call could have it; a sum may tell one part."""
    if not isinstance(usage, dict):
        return frozenset(PARTS)
    lacking = frozenset[Part](part for part, fields in PARTS.items() if not _told(usage, fields))
    known = _first(usage, PROMPT) + _first(usage, COMPLETION)
    return frozenset() if len(lacking) == 1 and _first(usage, ("total_tokens",)) > known else lacking


def _told(usage: Mapping[str, Any], fields: Iterable[str]) -> bool:
    """Whether one of the fields holds a count; none is no count of a prompt, which always has tokens."""
    values = [usage.get(name) for name in fields]
    return any(_is_count(value) and (value > 0 or fields is COMPLETION) for value in values)


def _is_count(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < NONSENSE


def _own_first(own: str, known: tuple[str, ...]) -> Iterable[str]:
    return (own, *(name for name in known if name != own)) if own else known


def _first(usage: Mapping[str, Any], paths: Iterable[str]) -> int:
    """The first positive count among the fields, 0 where there is none."""
    for path in paths:
        value: Any = usage
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if _is_count(value) and value > 0:
            return int(value)
    return 0
