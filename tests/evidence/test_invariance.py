"""What must not matter to a verdict: where the metric's zero lies, and the unit it is measured in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.artifacts import Verdict
from agent.evidence.verdict import judge
from tests.evidence.studies import plan_of, registration_of, results_of

ROWS = st.lists(
    st.tuples(st.one_of(st.none(), st.floats(0, 1)), st.floats(0, 1), st.floats(0, 1)),
    min_size=8,
    max_size=12,
)
EDGE = 1e-9
"""Nearer than that to a limit, rounding may decide the word."""


def judged(rows: list[tuple[Any, ...]], *, scale: float = 1.0, shift: float = 0.0) -> Verdict:
    """The verdict over values in another unit: each one, Δ and `worst` become scale·x + shift."""
    arms = ("treatment", "baseline", "control")
    values = {
        arm: [None if v is None else scale * v + shift for v in row]
        for arm, row in zip(arms, zip(*rows, strict=True), strict=True)
    }
    families: dict[str, Any] = {"control": "verdict"}
    plan = plan_of(arms, len(rows), sesoi=0.02 * scale, worst=shift, families=families)
    registration = registration_of(plan)
    return judge(plan, registration, results_of(registration, values))


def near_an_edge(verdict: Verdict) -> bool:
    limits = [x for c in verdict.comparisons for x in (c.low, c.high_corrected - 0.02, c.mean - 0.02)]
    return min(map(abs, limits)) < EDGE


@given(ROWS, st.floats(-3, 3))
def test_a_constant_added_to_every_arm_changes_nothing(rows: list[tuple[Any, ...]], shift: float) -> None:
    one, two = judged(rows), judged(rows, shift=shift)
    for a, b in zip(one.comparisons, two.comparisons, strict=True):
        assert (a.mean, a.low, a.high) == pytest.approx((b.mean, b.low, b.high), abs=1e-9)
    assert near_an_edge(one) or one.word == two.word


@given(ROWS, st.floats(0.01, 100))
def test_another_unit_scales_the_intervals_and_leaves_the_word(
    rows: list[tuple[Any, ...]], scale: float
) -> None:
    one, two = judged(rows), judged(rows, scale=scale)
    for a, b in zip(one.comparisons, two.comparisons, strict=True):
        scaled = (scale * a.mean, scale * a.low, scale * a.high, scale * a.high_corrected)
        found = (b.mean, b.low, b.high, b.high_corrected)
        assert found == pytest.approx(scaled, rel=1e-9, abs=1e-9 * scale)
    assert near_an_edge(one) or (one.word, one.qualifier) == (two.word, two.qualifier)
