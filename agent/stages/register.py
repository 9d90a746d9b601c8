"""The plan, frozen before the first confirming trial and entered in the ledger (docs/how-a-study-works)."""

from __future__ import annotations

from agent.artifacts import (
    Approval,
    Arm,
    BroughtPlan,
    Candidate,
    CodeTreatment,
    Comparison,
    Draft,
    Family,
    Idea,
    Ideas,
    Plan,
    Power,
    Registration,
    Role,
    Tree,
)
from agent.deps import Consent, Deps
from agent.errors import EditFailed, Stopped
from agent.evidence.registration import (
    Ablation,
    ablations,
    alpha,
    choose_n,
    default_n,
    exploring_differences,
    registered_replicates,
    replicates_left,
)
from agent.ledger import Entry
from agent.stages.approvals import answered
from agent.stages.brought import arm_names

PRIMARY = 1
"""Version of an idea's primary plan."""


def draw_up(idea: Idea, tree: Tree, deps: Deps) -> Draft:
    """The plan as a person is to see it before it is registered; nothing is frozen or counted yet.

    Raises:
        PlanRefused: too few confirming replicates are left.
    """
    plan, power = plan_of(idea, tree, deps)
    return Draft(plan=plan, power=power, left=replicates_left((), deps.setup.template.confirming))


def register(idea: Idea, tree: Tree, deps: Deps) -> Registration:
    """Freeze what will be tested, before any test-split score exists.

    Plan first, then the ledger, then the registration: a crash between them repeats nothing and
    counts nothing twice.

    Raises:
        PlanRefused: too few confirming replicates are left.
        Stopped: the plan is uninformative or the pool exhausted, and the user has not allowed it.
    """
    key = f"{deps.run.name}/{idea.id}/{PRIMARY}"
    approval = answered("plan", f"{deps.run.name}/{idea.id}", deps.workspace)
    plan, power = plan_of(idea, tree, deps, approval)
    number = deps.run.pool_count + 1 + position_of(idea, deps)
    budget = deps.setup.template.spec.replicates.registrations
    registration = Registration(
        plan_hash=plan.hash,
        replicates=registered_replicates(plan, deps.setup.template.confirming),
        pool=deps.setup.pool,
        number=number,
        total=deps.run.pool_count + deps.run.ideas,
        budget=budget,
        exhausted=number > budget,
        power=power,
    )
    _ask_consent(registration, approval, deps)
    deps.workspace.put(key, plan)
    deps.ledger.append(Entry(run=deps.run.name, plan=plan.hash, pool=registration.pool, kind="primary"))
    return deps.workspace.put(key, registration)


def plan_of(idea: Idea, tree: Tree, deps: Deps, approval: Approval | None = None) -> tuple[Plan, Power]:
    """The primary plan of an idea, with what it could show; as a person changed it where one did.

    Raises:
        PlanRefused: too few confirming replicates are left.
    """
    name, metric = deps.setup.template.primary
    assert metric.sesoi is not None  # a loaded template's primary metric has both
    assert metric.worst is not None
    taken_out = approval.without if approval else ()
    arms = tuple(arm for arm in arms_of(idea, tree, deps) if arm.name not in taken_out)
    comparisons = tuple(_comparison(arm, idea, deps) for arm in arms if arm.name != "treatment")
    deciding = [c.comparator for c in comparisons if c.family == "verdict"]
    differences = [
        exploring_differences(tree, "treatment", comparator, goal=metric.goal, worst=metric.worst)
        for comparator in deciding
    ]
    sesoi = (deps.run.plan.sesoi if deps.run.plan else None) or metric.sesoi
    level = alpha(deps.run.ideas)
    asked = (approval.n if approval else None) or deps.run.replicates
    n, power = choose_n(
        differences,
        sesoi=sesoi,
        alpha=level,
        n=asked or default_n(len(deciding), deps.run.ideas),
        left=replicates_left((), deps.setup.template.confirming),
        may_rise=asked is None,
    )
    plan = Plan(
        id=f"plan-{PRIMARY}",
        idea=idea.id,
        version=PRIMARY,
        kind="primary",
        hypothesis=idea.hypothesis,
        arms=arms,
        comparisons=comparisons,
        metric=name,
        goal=metric.goal,
        sesoi=sesoi,
        worst=metric.worst,
        alpha=level,
        n=n,
        parents=(idea.hash, tree.hash),
    )
    return plan, power


def arms_of(idea: Idea, tree: Tree, deps: Deps) -> tuple[Arm, ...]:
    """The frozen arms of an idea: each winner, and the ablations of a code idea."""
    if deps.run.plan is not None:
        return _brought_arms(deps.run.plan, deps)
    winners = {winner.arm: _candidate(tree, winner.arm, winner.index) for winner in tree.winners}
    roles: tuple[Role, ...] = ("treatment", "baseline", "control")
    arms = [
        Arm(
            name=role,
            role=role,
            change=winners[role].change,
            code_hash=winners[role].code_hash,
            tuning_trials=sum(1 for candidate in tree.candidates if candidate.arm == role),
        )
        for role in roles
    ]
    if isinstance(idea.treated, CodeTreatment):
        arms += [arm for one in ablations(tree, winners["treatment"]) if (arm := _ablation(one, idea, deps))]
    return tuple(arms)


def _brought_arms(plan: BroughtPlan, deps: Deps) -> tuple[Arm, ...]:
    return tuple(
        Arm(
            name=name,
            role=arm.role,
            change=arm.change,
            code_hash=deps.setup.template.code_hash(arm.change.edits),
            tuning_trials=arm.tuning_trials,
            declared=True,
        )
        for name, arm in zip(arm_names(plan), plan.arms, strict=True)
    )


def _ablation(ablation: Ablation, idea: Idea, deps: Deps) -> Arm | None:
    """The arm of an ablation; None, and said, where the other steps do not apply without the one away."""
    try:
        code_hash = deps.setup.template.code_hash(ablation.change.edits)
    except EditFailed as error:
        text = f"no ablation without {ablation.omits!r}: {error}"
        deps.say("note", idea.id, text, stage="register")
        return None
    return Arm(
        name=ablation.name, role="ablation", change=ablation.change, code_hash=code_hash, tuning_trials=0
    )


def _comparison(arm: Arm, idea: Idea, deps: Deps) -> Comparison:
    decides = isinstance(idea.treated, CodeTreatment) or "control" in idea.deciding
    control: Family = "verdict" if decides else "descriptive"
    if deps.run.plan is not None and deps.run.plan.control is not None:
        control = deps.run.plan.control
    families: dict[Role, Family] = {"baseline": "verdict", "control": control, "ablation": "ablation"}
    return Comparison(treatment="treatment", comparator=arm.name, family=families[arm.role])


def _candidate(tree: Tree, arm: str, index: int) -> Candidate:
    return next(c for c in tree.candidates if (c.arm, c.index) == (arm, index))


def position_of(idea: Idea, deps: Deps) -> int:
    """Place of the idea among those of the run, from 0, so that the count does not depend on who is first."""
    items = deps.workspace.get(Ideas, deps.run.name).items
    return [item.id for item in items].index(idea.id)


def _ask_consent(registration: Registration, approval: Approval | None, deps: Deps) -> None:
    """Ask for what is not allowed yet; who approved the plan has read what it could show."""
    number, budget, power = registration.number, registration.budget, registration.power
    if registration.exhausted:
        _need(
            "exhausted",
            f"this would be registration {number} on test data that serve {budget}, "
            "and the verdict could be no more than inconclusive",
            deps,
        )
    if not power.informative and approval is None:
        _need(
            "uninformative",
            f"with {len(registration.replicates)} replicates the plan would be supported with probability "
            f"{power.supported_at_two_sesoi:.2f} if the effect were twice the smallest of interest, and "
            f"refuted with probability {power.refuted_at_zero:.2f} if there were none",
            deps,
        )


def _need(consent: Consent, why: str, deps: Deps) -> None:
    if not deps.consent(consent, why):
        raise Stopped(f"{why}; `shoal resume {deps.run.name} --allow-{consent}` goes on all the same")
