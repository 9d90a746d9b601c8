"""A loopback server that has exactly the capabilities it is given, and refuses the rest in servers' words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from werkzeug import Response

from agent.ports import Usage
from tests.models.server import refusal_of

Schema = Literal["kept", "ignored", "refused"]
Limit = Literal["max_tokens", "max_completion_tokens", "either"]
Counts = Literal["openai", "deepseek", "anthropic", "apart", "none"]
"""`apart`: reasoning is left out of the completion's tokens, and stands in the total."""

REPORTED: dict[Counts, dict[str, Any] | None] = {
    "openai": {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "total_tokens": 120,
        "prompt_tokens_details": {"cached_tokens": 40},
        "completion_tokens_details": {"reasoning_tokens": 5},
    },
    "deepseek": {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "total_tokens": 120,
        "prompt_cache_hit_tokens": 40,
        "prompt_cache_miss_tokens": 60,
    },
    "anthropic": {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "total_tokens": 120,
        "cache_read_input_tokens": 40,
    },
    "apart": {
        "prompt_tokens": 100,
        "completion_tokens": 15,
        "total_tokens": 120,
        "completion_tokens_details": {"reasoning_tokens": 5},
    },
    "none": None,
}
BOOKED: dict[Counts, Usage] = {
    "openai": Usage(100, 40, 20, 5),
    "deepseek": Usage(100, 40, 20, 0),
    "anthropic": Usage(100, 40, 20, 0),
    "apart": Usage(100, 0, 20, 5),
    "none": Usage(),
}


@dataclass(frozen=True)
class Capabilities:
    """What a server takes."""

    schema: Schema
    json_mode: bool
    limit: Limit
    temperature: bool
    system: bool
    counts: Counts

    def answer(self, body: dict[str, Any], good: str) -> Response:
        """`good`, written as this server writes it, or a refusal of what it does not take."""
        if refused := self._refused(body):
            return refusal_of(400, refused)
        kind = body.get("response_format", {}).get("type")
        told = any("fits this schema" in message["content"] for message in body["messages"])
        bare = (kind == "json_schema" and self.schema == "kept") or kind == "json_object"
        if kind == "json_schema" and self.schema == "ignored" and not told:
            text = "I would leave the code as it is, since nothing is left to improve."
        else:
            text = (
                good if bare else f"<think>Is it {{a}}?</think>Here it is:\n```json\n{good}\n```\nGood luck!"
            )
        message = {"role": "assistant", "content": text}
        completion = {"object": "chat.completion", "choices": [{"index": 0, "message": message}]}
        reported = {} if REPORTED[self.counts] is None else {"usage": REPORTED[self.counts]}
        return Response(json.dumps({**completion, **reported}), content_type="application/json")

    def _refused(self, body: dict[str, Any]) -> str:
        other = "max_tokens" if self.limit == "max_completion_tokens" else "max_completion_tokens"
        kind = body.get("response_format", {}).get("type")
        if self.limit != "either" and other in body:
            return f"Unsupported parameter: '{other}' is not supported. Use '{self.limit}' instead."
        if not self.temperature and "temperature" in body:
            return "Unsupported value: 'temperature' does not support 0.5 with this model."
        if not self.system and any(message["role"] == "system" for message in body["messages"]):
            return "System role not supported"
        if kind == "json_schema" and self.schema == "refused":
            return "This model does not support response format `json_schema`."
        if kind == "json_object" and not self.json_mode:
            return "'response_format.type' must be 'json_schema' or 'text'"
        return ""
