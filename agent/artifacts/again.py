"""What came of making a study's trials again, or of testing its winners on fresh replicates."""

from __future__ import annotations

from pydantic import Field

from agent.artifacts.base import Artifact, Id, Word, unset


class TrialDifference(Artifact):
    """A registered trial that came to something else when it ran again."""

    arm: str
    replicate: int
    trial: Id
    recorded: str
    """Status and primary metric, as recorded."""
    again: str
    """The same of the trial that ran again."""


class EffectAgain(Artifact):
    """The mean effect of one comparison, recorded and of the trials that ran again."""

    comparator: str
    recorded: float
    """Oriented so that larger is better for the treatment, in the metric's unit."""
    again: float
    tolerance: float
    """The most that they may differ by, in the metric's unit; 0 where equality is due."""


class Reproduction(Artifact):
    """The registered trials of a primary plan run again on the same replicates; not counted in the ledger."""

    idea: Id
    number: int
    """From 1, in the order in which they ended."""
    plan_hash: str
    exact: bool
    """Equality was due: same data, code, packages, Python and numeric kernel."""
    otherwise: tuple[str, ...]
    """What was not that of the run, in words; empty where equality was due."""
    trials: int
    """Trials that ran again."""
    differing: tuple[TrialDifference, ...]
    effects: tuple[EffectAgain, ...]
    word: Word
    """The verdict's word of the trials that ran again."""
    passed: bool
    parents: tuple[str, ...] = ()
    figure: str = Field(default="", exclude_if=unset)
    """What the code of an added figure does otherwise; empty where it does the same, or there is none."""


class ReplicatedEffect(Artifact):
    """One verdict comparison on fresh replicates, held against the limits that the first ones set."""

    comparator: str
    recorded: float
    """Mean of the primary plan, oriented so that larger is better for the treatment, in the metric's unit."""
    sd: float
    """Sample SD of the primary plan's differences."""
    n: int
    again: float
    """Mean over the fresh replicates."""
    n_again: int
    half_width: float
    """t·s·√(1/n + 1/n′): the new mean passes within the recorded one ± this."""
    passed: bool


class Replication(Artifact):
    """A study's verdict comparisons on fresh replicates: an additional plan, counted in the ledger."""

    idea: Id
    version: int
    """Of the additional plan."""
    plan_hash: str
    effects: tuple[ReplicatedEffect, ...]
    failures: int
    """Trials that ended without a score; they count as in a verdict."""
    passed: bool
    """Every effect passed."""
    parents: tuple[str, ...] = ()
