"""A plan that a person brought: tried out on the dev split, never searched.

Promises that every arm is run as it was brought, once on each of a few exploring replicates: that shows that
it runs, and how far its scores spread, which is what the power of the plan rests on. Chooses nothing.
"""

from __future__ import annotations

from collections import defaultdict
from string import ascii_lowercase

from agent import search
from agent.artifacts import BroughtPlan, Candidate, Idea, Scored, Tree
from agent.deps import Deps
from agent.errors import StudyFailed
from agent.stages.batch import Batch, Request, scored
from agent.stages.tracing import look

REPLICATES = search.FIRST + search.SECOND + search.THIRD


def arm_names(plan: BroughtPlan) -> tuple[str, ...]:
    """What the plan's arms are called in a study: by their role, ablations with a letter."""
    letters = iter(ascii_lowercase)
    return tuple(f"ablation-{next(letters)}" if arm.role == "ablation" else arm.role for arm in plan.arms)


def brought_labels(plan: BroughtPlan | None) -> dict[str, str]:
    """What the owner of a plan calls its arms, with their roles; empty without such a plan."""
    if plan is None:
        return {}
    named = zip(arm_names(plan), plan.arms, strict=True)
    return {name: arm.label if arm.label == name else f"{arm.label} ({name})" for name, arm in named}


def try_out(idea: Idea, plan: BroughtPlan, deps: Deps) -> Tree:
    """Run every arm on the exploring replicates.

    Raises:
        StudyFailed: treatment or baseline never ended with a score: there is nothing to compare.
        Stopped: the run is to end here; recorded trials are kept.
    """
    name, metric = deps.setup.template.primary
    assert metric.worst is not None  # a loaded template's primary metric has one
    arms = dict(zip(arm_names(plan), plan.arms, strict=True))
    deps.say("note", idea.id, "nothing is searched: each arm is tried out as it was brought", stage="explore")
    requests = [Request(arm, 0, one.change, r) for arm, one in arms.items() for r in REPLICATES]
    trials: dict[str, list[Scored]] = defaultdict(list)
    batch = Batch(deps, idea.id, "explore", "dev", len(requests))
    for request, finished in batch.run(requests).items():
        trials[request.arm].append(scored(request, finished, name))
    for arm in ("baseline", "treatment"):
        if all(trial.score is None for trial in trials[arm]):
            raise StudyFailed(
                f"none of the {len(trials[arm])} trials of the {arm} on the dev split ended with a score: "
                f"mend it (`shoal logs {deps.run.name} --trial {trials[arm][0].trial}`)"
            )
    candidates = [
        Candidate(
            arm=arm,
            index=0,
            change=one.change,
            code_hash=deps.setup.template.code_hash(one.change.edits),
            origin="brought",
            note=one.label,
            trials=tuple(trials[arm]),
        )
        for arm, one in arms.items()
    ]
    candidates = [look(one, batch) if one.arm == "treatment" else one for one in candidates]
    if any(one.dead for one in candidates):
        raise StudyFailed("no changed line of the treatment's code was executed: mend it")
    return Tree(
        idea=idea.id,
        per_arm=1,
        lag=deps.run.lag,
        candidates=tuple(candidates),
        winners=tuple(search.winner(c.arm, [c], goal=metric.goal, worst=metric.worst) for c in candidates),
        parents=(idea.hash,),
        brought=True,
    )
