"""The design of a study in words: what a writer or reviewer must know to word it rightly.

Sentences in the paper's macro language, with no digit of their own, that follow from the plan alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from agent.artifacts import Plan, Scalar

VERDICT_RULE = (
    "The verdict is supported if, against every deciding comparator, the lower limit of the difference is "
    r"above zero and its mean is at least \fact{plan.sesoi}, the smallest effect of interest; refuted if, "
    "against some one of them, the upper limit is below that effect; inconclusive otherwise."
)
FAILURES = (
    "A failed trial of the treatment counts with the metric's worst value. A failed trial of a comparator "
    "counts with the best value among its arm's confirming trials, and a failed one of a deciding "
    "comparator caps the verdict at inconclusive. An arm of which no trial succeeded has no number."
)


_REMEDIES = "Any other mechanism that a knob switches on may be on in any arm."


def design(plan: Plan, *, two_way: bool, shared: bool = False) -> tuple[str, ...]:
    """How the study was made, sentence by sentence.

    Args:
        two_way: Items enter the variance.
        shared: Edits took some of the treatment's candidates, `count.edits` of them.
    """
    roles = {arm.role for arm in plan.arms}
    is_code = any(arm.role == "treatment" and arm.change.edits for arm in plan.arms)
    if any(arm.declared for arm in plan.arms):
        return (*_brought(is_code), *_judged(plan, two_way=two_way))
    found = [_arms(is_code, shared=shared)]
    if "control" in roles:
        found.append(_control(is_code))
    if "ablation" in roles:
        found.append(
            "Each ablation is the treatment with what one step of editing added taken away, at the "
            "treatment's knobs; the ablations are adjusted by Holm's method and described, not judged."
        )
    found.append(
        "While exploring, each candidate ran on one replicate of the dev split, the best of each arm again "
        "on further replicates, and the best of those on others still; the one with the highest mean minus "
        "one standard error over the re-runs was frozen. Arms may end with the same configuration."
    )
    return (*found, *_judged(plan, two_way=two_way))


def frozen(plan: Plan, defaults: Mapping[str, Scalar], step: str = "") -> tuple[str, ...]:
    """What went on for each arm but the ablations, the treatment last.

    Args:
        defaults: Every knob of the template at its default.
        step: Which edit has the treatment's code, in words; empty where there was no choice.
    """
    found = []
    for arm in sorted(plan.arms, key=lambda arm: arm.role == "treatment"):
        tuned = any(value != defaults[name] for name, value in arm.change.values().items())
        knobs = "knobs off their defaults" if tuned else "every knob at its default"
        what = f"is the code of {step}, with" if step and arm.role == "treatment" else "has"
        if arm.role != "ablation":
            found.append(f"The frozen {arm.role} {what} {knobs}.")
    return tuple(dict.fromkeys(found))


def _judged(plan: Plan, *, two_way: bool) -> tuple[str, ...]:
    """How the verdict follows."""
    deciding = [c for c in plan.comparisons if c.family == "verdict"]
    found = [_interval(two_way), VERDICT_RULE]
    if len(deciding) > 1:
        found.append(
            "With several deciding comparators the upper limit that refutes is corrected for their number; "
            "support needs no correction, since it has to hold against all of them."
        )
    found.append(FAILURES)
    return tuple(found)


def _brought(is_code: bool) -> tuple[str, ...]:
    """How a plan that a person brought came about."""
    code = "The arms differ in code." if is_code else "All arms run the same code and differ in knobs."
    return (
        "A person brought the plan with the frozen configuration of every arm; nothing was searched here.",
        code,
        "How many configurations each arm was chosen from is what that person declares.",
        (
            "Before registering, each arm was run once on each of a few replicates of the dev split: that "
            "shows that it runs, and the spread from which the power was computed."
        ),
    )


def _arms(is_code: bool, *, shared: bool) -> str:
    if not is_code:
        return (
            "Baseline and treatment run the same code. The baseline keeps the treated knob at its default, "
            "the treatment sets it to another value; all other knobs were tuned over the same "
            f"configurations. {_REMEDIES}"
        )
    tuned = (
        r"\fact{count.edits} of its candidates were edits at the default knobs, and \fact{count.tuned} put "
        "one of these edits on configurations of the baseline"
        if shared
        else "its knobs were tuned over the same configurations"
    )
    return (
        "The baseline is the template's code with its knobs tuned. The treatment is the edited code; "
        f"{tuned}. Constants that the edit brought along were not tuned. {_REMEDIES}"
    )


def _control(is_code: bool) -> str:
    if is_code:
        return (
            "The control is the template's code again, chosen from as many random configurations as baseline "
            "and treatment had together: does the edit beat what the same number of trials finds without it? "
            "It is a deciding comparator too."
        )
    return (
        "The control is chosen from as many random configurations over all knobs, the treated one too: did "
        "the search help? It is described, not judged."
    )


def _interval(two_way: bool) -> str:
    over = (
        "over replicates and over test items, so that it is wider than the arms' standard deviations suggest"
        if two_way
        else "over replicates"
    )
    return f"The interval of a difference is a paired t interval with a variance taken {over}."
