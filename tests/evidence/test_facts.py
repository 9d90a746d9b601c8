"""Facts and claims: every number traced, every wording bounded by the verdict."""

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from agent.artifacts import Claims, Facts, Verdict
from agent.evidence.claims import claims, plain
from agent.evidence.digits import digits_of, exact_digits
from agent.evidence.facts import facts
from agent.evidence.verdict import judge
from tests.evidence.studies import Row, plan_of, registration_of, results_of, tree_of

N = 8
BASE = [0.80, 0.81, 0.79, 0.80, 0.82, 0.78, 0.80, 0.80]
WIGGLE = [0.004, -0.003, 0.002, -0.004, 0.003, -0.002, 0.001, -0.001]
TREE = tree_of(
    {
        "baseline": [[0.7, 0.8, 0.8, 0.8, 0.8], [0.6], [None]],
        "treatment": [[0.75, 0.8, 0.8, 0.8, 0.8], [0.6], [0.5]],
    }
)


def better(by: float) -> list[float]:
    return [b + by + w for b, w in zip(BASE, WIGGLE, strict=True)]


def study(values: dict[str, Row], **more: Any) -> tuple[Facts, Claims, Verdict]:
    caps = more.pop("caps", ())
    items = more.pop("items", None)
    plan = plan_of(list(values), len(values["baseline"]), **more)
    registration = registration_of(plan)
    results = results_of(registration, values, items=items)
    verdict = judge(plan, registration, results, caps)
    found = facts(plan, registration, results, verdict, TREE, unit="fraction")
    return found, claims(plan, verdict, found, "here"), verdict


VALUES: dict[str, Row] = {"treatment": better(0.03), "baseline": BASE, "control": better(0.01)}


def test_an_arms_mean_is_that_of_its_results_with_a_95_percent_interval() -> None:
    found, _, _ = study(VALUES)
    fact = found.named("arm.baseline.mean")
    interval = stats.ttest_1samp(BASE, 0).confidence_interval(0.95)
    assert fact.value == pytest.approx(np.mean(BASE))
    assert (fact.low, fact.high) == pytest.approx((interval.low, interval.high))
    assert fact.level == 0.95
    assert fact.n == N
    assert fact.split == "test"
    assert fact.trials == tuple(f"baseline-{100 + i}" for i in range(N))
    assert found.named("arm.baseline.sd").value == pytest.approx(np.std(BASE, ddof=1))


def test_an_effect_is_the_verdicts_and_names_the_trials_of_both_arms() -> None:
    found, _, verdict = study(VALUES)
    c = verdict.comparisons[0]
    fact = found.named("effect.baseline.mean")
    assert (fact.value, fact.low, fact.high) == (c.mean, c.low, c.high)
    assert fact.level == 0.95
    assert found.named("effect.baseline.low").value == c.low
    assert found.named("effect.baseline.high_corrected").value == c.high_corrected
    assert found.named("comparison.baseline.p").value == c.p_sign_flip
    assert found.named("comparison.baseline.sd").value == c.sd
    assert fact.arms == ("treatment", "baseline")
    assert len(fact.trials) == 2 * N


def test_digits_leave_two_significant_digits_of_the_standard_error() -> None:
    cases = {0.0123: 3, 0.0996: 2, 0.094: 3, 0.5: 2, 1.0: 1, 9.96: 0, 12.0: 0, 3e-9: 6}
    assert {error: digits_of(error) for error in cases} == cases
    assert [digits_of(0.0), digits_of(math.nan)] == [3, 3]
    assert [exact_digits(v) for v in (0.02, 12, 0.025, 0.0125, 1 - 2 * 0.025, 1 / 3)] == [2, 0, 3, 4, 2, 6]


@given(st.floats(1e-5, 1e3))
def test_rounding_to_a_facts_digits_moves_it_by_less_than_a_tenth_of_its_error(error: float) -> None:
    # half a unit of the last digit is at most a twentieth of an error of two significant digits
    if error < 9.5:
        assert 0.5 * 10 ** -digits_of(error) <= error / 10


def test_every_fact_has_a_formula_a_label_and_a_unique_dotted_name() -> None:
    found, _, _ = study(VALUES)
    names = [fact.name for fact in found.items]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+", name) for name in names)
    assert all(fact.formula and fact.label for fact in found.items)


def test_dev_scores_appear_under_explore_only() -> None:
    found, _, _ = study(VALUES)
    explored = [fact for fact in found.items if fact.name.startswith("explore.")]
    assert explored
    assert all(fact.split == "dev" and fact.plan_hash is None for fact in explored)
    others = [fact for fact in found.items if fact not in explored and fact.split == "dev"]
    assert {fact.name.split(".")[0] for fact in others} == {"power", "arm"}
    assert all(fact.name.endswith(".tuning") for fact in others if fact.name.startswith("arm."))


def test_the_exploration_is_counted_from_the_tree() -> None:
    found, _, _ = study(VALUES)
    assert found.named("explore.trials").value == 14
    assert found.named("explore.baseline.candidates").value == 3
    assert found.named("explore.baseline.failures").value == 1
    assert found.named("explore.baseline.default").value == 0.7
    best = found.named("explore.baseline.best")
    assert best.trials == tuple(f"baseline-0-{r}" for r in (1, 2, 3, 4))


def test_counts_cover_failures_items_and_the_ledger() -> None:
    items: dict[str, Any] = {arm: [[1.0, v * 2 - 1] for v in row] for arm, row in VALUES.items()}
    found, _, _ = study(VALUES, items=items)
    assert found.named("count.items").value == 2
    assert found.named("count.trials").value == 3 * N
    assert found.named("ledger.number").value == 3
    assert found.named("plan.level").value == 0.95
    assert "count.items" not in {fact.name for fact in study(VALUES)[0].items}


def test_a_failed_trial_is_counted_and_said_in_the_formula() -> None:
    found, listed, _ = study({"treatment": [None, *better(0.03)[1:]], "baseline": BASE})
    fact = found.named("arm.treatment.mean")
    assert fact.value == pytest.approx(sum(better(0.03)[1:]) / N)
    assert "worst" in fact.formula
    assert found.named("arm.treatment.failures").value == 1
    assert r"\fact{count.failures} of" in {claim.id: claim.text for claim in listed.items}["failures"]


def test_where_lower_is_better_an_effect_is_a_reduction() -> None:
    found, _, _ = study({"treatment": better(-0.03), "baseline": BASE}, goal="minimize", worst=1.0)
    fact = found.named("effect.baseline.mean")
    assert fact.value == pytest.approx(0.03)
    assert fact.label.startswith("reduction of accuracy")
    assert "baseline minus treatment" in fact.formula


def primary(values: dict[str, Row], **more: Any) -> Any:
    return study(values, **more)[1].items[0]


def test_improves_by_at_least_delta_is_written_only_where_the_lower_limit_is_above_delta() -> None:
    clear = primary({"treatment": better(0.05), "baseline": BASE})
    assert (clear.wording, clear.direction) == ("improves_by_at_least", "better")
    assert r"improves accuracy by at least \fact{plan.sesoi} over the tuned baseline" in clear.text
    just = primary({"treatment": better(0.021), "baseline": BASE})
    assert just.wording == "improves"
    assert "at least" not in just.text


def test_a_refutation_is_worded_by_its_kind() -> None:
    none = primary({"treatment": better(0.0), "baseline": BASE})
    assert none.wording == "no_larger_than"
    assert none.text.startswith(r"The treatment does not improve accuracy by \fact{plan.sesoi} or more over")
    assert "corrected" not in none.text
    harmful = primary({"treatment": better(-0.03), "baseline": BASE})
    assert (harmful.wording, harmful.direction) == ("harmful", "worse")
    small = primary({"treatment": better(0.01), "baseline": BASE})
    assert small.wording == "no_larger_than"
    assert r"but by less than \fact{plan.sesoi}" in small.text


def test_an_inconclusive_study_says_that_it_does_not_decide_and_which_n_would() -> None:
    open_ = primary({"treatment": better(0.0199), "baseline": BASE})
    assert (open_.wording, open_.direction) == ("undecided", "none")
    assert open_.text.startswith("This study does not decide whether the treatment improves accuracy")
    assert r"\fact{verdict.n_to_settle} replicates would settle it" in open_.text


def test_a_study_that_more_replicates_cannot_settle_says_so() -> None:
    rows = [[1.0, 1.0, 0.0, 1.0], [1.0, 1.0, 0.0, 1.0]] * (N // 2)
    other = [[1.0, 0.0, 1.0, 1.0], [1.0, 0.0, 1.0, 1.0]] * (N // 2)
    values: dict[str, Row] = {"treatment": [0.75] * N, "baseline": [0.75] * N}
    claim = primary(values, items={"treatment": rows, "baseline": other})
    assert claim.wording == "undecided"
    assert "no feasible number of replicates on these test items" in claim.text


def test_a_capped_study_claims_nothing_and_says_why() -> None:
    _, listed, _ = study({"treatment": better(0.05), "baseline": BASE}, caps=("100 % of_it",))
    by_id = {claim.id: claim for claim in listed.items}
    assert by_id["primary"].wording == "undecided"
    assert by_id["capped"].text.endswith(r"because 100 \% of\_it")
    assert {claim.wording for claim in listed.items} == {"undecided", "setting"}


@pytest.mark.parametrize("by", [0.05, 0.021, 0.0199, 0.01, 0.0, -0.05])
def test_no_claim_types_a_number_and_each_names_its_facts(by: float) -> None:
    values: dict[str, Row] = {
        "treatment": better(by),
        "baseline": BASE,
        "control": better(0.01),
        "ablation-a": BASE,
        "ablation-b": BASE,
    }
    found, listed, _ = study(values)
    known = {fact.name for fact in found.items}
    for claim in listed.items:
        assert set(claim.facts) <= known
        assert set(re.findall(r"\\(?:fact|interval)\{(.*?)\}", claim.text)) == set(claim.facts)
        assert not re.search(r"\d", re.sub(r"\\(?:fact|interval)\{.*?\}", "", claim.text))
        assert not claim.text.endswith(".")
        assert claim.scope == "here"
    for name in (name for claim in listed.items for name in re.findall(r"\\interval\{(.*?)\}", claim.text)):
        assert found.named(name).low is not None


def test_ablations_and_descriptive_comparisons_conclude_nothing() -> None:
    _, listed, _ = study({"treatment": better(0.05), "baseline": BASE, "control": BASE, "ablation-a": BASE})
    described = [claim for claim in listed.items if claim.id.startswith("effect-")]
    assert [claim.wording for claim in described] == ["setting"] * 3
    assert all("descriptive" in claim.text for claim in described[1:])
    assert "without its first edit" in described[2].text


def test_an_arm_of_which_no_trial_succeeded_has_no_number() -> None:
    values = {"treatment": better(0.05), "baseline": BASE, "ablation-a": [None] * len(BASE)}
    found, listed, verdict = study(values)
    names = {fact.name for fact in found.items}
    assert [c.comparator for c in verdict.comparisons] == ["baseline"]
    assert not {"arm.ablation-a.mean", "arm.ablation-a.sd", "effect.ablation-a.mean"} & names
    assert found.named("arm.ablation-a.failures").value == len(BASE)
    (claim,) = (claim for claim in listed.items if claim.id == "effect-ablation-a")
    assert "nothing was measured" in claim.text


def test_plain_text_is_escaped_for_latex() -> None:
    assert plain("a_b & 5 % of {x}~^\\") == (
        r"a\_b \& 5 \% of \{x\}\textasciitilde{}\textasciicircum{}\textbackslash{}"
    )


def test_a_p_from_drawn_sign_flips_is_not_called_a_share_of_all() -> None:
    few = study({"treatment": better(0.05), "baseline": BASE})[0].named("comparison.baseline.p")
    many = study({"treatment": better(0.05) * 2, "baseline": BASE * 2})[0].named("comparison.baseline.p")
    assert few.formula.startswith("share of sign flips")
    assert many.formula.startswith("(b+1)/(m+1), b of m = 9,999 random sign flips")


def test_a_disagreeing_p_is_flagged_for_a_descriptive_comparison_too() -> None:
    values = {"treatment": better(0.03), "baseline": BASE, "control": BASE}
    _, listed, verdict = study(values, alpha=0.025 / 8)
    assert all(c.disagrees for c in verdict.comparisons)
    described = [claim.text for claim in listed.items if claim.id.startswith("effect-")]
    assert len(described) == 2
    assert all("which disagrees with the interval" in text for text in described)
