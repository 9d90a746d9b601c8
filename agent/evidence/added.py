"""What code must keep to that computes a figure from the results of a study.

A figure that a paper's author adds is computed by the author's code and drawn by Shoal (`drawing_added`), so
that the picture holds no text and no mark but the computed series. Promises that a series which passes
follows the results: it moves with them exactly as a statistic in the metric's unit has to (`moved`), it
belongs to the arms that it names, it lies within what was recorded, and it changes where arms and replicates
are exchanged (`permuted`). Cannot see which statistic it is: a mean and a median pass alike, and so does a
mean plus its arm's standard deviation.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.artifacts import Axes, Plan, Registration, Series, canonical_json, sha256_of
from agent.evidence.verdict import Results

MOST_SERIES = 40
MOST_POINTS = 2000
MOST_CHARACTERS = 400_000
"""Of the text that holds the series."""
PERMUTATIONS = 3
SHRINK, SHIFT, LIFT = 0.75, 0.02, 0.08
"""How far `moved` results go: shares of a metric's width, small enough to stay within its bounds."""
ROUNDING = 1e-9
"""Of a metric's width; what arithmetic with floating point may lose."""

Given = dict[str, Any]
"""Results as the code gets them: primary, arms, replicates, trials with metrics and curves."""


class Unfit(Exception):
    """Series that may not be drawn; the text tells their author why."""


@dataclass(frozen=True)
class Move:
    """How `moved` results follow from the real ones: v becomes SHRINK · v + shift + lift of its arm."""

    shift: float
    lifts: Mapping[str, float]
    """By arm, in the metric's unit; no two arms, and no two differences of arms, have the same."""
    width: float
    """Of the metric's range."""


def given(plan: Plan, registration: Registration, results: Results) -> Given:
    """The registered results as the code gets them; failed trials have neither metrics nor curves."""
    trials = []
    for arm in plan.arms:
        for replicate in sorted(registration.replicates):
            result, _ = results[arm.name, replicate]
            trials.append({
                "arm": arm.name,
                "replicate": replicate,
                "metrics": {m.name: m.value for m in result.metrics},
                "curves": [
                    {"metric": c.metric, "x_name": c.x_name, "x": list(c.x), "y": list(c.y)}
                    for c in result.curves
                ],
            })  # fmt: skip
    return {
        "primary": plan.metric,
        "arms": [{"name": arm.name, "role": arm.role} for arm in plan.arms],
        "replicates": sorted(registration.replicates),
        "trials": trials,
    }


# ---------------------------------------------------------------------------------------- other results


def move_of(results: Given, metric: str, bounds: tuple[float, float] | None) -> Move:
    """How a metric's results move; within its bounds, where it has some."""
    values = [value for arm in _names(results) for value in _values(results, metric, arm)] or [0.0]
    low, high = bounds or (min(values), max(values))
    width = high - low if bounds else max(high - low, *map(abs, values)) or 1.0
    shift = (1 - SHRINK) * (low + high) / 2 + SHIFT * width
    lifts = {arm: LIFT * width / 2**number for number, arm in enumerate(_names(results))}
    return Move(shift, lifts, width)


def moved(results: Given, moves: Mapping[str, Move]) -> Given:
    """The results with every metric shrunk, shifted, and lifted arm by arm."""

    def go(metric: str, arm: str, value: float) -> float:
        move = moves[metric]
        return SHRINK * value + move.shift + move.lifts[arm]

    trials = [
        {
            **trial,
            "metrics": {name: go(name, trial["arm"], value) for name, value in trial["metrics"].items()},
            "curves": [
                {**curve, "y": [go(curve["metric"], trial["arm"], y) for y in curve["y"]]}
                for curve in trial["curves"]
            ],
        }
        for trial in results["trials"]
    ]
    return {**results, "trials": trials}


def permuted(results: Given, number: int) -> Given:
    """The results with arms exchanged within each replicate, then replicates within each arm, by chance.

    Args:
        number: Of the permutation; the same results and number give the same one.
    """
    chance = random.Random(int(sha256_of([results, number])[:16], 16))
    at = {(trial["arm"], trial["replicate"]): trial for trial in results["trials"]}
    arms, replicates = _names(results), results["replicates"]
    for replicate in replicates:
        exchanged = chance.sample(arms, len(arms))
        contents = [at[arm, replicate] for arm in exchanged]
        for arm, content in zip(arms, contents, strict=True):
            at[arm, replicate] = content
    for arm in arms:
        contents = [at[arm, replicate] for replicate in chance.sample(replicates, len(replicates))]
        for replicate, content in zip(replicates, contents, strict=True):
            at[arm, replicate] = content
    trials = [{**at[arm, r], "arm": arm, "replicate": r} for arm in arms for r in replicates]
    return {**results, "trials": trials}


# ---------------------------------------------------------------------------------------------- series


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    series: tuple[Series, ...]


def read_series(text: str) -> tuple[Series, ...]:
    """The series that code wrote.

    Raises:
        Unfit: it is not of their form, or too much.
    """
    if len(text) > MOST_CHARACTERS:
        raise Unfit(f"`series` returned {len(text):,} characters of JSON; {MOST_CHARACTERS:,} are allowed.")
    try:
        found = _Written.model_validate_json(text).series
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "what `series` returned"
        raise Unfit(f"{place}: {first['msg']}") from error
    points = sum(len(one.y) for one in found)
    if not points or not all(one.y for one in found):
        raise Unfit("There is no point to draw: `series` returned nothing, or a series without `y`.")
    if len(found) > MOST_SERIES or points > MOST_POINTS:
        raise Unfit(f"{len(found)} series with {points} points: at most {MOST_SERIES} and {MOST_POINTS}.")
    return found


def check_series(found: Sequence[Series], axes: Axes, results: Given) -> None:
    """Hold series against the axes that were declared and the range of what was recorded.

    Raises:
        Unfit: a series is not of that kind, or lies where no result was recorded.
    """
    names = [(one.arm, one.against) for one in found]
    if axes.x != "step" and len(set(names)) < len(names):
        raise Unfit("Two series have the same `arm` and `against`; the reader could not tell them apart.")
    for one in found:
        name = _called(one)
        for arm in (one.arm, *([one.against] if axes.y == "difference" else [])):
            if arm not in _names(results):
                raise Unfit(f"{name}: {arm!r} is no arm; there are {', '.join(_names(results))}.")
        if (axes.y == "level") != (not one.against) or one.arm == one.against:
            raise Unfit(
                f"{name}: a {axes.y} has {'no' if axes.y == 'level' else 'another arm in'} `against`."
            )
        _check_points(one, name, axes, results)


def _check_points(one: Series, name: str, axes: Axes, results: Given) -> None:
    """Lengths, places on the horizontal axis, and range of one series."""
    if len(one.low) != len(one.high) or len(one.low) not in (0, len(one.y)):
        raise Unfit(f"{name}: `low` and `high` need as many values as `y`, or none.")
    if len(one.x) != (0 if axes.x == "arm" else len(one.y)):
        raise Unfit(f"{name}: `x` needs {'no values' if axes.x == 'arm' else 'as many values as `y`'}.")
    steps = {x for t in results["trials"] for c in t["curves"] if c["metric"] == axes.metric for x in c["x"]}
    places = {"replicate": set(results["replicates"]), "step": steps}.get(axes.x)
    if places is not None and (not set(one.x) <= places or len(set(one.x)) < len(one.x)):
        raise Unfit(f"{name}: every x must be a recorded {axes.x}, each once.")
    width = move_of(results, axes.metric, None).width
    spare = 1e-6 * width
    low, high = _range(results, axes, one.arm)
    if axes.y == "difference":
        other = _range(results, axes, one.against)
        low, high = low - other[1], high - other[0]
    if not all(low - spare <= y <= high + spare for y in one.y):
        raise Unfit(f"{name}: a y lies outside of what was recorded.")
    if axes.x == "level":
        low, high = _range(results, axes, axes.x_arm)
        if not all(low - spare <= x <= high + spare for x in one.x):
            raise Unfit(f"{name}: an x lies outside of what was recorded of {axes.x_arm}.")
    if not all(a - spare <= y <= b + spare for a, y, b in zip(one.low, one.y, one.high, strict=False)):
        raise Unfit(f"{name}: `y` must lie between `low` and `high`.")


def check_moved(found: Sequence[Series], after: Sequence[Series], axes: Axes, move: Move) -> None:
    """Hold the series over `moved` results against those over the real ones.

    Raises:
        Unfit: a value did not go where a statistic in the metric's unit, of these arms alone, has to go.
    """
    if [(one.arm, one.against, len(one.y), len(one.low)) for one in found] != [
        (one.arm, one.against, len(one.y), len(one.low)) for one in after
    ]:
        raise Unfit("Over other results of the same form, `series` returns other arms or numbers of points.")
    for one, other in zip(found, after, strict=True):
        by = move.shift + move.lifts[one.arm]
        if axes.y == "difference":
            by = move.lifts[one.arm] - move.lifts[one.against]
        went = [
            ("y", one.y, other.y, by),
            ("low", one.low, other.low, by),
            ("high", one.high, other.high, by),
        ]
        if axes.x == "level":
            went.append(("x", one.x, other.x, move.shift + move.lifts[axes.x_arm]))
        elif one.x != other.x:
            raise Unfit(f"{_called(one)}: x changes where the results change, but is no result.")
        for which, before, now, along in went:
            for value, moved_value in zip(before, now, strict=True):
                if abs(moved_value - (SHRINK * value + along)) > ROUNDING * move.width:
                    raise Unfit(_did_not_follow(f"{_called(one)}, `{which}`", axes))


def _did_not_follow(name: str, axes: Axes) -> str:
    arms = "the arm that it names" if axes.y == "level" else "`arm` minus `against`"
    return (
        f"{name}: the values do not follow the results. All results were scaled and shifted by constants, "
        f"each arm by one of its own, and a {axes.y} of {arms} has to move with them exactly. Typed numbers, "
        "random numbers, rounding, logarithms, ratios, standard deviations, ranks, or another arm's results "
        "break this."
    )


def check_permuted(found: Sequence[Series], others: Sequence[Sequence[Series]]) -> None:
    """Hold the series over `permuted` results against those over the real ones.

    Raises:
        Unfit: one is the same whatever the results of the arms and replicates are.
    """
    for number, one in enumerate(found):
        if all(len(other) > number and other[number] == one for other in others):
            raise Unfit(
                f"{_called(one)} stays the same when arms and replicates exchange their results: it does not "
                "show them."
            )


def text_of(results: Given) -> str:
    """The text that the code is given."""
    return canonical_json(results)


def results_hash(results: Given) -> str:
    """sha256 of that text."""
    return sha256_of(json.loads(text_of(results)))


def _names(results: Given) -> list[str]:
    return [arm["name"] for arm in results["arms"]]


def _values(results: Given, metric: str, arm: str, *, curves: bool = True) -> list[float]:
    """Every recorded value of a metric of an arm, those of its curves too unless they are not wanted."""
    trials = [trial for trial in results["trials"] if trial["arm"] == arm]
    values = [trial["metrics"][metric] for trial in trials if metric in trial["metrics"]]
    if curves:
        values += [y for t in trials for c in t["curves"] if c["metric"] == metric for y in c["y"]]
    return values


def _range(results: Given, axes: Axes, arm: str) -> tuple[float, float]:
    """The least and the greatest recorded value of an arm; those of curves count over steps alone."""
    values = _values(results, axes.metric, arm, curves=axes.x == "step")
    if not values:
        raise Unfit(f"no trial of the arm {arm!r} has a result: leave it out.")
    return min(values), max(values)


def _called(one: Series) -> str:
    return f"The series {one.arm!r}" + (f" against {one.against!r}" if one.against else "")
