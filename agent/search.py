"""Which variant to try next: pure functions over candidates, their scores and a generator passed in.

Promises a fair comparison (docs/how-a-study-works.md, Exploring): every arm of an idea gets as many
candidates, the arms share their random configurations, and every choice depends on the order of candidates
only, never on the order in which trials end. Does not run trials, and sees dev scores only. Scores are
compared oriented: larger is better, and a failure counts as the metric's `worst`.

A whole exploration is: propose; run all on `FIRST`; each arm's `best_third` on `SECOND`; its `best_three`
on `THIRD`; its `winner`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from agent.artifacts import Candidate, Change, Goal, Scalar, Scored, Winner

if TYPE_CHECKING:
    import numpy as np

FIRST = (0,)
"""The exploring replicate of every candidate's first trial."""
SECOND = (1, 2)
"""Replicates of the re-run of each arm's best third."""
THIRD = (3, 4)
"""Replicates of the re-run of the best three so far."""
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


# --------------------------------------------------------------------------------------- configurations


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
    `next_parent` and `tuned_edit`.
    """
    shared = [settle(knobs, change) for change in configurations(knobs, None, n, rng)]
    return (
        *_arm("baseline", shared, first="default"),
        *_arm("control", _random(knobs, 2 * n, rng), first="random"),
    )


# ------------------------------------------------------------------------------------------- code ideas


def edits_planned(n: int) -> int:
    """How many of the treatment's n candidates are best-first edits at default knobs: half, at least one."""
    return max(1, n // 2)


def next_parent(
    candidates: Sequence[Candidate],
    k: int,
    lag: int,
    *,
    goal: Goal,
    worst: float,
    root: float | None = None,
) -> int | None:
    """Which edit the k-th edit (from 0) builds on: the best one among 0 … k−lag; None for the template.

    `root` is the unchanged template's dev score on replicate 0, in the metric's unit: an edit that does not
    beat it is no parent. Failed edits are none either. Ties go to the lower index. An index that no candidate
    has is an edit that never came about.

    Raises:
        ValueError: one of the edits 0 … k−lag has no trial on replicate 0 yet.
    """
    known = [candidate for candidate in candidates if candidate.index <= k - lag]
    best = best_edit(known, goal=goal, worst=worst)
    if best is None or root is None:
        return best
    score = _mean(next(c for c in known if c.index == best), FIRST, goal, worst)
    return best if score > oriented(root, goal) else None


def best_edit(candidates: Sequence[Candidate], *, goal: Goal, worst: float) -> int | None:
    """Index of the best edit on replicate 0, ties to the lower index; None where all failed.

    Raises:
        ValueError: an edit has no trial on replicate 0 yet.
    """
    edits = [candidate for candidate in candidates if candidate.origin == "edit"]
    ranked = _ranked(edits, FIRST, goal, worst)
    working = [c for c in ranked if all(s.score is not None for s in c.trials if s.replicate in FIRST)]
    return working[0].index if working else None


def tuned_edit(baseline: Sequence[Change], edit: Candidate, n: int) -> tuple[Proposal, ...]:
    """The second half of a code idea's treatment: the best edit on the baseline's configurations 1 …

    `baseline` holds the changes of the baseline arm, in order.
    """
    half = edits_planned(n)
    return tuple(
        Proposal(edit.arm, index, Change(knobs=baseline[i].knobs, edits=edit.change.edits), "random")
        for i, index in enumerate(range(half, n), start=1)
    )


# ------------------------------------------------------------------------------------ re-runs and winner


def oriented(value: float, goal: Goal) -> float:
    """`value` with its sign such that larger is better."""
    return value if goal == "maximize" else 0.0 - value


def score_of(scored: Scored, *, goal: Goal, worst: float) -> float:
    """The oriented score of one exploring trial; a failure scores `worst` (given in the metric's unit)."""
    return oriented(worst if scored.score is None else scored.score, goal)


def best_third(candidates: Sequence[Candidate], *, goal: Goal, worst: float) -> tuple[int, ...]:
    """The third (rounded up) of one arm that goes on to `SECOND`, by replicate 0; indices, ascending.

    Raises:
        ValueError: a candidate has no trial on replicate 0, or there is no candidate.
    """
    if not candidates:
        raise ValueError("an arm has no candidates")
    ranked = _ranked(candidates, FIRST, goal, worst)
    return tuple(sorted(c.index for c in ranked[: math.ceil(len(candidates) / 3)]))


def best_three(candidates: Sequence[Candidate], *, goal: Goal, worst: float) -> tuple[int, ...]:
    """The best three so far of one arm, which go on to `THIRD`; indices, ascending.

    Ranked by the mean over replicates 0–2, among the candidates that have them; fewer than three where
    fewer were re-run.
    """
    so_far = FIRST + SECOND
    ranked = _ranked([c for c in candidates if _has(c, so_far)], so_far, goal, worst)
    return tuple(sorted(c.index for c in ranked[:3]))


def winner(arm: str, candidates: Sequence[Candidate], *, goal: Goal, worst: float) -> Winner:
    """The candidate with the highest mean minus one standard error over replicates 1–4.

    Replicate 0 is left out: it chose who was re-run, so the best of it is too good. Ties go to the lower
    index. The returned mean is in the metric's unit.

    Raises:
        ValueError: no candidate has trials on all of replicates 1–4.
    """
    rerun = SECOND + THIRD
    best: tuple[float, Winner] | None = None
    for candidate in sorted(candidates, key=lambda c: c.index):
        if not _has(candidate, rerun):
            continue
        mean = _mean(candidate, rerun, goal, worst)
        squares = math.fsum((s - mean) ** 2 for s in _scores(candidate, rerun, goal, worst))
        error = math.sqrt(squares / (len(rerun) - 1) / len(rerun))
        if best is None or mean - error > best[0]:
            unit = oriented(mean, goal)
            best = (
                mean - error,
                Winner(
                    arm=arm,
                    index=candidate.index,
                    mean=unit,
                    standard_error=error,
                    replicates=len(rerun),
                ),
            )
    if best is None:
        raise ValueError(f"no candidate of arm {arm} was run on replicates {rerun}")
    return best[1]


def _has(candidate: Candidate, replicates: tuple[int, ...]) -> bool:
    return set(replicates) <= {scored.replicate for scored in candidate.trials}


def _scores(candidate: Candidate, replicates: tuple[int, ...], goal: Goal, worst: float) -> list[float]:
    """Oriented scores in the order of `replicates`, whatever the order in which the trials ended."""
    by_replicate = {s.replicate: score_of(s, goal=goal, worst=worst) for s in candidate.trials}
    missing = set(replicates) - set(by_replicate)
    if missing:
        raise ValueError(f"candidate {candidate.index} of {candidate.arm} lacks replicates {sorted(missing)}")
    return [by_replicate[r] for r in replicates]


def _mean(candidate: Candidate, replicates: tuple[int, ...], goal: Goal, worst: float) -> float:
    return math.fsum(_scores(candidate, replicates, goal, worst)) / len(replicates)


def _ranked(
    candidates: Sequence[Candidate], replicates: tuple[int, ...], goal: Goal, worst: float
) -> list[Candidate]:
    return sorted(candidates, key=lambda c: (-_mean(c, replicates, goal, worst), c.index))
