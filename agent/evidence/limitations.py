"""What a study does not show, computed from how it was made.

Each limitation is a sentence in the paper's macro language, with no digit of its own.
"""

from __future__ import annotations

from agent.artifacts import CodeTreatment, Idea, KnobTreatment, Plan, Registration, Verdict

_SHARED = (
    (
        r"\fact{count.edits} of the treatment's candidates went to edits at the default knobs, so that its "
        "knobs were not tuned over all configurations of the baseline."
    ),
)


def limitations(
    idea: Idea,
    plan: Plan,
    registration: Registration,
    verdict: Verdict,
    *,
    sandboxed: bool,
    unenforced: tuple[str, ...] = (),
    shared: bool = False,
) -> tuple[str, ...]:
    """The limitations of a study, the general ones first.

    Args:
        unenforced: Limits of the trials that nothing held, in words.
        shared: Edits took some of the treatment's candidates, `count.edits` of them.
    """
    found = [
        *_general(idea, plan),
        *(_SHARED if shared else ()),
        *_of_the_registration(registration),
        *_of_the_outcome(plan, verdict),
    ]
    if not sandboxed:
        found.append("The trials ran without a sandbox, so that code could have reached more than its data.")
    elif unenforced:
        found.append(
            f"The machine of the trials did not enforce their limits of {' and '.join(unenforced)}, so that "
            "an arm could have used more than the others."
        )
    return tuple(found)


def _general(idea: Idea, plan: Plan) -> list[str]:
    found = [
        r"The claim holds for the frozen configurations and for this scope alone: \setting{scope}.",
        (
            "Replicates that are drawn from one finite pool of data share examples and are not independent "
            "samples of the world; the interval does not account for that."
        ),
        r"Replicates vary in \setting{varies}, and in nothing else.",
    ]
    declared = any(arm.declared for arm in plan.arms)
    if not declared:
        found.append(
            "The winner of each arm was chosen on few noisy trials; another exploration may freeze other "
            "configurations and see another effect."
        )
    if _differ_beside_the_idea(idea, plan):
        found.append(
            f"The arms were {'brought' if declared else 'tuned separately'}, and their frozen configurations "
            "differ in other knobs than what is treated: the effect is the difference of two "
            f"{'' if declared else 'tuned '}configurations, not that of the treated part alone."
        )
    if isinstance(idea.treated, CodeTreatment):
        found.append("One implementation of the idea was tested; another may behave differently.")
        if not declared:
            found.append(
                "The control was chosen from more configurations than baseline and treatment: an effect "
                "against it is in part the luck of that search."
            )
    if idea.novelty == "not assessed":
        found.append("Novelty was not assessed: whether others have found this before is not known.")
    return found


def _of_the_registration(registration: Registration) -> list[str]:
    found = []
    if registration.number > 1:
        found.append(
            r"This is registration \fact{ledger.number} of \fact{ledger.total} on the same test data; each "
            "further one makes a false positive on them more likely."
        )
    if registration.exhausted:
        found.append("The test data have served more registrations than the template allows.")
    if not registration.power.informative:
        found.append(
            "The plan was uninformative before it was run: neither support nor refutation was likely, "
            "whatever the truth."
        )
    return found


def _of_the_outcome(plan: Plan, verdict: Verdict) -> list[str]:
    found = []
    if any(c.disagrees for c in verdict.comparisons if c.family == "verdict"):
        found.append(
            "The sign-flip test, which looks at replicates alone, and the interval that decides disagree, so "
            "assumptions matter here."
        )
    if any(c.failures_treatment or c.failures_comparator for c in verdict.comparisons):
        found.append(
            "Some confirming trials failed; the registered rules of imputation decide how they count."
        )
    if plan.worst != 0 and any(c.failures_treatment for c in verdict.comparisons):
        found.append(r"A failed trial of the treatment counts as \fact{plan.worst}.")
    if any(c.family == "descriptive" and c.high < 0 for c in verdict.comparisons):
        found.append(
            r"The control did better than the treatment (\fact{effect.control.mean}): which configuration "
            "was found matters here as much as what is treated."
        )
    return found


def _differ_beside_the_idea(idea: Idea, plan: Plan) -> bool:
    """Whether treatment and baseline differ in a knob that the idea is not about."""
    treated = idea.treated.knob if isinstance(idea.treated, KnobTreatment) else None
    others = {
        arm.role: {name: value for name, value in arm.change.values().items() if name != treated}
        for arm in plan.arms
        if arm.role in ("treatment", "baseline")
    }
    return others["treatment"] != others["baseline"]
