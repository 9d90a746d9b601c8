"""When a study's effect counts as found again."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from agent.artifacts import Verdict
from agent.evidence.replication import differing_trials, effects_again, half_width, replicated, within
from agent.evidence.verdict import judge
from tests.evidence.studies import Row, plan_of, registration_of, results_of
from tests.evidence.test_facts import BASE, better

PLAN = plan_of(("treatment", "baseline"), len(BASE))
REGISTRATION = registration_of(PLAN)


def verdict_of(**values: Row) -> Verdict:
    return judge(PLAN, REGISTRATION, results_of(REGISTRATION, values))


def test_the_limits_are_those_of_the_rules() -> None:
    expected = float(stats.t.ppf(0.975, 9)) * 0.03 * math.sqrt(1 / 10 + 1 / 12)
    assert half_width(0.03, 10, 12) == pytest.approx(expected)


def test_the_mean_of_fresh_replicates_lies_within_in_95_of_100_studies() -> None:
    generator, studies, n, fresh = np.random.default_rng(5), 20_000, 8, 12
    first = generator.normal(0.02, 0.05, (studies, n))
    again = generator.normal(0.02, 0.05, (studies, fresh)).mean(axis=1)
    limits = np.array([half_width(float(s), n, fresh) for s in first.std(axis=1, ddof=1)])
    share = float((np.abs(again - first.mean(axis=1)) <= limits).mean())
    assert share == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / studies))


def test_an_effect_beyond_the_limits_is_not_replicated() -> None:
    first = verdict_of(treatment=better(0.03), baseline=BASE)
    (near,) = replicated(first, verdict_of(treatment=better(0.031), baseline=BASE))
    (far,) = replicated(first, verdict_of(treatment=better(0.06), baseline=BASE))
    assert (near.passed, far.passed) == (True, False)
    assert far.half_width == pytest.approx(half_width(first.comparisons[0].sd, len(BASE), len(BASE)))


def test_without_spread_only_the_same_mean_is_replicated() -> None:
    first = verdict_of(treatment=[0.75] * 8, baseline=[0.5] * 8)
    (same,) = replicated(first, first)
    (other,) = replicated(first, verdict_of(treatment=[0.75 + 2**-20] * 8, baseline=[0.5] * 8))
    assert (same.half_width, same.passed, other.passed) == (0.0, True, False)


@pytest.mark.parametrize(("sd", "n", "fresh"), [(math.nan, 8, 8), (-1.0, 8, 8), (1.0, 1, 8), (1.0, 8, 0)])
def test_limits_of_nothing_are_refused(sd: float, n: int, fresh: int) -> None:
    with pytest.raises(ValueError, match=r"limits|interval"):
        half_width(sd, n, fresh)


def test_one_changed_bit_of_a_trial_is_a_difference_and_its_id_is_none() -> None:
    recorded = results_of(REGISTRATION, {"treatment": better(0.03), "baseline": BASE}, curves=True)
    again = {key: (r.model_copy(update={"trial": "other"}), s) for key, (r, s) in recorded.items()}
    assert differing_trials(PLAN, REGISTRATION, recorded, again) == ()
    key = ("treatment", REGISTRATION.replicates[2])
    result, scores = again[key]
    nudged = result.metrics[0].model_copy(update={"value": float(np.nextafter(result.metrics[0].value, 1.0))})
    again[key] = (result.model_copy(update={"metrics": (nudged, *result.metrics[1:])}), scores)
    (differing,) = differing_trials(PLAN, REGISTRATION, recorded, again)
    assert (differing.arm, differing.replicate) == key
    assert differing.recorded != differing.again


def test_effects_are_held_against_the_tolerance() -> None:
    first = verdict_of(treatment=better(0.03), baseline=BASE)
    moved = verdict_of(treatment=better(0.04), baseline=BASE)
    assert within(effects_again(first, first, 0.0))
    assert not within(effects_again(first, moved, 0.0))
    assert within(effects_again(first, moved, 0.02))
