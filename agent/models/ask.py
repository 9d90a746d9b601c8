"""Asks a prompt: render, complete, parse, check, repair.

Promises an answer that fits the prompt's schema and check, or `AnswerRejected` with the last problem, after
a bounded number of calls. A reply that was cut is asked again with a higher limit, not repaired; where the
server allows none, a shorter answer is asked for. Does not retry a server that fails: its client does that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from agent.errors import AnswerRejected
from agent.models.wire import Client, Picture, Reply, Request, Sampling
from agent.ports import Answer, InT, ModelRole, OutT, Prompt, Usage
from agent.prompts.render import Message, answer_schema, render

TURNS = 3
"""New answers that one question may get: the first and two repairs. Those that stand in the journal from an
earlier start are read again and do not count, so that a resumed run can go beyond them."""
ENLARGEMENTS = 2
"""Times that a truncated reply is asked again with twice the limit."""
QUOTED_CHARS = 6000
"""Of a rejected answer, this much is shown to its author again."""
MOST_CHARS = 1_000_000
"""Longer replies are not searched for an answer."""

_REASONING = re.compile(r"<(think|thinking|reasoning)>.*?</\1>", re.DOTALL)
_END_OF_REASONING = re.compile(r"^.*</(think|thinking|reasoning)>", re.DOTALL)
"""Some servers keep the opening tag, which stands in their chat template."""

_NO_TEXT = re.compile(r"[\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f]")
"""Halves of characters, and control characters but for tab and line ends."""
_ESCAPES = "the answer holds control characters: in JSON, a backslash is written twice, as in \\\\frac"


class Unparsable(ValueError):
    """A reply does not hold one JSON object of the wanted shape; the text is for its author."""


@dataclass(frozen=True)
class Asked:
    """A `Model` over a client."""

    client: Client
    models: Mapping[ModelRole, str]
    """`provider:name` by role; `default` serves the roles that are not named."""
    sampling: Sampling = field(default_factory=Sampling)

    def ask(self, prompt: Prompt[InT, OutT], data: InT, *, site: str, sample: int = 0) -> Answer[OutT]:
        """Answer `prompt` for `data` (see `agent.ports.Model`).

        Raises:
            OSError: a picture of the prompt cannot be read.
        """
        request = Request(
            prompt=prompt.name,
            version=prompt.version,
            messages=render(prompt, data),
            schema=answer_schema(prompt.Out),
            model=self.models.get(prompt.role, self.models["default"]),
            sampling=self.sampling,
            site=site,
            sample=sample,
            turn=0,
            data=data,
            pictures=tuple(Picture.read(path) for path in prompt.images(data) or ()),
        )
        return self._converse(prompt, data, request)

    def _converse(self, prompt: Prompt[InT, OutT], data: InT, first: Request) -> Answer[OutT]:
        request, calls, usage, problem, enlarged = first, list[str](), Usage(), "", 0
        answered = 0
        while answered < TURNS:
            reply = self.client.complete(request)
            calls.append(request.key)
            usage += reply.usage
            following = replace(request, turn=request.turn + 1)
            if reply.finish == "length" and enlarged < ENLARGEMENTS:
                enlarged += 1
                request = replace(following, sampling=_doubled(request.sampling), enlarged=True)
                continue
            if reply.finish == "limit":
                enlarged = ENLARGEMENTS
                following = replace(following, sampling=_halved(request.sampling), enlarged=False)
            else:
                answered += not reply.recorded
            try:
                value = _judged(prompt, data, reply)
            except Unparsable as error:
                problem = str(error)
                request = replace(following, messages=_repair(first.messages, reply, problem))
            else:
                return Answer(value=value, model=request.model, calls=tuple(calls), usage=usage)
        raise AnswerRejected(
            f"{first.model} gave no usable answer to prompt {prompt.name} at {first.site} in {len(calls)} "
            f"calls; the last problem: {' '.join(problem.split())}"
        )


def _doubled(sampling: Sampling) -> Sampling:
    return replace(sampling, max_output_tokens=2 * sampling.max_output_tokens)


def _halved(sampling: Sampling) -> Sampling:
    return replace(sampling, max_output_tokens=sampling.max_output_tokens // 2)


def _judged(prompt: Prompt[InT, OutT], data: InT, reply: Reply) -> OutT:
    if reply.finish == "limit":
        raise Unparsable("the reply was cut at the highest limit that the server allows; answer more briefly")
    if reply.finish == "refusal":
        raise Unparsable(f"the answer was refused: {reply.text.strip()[:300] or 'no reason given'}")
    if reply.finish == "length":
        raise Unparsable("the reply was cut at its limit before it was complete; answer more briefly")
    if not reply.text.strip():
        raise Unparsable("the reply was empty")
    value = parse_answer(prompt.Out, reply.text)
    if problems := prompt.check(data, value):
        raise Unparsable("\n".join(f"- {problem}" for problem in problems))
    return value


def parse_answer(out: type[OutT], text: str) -> OutT:
    """The answer in a reply: bare or fenced JSON, with reasoning before it or text behind it.

    Of several objects that fit, the last one is the answer; the others are drafts.

    Raises:
        Unparsable: no JSON object in the reply fits; the text says what is wrong with the longest one.
    """
    if len(text) > MOST_CHARS:
        raise Unparsable(f"the reply has {len(text):,} characters; answer more briefly")
    answer = _END_OF_REASONING.sub("", _REASONING.sub("", text))
    problem, size = "", -1
    for value in reversed(list(_objects(answer)) or list(_objects(text))):
        length = len(json.dumps(value))
        try:
            if any(_NO_TEXT.search(string) for string in _strings(value)):
                raise Unparsable(_ESCAPES)
            return out.model_validate(value)
        except (ValidationError, Unparsable) as error:
            if length > size:
                problem, size = _told(error), length
    raise Unparsable(problem or _why_no_json(answer))


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The outermost JSON objects in a text, in its order."""
    decoder = json.JSONDecoder(strict=False)
    start = text.find("{")
    while start >= 0:
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            yield value
        start = text.find("{", end)


def _strings(value: Any) -> Iterator[str]:
    """Every string in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)


def _why_no_json(text: str) -> str:
    start = text.find("{")
    if start < 0:
        return "there is no JSON object in the answer"
    try:
        json.JSONDecoder(strict=False).raw_decode(text, start)
    except ValueError as error:
        return (
            f"the JSON cannot be read: {error}. In JSON, a backslash is written twice and quotes are escaped"
        )
    return "there is no JSON object of the wanted shape in the answer"


def _told(error: ValidationError | Unparsable) -> str:
    if isinstance(error, Unparsable):
        return str(error)
    lines = []
    for item in error.errors(include_url=False)[:8]:
        place = ".".join(str(part) for part in item["loc"]) or "the answer"
        lines.append(f"- {place}: {item['msg']}")
    return "\n".join(lines)


def _repair(messages: tuple[Message, ...], reply: Reply, problem: str) -> tuple[Message, ...]:
    """The first question, the last answer, and what is wrong with it; earlier repairs are left out.

    An answer that was cut is not shown to its author: it would only be continued.
    """
    if reply.finish in ("length", "limit"):
        *before, last = messages
        brief = "An earlier answer was cut at its limit. Give the whole answer in fewer words."
        return *before, replace(last, text=f"{last.text}\n\n{brief}")
    if reply.finish == "refusal" or not reply.text.strip():
        return messages
    shown = reply.text if len(reply.text) <= QUOTED_CHARS else reply.text[:QUOTED_CHARS] + "\n[…]"
    return (
        *messages,
        Message("assistant", shown),
        Message(
            "user",
            f"Your answer cannot be used:\n{problem}\n\n"
            "Give the whole answer again, mended, as one JSON object.",
        ),
    )
