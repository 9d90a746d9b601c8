"""A figure that the paper's author added by code: what the code computed, and every run of it."""

from __future__ import annotations

from typing import Literal

from agent.artifacts.base import Artifact, Id, OutcomeStatus, sha256_of
from agent.artifacts.evidence import Figure

ADDED = "added"
"""Id of the figure."""
Kind = Literal["level", "difference"]
"""`level`: in the metric's own unit, of one arm; `difference`: one arm minus another."""
Axis = Literal["arm", "replicate", "step", "level"]
"""What stands on the horizontal axis; `level` is the metric of one arm, for a scatter of pairs."""
Marks = Literal["points", "line"]


class Axes(Artifact):
    """What a figure shows, as its author declared it before any result was known to the author."""

    metric: str
    """Name of a metric of the template."""
    y: Kind
    x: Axis
    x_arm: str = ""
    """The arm whose metric is on the horizontal axis; empty unless `x` is `level`."""
    marks: Marks


class Series(Artifact):
    """One set of points or one line."""

    arm: str
    against: str = ""
    """The arm that was subtracted; empty for a level."""
    x: tuple[float, ...] = ()
    """Empty where the axis shows arms."""
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    """Lower ends of intervals, one for each y; empty without."""
    high: tuple[float, ...] = ()


class Calculation(Artifact):
    """One run of a program over numbers, in a sandbox; its id is made of the first four fields."""

    program: str
    """sha256 of its text and of what called it."""
    data: str
    """sha256 of the numbers that it was given."""
    environment_hash: str
    turn: int
    """Number of the run, from 1: the same program runs more than once over the same numbers."""
    status: OutcomeStatus
    reason: str = ""
    """How it failed: exit code, or the limit that ended it."""
    output: str = ""
    """What it wrote, as it stands; empty unless the status is ok."""
    printed: str = ""
    """The end of what it printed; kept of failures alone, for the author."""

    @property
    def id(self) -> str:
        """The first 40 hex digits of the hash of what was run."""
        return calculation_id(self.program, self.data, self.environment_hash, self.turn)


def calculation_id(program: str, data: str, environment_hash: str, turn: int) -> str:
    """The id of the run of a program over numbers (see the fields of `Calculation`)."""
    return sha256_of([program, data, environment_hash, turn])[:40]


class AddedFigure(Artifact):
    """What came of asking the paper's author for a figure: one that passed its trials, or why not."""

    idea: Id
    figure: Figure | None = None
    """As the paper shows it; None where the paper has none."""
    why_none: str = ""
    asked: int
    """Questions that were asked for it."""
    axes: Axes | None = None
    series: tuple[Series, ...] = ()
    """What the code computed from the recorded results: every number that is drawn."""
    code: str = ""
    results_hash: str = ""
    """sha256 of the results as the code was given them; they follow from the registered trials."""
    calculations: tuple[str, ...] = ()
    """Hashes of the runs of the code: twice over the results, then over moved and over permuted ones."""
    parents: tuple[str, ...] = ()
