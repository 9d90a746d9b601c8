"""Exactly the registered trials, on fresh replicates, scored on the test split."""

from __future__ import annotations

from agent.artifacts import Arm, Plan, Registration, Result, Scores
from agent.deps import Deps
from agent.evidence.verdict import Results
from agent.stages.batch import Batch, Request


def confirm(plan: Plan, registration: Registration, deps: Deps) -> None:
    """Run every arm of the plan on every registered replicate; each Result is recorded as it ends.

    No score is read here: there is no peeking, and the number of replicates is fixed.

    Raises:
        Stopped: the run is to end here; recorded trials are kept.
        SandboxUnavailable: the machinery broke.
    """
    requests = [_request(arm, replicate) for arm in plan.arms for replicate in registration.replicates]
    Batch(deps, plan.idea, "confirm", "test", len(requests)).finish(requests)


def confirmed(plan: Plan, registration: Registration, deps: Deps) -> Results:
    """The recorded results of a plan, by arm and replicate.

    Raises:
        KeyError: a registered trial has no Result.
    """
    results = {}
    for arm in plan.arms:
        for replicate in registration.replicates:
            trial = deps.setup.trial(arm.change, replicate, "test")
            result = deps.workspace.get(Result, f"{deps.run.name}/{trial.id}")
            key = f"{deps.run.name}/{result.scores_hash}"
            scores = deps.workspace.get(Scores, key) if result.scores_hash else None
            results[arm.name, replicate] = (result, scores)
    return results


def _request(arm: Arm, replicate: int) -> Request:
    return Request(arm.name, 0, arm.change, replicate)
