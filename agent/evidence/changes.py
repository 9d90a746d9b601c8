"""Ratio and relative change of two arms' means: derived numbers that a paper may state beside a difference.

Promises Fieller's interval, which holds a ratio of 1 exactly where the interval of the difference holds 0,
and no number where a ratio means nothing: a value below zero, or a comparator whose mean might be zero.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from agent.artifacts import ComparisonResult, Fact, Plan, Registration
from agent.evidence.digits import digits_of
from agent.evidence.statistics import Matrix, Spread, spread, t_quantile
from agent.evidence.verdict import Results, Value, counted

FORMULA = "with Fieller's interval: each ratio θ for which the interval of {ours} − θ·{theirs} holds 0"


@dataclass(frozen=True)
class Ratio:
    """A ratio of two paired means with its limits."""

    value: float
    low: float
    high: float


def fieller(
    ours: Sequence[float],
    theirs: Sequence[float],
    tail: float,
    items: tuple[Matrix, Matrix] | None = None,
) -> Ratio | None:
    """mean(ours)/mean(theirs), paired by replicate, with the two-sided 1 − 2·tail interval (Fieller 1954).

    The limits are the outermost θ with (ā − θb̄)² ≤ t²·V(a − θb), V as of a difference
    (`statistics.Spread.variance`). V is the largest of up to three quadratics in θ, and each gives an
    interval around ā/b̄; theirs is the longest. None where V(b) reaches b̄²/t²: then the limits are not both
    finite.

    Raises:
        ValueError: fewer than 2 pairs, a number that is not finite, or `tail` not between 0 and one half.
    """
    if len(ours) != len(theirs):
        raise ValueError(f"{len(ours)} values cannot be paired with {len(theirs)}")

    def parts(theta: float) -> tuple[float, ...]:
        """The quadratics of V(a − θb), at one θ."""
        d = [x - theta * y for x, y in zip(ours, theirs, strict=True)]
        rows = items and [
            [x - theta * y for x, y in zip(row, other, strict=True)]
            for row, other in zip(*items, strict=True)
        ]
        return _components(spread(d, rows))

    a, b = math.fsum(ours) / len(ours), math.fsum(theirs) / len(theirs)
    squared = t_quantile(tail, len(ours)) ** 2
    limits = []
    for at_0, at_1, at_minus in zip(parts(0.0), parts(1.0), parts(-1.0), strict=True):
        slope, curve = (at_minus - at_1) / 4, (at_1 + at_minus) / 2 - at_0
        lead, middle, last = b * b - squared * curve, a * b - squared * slope, a * a - squared * at_0
        if lead <= 0:
            return None
        root = math.sqrt(max(middle * middle - lead * last, 0.0))
        limits += [(middle - root) / lead, (middle + root) / lead]
    return Ratio(a / b, min(a / b, *limits), max(a / b, *limits))


def _components(s: Spread) -> tuple[float, ...]:
    """What the variance of a mean is the largest of."""
    by_replicate = s.rep / s.n
    if not s.items:
        return (by_replicate,)
    by_item = s.item / s.items
    return (by_replicate, by_item, by_replicate + by_item - s.cell / (s.n * s.items))


def change_facts(
    plan: Plan,
    registration: Registration,
    results: Results,
    c: ComparisonResult,
    key: str,
    fact: partial[Fact],
    label: str,
) -> list[Fact]:
    """`change.<comparator>.ratio` and `.relative`, or none where a ratio means nothing.

    Args:
        fact: With everything that the facts of this comparison share.
    """
    ours = counted(plan, registration, results, c.treatment, as_treatment=True)
    theirs = counted(plan, registration, results, c.comparator, as_treatment=False)
    if any(value.value < 0 for value in (*ours, *theirs)):
        return []
    paired = _rows(ours), _rows(theirs)
    items = (paired[0], paired[1]) if paired[0] and paired[1] else None
    ratio = fieller([v.value for v in ours], [v.value for v in theirs], plan.alpha, items)
    if ratio is None:
        return []
    error = (ratio.high - ratio.low) / 2 / t_quantile(plan.alpha, c.n)
    how = FORMULA.format(ours=c.treatment, theirs=c.comparator)
    sized = partial(fact, level=1 - 2 * plan.alpha)
    between = f"{c.treatment} against {c.comparator}"
    return [
        sized(
            name=f"change.{key}.ratio",
            label=f"ratio of mean {label}, {between}",
            value=ratio.value,
            low=ratio.low,
            high=ratio.high,
            unit="",
            formula=f"ratio: mean of {c.treatment} / mean of {c.comparator}, {how}",
            digits=digits_of(error),
        ),
        sized(
            name=f"change.{key}.relative",
            label=f"relative change of mean {label}, {between}",
            value=100 * (ratio.value - 1),
            low=100 * (ratio.low - 1),
            high=100 * (ratio.high - 1),
            unit="percent",
            formula=f"relative change: 100·(mean of {c.treatment} / mean of {c.comparator} − 1), {how}",
            digits=digits_of(100 * error),
        ),
    ]


def _rows(values: Sequence[Value]) -> list[tuple[float, ...]]:
    """Item scores by replicate; none where a trial has none."""
    rows = [value.items for value in values if value.items is not None]
    return rows if len(rows) == len(values) else []
