"""Ratio and relative change: Fieller's limits, and no number where a ratio means nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from agent.evidence.changes import Ratio, fieller
from agent.evidence.statistics import spread, t_interval
from tests.evidence.test_facts import BASE, VALUES, better, study

PAIRS = st.lists(st.tuples(st.floats(0.5, 1.0), st.floats(0.5, 1.0)), min_size=8, max_size=14)


def both(pairs: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [a for a, _ in pairs], [b for _, b in pairs]


def test_the_limits_are_those_of_fiellers_closed_formula() -> None:
    a, b = np.array(better(0.03)), np.array(BASE)
    n, t = len(a), float(stats.t.isf(0.025, len(a) - 1))
    (s11, s12), (_, s22) = np.cov(a, b) / n
    g = t**2 * s22 / b.mean() ** 2
    ratio = a.mean() / b.mean()
    spread_of = s11 - 2 * ratio * s12 + ratio**2 * s22 - g * (s11 - s12**2 / s22)
    middle, half = ratio - g * s12 / s22, t / b.mean() * math.sqrt(spread_of)
    found = fieller(list(a), list(b), 0.025)
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx(
        (ratio, (middle - half) / (1 - g), (middle + half) / (1 - g))
    )


@given(PAIRS)
def test_a_ratio_of_one_lies_within_exactly_where_a_difference_of_zero_does(
    pairs: list[tuple[float, float]],
) -> None:
    ours, theirs = both(pairs)
    found = fieller(ours, theirs, 0.025)
    interval = t_interval(spread([a - b for a, b in pairs]), 0.025)
    assume(found is not None)
    assert found is not None
    assume(min(abs(interval.low), abs(interval.high)) > 1e-9)
    assert (found.low > 1, found.high < 1) == (interval.low > 0, interval.high < 0)


@given(st.lists(st.lists(st.integers(0, 1), min_size=8, max_size=8), min_size=16, max_size=16))
def test_with_items_too_the_ratio_agrees_with_the_two_way_interval(table: list[list[int]]) -> None:
    ours = [[0.5 + 0.5 * x for x in row] for row in table[:8]]
    theirs = [[0.5 + 0.5 * x for x in row] for row in table[8:]]
    d = [[x - y for x, y in zip(a, b, strict=True)] for a, b in zip(ours, theirs, strict=True)]
    means = [sum(row) / 8 for row in d]
    interval = t_interval(spread(means, d), 0.025)
    found = fieller([sum(r) / 8 for r in ours], [sum(r) / 8 for r in theirs], 0.025, (ours, theirs))
    assume(found is not None)
    assert found is not None
    assume(min(abs(interval.low), abs(interval.high)) > 1e-9)
    assert (found.low > 1, found.high < 1) == (interval.low > 0, interval.high < 0)


@given(PAIRS, st.floats(0.01, 100))
def test_a_ratio_has_no_unit(pairs: list[tuple[float, float]], scale: float) -> None:
    ours, theirs = both(pairs)
    one = fieller(ours, theirs, 0.025)
    other = fieller([scale * x for x in ours], [scale * x for x in theirs], 0.025)
    assume(one is not None and other is not None)
    assert one is not None
    assert other is not None
    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high), rel=1e-6)


def test_without_spread_the_limits_are_the_ratio() -> None:
    assert fieller([0.5] * 8, [0.25] * 8, 0.025) == Ratio(2.0, 2.0, 2.0)


def test_a_comparator_whose_mean_might_be_zero_gives_no_ratio() -> None:
    assert fieller([1.0] * 8, [0.0, 0.1] * 4, 0.0001) is None
    assert fieller([1.0] * 8, [0.0] * 8, 0.025) is None


def test_a_study_states_the_relative_change_in_percent_beside_the_difference() -> None:
    found, _, _ = study(VALUES)
    ratio, change = found.named("change.baseline.ratio"), found.named("change.baseline.relative")
    assert ratio.value == pytest.approx(np.mean(better(0.03)) / np.mean(BASE))
    assert change.value == pytest.approx(100 * (ratio.value - 1))
    assert (change.unit, change.level) == ("percent", 0.95)
    assert "Fieller" in change.formula
    assert change.trials == found.named("effect.baseline.mean").trials
    assert not [fact.name for fact in found.items if fact.name.startswith("change.control")]


def test_a_metric_with_values_below_zero_has_no_relative_change() -> None:
    below = {arm: [-1 + v for v in row if v is not None] for arm, row in VALUES.items()}
    found, _, _ = study(dict(below), worst=-2.0)
    assert not [fact.name for fact in found.items if fact.name.startswith("change.")]
