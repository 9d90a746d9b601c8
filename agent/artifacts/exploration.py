"""What was explored on the dev split, and which configuration each arm freezes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agent.artifacts.base import Act, Artifact, Id, Status, unset
from agent.artifacts.change import Change


class Scored(Artifact):
    """One exploring trial of a candidate, on the dev split."""

    replicate: int
    trial: Id
    status: Status
    score: float | None
    """The primary metric in its own unit; None for a failure."""


class Candidate(Artifact):
    """A variant tried while exploring."""

    arm: str
    index: int
    """Position in its arm, from 0; configuration 0 is the template's defaults."""
    change: Change
    code_hash: str
    origin: Literal["default", "random", "edit", "brought"]
    parent: int | None = None
    """Index in the same arm of the candidate whose code this one edits."""
    note: str = ""
    """What the edit does, in its author's words; empty for configurations."""
    trials: tuple[Scored, ...] = ()
    traced: Id | None = Field(default=None, exclude_if=unset)
    """The trial that noted which changed lines of code run; only the edits that were to go on have one."""
    dead: bool = Field(default=False, exclude_if=unset)
    """No changed line was executed in it: whatever its scores, the edit was not tested, and it cannot win."""


class Steering(Artifact):
    """What a person asks of a running exploration, as it was given."""

    act: Act
    idea: Id | None
    """The idea it is meant for; None for every idea of the run."""
    node: str = ""
    """What is pruned or pinned, such as `t3`; empty for a hint."""
    text: str = ""
    """The hint; empty otherwise."""


class Steered(Artifact):
    """A person's wish with the choice from which it took effect."""

    act: Act
    node: str = ""
    text: str = ""
    choice: int
    """The first choice of the exploration that knew it, from 0."""
    read: bool = True
    """False for a hint that no language model saw."""


class Winner(Artifact):
    """The candidate that goes on for an arm."""

    arm: str
    index: int
    mean: float
    """Mean dev score over exploring replicates 1–4, in the metric's unit; failures count as `worst`."""
    standard_error: float
    replicates: int
    """Number of re-run replicates behind the mean."""


class Tree(Artifact):
    """Everything an exploration tried for one idea. Nothing in here may be reported as a result."""

    idea: Id
    per_arm: int
    """N, the number of candidates of the baseline arm; re-runs are not counted."""
    lag: int
    candidates: tuple[Candidate, ...]
    winners: tuple[Winner, ...]
    parents: tuple[str, ...] = ()
    steering: tuple[Steered, ...] = Field(default=(), exclude_if=unset)
    """What people said while it went on, in the order in which it was taken up."""
    brought: bool = Field(default=False, exclude_if=unset)
    """Nothing was searched: a person brought one configuration for each arm, each tried for its spread."""
