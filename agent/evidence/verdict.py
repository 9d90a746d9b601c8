"""The verdict: supported, refuted or inconclusive, computed from the registered trials.

The rules are those of docs/how-a-study-works.md, Confirming and the verdict. Promises that every registered
trial counts exactly once, failures too, and that nothing but the plan and the results enters. Does not word
anything beyond one sentence (`claims`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from agent.artifacts import Comparison, ComparisonResult, Plan, Registration, Result, Scores, Verdict, Word
from agent.evidence.power import n_to_settle
from agent.evidence.statistics import (
    Spread,
    holm,
    sign_flip_p,
    sign_flip_rng,
    spread,
    t_interval,
    t_test_p,
)
from agent.search import oriented

Results = Mapping[tuple[str, int], tuple[Result, Scores | None]]
"""What each (arm, confirming replicate) came to, with its per-item scores where the evaluator gave them."""

Qualifier = Literal["", "harmful", "real but too small"]

SELF_REPORTED = "the experiment scored itself"
EXHAUSTED = "the test pool is exhausted"


@dataclass(frozen=True)
class Value:
    """What one trial counts as, in the metric's unit."""

    value: float
    items: tuple[float, ...] | None
    """Per test item, where every arm has them."""


def judge(plan: Plan, registration: Registration, results: Results, caps: tuple[str, ...] = ()) -> Verdict:
    """The verdict of a plan.

    Supported: for every verdict comparator L > 0 and mean ≥ Δ (intersection-union, Berger 1982). Refuted:
    for some one U′ < Δ, U′ the upper limit at α*/C (a union, so corrected). Inconclusive otherwise, and
    wherever there is a cap: `caps`, a self-reported score, an exhausted pool, a failed trial of a verdict
    comparator. A comparator beside the verdict of which no trial succeeded is left out: it measured nothing.

    Raises:
        ValueError: a registered trial is missing, lacks the metric, or the plan has no verdict comparison.
    """
    check_complete(plan, registration, results)
    verdict_pairs = [c for c in plan.comparisons if c.family == "verdict"]
    if not verdict_pairs:
        raise ValueError(f"plan {plan.id} has no comparison in the family verdict")
    measured = [c for c in plan.comparisons if c.family == "verdict" or succeeded(results, c.comparator)]
    paired = [differences(plan, registration, results, pair) for pair in measured]
    spreads = [spread(d, items) for d, items in paired]
    compared = _with_holm(
        [
            _compare(plan, registration, results, pair, d, parts)
            for pair, (d, _), parts in zip(measured, paired, spreads, strict=True)
        ],
        spreads,
    )
    deciding = [c for c in compared if c.family == "verdict"]
    all_caps = _caps(plan, registration, results, deciding, caps)
    word: Word = "inconclusive" if all_caps else _word(plan, deciding)
    qualifier: Qualifier = _qualifier(plan, deciding) if word == "refuted" else ""
    is_open = word == "inconclusive" and not all_caps
    ours = [s for s, pair in zip(spreads, measured, strict=True) if pair.family == "verdict"]
    return Verdict(
        word=word,
        comparisons=tuple(compared),
        reason=_reason(plan, word, qualifier, deciding, all_caps),
        qualifier=qualifier,
        caps=all_caps,
        n_to_settle=n_to_settle(ours, sesoi=plan.sesoi, alpha=plan.alpha) if is_open else None,
        parents=(plan.hash, registration.hash),
    )


def check_complete(plan: Plan, registration: Registration, results: Results) -> None:
    """Refuse to compute over anything but every registered trial.

    Raises:
        ValueError: a trial is missing, or the registration is of another plan.
    """
    if registration.plan_hash != plan.hash or len(registration.replicates) != plan.n:
        raise ValueError(f"the registration is not that of plan {plan.id}")
    missing = [
        f"{arm.name}/{r}"
        for arm in plan.arms
        for r in registration.replicates
        if (arm.name, r) not in results
    ]
    if missing:
        raise ValueError(f"{len(missing)} registered trials have no result: {', '.join(missing[:5])}")


def succeeded(results: Results, arm: str) -> bool:
    """Whether any confirming trial of an arm ended with a score."""
    return any(result.status == "ok" for (name, _), (result, _) in results.items() if name == arm)


# ---------------------------------------------------------------------------------------------- values


def counted(
    plan: Plan, registration: Registration, results: Results, arm: str, *, as_treatment: bool
) -> tuple[Value, ...]:
    """What each registered trial of an arm counts as, in the order of the registration.

    A failed trial of a treatment counts with `worst`, all its items too. A failed trial of a comparator
    counts with the best confirmed trial of its arm, its items too; where its arm has none, with the best one
    of any arm; where no trial at all is ok, with `worst`.

    Raises:
        ValueError: a trial that is ok lacks the plan's metric.
    """
    items = item_count(plan, registration, results)
    worst = Value(plan.worst, (plan.worst,) * items if items else None)
    own = [_value(plan, results[arm, r], items) for r in registration.replicates]
    if as_treatment:
        return tuple(value or worst for value in own)
    best = _best(plan, own)
    if best is None:
        everything = [results[a.name, r] for a in plan.arms for r in registration.replicates]
        best = _best(plan, [_value(plan, one, items) for one in everything]) or worst
    return tuple(value or best for value in own)


def item_count(plan: Plan, registration: Registration, results: Results) -> int:
    """m, the test items, where every arm has per-item scores of the metric; else 0.

    Where every trial that is ok has as many of them, and they average to its metric (to one part in a
    thousand: evaluators round). Otherwise their variance would not be that of the metric.
    """
    lengths = set()
    for arm in plan.arms:
        for replicate in registration.replicates:
            result, scores = results[arm.name, replicate]
            if result.status != "ok":
                continue
            row = scores.values.get(plan.metric, ()) if scores else ()
            value = _metric(plan, result)
            if not row or abs(sum(row) / len(row) - value) > 1e-6 + 1e-3 * abs(value):
                return 0
            lengths.add(len(row))
    return lengths.pop() if len(lengths) == 1 else 0


def _metric(plan: Plan, result: Result) -> float:
    value = {m.name: m.value for m in result.metrics}.get(plan.metric)
    if value is None:
        raise ValueError(f"trial {result.trial} is ok and has no metric {plan.metric}")
    return value


def _value(plan: Plan, found: tuple[Result, Scores | None], items: int) -> Value | None:
    result, scores = found
    if result.status != "ok":
        return None
    return Value(_metric(plan, result), scores.values[plan.metric] if scores and items else None)


def _best(plan: Plan, values: list[Value | None]) -> Value | None:
    ok = [value for value in values if value is not None]
    return max(ok, key=lambda value: oriented(value.value, plan.goal)) if ok else None


# ----------------------------------------------------------------------------------------- comparisons


def differences(
    plan: Plan, registration: Registration, results: Results, pair: Comparison
) -> tuple[tuple[float, ...], tuple[tuple[float, ...], ...] | None]:
    """Oriented differences treatment − comparator by replicate, and by replicate and item or None."""
    ours = counted(plan, registration, results, pair.treatment, as_treatment=True)
    theirs = counted(plan, registration, results, pair.comparator, as_treatment=False)
    pairs = list(zip(ours, theirs, strict=True))
    d = tuple(oriented(a.value - b.value, plan.goal) for a, b in pairs)
    rows = [
        tuple(oriented(x - y, plan.goal) for x, y in zip(a.items, b.items, strict=True))
        for a, b in pairs
        if a.items is not None and b.items is not None
    ]
    return d, tuple(rows) if len(rows) == len(pairs) else None


def _compare(
    plan: Plan,
    registration: Registration,
    results: Results,
    pair: Comparison,
    d: tuple[float, ...],
    parts: Spread,
) -> ComparisonResult:
    comparators = sum(c.family == "verdict" for c in plan.comparisons)
    interval = t_interval(parts, plan.alpha)
    p = sign_flip_p(d, sign_flip_rng(plan.hash, pair.treatment, pair.comparator))

    def failures(arm: str) -> int:
        return sum(results[arm, r][0].status != "ok" for r in registration.replicates)

    return ComparisonResult(
        treatment=pair.treatment,
        comparator=pair.comparator,
        family=pair.family,
        n=parts.n,
        mean=parts.mean,
        sd=parts.sd,
        low=interval.low,
        high=interval.high,
        high_corrected=t_interval(parts, plan.alpha / comparators).high,
        p_sign_flip=p,
        disagrees=(p <= plan.alpha) != (interval.low > 0),
        variance="two-way" if parts.items else "replicates",
        failures_treatment=failures(pair.treatment),
        failures_comparator=failures(pair.comparator),
    )


def _with_holm(compared: list[ComparisonResult], spreads: list[Spread]) -> list[ComparisonResult]:
    family = [i for i, c in enumerate(compared) if c.family == "ablation"]
    adjusted = holm([t_test_p(spreads[i]) for i in family])
    for i, p in zip(family, adjusted, strict=True):
        compared[i] = compared[i].model_copy(update={"p_holm": p})
    return compared


# ------------------------------------------------------------------------------------------------ word


def _word(plan: Plan, deciding: list[ComparisonResult]) -> Word:
    if all(c.low > 0 and c.mean >= plan.sesoi for c in deciding):
        return "supported"
    if any(c.high_corrected < plan.sesoi for c in deciding):
        return "refuted"
    return "inconclusive"


def _qualifier(plan: Plan, deciding: list[ComparisonResult]) -> Qualifier:
    """Harmful where one comparator shows it; real only where the effect is above 0 against all of them."""
    refuting = [c for c in deciding if c.high_corrected < plan.sesoi]
    if any(c.high_corrected < 0 for c in refuting):
        return "harmful"
    return "real but too small" if all(c.low > 0 for c in deciding) else ""


def _caps(
    plan: Plan,
    registration: Registration,
    results: Results,
    deciding: list[ComparisonResult],
    caps: tuple[str, ...],
) -> tuple[str, ...]:
    found = list(caps)
    registered = [results[arm.name, r][0] for arm in plan.arms for r in registration.replicates]
    if any(result.self_reported for result in registered):
        found.append(SELF_REPORTED)
    if registration.exhausted:
        found.append(EXHAUSTED)
    for c in deciding:
        if c.failures_comparator == c.n:
            found.append(f"no trial of comparator {c.comparator} succeeded")
        elif c.failures_comparator:
            found.append(f"trials of comparator {c.comparator} failed")
    return tuple(dict.fromkeys(found))


def _reason(
    plan: Plan, word: Word, qualifier: str, deciding: list[ComparisonResult], caps: tuple[str, ...]
) -> str:
    """One dry sentence: the rule that decided. The numbers are the comparisons' own."""
    if caps:
        return f"Capped at inconclusive because {'; '.join(caps)}."
    if word == "supported":
        return f"Every lower limit is above 0 and every mean at least {plan.sesoi:g}."
    if word == "refuted":
        names = " and ".join(c.comparator for c in deciding if c.high_corrected < plan.sesoi)
        harmed = " and ".join(c.comparator for c in deciding if c.high_corrected < 0)
        what = f"An effect of {plan.sesoi:g} against {names} is excluded"
        more = (
            f"; against {harmed} it is below zero" if harmed else f"; it is {qualifier}" if qualifier else ""
        )
        return f"{what}{more}."
    return (
        f"Not every lower limit is above 0 with a mean of at least {plan.sesoi:g}, "
        f"and an effect of {plan.sesoi:g} is excluded for no comparator."
    )


def trial_ids(registration: Registration, results: Results, arm: str) -> tuple[str, ...]:
    """The ids of an arm's registered trials, in the order of the registration."""
    return tuple(results[arm, r][0].trial for r in registration.replicates)
