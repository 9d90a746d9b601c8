"""Facts about the plan, its place in the ledger, its power, and how many trials there were."""

from __future__ import annotations

import math
from functools import partial

from agent.artifacts import Fact, Plan, Registration, Split, Verdict
from agent.evidence.digits import digits_of, exact_digits
from agent.evidence.statistics import ARM_LEVEL
from agent.evidence.verdict import Results, item_count, trial_ids


def plan_facts(plan: Plan, registration: Registration, verdict: Verdict, unit: str) -> list[Fact]:
    """What was declared or computed before the first confirming trial, and the n that would settle it."""
    power = registration.power
    deciding = sum(comparison.family == "verdict" for comparison in plan.comparisons)
    pool, template = "the ledger, as it stood at the run's start", "declared in the template"
    rows: list[tuple[str, str, float, str, str]] = [
        ("plan.n", "confirming replicates", plan.n, "replicates", "declared in the plan"),
        ("plan.alpha", "one-sided level", plan.alpha, "probability", "0.025 / ideas of the run"),
        ("plan.level", "coverage of the intervals", 1 - 2 * plan.alpha, "probability", "1 − 2α*"),
        ("arms.level", "coverage of the intervals of arm means", ARM_LEVEL, "probability", "fixed"),
        ("plan.sesoi", "smallest effect of interest", plan.sesoi, unit, template),
        ("plan.worst", "value of a failed trial of the treatment", plan.worst, unit, template),
        ("plan.comparators", "comparators of the verdict", deciding, "", "count in the plan"),
        ("plan.arms", "arms", len(plan.arms), "", "count in the plan"),
        ("ledger.number", "this registration on the test pool", registration.number, "", pool),
        ("ledger.total", "registrations on the test pool", registration.total, "", pool),
        ("ledger.budget", "registrations that the pool serves", registration.budget, "", template),
        ("power.replicates", "replicates behind the power", power.replicates_shared, "replicates", "count"),
        ("power.n_default", "n before power", power.n_default, "replicates", "default or asked for"),
    ]
    if verdict.n_to_settle is not None:
        settles = "smallest n with a verdict if means and variance components stayed as observed"
        n, what = verdict.n_to_settle, "replicates that would settle the question"
        rows.append(("verdict.n_to_settle", what, n, "replicates", settles))
    declared = [
        Fact(
            name=name,
            label=label,
            split="none",
            value=value,
            unit=of,
            formula=formula,
            plan_hash=plan.hash,
            digits=exact_digits(value),
        )
        for name, label, value, of, formula in rows
    ]
    return declared + _power(plan, registration, unit)


def _power(plan: Plan, registration: Registration, unit: str) -> list[Fact]:
    power = registration.power
    fact = partial(Fact, split="dev", plan_hash=plan.hash)
    normal = "normal differences with the upper 80 % limit of their SD"
    return [
        fact(
            name="power.sd",
            label="upper limit of the SD of the difference",
            value=power.sd_upper,
            unit=unit,
            n=power.replicates_shared,
            formula="s·√((k−1)/χ²), χ² the lower 20 % quantile with k−1 degrees of freedom",
            digits=digits_of(power.sd_upper / math.sqrt(plan.n)),
        ),
        fact(
            name="power.supported",
            label="probability of support at twice the smallest effect of interest",
            value=power.supported_at_two_sesoi,
            unit="probability",
            formula=normal,
            digits=2,
        ),
        fact(
            name="power.refuted",
            label="probability of refutation without an effect",
            value=power.refuted_at_zero,
            unit="probability",
            formula=normal,
            digits=2,
        ),
    ]


def count_facts(plan: Plan, registration: Registration, results: Results, split: Split) -> list[Fact]:
    """Replicates, trials, failures, and test items where they are scored one by one."""
    trials = tuple(t for arm in plan.arms for t in trial_ids(registration, results, arm.name))
    keys = [(arm.name, r) for arm in plan.arms for r in registration.replicates]
    failed = sum(results[key][0].status != "ok" for key in keys)
    rows = [
        ("count.replicates", "confirming replicates", len(registration.replicates), "replicates"),
        ("count.trials", "confirming trials", len(trials), "trials"),
        ("count.failures", "failed confirming trials", failed, "trials"),
    ]
    if items := item_count(plan, registration, results):
        rows.append(("count.items", "test items", items, ""))
    return [
        Fact(
            name=name,
            label=label,
            split=split,
            value=value,
            unit=unit,
            formula="count",
            trials=trials,
            plan_hash=plan.hash,
            digits=0,
        )
        for name, label, value, unit in rows
    ]
