"""What the search promises: fair arms, shared configurations, choices independent of the order of trials."""

import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.artifacts import Candidate, Change, Edit, Goal, Scored
from agent.search import (
    best_edit,
    best_third,
    best_three,
    code_arms,
    configurations,
    draw,
    edits_planned,
    knob_arms,
    next_parent,
    settle,
    treatment_value,
    tuned_edit,
    winner,
)
from agent.spec import Knob

RATE = Knob(type="float", default=0.1, low=1e-4, high=1.0, log=True)
DECAY = Knob(type="float", default=0.0, low=1e-5, high=1.0, log=True, also=(0.0,))
LOSS = Knob(type="categorical", default="ce", choices=("ce", "mae", "gce"))
SMOOTHING = Knob(type="float", default=0.0, low=0.1, high=0.3, also=(0.0,), when={"loss": "ce"})
POWER = Knob(type="float", default=0.7, low=0.1, high=1.0, when={"loss": "gce"})
SHIFT = Knob(type="bool", default=False)
WIDTH = Knob(type="int", default=64, low=16, high=256, log=True)
KNOBS = {
    "rate": RATE,
    "decay": DECAY,
    "loss": LOSS,
    "smoothing": SMOOTHING,
    "power": POWER,
    "shift": SHIFT,
    "width": WIDTH,
}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def candidate(index: int, scores: dict[int, float | None], arm: str = "baseline", **more: Any) -> Candidate:
    trials = tuple(
        Scored(replicate=r, trial=f"t{index}-{r}", status="crashed" if s is None else "ok", score=s)
        for r, s in scores.items()
    )
    return Candidate(
        arm=arm,
        index=index,
        change=Change(),
        code_hash="c",
        origin=more.pop("origin", "random"),
        trials=trials,
        **more,
    )


def test_configuration_0_is_the_defaults_and_the_treated_knob_is_never_drawn() -> None:
    drawn = configurations(KNOBS, "decay", 40, rng())
    assert drawn[0] == Change()
    assert all("decay" not in change.values() for change in drawn)
    assert all(set(change.values()) == set(KNOBS) - {"decay"} for change in drawn[1:])


def test_the_same_seed_draws_the_same_arms_and_another_seed_others() -> None:
    assert knob_arms(KNOBS, "decay", 8, rng()) == knob_arms(KNOBS, "decay", 8, rng())
    assert knob_arms(KNOBS, "decay", 8, rng()) != knob_arms(KNOBS, "decay", 8, rng(1))


def test_baseline_and_treatment_share_every_nuisance_value_and_differ_in_the_treated_knob() -> None:
    arms = knob_arms(KNOBS, "decay", 24, rng())
    baseline = [p.change.values() for p in arms if p.arm == "baseline"]
    treatment = [p.change.values() for p in arms if p.arm == "treatment"]
    assert len(baseline) == len(treatment) == 24
    assert len([p for p in arms if p.arm == "control"]) == 24
    for base, treated in zip(baseline, treatment, strict=True):
        assert "decay" not in base
        assert treated.pop("decay") != DECAY.default
        assert treated == base


def test_an_inactive_knob_stays_at_its_default_in_every_arm() -> None:
    for treated in ("decay", "loss", "smoothing"):
        for proposal in knob_arms(KNOBS, treated, 30, rng()):
            values = proposal.change.values()
            loss = values.get("loss", "ce")
            assert loss == "ce" or "smoothing" not in values
            assert loss == "gce" or "power" not in values


def test_a_treated_knob_always_acts_even_where_the_shared_configuration_would_switch_it_off() -> None:
    treatment = [p.change.values() for p in knob_arms(KNOBS, "power", 20, rng()) if p.arm == "treatment"]
    assert all(values["loss"] == "gce" and "power" in values for values in treatment)


def test_settling_follows_chains_of_conditions() -> None:
    knobs = {
        "a": Knob(type="bool", default=False),
        "b": Knob(type="bool", default=False, when={"a": True}),
        "c": Knob(type="bool", default=False, when={"b": True}),
    }
    assert settle(knobs, Change.of({"b": True, "c": True})) == Change()
    everything = Change.of({"a": True, "b": True, "c": True})
    assert settle(knobs, everything) == everything


@given(st.sampled_from(sorted(KNOBS)), st.integers(0, 10_000))
def test_every_drawn_value_is_one_the_knob_allows_and_a_treatment_is_never_the_default(
    name: str, seed: int
) -> None:
    knob = KNOBS[name]
    assert knob.allows(draw(knob, rng(seed)))
    value = treatment_value(knob, rng(seed))
    assert knob.allows(value)
    assert value != knob.default


def test_a_log_knob_is_uniform_in_its_logarithm_and_also_values_get_half_of_the_draws() -> None:
    generator = rng()
    rates = [float(draw(RATE, generator)) for _ in range(4000)]
    below = sum(rate < 1e-2 for rate in rates) / 4000  # two of the four decades
    assert below == pytest.approx(0.5, abs=4 * math.sqrt(0.25 / 4000))
    off = sum(draw(DECAY, generator) == 0.0 for _ in range(4000)) / 4000
    assert off == pytest.approx(0.5, abs=4 * math.sqrt(0.25 / 4000))
    widths = {draw(WIDTH, generator) for _ in range(4000)}
    assert min(widths) < 20
    assert max(widths) > 240


def test_a_code_idea_gets_n_baselines_and_twice_as_many_controls_of_unchanged_code() -> None:
    arms = code_arms(KNOBS, 6, rng())
    assert [p.arm for p in arms].count("baseline") == 6
    assert [p.arm for p in arms].count("control") == 12
    assert all(p.change.edits == () for p in arms)


def test_half_of_the_treatment_is_edits_and_the_other_half_the_best_edit_on_configurations_1_on() -> None:
    baseline = [p.change for p in code_arms(KNOBS, 6, rng()) if p.arm == "baseline"]
    edit = candidate(2, {0: 0.8}, "treatment", origin="edit")
    edit = edit.model_copy(update={"change": Change(edits=(Edit(file="f", search="a", replace="b"),))})
    tuned = tuned_edit(baseline, edit, 6, (0, 1, 2))
    assert [p.index for p in tuned] == [3, 4, 5]
    assert [p.change.knobs for p in tuned] == [baseline[i].knobs for i in (1, 2, 3)]
    assert all(p.change.edits == edit.change.edits for p in tuned)
    assert [edits_planned(n) for n in (1, 2, 3, 24)] == [1, 1, 1, 12]


def test_a_step_without_an_edit_leaves_its_place_to_a_configuration() -> None:
    baseline = [p.change for p in code_arms(KNOBS, 6, rng()) if p.arm == "baseline"]
    edit = candidate(2, {0: 0.8}, "treatment", origin="edit")
    tuned = tuned_edit(baseline, edit, 6, (0, 2))
    assert [p.index for p in tuned] == [1, 3, 4, 5]
    assert [p.change.knobs for p in tuned] == [baseline[i].knobs for i in (1, 2, 3, 4)]


def edits(*scores: float | None) -> list[Candidate]:
    return [candidate(i, {0: s}, "treatment", origin="edit") for i, s in enumerate(scores)]


def test_an_adaptive_choice_uses_only_trials_up_to_k_minus_lag() -> None:
    tried = edits(0.1, 0.2, 0.9, 0.99)
    assert next_parent(tried, 1, 2, goal="maximize", worst=0) is None
    assert next_parent(tried, 3, 2, goal="maximize", worst=0) == 1
    assert next_parent(tried, 4, 2, goal="maximize", worst=0) == 2
    assert next_parent(tried[:3], 4, 2, goal="maximize", worst=0) == 2


def test_an_adaptive_choice_waits_for_every_trial_it_may_use() -> None:
    with pytest.raises(ValueError, match="lacks"):
        next_parent([candidate(0, {}, origin="edit")], 1, 1, goal="maximize", worst=0)


def test_an_edit_that_never_came_about_is_passed_over() -> None:
    tried = [edit for edit in edits(0.5, 0.9, 0.7) if edit.index != 1]
    assert next_parent(tried, 3, 1, goal="maximize", worst=0) == 2


def test_a_failed_edit_is_no_parent_and_neither_is_one_worse_than_the_template() -> None:
    assert next_parent(edits(None, None), 2, 1, goal="maximize", worst=0) is None
    assert next_parent(edits(None, 0.5), 2, 1, goal="maximize", worst=0) == 1
    assert next_parent(edits(0.4, 0.5), 2, 1, goal="maximize", worst=0, root=0.5) is None
    assert next_parent(edits(0.4, 0.5), 2, 1, goal="minimize", worst=9, root=0.5) == 0
    assert best_edit(edits(None), goal="maximize", worst=0) is None


def test_a_third_is_rounded_up_ties_go_to_the_lower_index_and_failures_come_last() -> None:
    arm = [candidate(i, {0: s}) for i, s in enumerate([0.5, None, 0.7, 0.7, 0.2, 0.7, 0.1])]
    assert best_third(arm, goal="maximize", worst=0) == (2, 3, 5)
    assert best_third(arm[:2], goal="maximize", worst=0) == (0,)
    assert best_third(arm, goal="minimize", worst=1.0) == (0, 4, 6)


def test_the_best_three_are_ranked_over_replicates_0_to_2() -> None:
    arm = [candidate(i, {0: a, 1: b, 2: c}) for i, (a, b, c) in enumerate([(9, 0, 0), (4, 4, 4), (3, 3, 3)])]
    arm += [candidate(3, {0: 5, 1: 5, 2: 5}), candidate(4, {0: 100})]
    assert best_three(arm, goal="maximize", worst=0) == (0, 1, 3)
    assert best_three(arm[:2], goal="maximize", worst=0) == (0, 1)


def test_the_winner_has_the_highest_mean_minus_one_standard_error_over_replicates_1_to_4() -> None:
    steady = candidate(5, {0: 0.0, 1: 0.80, 2: 0.80, 3: 0.80, 4: 0.80})
    shaky = candidate(1, {0: 1.0, 1: 0.60, 2: 1.00, 3: 0.65, 4: 0.99})  # mean 0.81, SE 0.107
    won = winner("baseline", [shaky, steady], goal="maximize", worst=0)
    assert (won.index, won.mean, won.standard_error, won.replicates) == (5, 0.80, 0.0, 4)
    values = [0.60, 1.00, 0.65, 0.99]
    alone = winner("baseline", [shaky], goal="maximize", worst=0)
    assert alone.mean == pytest.approx(np.mean(values))
    assert alone.standard_error == pytest.approx(np.std(values, ddof=1) / 2)


def test_a_failure_scores_worst_and_ties_of_winners_go_to_the_lower_index() -> None:
    broken = candidate(0, {1: 0.9, 2: 0.9, 3: 0.9, 4: None})
    fine = [candidate(i, {1: 0.7, 2: 0.7, 3: 0.7, 4: 0.7}) for i in (3, 2)]
    assert winner("a", [broken, *fine], goal="maximize", worst=0.0).index == 2
    assert winner("a", [broken], goal="maximize", worst=0.1).mean == pytest.approx((0.9 * 3 + 0.1) / 4)


def test_an_arm_that_was_never_re_run_has_no_winner() -> None:
    with pytest.raises(ValueError, match="no candidate"):
        winner("baseline", [candidate(0, {0: 1.0})], goal="maximize", worst=0)


SCORES = st.lists(
    st.lists(st.one_of(st.none(), st.floats(-5, 5)), min_size=5, max_size=5), min_size=1, max_size=9
)


@given(SCORES, st.randoms(use_true_random=False))
def test_no_choice_depends_on_the_order_in_which_trials_end(
    table: list[list[float | None]], shuffle: random.Random
) -> None:
    arm = [candidate(i, dict(enumerate(row))) for i, row in enumerate(table)]
    mixed = []
    for one in arm:
        trials = list(one.trials)
        shuffle.shuffle(trials)
        mixed.append(one.model_copy(update={"trials": tuple(trials)}))
    shuffle.shuffle(mixed)
    for choose in (best_third, best_three):
        assert choose(arm, goal="maximize", worst=-6) == choose(mixed, goal="maximize", worst=-6)
    assert winner("a", arm, goal="maximize", worst=-6) == winner("a", mixed, goal="maximize", worst=-6)


@given(SCORES)
def test_choices_are_the_same_for_a_metric_and_its_negative(table: list[list[float | None]]) -> None:
    up = [candidate(i, dict(enumerate(row))) for i, row in enumerate(table)]
    flipped = [[None if s is None else -s for s in row] for row in table]
    down = [candidate(i, dict(enumerate(row))) for i, row in enumerate(flipped)]
    sides: list[tuple[list[Candidate], Goal, float]] = [(up, "maximize", -6.0), (down, "minimize", 6.0)]
    assert len({best_third(arm, goal=goal, worst=worst) for arm, goal, worst in sides}) == 1
    assert len({best_three(arm, goal=goal, worst=worst) for arm, goal, worst in sides}) == 1
    assert len({winner("a", arm, goal=goal, worst=worst).index for arm, goal, worst in sides}) == 1
