"""Every number of a study that a paper may state, with its formula and the trials behind it.

Promises that a fact is recomputed from artifacts alone and that its digits follow its uncertainty. Chosen
values are no facts (`settings`), and nothing is concluded here (`claims`). Names:

    arm.<arm>.mean .sd .trials .failures .tuning         other.<arm>.<metric>.mean
    effect.<comparator>.mean .low .high .high_corrected  comparison.<comparator>.sd .p .n .holm
    change.<comparator>.ratio .relative   (the verdict's comparators, where a ratio means something)
    plan.* ledger.* power.* count.* verdict.*  (counts)  explore.*  (explored; dev scores, no results)
    code.<arm>.changed_lines .missed_lines  (executed; of arms with edits)
"""

from __future__ import annotations

import math
from functools import partial

from agent.artifacts import (
    Arm,
    ComparisonResult,
    Executed,
    Fact,
    Facts,
    Plan,
    Registration,
    Split,
    Tree,
    Verdict,
)
from agent.evidence.changes import change_facts
from agent.evidence.counts import count_facts, plan_facts
from agent.evidence.digits import digits_of, p_digits
from agent.evidence.executed import code_facts
from agent.evidence.explored import explored_facts
from agent.evidence.statistics import ARM_LEVEL, DRAWS, ENUMERATED, mean_interval, t_quantile
from agent.evidence.verdict import Results, check_complete, counted, succeeded, trial_ids


def facts(
    plan: Plan,
    registration: Registration,
    results: Results,
    verdict: Verdict,
    tree: Tree,
    *,
    unit: str,
    metric_label: str = "",
    executed: Executed | None = None,
) -> Facts:
    """All facts of a judged study, in the order of the plan.

    `unit` is that of the metric, `metric_label` the metric in words, `executed` which changed lines ran.

    Raises:
        ValueError: a registered trial is missing.
    """
    check_complete(plan, registration, results)
    label = metric_label or plan.metric.replace("_", " ")
    split: Split = "none" if any(result.self_reported for result, _ in results.values()) else "test"
    items: list[Fact] = []
    for arm in plan.arms:
        items += _arm(plan, registration, results, arm, split, unit, label)
        items += _secondary(plan, registration, results, arm, split)
    for comparison in verdict.comparisons:
        items += _comparison(plan, registration, results, comparison, split, unit, label)
    items += plan_facts(plan, registration, verdict, unit)
    items += count_facts(plan, registration, results, split)
    items += explored_facts(tree, unit, label)
    items += code_facts(plan, executed) if executed else []
    parents = (plan.hash, registration.hash, verdict.hash, tree.hash)
    return Facts(items=tuple(items), parents=(*parents, executed.hash) if executed else parents)


def effect_name(plan: Plan, treatment: str, comparator: str) -> str:
    """What names a comparison's facts: its comparator; another treatment than the plan's goes before it."""
    is_treatment = any(arm.name == treatment and arm.role == "treatment" for arm in plan.arms)
    return comparator if is_treatment else f"{treatment}.{comparator}"


def _arm(
    plan: Plan, registration: Registration, results: Results, arm: Arm, split: Split, unit: str, label: str
) -> list[Fact]:
    name, treated = arm.name, arm.role == "treatment"
    if not treated and not succeeded(results, name):
        return _arm_counts(registration, results, arm, split, plan.hash)
    values = [value.value for value in counted(plan, registration, results, name, as_treatment=treated)]
    interval = mean_interval(values)
    trials = trial_ids(registration, results, name)
    failed = sum(results[name, r][0].status != "ok" for r in registration.replicates)
    instead = "the worst value" if treated else "the best trial of the arm"
    over = "the confirming replicates" + (f", failed trials counted with {instead}" if failed else "")
    measured = partial(
        Fact,
        split=split,
        arms=(name,),
        trials=trials,
        plan_hash=plan.hash,
        unit=unit,
        metric=plan.metric,
        n=interval.n,
        digits=digits_of(interval.error),
    )
    return [
        measured(
            name=f"arm.{name}.mean",
            label=f"mean {label} of {name}",
            value=interval.mean,
            low=interval.low,
            high=interval.high,
            level=ARM_LEVEL,
            formula=f"mean of {label} over {over}, with its t interval",
        ),
        measured(
            name=f"arm.{name}.sd",
            label=f"standard deviation of {label} of {name}",
            value=interval.error * math.sqrt(interval.n),
            formula=f"sample standard deviation of {label} over {over}",
        ),
        *_arm_counts(registration, results, arm, split, plan.hash),
    ]


def _arm_counts(
    registration: Registration, results: Results, arm: Arm, split: Split, plan_hash: str
) -> list[Fact]:
    """How many trials an arm had; all that can be said of one of which no trial succeeded."""
    name, trials = arm.name, trial_ids(registration, results, arm.name)
    failed = sum(results[name, r][0].status != "ok" for r in registration.replicates)
    count = partial(Fact, arms=(name,), plan_hash=plan_hash, unit="trials", digits=0)
    return [
        count(
            name=f"arm.{name}.trials",
            label=f"confirming trials of {name}",
            split=split,
            value=len(trials),
            formula="count of trials",
            trials=trials,
        ),
        count(
            name=f"arm.{name}.failures",
            label=f"failed confirming trials of {name}",
            split=split,
            value=failed,
            formula="count of trials whose status is not ok",
            trials=trials,
        ),
        count(
            name=f"arm.{name}.tuning",
            label=f"configurations that {name} was chosen from",
            split="dev",
            value=arm.tuning_trials,
            formula="declared by the person who brought the arm, not counted here"
            if arm.declared
            else "count of exploring candidates, re-runs left out",
        ),
    ]


def _secondary(
    plan: Plan, registration: Registration, results: Results, arm: Arm, split: Split
) -> list[Fact]:
    """Means of the other metrics over the trials that are ok: described, never judged."""
    measures = [
        (result.trial, measure)
        for result in (results[arm.name, r][0] for r in registration.replicates)
        for measure in result.metrics
        if measure.name != plan.metric
    ]
    found = []
    for name in sorted({measure.name for _, measure in measures}):
        values = [measure.value for _, measure in measures if measure.name == name]
        if len(values) < 2:
            continue
        interval = mean_interval(values)
        words = name.replace("_", " ")
        found.append(
            Fact(
                name=f"other.{arm.name}.{name}.mean",
                label=f"mean {words} of {arm.name}",
                split=split,
                value=interval.mean,
                unit="",
                low=interval.low,
                high=interval.high,
                level=ARM_LEVEL,
                n=interval.n,
                formula=f"mean of {words} over the confirming trials that are ok, with its t interval",
                arms=(arm.name,),
                metric=name,
                trials=tuple(trial for trial, measure in measures if measure.name == name),
                plan_hash=plan.hash,
                digits=digits_of(interval.error),
            )
        )
    return found


def _comparison(
    plan: Plan,
    registration: Registration,
    results: Results,
    c: ComparisonResult,
    split: Split,
    unit: str,
    label: str,
) -> list[Fact]:
    key, error = effect_name(plan, c.treatment, c.comparator), (c.high - c.low) / 2
    fact = partial(
        Fact,
        split=split,
        n=c.n,
        arms=(c.treatment, c.comparator),
        metric=plan.metric,
        trials=trial_ids(registration, results, c.treatment) + trial_ids(registration, results, c.comparator),
        plan_hash=plan.hash,
    )
    sized = partial(fact, unit=unit, digits=digits_of(error / t_quantile(plan.alpha, c.n)))
    up = plan.goal == "maximize"
    minus = f"{c.treatment} minus {c.comparator}" if up else f"{c.comparator} minus {c.treatment}"
    gain = f"difference in {label}" if up else f"reduction of {label}"
    return [
        *_effect(plan, c, key, sized, minus, gain),
        sized(
            name=f"comparison.{key}.sd",
            label=f"standard deviation of the {gain}, {_between(c)}",
            value=c.sd,
            formula=f"sample standard deviation of {minus} over replicates",
        ),
        *_chances(c, key, fact, minus),
        *(change_facts(plan, registration, results, c, key, fact, label) if c.family == "verdict" else ()),
    ]


def _effect(
    plan: Plan, c: ComparisonResult, key: str, sized: partial[Fact], minus: str, gain: str
) -> list[Fact]:
    """The mean difference with its interval, and each limit by itself."""
    over = "replicates and test items" if c.variance == "two-way" else "replicates"
    limit = f"mean of {minus}, ± t·√V with n−1 degrees of freedom, V over {over}"
    mean = sized(
        name=f"effect.{key}.mean",
        label=f"{gain}, {_between(c)}",
        value=c.mean,
        low=c.low,
        high=c.high,
        level=1 - 2 * plan.alpha,
        formula=f"{limit}; larger is better for {c.treatment}",
    )
    corrected = "at the level α* divided by the number of verdict comparators"
    limits = [
        ("low", "lower limit", c.low, f"L: {limit}, at the level α*"),
        ("high", "upper limit", c.high, f"U: {limit}, at the level α*"),
        ("high_corrected", "corrected upper limit", c.high_corrected, f"U′: {limit}, {corrected}"),
    ]
    return [mean] + [
        sized(
            name=f"effect.{key}.{end}",
            label=f"{words} of the {gain}, {_between(c)}",
            value=v,
            formula=formula,
        )
        for end, words, v, formula in limits
    ]


def _chances(c: ComparisonResult, key: str, fact: partial[Fact], minus: str) -> list[Fact]:
    """The p values, and the n they rest on."""
    chance = partial(fact, unit="probability")
    found = [
        chance(
            name=f"comparison.{key}.p",
            label=f"one-sided sign-flip p, {_between(c)}",
            value=c.p_sign_flip,
            formula=_sign_flip_formula(minus, c.n),
            digits=p_digits(c.p_sign_flip),
        ),
        fact(
            name=f"comparison.{key}.n",
            label=f"paired replicates, {_between(c)}",
            value=c.n,
            unit="replicates",
            formula="count of confirming replicates",
            digits=0,
        ),
    ]
    if c.p_holm is not None:
        found.append(
            chance(
                name=f"comparison.{key}.holm",
                label=f"adjusted two-sided p, {_between(c)}",
                value=c.p_holm,
                formula="two-sided p of the paired t, adjusted over the ablations by Holm's method",
                digits=p_digits(c.p_holm),
            )
        )
    return found


def _between(c: ComparisonResult) -> str:
    return f"{c.treatment} against {c.comparator}"


def _sign_flip_formula(minus: str, n: int) -> str:
    reached = f"sign flips of {minus} with a sum at least as large"
    return f"share of {reached}" if n <= ENUMERATED else f"(b+1)/(m+1), b of m = {DRAWS:,} random {reached}"
