"""Whether a study's effect comes out again: on the same replicates, and on fresh ones.

Promises the limits alone; the formulas stand in docs/evidence.md. Runs nothing.
"""

from __future__ import annotations

import math

from agent.artifacts import (
    EffectAgain,
    Plan,
    Registration,
    ReplicatedEffect,
    Result,
    Scores,
    TrialDifference,
    Verdict,
)
from agent.evidence.statistics import t_quantile
from agent.evidence.verdict import Results

TAIL = 0.025
"""One-sided level of the limits for fresh replicates."""
ROUNDING = 1e-12
"""Share of a mean that summing in another order may change."""


def half_width(sd: float, n: int, n_again: int) -> float:
    """How far the mean of n′ fresh replicates may lie from that of n: t·s·√(1/n + 1/n′).

    t is the upper 2.5 % quantile with n−1 degrees of freedom, s the sample SD of the first n differences. If
    both samples are of one normal distribution, the new mean lies within with probability 0.95: the
    prediction interval for the mean of a further sample (Hahn & Meeker 1991, 4.7). With no spread it is 0.

    Raises:
        ValueError: `sd` is negative or not finite, n < 2 or n′ < 1.
    """
    if not (math.isfinite(sd) and sd >= 0 and n_again >= 1):
        raise ValueError(f"an SD of {sd} over {n_again} fresh replicates sets no limits")
    return t_quantile(TAIL, n) * sd * math.sqrt(1 / n + 1 / n_again)


def replicated(primary: Verdict, again: Verdict) -> tuple[ReplicatedEffect, ...]:
    """Each verdict comparison of a study against the same comparison on fresh replicates.

    Raises:
        KeyError: the fresh replicates lack a comparison.
    """
    fresh = {c.comparator: c for c in again.comparisons}
    found = []
    for c in primary.comparisons:
        if c.family != "verdict":
            continue
        new = fresh[c.comparator]
        limit = half_width(c.sd, c.n, new.n)
        found.append(
            ReplicatedEffect(
                comparator=c.comparator,
                recorded=c.mean,
                sd=c.sd,
                n=c.n,
                again=new.mean,
                n_again=new.n,
                half_width=limit,
                passed=abs(new.mean - c.mean) <= limit + ROUNDING * abs(c.mean),
            )
        )
    return tuple(found)


def differing_trials(
    plan: Plan, registration: Registration, recorded: Results, again: Results
) -> tuple[TrialDifference, ...]:
    """The registered trials whose status, metrics, scores or curves are not those recorded, bit for bit."""
    found = []
    for arm in plan.arms:
        for replicate in registration.replicates:
            before, after = recorded[arm.name, replicate], again[arm.name, replicate]
            if _content(before) != _content(after):
                old, new = _words(plan, before[0]), _words(plan, after[0])
                found.append(
                    TrialDifference(
                        arm=arm.name,
                        replicate=replicate,
                        trial=before[0].trial,
                        recorded=old,
                        again=new if new != old else f"{new}, with other scores, curves or metrics beside it",
                    )
                )
    return tuple(found)


def effects_again(primary: Verdict, again: Verdict, tolerance: float) -> tuple[EffectAgain, ...]:
    """The mean of every comparison, recorded and again."""
    means = {c.comparator: c.mean for c in again.comparisons}
    return tuple(
        EffectAgain(comparator=c.comparator, recorded=c.mean, again=means[c.comparator], tolerance=tolerance)
        for c in primary.comparisons
        if c.comparator in means
    )


def within(effects: tuple[EffectAgain, ...]) -> bool:
    """Whether every effect lies within its tolerance."""
    return all(abs(e.again - e.recorded) <= e.tolerance + ROUNDING * abs(e.recorded) for e in effects)


def _content(found: tuple[Result, Scores | None]) -> tuple[object, ...]:
    """What a trial came to, without its id (which holds the environment) and the words of a failure."""
    result, scores = found
    return (result.status, result.metrics, result.curves, scores)


def _words(plan: Plan, result: Result) -> str:
    value = result.metric(plan.metric)
    return result.status if value is None else f"{plan.metric} {value!r}"
