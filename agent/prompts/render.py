"""Turns a prompt and its typed data into messages.

Promises that an undefined name in a prompt file is an error, that nothing is escaped, and that untrusted
text passed through the `fenced` filter cannot end its own fence. Does not send anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel

from agent.ports import InT, OutT, Prompt


@dataclass(frozen=True)
class Message:
    """One message of a chat."""

    role: Literal["system", "user", "assistant"]
    text: str


def fenced(text: str, label: str = "") -> str:
    """`text` as a block of data, in a fence longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{label}\n{text.rstrip()}\n{fence}"


def render(prompt: Prompt[InT, OutT], data: InT) -> tuple[Message, ...]:
    """The system message, equal for all calls of the prompt, and the user message with the data."""
    template = _environment().get_template(f"{prompt.name}.md.j2")
    context = template.new_context({"data": data})
    system, user = ("".join(template.blocks[name](context)).strip() for name in ("system", "user"))
    return Message("system", system), Message("user", user)


def answer_schema(out: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of an answer as servers take it: flat, closed, every key required, no references."""
    schema = out.model_json_schema()
    definitions = schema.pop("$defs", {})
    flat: dict[str, Any] = _flatten(schema, definitions)
    return flat


def _flatten(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_flatten(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _flatten(definitions[node["$ref"].rsplit("/", 1)[1]], definitions)
    properties = node.get("properties")
    if properties is None:
        return {
            key: _flatten(value, definitions)
            for key, value in node.items()
            if key not in ("title", "default")
        }
    return {
        "type": "object",
        "properties": {name: _flatten(value, definitions) for name, value in properties.items()},
        "required": list(properties),
        "additionalProperties": False,
    }


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    environment.filters["fenced"] = fenced
    return environment
