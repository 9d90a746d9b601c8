"""One small question that shows how a server answers: for `shoal models test`.

Promises to be cheap, and to have one right answer. It belongs to no study and stands in no journal.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from agent.models.ask import Unparsable, parse_answer
from agent.models.wire import Reply, Request, Sampling
from agent.prompts.render import Message, answer_schema

ROOM_TOKENS = 2000
"""Enough for a model that reasons before it answers."""


class Compared(BaseModel):
    """The answer."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    larger: int
    """The larger number."""
    why: str
    """One short sentence."""


class Nothing(BaseModel):
    """The question needs no data."""


SYSTEM = (
    "You compare numbers. Answer with one JSON object: `larger` is an integer, `why` is one short sentence."
)
USER = "Which of these two numbers is the larger one: 17 or 4?"
LARGER = 17


def question(model: str, temperature: float | None) -> Request:
    """The question to `provider:name`."""
    return Request(
        prompt="compare",
        version=1,
        messages=(Message("system", SYSTEM), Message("user", USER)),
        schema=answer_schema(Compared),
        model=model,
        sampling=Sampling(ROOM_TOKENS, temperature),
        site="tryout",
        sample=0,
        turn=0,
        data=Nothing(),
    )


def problem_of(reply: Reply) -> str:
    """Why the reply is no use; empty where it is one."""
    if reply.finish == "refusal":
        return f"the model refused: {reply.text[:200] or 'no reason given'}"
    if reply.finish == "length":
        return f"the reply was cut at {ROOM_TOKENS} tokens"
    if not reply.text.strip():
        return "the reply was empty"
    try:
        answer = parse_answer(Compared, reply.text)
    except Unparsable as error:
        return " ".join(str(error).split())
    return "" if answer.larger == LARGER else f"it takes {answer.larger} for the larger one of 17 and 4"
