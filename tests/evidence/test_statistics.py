"""The formulas against independent sources: scipy, brute force, textbook examples, simulated coverage."""

import itertools
import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from agent.evidence.statistics import (
    Spread,
    holm,
    mean_interval,
    sign_flip_p,
    sign_flip_rng,
    spread,
    t_interval,
    t_quantile,
    t_test_p,
    upper_sd,
)

FLOATS = st.floats(-1e3, 1e3).map(lambda x: round(x, 6))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_interval_over_replicates_is_scipys_paired_t_interval() -> None:
    a, b = rng().normal(0.85, 0.02, 11), rng(1).normal(0.83, 0.03, 11)
    ours = t_interval(spread(list(a - b)), 0.025)
    test = stats.ttest_rel(a, b)
    theirs = test.confidence_interval(0.95)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))
    assert t_test_p(spread(list(a - b))) == pytest.approx(test.pvalue)


def test_two_way_variance_is_built_of_the_mean_squares_of_a_crossed_layout() -> None:
    table = rng().normal(size=(6, 9)) + rng(1).normal(size=(6, 1)) + rng(2).normal(size=(1, 9))
    n, m = table.shape
    grand = table.mean()
    sums = {"row": 0.0, "column": 0.0, "rest": 0.0}
    for r, i in itertools.product(range(n), range(m)):
        row, column = table[r].mean(), table[:, i].mean()
        sums["row"] += (row - grand) ** 2
        sums["column"] += (column - grand) ** 2
        sums["rest"] += (table[r, i] - row - column + grand) ** 2
    rep, item = sums["row"] / m / (n - 1), sums["column"] / n / (m - 1)
    cell = sums["rest"] / (n - 1) / (m - 1)
    parts = spread(list(table.mean(axis=1)), table.tolist())
    assert (parts.rep, parts.item, parts.cell) == pytest.approx((rep, item, cell))
    assert parts.variance() == pytest.approx(max(rep / n + item / m - cell / (n * m), rep / n, item / m))


def test_two_way_variance_estimates_the_variance_of_a_mean_over_crossed_effects() -> None:
    # var(mean) = σ²_rep/n + σ²_item/m + σ²_cell/(nm) for d[r][i] = a_r + b_i + e_ri
    n, m, a, b, e = 10, 40, 0.5, 1.5, 2.0
    true = a**2 / n + b**2 / m + e**2 / (n * m)
    generator, estimates = rng(3), []
    for _ in range(400):
        table = (
            generator.normal(0, a, (n, 1)) + generator.normal(0, b, (1, m)) + generator.normal(0, e, (n, m))
        )
        estimates.append(spread(list(table.mean(axis=1)), table.tolist()).variance())
    assert np.mean(estimates) == pytest.approx(true, rel=0.08)


def test_more_replicates_shrink_all_but_the_items_own_variance() -> None:
    # components: rep 0.5 − 2/40 per replicate, item 0.3 − 2/10, cell 2
    parts = Spread(n=10, mean=0.0, rep=0.5, items=40, item=0.3, cell=2.0)
    expected = (0.5 - 2 / 40) / 50 + (0.3 - 2 / 10) / 40 + 2 / (50 * 40)
    assert parts.variance(50) == pytest.approx(expected)
    assert parts.variance(10) == parts.variance()
    assert parts.variance(10**9) == pytest.approx((0.3 - 2 / 10) / 40)


def test_two_way_variance_is_never_below_either_part_alone() -> None:
    parts = Spread(n=8, mean=0.0, rep=1.0, items=4, item=0.1, cell=100.0)
    assert parts.variance() == 1.0 / 8
    assert Spread(n=8, mean=0.0, rep=0.1, items=4, item=1.0, cell=100.0).variance() == 1.0 / 4


@given(st.lists(st.lists(FLOATS, min_size=5, max_size=5), min_size=2, max_size=8))
def test_items_only_ever_widen_an_interval(table: list[list[float]]) -> None:
    d = [sum(row) / len(row) for row in table]
    narrow, wide = t_interval(spread(d), 0.025), t_interval(spread(d, table), 0.025)
    assert wide.low <= narrow.low
    assert wide.high >= narrow.high


def test_one_item_or_none_leaves_the_variance_over_replicates() -> None:
    assert spread([1.0, 2.0, 4.0], [[1.0], [2.0], [4.0]]) == spread([1.0, 2.0, 4.0])
    assert spread([1.0, 2.0, 4.0], [[], [], []]) == spread([1.0, 2.0, 4.0])


@pytest.mark.parametrize("shape", ["normal", "tied"])
def test_the_nominal_coverage_is_kept_on_normal_and_tied_differences(shape: str) -> None:
    generator, runs, n = rng(7), 1500, 10
    covered = 0
    for _ in range(runs):
        d = generator.normal(0.3, 1.0, n)
        if shape == "tied":
            d = generator.integers(-3, 4, n) + 0.0
        true = 0.3 if shape == "normal" else 0.0
        interval = mean_interval(list(d))
        covered += interval.low <= true <= interval.high
    assert covered / runs == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / runs))


def test_the_sign_flip_p_is_what_brute_force_counts() -> None:
    for seed in range(5):
        d = [float(x) for x in rng(seed).normal(0.4, 1.0, 7)]
        flips = [
            sum(s * x for s, x in zip(signs, d, strict=True))
            for signs in itertools.product((1, -1), repeat=7)
        ]
        expected = sum(total >= sum(d) - 1e-9 for total in flips) / 2**7
        assert sign_flip_p(d, rng()) == expected


def test_the_smallest_p_is_one_sign_vector_of_all() -> None:
    assert sign_flip_p([1.0] * 12, rng()) == 1 / 2**12
    assert sign_flip_p([1.0] * 13, rng()) == pytest.approx(1 / 2**13, abs=5e-4)
    assert sign_flip_p([5.0] * 40, rng()) == 1 / 10_000  # (b+1)/(m+1) with b = 0: never zero


def test_drawn_sign_flips_agree_with_scipys_permutation_test() -> None:
    d = rng(4).normal(0.25, 1.0, 16)
    theirs = stats.permutation_test(
        (d, np.zeros(16)),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        alternative="greater",
        vectorized=True,
        n_resamples=2**16,
    )
    assert sign_flip_p(list(d), rng()) == pytest.approx(theirs.pvalue, abs=0.02)


def test_ties_and_zeros_count_against_the_treatment() -> None:
    assert sign_flip_p([0.0] * 9, rng()) == 1.0
    assert sign_flip_p([0.1, 0.2, -0.3], rng()) > 0.5  # the sum is 0 but for rounding


@given(st.lists(FLOATS, min_size=2, max_size=15), st.randoms(use_true_random=False))
def test_relabelling_replicates_changes_nothing(d: list[float], shuffle: random.Random) -> None:
    other = list(d)
    shuffle.shuffle(other)
    assert sign_flip_p(d, rng()) == sign_flip_p(other, rng())
    one, two = t_interval(spread(d), 0.025), t_interval(spread(other), 0.025)
    assert (one.low, one.high) == pytest.approx((two.low, two.high), abs=1e-9)


@given(st.lists(FLOATS, min_size=2, max_size=12))
def test_intervals_mirror_when_the_sign_does(d: list[float]) -> None:
    up, down = t_interval(spread(d), 0.01), t_interval(spread([-x for x in d]), 0.01)
    assert (up.low, up.high) == pytest.approx((-down.high, -down.low), abs=1e-9)


def test_a_comparisons_flips_are_drawn_from_its_plan_and_arms() -> None:
    draws = {
        sign_flip_rng(*key).random()
        for key in [("h", "t", "b"), ("h", "t", "c"), ("g", "t", "b"), ("h", "t", "b")]
    }
    assert len(draws) == 3


def test_holm_adjusts_the_textbook_example() -> None:
    # p = 0.01, 0.04, 0.03, 0.005 become 0.03, 0.06, 0.06, 0.02 (R's p.adjust, method "holm")
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([]) == ()


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_never_lowers_a_p_and_keeps_the_order(ps: list[float]) -> None:
    adjusted = holm(ps)
    assert all(p <= q <= 1 for p, q in zip(ps, adjusted, strict=True))
    assert [q for _, q in sorted(zip(ps, adjusted, strict=True))] == sorted(adjusted)


def test_the_limit_of_an_sd_is_above_the_truth_four_times_of_five() -> None:
    generator, runs = rng(5), 3000
    above = sum(upper_sd(float(generator.normal(0, 2.0, 5).std(ddof=1)), 5) >= 2.0 for _ in range(runs))
    assert above / runs == pytest.approx(0.8, abs=4 * math.sqrt(0.16 / runs))


def test_the_limit_of_an_sd_from_tables() -> None:
    # chi-squared, 4 degrees of freedom, lower 20 %: 1.649 (table), so the factor is sqrt(4/1.649)
    assert upper_sd(1.0, 5) == pytest.approx(math.sqrt(4 / 1.649), rel=1e-3)


def test_no_spread_gives_an_interval_of_width_zero() -> None:
    interval = t_interval(spread([0.1] * 8), 0.025)
    assert (interval.low, interval.mean, interval.high) == (interval.mean,) * 3
    assert t_test_p(spread([0.1] * 8)) == 0.0
    assert t_test_p(spread([0.0] * 8)) == 1.0


@pytest.mark.parametrize("d", [[], [1.0], [1.0, math.nan], [1.0, math.inf]])
def test_too_few_or_non_finite_differences_are_refused(d: list[float]) -> None:
    with pytest.raises(ValueError, match="difference"):
        spread(d)


def test_bad_levels_tables_and_probabilities_are_refused() -> None:
    with pytest.raises(ValueError, match="tail"):
        t_quantile(0.5, 8)
    with pytest.raises(ValueError, match="replicates"):
        t_quantile(0.025, 1)
    with pytest.raises(ValueError, match="rows"):
        spread([1.0, 2.0], [[1.0, 2.0], [1.0]])
    with pytest.raises(ValueError, match="finite"):
        spread([1.0, 2.0], [[1.0, 2.0], [1.0, math.nan]])
    with pytest.raises(ValueError, match="p-value"):
        holm([1.5])
    with pytest.raises(ValueError, match="at least 2"):
        upper_sd(1.0, 1)
    with pytest.raises(ValueError, match="not an SD"):
        upper_sd(-1.0, 5)
