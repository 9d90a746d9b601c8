"""An idea: what is to be tried, and what would refute it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agent.artifacts.base import Artifact, Id, unset
from agent.artifacts.change import Edit


class Ideas(Artifact):
    """The ideas of a run in the order of their ranking; the first M go on."""

    items: tuple[Idea, ...]
    parents: tuple[str, ...] = ()
    hints: tuple[str, ...] = Field(default=(), exclude_if=unset)
    """What a person said before they were proposed."""


class KnobTreatment(Artifact):
    """The idea changes the value of one knob."""

    kind: Literal["knob"] = "knob"
    knob: str


class CodeTreatment(Artifact):
    """The idea changes the experiment's code."""

    kind: Literal["code"] = "code"
    what: str
    """One or two sentences: which mechanism is added, and where."""


Treatment = Annotated[KnobTreatment | CodeTreatment, Field(discriminator="kind")]


class Score(Artifact):
    """A ranking score of an idea before anything was run."""

    name: str
    value: float


class Idea(Artifact):
    """A hypothesis that a study can support or refute."""

    id: Id
    title: str
    hypothesis: str
    treated: Treatment
    prediction: str
    """What should be observed if the hypothesis holds."""
    refuted_if: str
    """The observation that would refute it."""
    origin: Literal["scripted", "model", "human"]
    novelty: str
    """What was looked up about novelty and found; "not assessed" where nothing was."""
    scores: tuple[Score, ...] = ()
    parents: tuple[str, ...] = ()
    """Hashes of the template and the archive snapshot that it came from."""
    edits: tuple[Edit, ...] = Field(default=(), exclude_if=unset)
    """The code that a person brought; empty where a model is to write it."""
    deciding: tuple[Literal["control"], ...] = Field(default=(), exclude_if=unset)
    """Comparators that a person wants to decide beside those that always do."""
