"""What was computed from the trials: facts, claims, the verdict, figures."""

from __future__ import annotations

from typing import Literal

from agent.artifacts.base import Artifact, Family, Id, Split, Word


class Fact(Artifact):
    """A measured or derived number that a paper may state."""

    name: str
    """Words joined by dots, such as `effect.baseline.mean`."""
    label: str
    """What the number is, in words that fit a table."""
    split: Split
    value: float
    unit: str
    """The metric's unit, `replicates`, `trials`, `probability` or empty."""
    low: float | None = None
    """Lower end of the interval, where there is one."""
    high: float | None = None
    level: float | None = None
    """Coverage of the interval, such as 0.95."""
    n: int | None = None
    """Replicates behind the value."""
    formula: str
    """How the value follows from trials or other facts."""
    arms: tuple[str, ...] = ()
    """Names of the plan's arms it speaks of."""
    metric: str = ""
    trials: tuple[Id, ...] = ()
    plan_hash: str | None = None
    digits: int = 3
    """Digits after the decimal point that the uncertainty allows."""


class Facts(Artifact):
    """All facts of one study."""

    items: tuple[Fact, ...]
    parents: tuple[str, ...] = ()

    def named(self, name: str) -> Fact:
        """The fact with this name.

        Raises:
            KeyError: there is none.
        """
        for fact in self.items:
            if fact.name == name:
                return fact
        raise KeyError(name)


class Claim(Artifact):
    """A statement that the facts license."""

    id: Id
    text: str
    """The statement, in its strongest licensed wording, with `\\fact{}` for each number."""
    wording: Literal["improves", "improves_by_at_least", "no_larger_than", "harmful", "undecided", "setting"]
    direction: Literal["better", "worse", "none"]
    facts: tuple[str, ...]
    arms: tuple[str, ...]
    metric: str
    scope: str


class Claims(Artifact):
    """All claims of one study."""

    items: tuple[Claim, ...]
    parents: tuple[str, ...] = ()


class ComparisonResult(Artifact):
    """One comparison with its interval; oriented so that larger is better for the treatment."""

    treatment: str
    comparator: str
    family: Family
    n: int
    mean: float
    sd: float
    low: float
    """L: lower end of the two-sided 1−2α* interval."""
    high: float
    """U: its upper end."""
    high_corrected: float
    """U′: upper limit at α*/C, which refutation uses."""
    p_sign_flip: float
    """One-sided exact sign-flip p; printed, never decisive."""
    disagrees: bool
    """(p ≤ α*) differs from (L > 0)."""
    p_holm: float | None = None
    """Holm-adjusted two-sided p within the ablation family."""
    variance: Literal["replicates", "two-way"]
    failures_treatment: int = 0
    failures_comparator: int = 0


class Verdict(Artifact):
    """The computed answer of a study."""

    word: Word
    comparisons: tuple[ComparisonResult, ...]
    reason: str
    qualifier: Literal["", "harmful", "real but too small"] = ""
    caps: tuple[str, ...] = ()
    """Reasons that capped the verdict at inconclusive."""
    n_to_settle: int | None = None
    """Replicates that would settle an inconclusive study; None where not computable or settled."""
    parents: tuple[str, ...] = ()


class Figure(Artifact):
    """A figure generated from facts and curves."""

    id: Id
    file: str
    """File name of the vector PDF, in the idea's figures folder."""
    caption: str
    """LaTeX, with `\\fact{}` for each number; says n and what the bands are."""
    sha256: str
    facts: tuple[str, ...] = ()


class Figures(Artifact):
    """All figures of one study."""

    items: tuple[Figure, ...]
    parents: tuple[str, ...] = ()
