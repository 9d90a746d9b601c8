"""What a plan can show, how many replicates it gets, and which ones."""

import hashlib
import hmac
import math

import numpy as np
import pytest
from scipy import stats

from agent.artifacts import Candidate, Change, Edit, Scored, Tree, Winner
from agent.errors import PlanRefused
from agent.evidence.power import n_to_settle, p_refuted, p_supported, plan_powers, smallest_n
from agent.evidence.registration import (
    ablations,
    alpha,
    choose_n,
    default_n,
    exploring_differences,
    registered_replicates,
    replicate_order,
    replicates_left,
)
from agent.evidence.statistics import Spread, upper_sd
from tests.evidence.studies import plan_of, tree_of


@pytest.mark.parametrize(
    ("n", "ideas", "power"), [(8, 1, 0.68), (10, 1, 0.80), (12, 1, 0.88), (12, 2, 0.79), (12, 4, 0.68)]
)
def test_power_at_one_sd_is_that_of_the_rules(n: int, ideas: int, power: float) -> None:
    assert p_supported(1.0, 1.0, n, sesoi=1e-9, alpha=alpha(ideas)) == pytest.approx(power, abs=0.006)


def test_power_without_the_condition_on_the_mean_is_a_noncentral_t() -> None:
    for n, effect in [(8, 0.3), (12, 1.4), (20, -0.2)]:
        t = stats.t.isf(0.0125, n - 1)
        expected = stats.nct.sf(t, n - 1, effect * math.sqrt(n))
        assert p_supported(effect, 1.0, n, sesoi=-9.0, alpha=0.0125) == pytest.approx(expected, abs=1e-4)
        expected = stats.nct.sf(t, n - 1, (0.5 - effect) * math.sqrt(n))
        assert p_refuted(effect, 1.0, n, sesoi=0.5, alpha=0.0125) == pytest.approx(expected, abs=1e-4)


def test_power_with_the_condition_on_the_mean_is_what_simulation_gives() -> None:
    generator, runs, n = np.random.default_rng(1), 20_000, 10
    d = generator.normal(0.04, 0.03, (runs, n))
    mean, error = d.mean(axis=1), d.std(axis=1, ddof=1) / math.sqrt(n)
    supported = (mean >= 0.03) & (mean - stats.t.isf(0.025, n - 1) * error > 0)
    power = p_supported(0.04, 0.03, n, sesoi=0.03, alpha=0.025)
    assert power == pytest.approx(supported.mean(), abs=4 * math.sqrt(0.25 / runs))


def test_power_without_spread_is_certain() -> None:
    assert p_supported(0.04, 0.0, 8, sesoi=0.02, alpha=0.025) == 1.0
    assert p_supported(0.01, 0.0, 8, sesoi=0.02, alpha=0.025) == 0.0
    assert p_refuted(0.0, 0.0, 8, sesoi=0.02, alpha=0.025) == 1.0
    assert p_refuted(0.0, 1e-15, 8, sesoi=0.02, alpha=0.025) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="not an SD"):
        p_supported(0.0, -1.0, 8, sesoi=0.02, alpha=0.025)


def test_two_comparators_need_both_for_support_and_one_at_half_the_level_for_refutation() -> None:
    one = p_supported(0.04, 0.03, 10, sesoi=0.02, alpha=0.025)
    supported, refuted = plan_powers([0.03, 0.03], 10, sesoi=0.02, alpha=0.025)
    assert supported == pytest.approx(one**2)
    assert refuted == p_refuted(0.0, 0.03, 10, sesoi=0.02, alpha=0.0125)


def test_the_smallest_n_is_the_first_that_lifts_a_power_to_one_half() -> None:
    n = smallest_n([0.07], sesoi=0.02, alpha=0.025, least=8, most=60)
    assert n is not None
    assert max(plan_powers([0.07], n, sesoi=0.02, alpha=0.025)) >= 0.5
    assert max(plan_powers([0.07], n - 1, sesoi=0.02, alpha=0.025)) < 0.5
    assert smallest_n([5.0], sesoi=0.02, alpha=0.025, least=8, most=20) is None


def test_levels_and_default_n() -> None:
    assert alpha(1) == 0.025
    assert alpha(4) == 0.025 / 4
    assert [default_n(1, 1), default_n(2, 1), default_n(1, 2)] == [10, 12, 12]
    with pytest.raises(ValueError, match="idea"):
        alpha(0)


QUIET = [0.03, 0.031, 0.029, 0.03, 0.032]
LOUD = [0.10, -0.08, 0.02, 0.07, -0.05]


def test_an_informative_plan_keeps_its_n_and_states_its_power_with_the_upper_sd() -> None:
    n, power = choose_n([QUIET], sesoi=0.02, alpha=0.025, n=10, left=32)
    assert (n, power.n_default, power.informative, power.replicates_shared) == (10, 10, True, 5)
    assert power.sd_upper == upper_sd(float(np.std(QUIET, ddof=1)), 5)


def test_a_weak_plan_gets_more_replicates_up_to_those_left() -> None:
    middling = [0.06, -0.04, 0.01, 0.05, -0.03]
    n, power = choose_n([middling], sesoi=0.02, alpha=0.025, n=10, left=64)
    assert n > 10
    assert power.informative
    assert power.n_default == 10
    assert smallest_n([power.sd_upper], sesoi=0.02, alpha=0.025, least=10, most=64) == n
    assert choose_n([middling], sesoi=0.02, alpha=0.025, n=10, left=64, may_rise=False)[0] == 10


def test_a_hopeless_plan_keeps_its_n_and_is_called_uninformative() -> None:
    n, power = choose_n([LOUD], sesoi=0.002, alpha=0.025, n=10, left=16)
    assert n == 10
    assert not power.informative


def test_too_few_replicates_are_refused() -> None:
    for n, left in [(8, 7), (7, 32), (20, 16)]:
        with pytest.raises(PlanRefused):
            choose_n([QUIET], sesoi=0.02, alpha=0.025, n=n, left=left)
    assert replicates_left([33, 34, 99], range(32, 64)) == 30


def test_replicates_are_sorted_by_a_keyed_hash_of_what_is_tested() -> None:
    plan = plan_of(["treatment", "baseline"], 8)
    key = plan.content_key()
    expected = sorted(range(32, 64), key=lambda r: hmac.digest(key, str(r).encode(), hashlib.sha256))
    assert replicate_order(plan, range(32, 64)) == tuple(expected)
    assert registered_replicates(plan, range(32, 64)) == tuple(expected[:8])


def test_a_reworded_hypothesis_draws_the_same_replicates_and_another_delta_others() -> None:
    plan = plan_of(["treatment", "baseline"], 8)
    reworded = plan.model_copy(
        update={"hypothesis": "it may help", "id": "plan-9", "idea": "other", "version": 4}
    )
    assert replicate_order(reworded, range(32, 64)) == replicate_order(plan, range(32, 64))
    other = plan.model_copy(update={"sesoi": 0.03})
    assert replicate_order(other, range(32, 64)) != replicate_order(plan, range(32, 64))


def test_used_replicates_are_left_out_and_fewer_than_eight_are_refused() -> None:
    plan = plan_of(["treatment", "baseline"], 8).model_copy(update={"excluded": (32, 33, 34)})
    assert not set(replicate_order(plan, range(32, 64))) & {32, 33, 34}
    with pytest.raises(PlanRefused, match="7 confirming replicates are left"):
        registered_replicates(plan, range(32, 42))
    with pytest.raises(PlanRefused, match="needs 12"):
        registered_replicates(plan.model_copy(update={"n": 12}), range(32, 45))


def test_differences_of_winners_are_paired_oriented_and_count_failures_as_worst() -> None:
    tree = tree_of({"treatment": [[0.9, 0.8, None]], "baseline": [[0.7, 0.7, 0.7, 0.7]]})
    up = exploring_differences(tree, "treatment", "baseline", goal="maximize", worst=0.0)
    assert up == pytest.approx((0.2, 0.1, -0.7))
    down = exploring_differences(tree, "treatment", "baseline", goal="minimize", worst=2.0)
    assert down == pytest.approx((-0.2, -0.1, -1.3))
    with pytest.raises(ValueError, match="no winner"):
        exploring_differences(tree, "treatment", "control", goal="maximize", worst=0.0)


def test_only_the_winners_count_for_power() -> None:
    trials = tuple(
        Scored(replicate=r, trial=f"t-{r}", status="ok", score=s) for r, s in enumerate([0.5, 0.6])
    )
    candidates = tuple(
        Candidate(
            arm=arm, index=i, change=Change(), code_hash="c", origin="random", trials=trials if i else ()
        )
        for arm in ("treatment", "baseline")
        for i in (0, 1)
    )
    winners = tuple(
        Winner(arm=arm, index=1, mean=0.55, standard_error=0.05, replicates=4)
        for arm in ("treatment", "baseline")
    )
    tree = Tree(idea="i", per_arm=2, lag=8, candidates=candidates, winners=winners)
    assert exploring_differences(tree, "treatment", "baseline", goal="maximize", worst=0.0) == (0.0, 0.0)


def lineage(steps: int, parts: int) -> Tree:
    """A treatment of so many edits, each of so many search/replace parts, and its tuned winner."""
    edits = [Edit(file="f", search=str(i), replace="x") for i in range(steps * parts)]
    candidates = [
        Candidate(
            arm="treatment",
            index=step,
            change=Change(edits=tuple(edits[: (step + 1) * parts])),
            code_hash="c",
            origin="edit",
            parent=step - 1 if step else None,
            note=f"step {step}",
        )
        for step in range(steps)
    ]
    change = Change.of({"a": 1}, edits)
    candidates.append(
        Candidate(
            arm="treatment",
            index=steps,
            change=change,
            code_hash="c",
            origin="random",
            parent=steps - 1,
        )
    )
    return Tree(idea="i", per_arm=2, lag=8, candidates=tuple(candidates), winners=())


def test_ablations_take_one_step_away_with_all_its_parts_three_at_most() -> None:
    tree = lineage(steps=4, parts=2)
    edits = tree.candidates[-1].change.edits
    for treatment in tree.candidates[-2:]:
        taken = ablations(tree, treatment)
        assert [set(edits) - set(one.change.edits) for one in taken] == [
            set(edits[0:2]),
            set(edits[2:4]),
            set(edits[4:6]),
        ]
        assert [one.omits for one in taken] == ["step 0", "step 1", "step 2"]
        assert all(one.change.knobs == treatment.change.knobs for one in taken)


def test_a_treatment_of_one_step_has_no_ablation() -> None:
    tree = lineage(steps=1, parts=3)
    assert ablations(tree, tree.candidates[-1]) == ()


def test_the_n_that_settles_is_the_first_at_which_the_rules_give_a_verdict() -> None:
    parts = Spread(n=10, mean=0.03, rep=0.06**2)
    n = n_to_settle([parts], sesoi=0.02, alpha=0.025)
    assert n is not None
    assert 0.03 - stats.t.isf(0.025, n - 1) * 0.06 / math.sqrt(n) > 0
    assert 0.03 - stats.t.isf(0.025, n - 2) * 0.06 / math.sqrt(n - 1) <= 0
    small = Spread(n=10, mean=0.01, rep=0.03**2)  # below Δ: only refutation can come
    n = n_to_settle([small], sesoi=0.02, alpha=0.025)
    assert n is not None
    assert 0.01 + stats.t.isf(0.025, n - 1) * 0.03 / math.sqrt(n) < 0.02
    assert 0.01 + stats.t.isf(0.025, n - 2) * 0.03 / math.sqrt(n - 1) >= 0.02


def test_no_n_settles_what_the_test_items_leave_open() -> None:
    parts = Spread(n=10, mean=0.03, rep=0.01**2, items=100, item=0.5**2, cell=0.0)
    assert n_to_settle([parts], sesoi=0.02, alpha=0.025) is None
