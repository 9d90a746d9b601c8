"""The scripted study: answers every prompt by plain rules, without a language model.

Promises answers that vary with the study and that go through the same parsing and checks as a model's. It
gives no mechanisms, assesses no novelty and scores nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from agent.models.scripted.figure import figure
from agent.models.scripted.ideate import propose
from agent.models.scripted.repair import repair
from agent.models.scripted.review import chair, review
from agent.models.scripted.section import write
from agent.models.wire import Reply, Request
from agent.prompts.edit import EditIn, EditOut
from agent.prompts.refine import RefineIn, RefineOut


def edit(data: EditIn) -> EditOut:
    """No edit: rules cannot invent code."""
    return EditOut(description="", edits=(), none_because="the scripted study proposes no edits")


def refine(data: RefineIn) -> RefineOut:
    """No change: each sentence was written by a rule that knows where it belongs."""
    return RefineOut(changes=())


ANSWERS: Mapping[str, Callable[[Any], BaseModel]] = {
    "ideate": propose,
    "edit": edit,
    "figure": figure,
    "section": write,
    "refine": refine,
    "repair": repair,
    "review": review,
    "meta": chair,
}
"""One function a prompt, from its input to its output."""


class Scripted:
    """A `Client` without a model or a network."""

    def complete(self, request: Request) -> Reply:
        """Answer from the typed input.

        Raises:
            UserError: no question is left that rules can ask.
        """
        answer = ANSWERS[request.prompt](request.data)
        return Reply(text=answer.model_dump_json(), finish="stop", mode="scripted")
