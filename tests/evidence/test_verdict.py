"""The verdict, rule by rule (docs/how-a-study-works.md, Confirming and the verdict)."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from agent.artifacts import Verdict
from agent.evidence.verdict import judge
from tests.evidence.studies import Row, plan_of, registration_of, results_of

N = 8
BASE = [0.80, 0.81, 0.79, 0.80, 0.82, 0.78, 0.80, 0.80]
WIGGLE = [0.004, -0.003, 0.002, -0.004, 0.003, -0.002, 0.001, -0.001]


def better(by: float, wiggle: float = 1.0) -> list[float]:
    return [b + by + wiggle * w for b, w in zip(BASE, WIGGLE, strict=True)]


def verdict_of(values: dict[str, Row], **more: Any) -> Verdict:
    settings = {k: more.pop(k) for k in ("goal", "sesoi", "worst", "alpha", "families") if k in more}
    plan = plan_of(list(values), len(next(iter(values.values()))), **settings)
    registration = registration_of(plan, exhausted=more.pop("exhausted", False))
    caps = more.pop("caps", ())
    return judge(plan, registration, results_of(registration, values, **more), caps)


def test_supported_needs_the_lower_limit_above_zero_and_the_mean_at_delta() -> None:
    verdict = verdict_of({"treatment": better(0.03), "baseline": BASE})
    (c,) = verdict.comparisons
    assert verdict.word == "supported"
    assert c.low > 0
    assert c.mean == pytest.approx(0.03)
    test = stats.ttest_rel(better(0.03), BASE)
    interval = test.confidence_interval(0.95)
    assert (c.low, c.high) == pytest.approx((interval.low, interval.high))
    assert verdict.n_to_settle is None


def test_a_mean_below_delta_is_not_supported_however_sure_the_effect() -> None:
    verdict = verdict_of({"treatment": better(0.0199), "baseline": BASE})
    assert verdict.comparisons[0].low > 0
    assert verdict.word == "inconclusive"
    assert verdict.n_to_settle is not None


def test_refuted_needs_the_upper_limit_below_delta_and_a_large_p_is_not_enough() -> None:
    assert verdict_of({"treatment": better(0.0), "baseline": BASE}).word == "refuted"
    noisy = verdict_of({"treatment": better(0.0, wiggle=20), "baseline": BASE})
    assert noisy.comparisons[0].p_sign_flip > 0.4
    assert noisy.word == "inconclusive"


def test_a_refutation_is_called_harmful_or_real_but_too_small_where_so() -> None:
    assert verdict_of({"treatment": better(-0.03), "baseline": BASE}).qualifier == "harmful"
    assert verdict_of({"treatment": better(0.01), "baseline": BASE}).qualifier == "real but too small"
    assert verdict_of({"treatment": better(0.0), "baseline": BASE}).qualifier == ""


CODE = {"control": "verdict"}


def test_with_two_comparators_support_needs_both() -> None:
    both = {"treatment": better(0.03), "baseline": BASE, "control": better(0.005, -1)}
    assert verdict_of(both, families=CODE).word == "supported"
    one = {"treatment": better(0.03, 3), "baseline": BASE, "control": better(0.012, -3)}
    verdict = verdict_of(one, families=CODE)
    assert verdict.word == "inconclusive"
    assert verdict_of(one).word == "supported"  # as a descriptive comparison the control decides nothing


def test_refutation_uses_alpha_divided_by_the_number_of_comparators() -> None:
    values = {"treatment": better(0.0), "baseline": BASE, "control": better(0.004, -1)}
    verdict = verdict_of(values, families=CODE)
    for c in verdict.comparisons:
        half = (c.high_corrected - c.mean) / (c.high - c.mean)
        assert half == pytest.approx(stats.t.isf(0.0125, N - 1) / stats.t.isf(0.025, N - 1))
    assert verdict_of({k: values[k] for k in ("treatment", "baseline")}).comparisons[0].high_corrected == (
        pytest.approx(verdict.comparisons[0].high)
    )


def test_a_limit_between_the_two_levels_refutes_alone_but_not_beside_a_second_comparator() -> None:
    d = np.array(WIGGLE) * 2
    error = d.std(ddof=1) / np.sqrt(N)
    shift = 0.02 - error * (stats.t.isf(0.025, N - 1) + stats.t.isf(0.0125, N - 1)) / 2 - d.mean()
    treatment = [float(b + x + shift) for b, x in zip(BASE, d, strict=True)]
    alone = verdict_of({"treatment": treatment, "baseline": BASE})
    assert alone.word == "refuted"
    far = [
        t - 0.05 for t in treatment
    ]  # the treatment beats the control by far, so only the baseline can refute
    beside = verdict_of({"treatment": treatment, "baseline": BASE, "control": far}, families=CODE)
    assert beside.word == "inconclusive"


def test_an_effect_is_not_called_real_where_one_comparator_leaves_it_open() -> None:
    values = {"treatment": better(0.01), "baseline": BASE, "control": better(0.01, -6)}
    verdict = verdict_of(values, families=CODE)
    assert verdict.word == "refuted"
    assert verdict.qualifier == ""


def test_a_failed_treatment_trial_counts_with_the_worst_value() -> None:
    treatment: list[float | None] = [*better(0.03)]
    treatment[3] = None
    verdict = verdict_of({"treatment": treatment, "baseline": BASE})
    d = [t - b for t, b in zip(better(0.03), BASE, strict=True)]
    d[3] = 0.0 - BASE[3]
    assert verdict.comparisons[0].mean == pytest.approx(np.mean(d))
    assert verdict.comparisons[0].sd == pytest.approx(np.std(d, ddof=1))
    assert verdict.comparisons[0].failures_treatment == 1
    assert verdict.word == "inconclusive"
    assert verdict.caps == ()


def test_all_items_of_a_failed_treatment_trial_count_with_the_worst_value() -> None:
    base = [[1.0, 0.0, 1.0, 1.0]] * N
    treated: list[list[float] | None] = [[1.0, 1.0, 1.0, 1.0]] * (N - 1) + [None]
    values: dict[str, Row] = {"treatment": [1.0] * (N - 1) + [None], "baseline": [0.75] * N}
    verdict = verdict_of(values, items={"treatment": treated, "baseline": base})
    d = np.array([[0, 1, 0, 0]] * (N - 1) + [[-1, 0, -1, -1]], dtype=float)
    rows, columns = d.mean(axis=1), d.mean(axis=0)
    rest = d - rows[:, None] - columns[None, :] + d.mean()
    rep, item = rows.var(ddof=1), columns.var(ddof=1)
    cell = (rest**2).sum() / ((N - 1) * 3)
    variance = max(rep / N + item / 4 - cell / (4 * N), rep / N, item / 4)
    (c,) = verdict.comparisons
    assert c.variance == "two-way"
    assert c.high - c.mean == pytest.approx(stats.t.isf(0.025, N - 1) * np.sqrt(variance))


def test_a_failed_comparator_counts_with_its_best_value_and_caps_the_verdict() -> None:
    baseline: list[float | None] = [*BASE]
    baseline[0] = None
    verdict = verdict_of({"treatment": better(0.05), "baseline": baseline})
    d = [t - b for t, b in zip(better(0.05), [0.82, *BASE[1:]], strict=True)]
    assert verdict.comparisons[0].mean == pytest.approx(np.mean(d))
    assert verdict.word == "inconclusive"
    assert "baseline" in verdict.caps[0]
    assert verdict.n_to_settle is None


def test_a_failed_comparator_caps_a_refutation_too() -> None:
    baseline: list[float | None] = [*BASE]
    baseline[0] = None
    verdict = verdict_of({"treatment": better(-0.05), "baseline": baseline})
    assert verdict.comparisons[0].high_corrected < 0
    assert (verdict.word, verdict.qualifier) == ("inconclusive", "")


def test_the_best_value_of_a_comparator_is_the_lowest_where_lower_is_better() -> None:
    baseline: list[float | None] = [*BASE]
    baseline[0] = None
    verdict = verdict_of({"treatment": BASE, "baseline": baseline}, goal="minimize", worst=9.0)
    assert verdict.comparisons[0].mean == pytest.approx((min(BASE[1:]) - BASE[0]) / N)


def test_a_comparator_without_any_score_counts_with_the_best_of_any_arm() -> None:
    verdict = verdict_of({"treatment": better(0.03), "baseline": [None] * N})
    assert verdict.comparisons[0].mean == pytest.approx(np.mean(better(0.03)) - max(better(0.03)))
    assert verdict.word == "inconclusive"
    assert verdict.caps == ("no trial of comparator baseline succeeded",)


def test_a_study_without_any_score_is_inconclusive_with_an_effect_of_zero() -> None:
    verdict = verdict_of({"treatment": [None] * N, "baseline": [None] * N})
    assert verdict.word == "inconclusive"
    assert verdict.comparisons[0].mean == 0.0


def test_a_treatment_that_always_fails_is_refuted_as_harmful() -> None:
    verdict = verdict_of({"treatment": [None] * N, "baseline": BASE})
    assert (verdict.word, verdict.qualifier) == ("refuted", "harmful")


def test_a_failed_descriptive_arm_does_not_cap_the_verdict() -> None:
    control: list[float | None] = [None, *BASE[1:]]
    verdict = verdict_of({"treatment": better(0.03), "baseline": BASE, "control": control})
    assert verdict.word == "supported"
    assert verdict.caps == ()


@pytest.mark.parametrize("by", [0.05, 0.0, -0.05])
@pytest.mark.parametrize(
    "cap", [{"self_reported": True}, {"exhausted": True}, {"caps": ("no person approved the evaluator",)}]
)
def test_a_cap_makes_any_verdict_inconclusive_and_gives_its_reason(by: float, cap: dict[str, Any]) -> None:
    verdict = verdict_of({"treatment": better(by), "baseline": BASE}, **cap)
    assert (verdict.word, verdict.qualifier) == ("inconclusive", "")
    assert len(verdict.caps) == 1
    assert verdict.caps[0] in verdict.reason


def test_the_sign_flip_p_is_flagged_where_it_disagrees_with_the_interval() -> None:
    agree = verdict_of({"treatment": better(0.03), "baseline": BASE}).comparisons[0]
    assert agree.p_sign_flip == 1 / 2**N
    assert not agree.disagrees
    strict = verdict_of({"treatment": better(0.03), "baseline": BASE}, alpha=0.025 / 8).comparisons[0]
    assert strict.low > 0
    assert strict.p_sign_flip > 0.025 / 8
    assert strict.disagrees


def test_ablations_are_a_holm_family_of_their_own() -> None:
    values = {
        "treatment": better(0.03),
        "baseline": BASE,
        "ablation-a": better(0.028, 0.2),
        "ablation-b": better(0.02, -1),
    }
    verdict = verdict_of(values)
    adjusted = {c.comparator: c.p_holm for c in verdict.comparisons}
    raw = [stats.ttest_rel(values["treatment"], values[a]).pvalue for a in ("ablation-a", "ablation-b")]
    assert adjusted["baseline"] is None
    low, high = sorted(raw)
    expected = {low: 2 * low, high: max(2 * low, high)}
    assert adjusted["ablation-a"] == pytest.approx(min(1, expected[raw[0]]))
    assert adjusted["ablation-b"] == pytest.approx(min(1, expected[raw[1]]))
    assert verdict.word == verdict_of({k: values[k] for k in ("treatment", "baseline")}).word


def test_two_way_variance_needs_scores_of_every_arm() -> None:
    rows = [[1.0, 1.0, 1.0, 0.0, 1.0]] * N
    values = {"treatment": [0.8] * N, "baseline": [0.8] * N, "control": [0.8] * N}
    items: dict[str, Any] = dict.fromkeys(values, rows)
    assert {c.variance for c in verdict_of(values, items=items).comparisons} == {"two-way"}
    items["control"] = [None, *rows[1:]]
    assert {c.variance for c in verdict_of(values, items=items).comparisons} == {"replicates"}


def test_item_scores_that_do_not_average_to_the_metric_are_not_used() -> None:
    rows = [[1.0, 1.0, 1.0, 0.0, 1.0]] * N
    values = {"treatment": [0.9] * N, "baseline": [0.8] * N}
    verdict = verdict_of(values, items=dict.fromkeys(values, rows))
    assert verdict.comparisons[0].variance == "replicates"


def test_no_spread_at_all_still_has_an_answer() -> None:
    even = [0.80] * N
    assert verdict_of({"treatment": [0.82] * N, "baseline": even}, sesoi=0.01).word == "supported"
    assert verdict_of({"treatment": even, "baseline": even}).word == "refuted"
    assert verdict_of({"treatment": even, "baseline": even}).comparisons[0].p_sign_flip == 1.0


def test_a_missing_trial_or_metric_or_a_foreign_registration_is_refused() -> None:
    plan = plan_of(["treatment", "baseline"], N)
    registration = registration_of(plan)
    results = dict(results_of(registration, {"treatment": BASE, "baseline": BASE}))
    with pytest.raises(ValueError, match="not that of plan"):
        judge(plan.model_copy(update={"n": 9}), registration, results)
    other = plan.model_copy(update={"metric": "recall"})
    with pytest.raises(ValueError, match="has no metric recall"):
        judge(other, registration_of(other), results)
    del results["baseline", 103]
    with pytest.raises(ValueError, match="baseline/103"):
        judge(plan, registration, results)


ROWS = st.lists(
    st.tuples(st.one_of(st.none(), st.floats(0, 1)), st.one_of(st.none(), st.floats(0, 1)), st.floats(0, 1)),
    min_size=N,
    max_size=14,
)


def columns(rows: list[tuple[Any, ...]]) -> dict[str, Row]:
    return dict(zip(("treatment", "baseline", "control"), map(list, zip(*rows, strict=True)), strict=True))


@given(ROWS, st.floats(0.001, 0.5))
def test_support_and_refutation_exclude_each_other(rows: list[tuple[Any, ...]], sesoi: float) -> None:
    verdict = verdict_of(columns(rows), sesoi=sesoi, families=CODE)
    supported = all(c.low > 0 and c.mean >= sesoi for c in verdict.comparisons)
    refuted = any(c.high_corrected < sesoi for c in verdict.comparisons)
    assert not (supported and refuted)
    if not verdict.caps:
        expected = "supported" if supported else "refuted" if refuted else "inconclusive"
        assert verdict.word == expected


@given(ROWS)
def test_a_metric_and_its_negative_get_the_same_verdict(rows: list[tuple[Any, ...]]) -> None:
    values = columns(rows)
    flipped = {arm: [None if v is None else 1 - v for v in row] for arm, row in values.items()}
    up = verdict_of(values, families=CODE)
    down = verdict_of(flipped, families=CODE, goal="minimize", worst=1.0)
    for a, b in zip(up.comparisons, down.comparisons, strict=True):
        assert (a.mean, a.low, a.high) == pytest.approx((b.mean, b.low, b.high), abs=1e-9)


@given(ROWS, st.randoms(use_true_random=False))
def test_relabelling_the_replicates_changes_nothing(
    rows: list[tuple[Any, ...]], shuffle: random.Random
) -> None:
    mixed = list(rows)
    shuffle.shuffle(mixed)
    one, two = (verdict_of(columns(r), families=CODE) for r in (rows, mixed))
    assert one.caps == two.caps
    for a, b in zip(one.comparisons, two.comparisons, strict=True):
        assert (a.mean, a.low, a.high) == pytest.approx((b.mean, b.low, b.high), abs=1e-9)


def test_false_support_stays_within_its_level_where_there_is_no_effect() -> None:
    generator, runs = np.random.default_rng(2), 400
    words = []
    for _ in range(runs):
        values = {arm: list(generator.normal(0.5, 0.03, N)) for arm in ("treatment", "baseline")}
        words.append(verdict_of(values, sesoi=0.001).word)
    allowed = stats.binom.ppf(0.9999, runs, 0.025)
    assert words.count("supported") <= allowed
