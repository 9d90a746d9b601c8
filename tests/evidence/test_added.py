"""Series that code computed follow the results or are refused, as careless and false code finds out."""

from __future__ import annotations

import json
import random
import statistics
from collections.abc import Callable
from typing import Any

import pytest

from agent.artifacts import Axes, Series
from agent.evidence.added import (
    PERMUTATIONS,
    Given,
    Unfit,
    check_moved,
    check_permuted,
    check_series,
    given,
    move_of,
    moved,
    permuted,
    read_series,
)
from tests.evidence.studies import plan_of, registration_of, results_of

ARMS = ("treatment", "baseline", "control")
VALUES = {
    "treatment": (0.81, 0.79, 0.84, 0.80, 0.77, 0.83, 0.82, 0.78),
    "baseline": (0.74, 0.71, 0.79, 0.73, 0.70, 0.76, 0.75, 0.72),
    "control": (0.77, 0.70, 0.80, 0.76, 0.69, 0.79, 0.74, 0.75),
}
"""Seven of the eight replicates differ in every arm, so that exchanges show."""
Code = Callable[[Given], list[dict[str, Any]]]


@pytest.fixture
def results() -> Given:
    plan = plan_of(ARMS, 8)
    registration = registration_of(plan)
    return given(plan, registration, results_of(registration, VALUES, curves=True))


def tried(code: Code, axes: Axes, results: Given, bounds: tuple[float, float] | None = (0.0, 1.0)) -> None:
    """Hold code to the results as the stage does, in this process."""

    def series(of: Given) -> tuple[Series, ...]:
        return read_series(json.dumps({"series": code(json.loads(json.dumps(of)))}))

    found = series(results)
    check_series(found, axes, results)
    moves = {"accuracy": move_of(results, "accuracy", bounds), "log_loss": move_of(results, "log_loss", None)}
    check_moved(found, series(moved(results, moves)), axes, moves[axes.metric])
    check_permuted(found, [series(permuted(results, number)) for number in range(PERMUTATIONS)])


def axes(y: str = "level", x: str = "arm", x_arm: str = "", marks: str = "points") -> Axes:
    return Axes.model_validate({"metric": "accuracy", "y": y, "x": x, "x_arm": x_arm, "marks": marks})


def values(of: Given, arm: str) -> list[float]:
    return [t["metrics"]["accuracy"] for t in of["trials"] if t["arm"] == arm and t["metrics"]]


def one(arm: str, y: list[float], **more: Any) -> dict[str, Any]:
    return {"arm": arm, "against": "", "x": [], "y": y, "low": [], "high": [], **more}


# --------------------------------------------------------------------------------------- honest code


def replicates_by_arm(of: Given) -> list[dict[str, Any]]:
    return [one(arm["name"], values(of, arm["name"])) for arm in of["arms"]]


def means_with_intervals(of: Given) -> list[dict[str, Any]]:
    found = []
    for arm in of["arms"]:
        y = values(of, arm["name"])
        mean, half = statistics.mean(y), 2.36 * statistics.stdev(y) / len(y) ** 0.5
        found.append(one(arm["name"], [mean], low=[mean - half], high=[mean + half]))
    return found


def bootstrapped_medians(of: Given) -> list[dict[str, Any]]:
    found = []
    for arm in of["arms"]:
        y, chance = values(of, arm["name"]), random.Random(1)
        drawn = sorted(statistics.median(chance.choices(y, k=len(y))) for _ in range(99))
        found.append(one(arm["name"], [statistics.median(y)], low=[drawn[2]], high=[drawn[96]]))
    return found


def paired_differences(of: Given) -> list[dict[str, Any]]:
    pairs = zip(values(of, "treatment"), values(of, "baseline"), strict=True)
    y = [mine - theirs for mine, theirs in pairs]
    return [one("treatment", y, against="baseline", x=of["replicates"])]


def pairs(of: Given) -> list[dict[str, Any]]:
    return [one("treatment", values(of, "treatment"), x=values(of, "baseline"))]


def single_curves(of: Given) -> list[dict[str, Any]]:
    curves = [(t["arm"], curve) for t in of["trials"] for curve in t["curves"] if t["arm"] != "control"]
    return [one(arm, curve["y"], x=curve["x"]) for arm, curve in curves if curve["metric"] == "accuracy"]


HONEST = {
    "replicates by arm": (replicates_by_arm, axes()),
    "means with t intervals": (means_with_intervals, axes()),
    "medians with bootstrap intervals": (bootstrapped_medians, axes()),
    "paired differences": (paired_differences, axes("difference", "replicate")),
    "a line of paired differences": (paired_differences, axes("difference", "replicate", marks="line")),
    "pairs": (pairs, axes("level", "level", "baseline")),
    "a line for each replicate": (single_curves, axes("level", "step", marks="line")),
}


@pytest.mark.parametrize(("code", "shown"), HONEST.values(), ids=HONEST)
@pytest.mark.parametrize("bounds", [(0.0, 1.0), None], ids=["bounded", "unbounded"])
def test_honest_code_passes(
    code: Code, shown: Axes, results: Given, bounds: tuple[float, float] | None
) -> None:
    tried(code, shown, results, bounds)


# ----------------------------------------------------------------------------------------- false code


def means(of: Given, change: Callable[[str, float], float]) -> list[dict[str, Any]]:
    return [one(a["name"], [change(a["name"], statistics.mean(values(of, a["name"])))]) for a in of["arms"]]


def with_interval(of: Given, half: Callable[[float], float]) -> list[dict[str, Any]]:
    found = []
    for arm in of["arms"]:
        mean = statistics.mean(values(of, arm["name"]))
        found.append(one(arm["name"], [mean], low=[mean - half(mean)], high=[mean + half(mean)]))
    return found


FALSE: dict[str, tuple[Code, str]] = {
    "constants": (lambda of: [one("treatment", [0.8, 0.79, 0.83])], "do not follow"),
    "one constant among results": (
        lambda of: [one(a["name"], [*values(of, a["name"]), 0.8]) for a in of["arms"][:1]],
        "do not follow",
    ),
    "random numbers": (
        lambda of: [one("treatment", [random.Random(7).uniform(0.78, 0.83) for _ in range(8)])],
        "do not follow",
    ),
    "results with noise": (
        lambda of: means(of, lambda _, v: v + random.Random(7).uniform(-0.01, 0.01)),
        "do not follow",
    ),
    "a treatment that is raised": (
        lambda of: means(of, lambda arm, v: v + 0.01 * (arm == "treatment")),
        "do not follow",
    ),
    "a treatment that is multiplied": (
        lambda of: means(of, lambda arm, v: v * (1.02 if arm == "treatment" else 1)),
        "do not follow",
    ),
    "rounded means": (lambda of: means(of, lambda _, v: round(v, 3)), "do not follow"),
    "exchanged labels": (
        lambda of: [one("treatment", values(of, "baseline")), one("baseline", values(of, "treatment"))],
        "outside of what was recorded|do not follow",
    ),
    "another arm's results": (lambda of: [one("control", values(of, "baseline")[-1:])], "do not follow"),
    "an invented interval": (lambda of: with_interval(of, lambda _: 0.01), "do not follow"),
    "an interval of a share of the mean": (lambda of: with_interval(of, lambda v: 0.01 * v), "do not follow"),
}


@pytest.mark.parametrize(("code", "why"), FALSE.values(), ids=FALSE)
@pytest.mark.parametrize("bounds", [(0.0, 1.0), None], ids=["bounded", "unbounded"])
def test_false_code_is_refused(
    code: Code, why: str, results: Given, bounds: tuple[float, float] | None
) -> None:
    with pytest.raises(Unfit, match=why):
        tried(code, axes(), results, bounds)


def test_differences_that_are_doubled_or_of_another_pair_are_refused(results: Given) -> None:
    shown = axes("difference", "arm")

    def differences(factor: float, other: str) -> Code:
        def code(of: Given) -> list[dict[str, Any]]:
            mine, theirs = values(of, "treatment"), values(of, other)
            y = [factor * (a - b) for a, b in zip(mine, theirs, strict=True)]
            return [one("treatment", y[:3], against="baseline")]

        return code

    tried(differences(1, "baseline"), shown, results)
    with pytest.raises(Unfit, match="do not follow"):
        tried(differences(1.1, "baseline"), shown, results)
    with pytest.raises(Unfit, match="do not follow"):
        tried(differences(1, "control"), shown, results)


def test_what_follows_scales_but_not_the_trials_is_refused(results: Given) -> None:
    same = [one(a["name"], values(results, a["name"])) for a in results["arms"]]
    found = read_series(json.dumps({"series": same}))
    with pytest.raises(Unfit, match="exchange their results"):
        check_permuted(found, [found] * PERMUTATIONS)


# ---------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"series": [{"arm": "treatment", "y": [NaN]}]}', "finite|JSON"),
        ('{"series": [{"arm": "treatment", "y": [1e999]}]}', "finite|JSON"),
        ('{"series": []}', "no point"),
        ('{"series": [{"arm": "treatment", "y": []}]}', "no point"),
        ('{"series": null}', "tuple|array"),
        ('{"series": [{"arm": "treatment", "y": [0.5], "label": "97 %"}]}', "label"),
        (json.dumps({"series": [{"arm": "t", "y": [0.5] * 2001}]}), "2001 points"),
        ("not JSON", "JSON"),
        ("[" * 400_001, "characters"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(Unfit, match=why):
        read_series(text)


@pytest.mark.parametrize(
    ("shown", "series", "why"),
    [
        (axes(), {"arm": "nobody", "y": (0.8,)}, "no arm"),
        (axes(), {"arm": "treatment", "against": "baseline", "y": (0.1,)}, "no `against`"),
        (axes("difference"), {"arm": "treatment", "y": (0.1,)}, "no arm"),
        (axes("difference"), {"arm": "control", "against": "control", "y": (0.0,)}, "another arm"),
        (axes(), {"arm": "treatment", "y": (0.97,)}, "outside of what was recorded"),
        (axes(), {"arm": "treatment", "y": (0.8,), "x": (1.0,)}, "no values"),
        (axes(), {"arm": "treatment", "y": (0.8,), "low": (0.7,)}, "`low` and `high`"),
        (axes(), {"arm": "treatment", "y": (0.8,), "low": (0.82,), "high": (0.9,)}, "between"),
        (axes("level", "replicate"), {"arm": "treatment", "y": (0.8,), "x": (999.0,)}, "recorded replicate"),
        (axes("level", "step"), {"arm": "treatment", "y": (0.8,), "x": (3.5,)}, "recorded step"),
        (axes("level", "level", "baseline"), {"arm": "treatment", "y": (0.8,), "x": (0.99,)}, "an x lies"),
    ],
)
def test_a_series_that_is_not_of_the_declared_kind_is_refused(
    shown: Axes, series: dict[str, Any], why: str, results: Given
) -> None:
    with pytest.raises(Unfit, match=why):
        check_series([Series.model_validate(series)], shown, results)


def test_permuted_results_hold_the_same_trials_in_other_places(results: Given) -> None:
    def contents(of: Given) -> list[str]:
        return sorted(json.dumps([t["metrics"], t["curves"]]) for t in of["trials"])

    def places(of: Given) -> list[tuple[str, int]]:
        return [(t["arm"], t["replicate"]) for t in of["trials"]]

    for number in range(PERMUTATIONS):
        other = permuted(results, number)
        assert contents(other) == contents(results)
        assert places(other) == places(results)
        assert other != results
        assert other == permuted(results, number)


def test_moved_results_stay_within_the_bounds_and_no_two_arms_move_alike(results: Given) -> None:
    move = move_of(results, "accuracy", (0.0, 1.0))
    ends = {**results, "trials": [
        {**t, "metrics": {"accuracy": value}, "curves": []} for t in results["trials"] for value in (0.0, 1.0)
    ]}  # fmt: skip
    gone = [t["metrics"]["accuracy"] for t in moved(ends, {"accuracy": move})["trials"]]
    assert 0 <= min(gone) < max(gone) <= 1
    lifts = [move.lifts[arm] for arm in ARMS]
    differences = [a - b for a in lifts for b in lifts if a != b]
    assert len(set(lifts)) == len(ARMS)
    assert len(set(differences)) == len(differences)
