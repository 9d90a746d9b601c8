"""The candidates of each arm: configurations drawn from knobs, before any of them has a score.

Promises that the arms of an idea share their random configurations, and that every knob which acts in a
candidate is one that the paper can print. Sees no score.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from agent.artifacts import Candidate, Change, Edit, Scalar

if TYPE_CHECKING:
    import numpy as np

ALSO_SHARE = 0.5
"""Probability that a draw takes one of a knob's `also` values: half of the draws leave a remedy off."""


class KnobRange(Protocol):
    """What the search needs to know of a knob; `agent.templates.Knob` is one."""

    @property
    def type(self) -> Literal["int", "float", "bool", "categorical"]: ...
    @property
    def default(self) -> Scalar: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...
    @property
    def log(self) -> bool: ...
    @property
    def also(self) -> tuple[Scalar, ...]: ...
    @property
    def choices(self) -> tuple[Scalar, ...]: ...
    @property
    def when(self) -> dict[str, Scalar]: ...


Knobs = Mapping[str, KnobRange]


@dataclass(frozen=True)
class Proposal:
    """A candidate before its code is known."""

    arm: str
    index: int
    change: Change
    origin: Literal["default", "random", "edit"]


def draw(knob: KnobRange, rng: np.random.Generator) -> Scalar:
    """One value of a knob: uniform over its choices or its range (in the logarithm where `log`).

    The `also` values together get the probability `ALSO_SHARE`. Floats are rounded to four significant
    digits, so that a paper can print exactly what ran.
    """
    if knob.type == "bool":
        return bool(rng.random() < 0.5)
    if knob.type == "categorical":
        return knob.choices[int(rng.integers(len(knob.choices)))]
    if knob.also and rng.random() < ALSO_SHARE:
        return knob.also[int(rng.integers(len(knob.also)))]
    if knob.low is None or knob.high is None:
        raise ValueError("a numeric knob needs low and high")
    low, high = knob.low, knob.high + (1 if knob.type == "int" else 0)
    u = float(rng.random())
    value = math.exp(math.log(low) + u * math.log(high / low)) if knob.log else low + u * (high - low)
    if knob.type == "int":
        return min(max(math.floor(value), math.ceil(knob.low)), math.floor(knob.high))
    return min(max(float(f"{value:.4g}"), knob.low), knob.high)


def treatment_value(knob: KnobRange, rng: np.random.Generator) -> Scalar:
    """A value of a treated knob that differs from its default."""
    if knob.type == "bool":
        return not knob.default
    while (value := draw(knob, rng)) == knob.default:
        pass
    return value


def configurations(knobs: Knobs, treated: str | None, n: int, rng: np.random.Generator) -> tuple[Change, ...]:
    """N shared settings of the nuisance knobs, all but `treated`: 0 is the defaults, the others are drawn.

    Every nuisance knob is drawn, active or not, so that two arms that activate different knobs share the
    rest; `settle` makes a configuration of an arm from it.

    Raises:
        ValueError: n is less than 1.
        KeyError: `treated` is no knob.
    """
    if n < 1:
        raise ValueError(f"an exploration needs at least one candidate an arm, not {n}")
    if treated is not None and treated not in knobs:
        raise KeyError(treated)
    names = sorted(name for name in knobs if name != treated)
    drawn = [Change.of({name: draw(knobs[name], rng) for name in names}) for _ in range(n - 1)]
    return (Change(), *drawn)


def settle(knobs: Knobs, change: Change) -> Change:
    """`change` with each knob whose `when` does not hold back at its default; defaults are not named."""
    values = {name: knob.default for name, knob in knobs.items()} | change.values()
    for _ in range(len(knobs) + 1):
        idle = [
            name
            for name, knob in knobs.items()
            if values[name] != knob.default and any(values[o] != v for o, v in knob.when.items())
        ]
        if not idle:
            break
        values |= {name: knobs[name].default for name in idle}
    named = {name: value for name, value in values.items() if value != knobs[name].default}
    return Change.of(named, change.edits)


def _treat(knobs: Knobs, treated: str, value: Scalar, change: Change) -> Change:
    """`change` with the treated knob at `value`, and whatever its `when` asks for, so that it acts."""
    values = change.values() | {treated: value}
    asked, seen = [treated], {treated}
    while asked:
        for other, needed in knobs[asked.pop()].when.items():
            if other not in seen:
                values[other] = needed
                asked.append(other)
                seen.add(other)
    return settle(knobs, Change.of(values, change.edits))


def _random(knobs: Knobs, n: int, rng: np.random.Generator) -> list[Change]:
    names = sorted(knobs)
    return [settle(knobs, Change.of({name: draw(knobs[name], rng) for name in names})) for _ in range(n)]


def _arm(arm: str, changes: Sequence[Change], *, first: Literal["default", "random"]) -> list[Proposal]:
    return [Proposal(arm, i, change, "random" if i else first) for i, change in enumerate(changes)]


def knob_arms(knobs: Knobs, treated: str, n: int, rng: np.random.Generator) -> tuple[Proposal, ...]:
    """The candidates of a knob idea: n of the baseline, the treatment and the control, in this order.

    Baseline and treatment share the nuisance configurations; the baseline has the treated knob at its
    default, the treatment at a value of its range, drawn per candidate. The control is n random
    configurations over all knobs, the treated one too.
    """
    shared = configurations(knobs, treated, n, rng)
    values = [treatment_value(knobs[treated], rng) for _ in shared]
    treatment = [_treat(knobs, treated, value, change) for value, change in zip(values, shared, strict=True)]
    return (
        *_arm("baseline", [settle(knobs, change) for change in shared], first="default"),
        *_arm("treatment", treatment, first="default"),
        *_arm("control", _random(knobs, n, rng), first="random"),
    )


def code_arms(knobs: Knobs, n: int, rng: np.random.Generator) -> tuple[Proposal, ...]:
    """The candidates of a code idea that need no model: n of the baseline, 2n of the control.

    The control is random configurations of the unchanged template. The treatment's candidates follow from
    `choose.next_parent` and `tuned_edit`.
    """
    shared = [settle(knobs, change) for change in configurations(knobs, None, n, rng)]
    return (
        *_arm("baseline", shared, first="default"),
        *_arm("control", _random(knobs, 2 * n, rng), first="random"),
    )


def edits_planned(n: int) -> int:
    """How many of the treatment's n candidates are best-first edits at default knobs: half, at least one."""
    return max(1, n // 2)


def brought_edit(baseline: Sequence[Change], edits: tuple[Edit, ...]) -> tuple[Proposal, ...]:
    """The treatment of a code idea that came with its code: that code on the baseline's configurations."""
    return tuple(
        Proposal("treatment", i, Change(knobs=change.knobs, edits=edits), "random" if i else "edit")
        for i, change in enumerate(baseline)
    )


def tuned_edit(
    baseline: Sequence[Change], edit: Candidate, n: int, edits: Collection[int]
) -> tuple[Proposal, ...]:
    """The rest of a code idea's treatment: the best edit on the baseline's configurations 1 …

    `baseline` holds the changes of the baseline arm, in order; `edits` the indices of the edits that came
    about, so that a step that brought none leaves its place to a configuration and the arm has n candidates.
    """
    return tuple(
        Proposal(edit.arm, index, Change(knobs=baseline[i].knobs, edits=edit.change.edits), "random")
        for i, index in enumerate((index for index in range(n) if index not in edits), start=1)
    )
