"""Which changed lines of an idea's code run: one traced trial on the dev split for each arm with edits.

What it notes is evidence of one trial: a line that it missed may have run in another one.
"""

from __future__ import annotations

from dataclasses import replace

from agent.artifacts import ArmLines, Executed, Idea, Result, Tree
from agent.deps import Deps
from agent.stages.batch import Batch, Request
from agent.stages.register import arms_of
from agent.stages.tracing import REPLICATE


def has_new_lines(idea: Idea, tree: Tree, deps: Deps) -> bool:
    """Whether some frozen arm has lines that could be traced."""
    return bool(_requests(idea, tree, deps))


def executed(idea: Idea, tree: Tree, deps: Deps) -> Executed:
    """Trace every frozen arm with edits, or take what is recorded.

    Raises:
        Stopped: the run is to end here; recorded trials are kept.
        SandboxUnavailable: the machinery broke.
    """
    requests = _requests(idea, tree, deps)
    Batch(deps, idea.id, "explore", "dev", len(requests)).run(requests)
    return noted(idea, tree, deps)


def noted(idea: Idea, tree: Tree, deps: Deps) -> Executed:
    """What the recorded traced trials say; nothing runs.

    Raises:
        KeyError: a traced trial has no Result.
    """
    lines = []
    for request in _requests(idea, tree, deps):
        trial = deps.setup.traced_trial(request.change, request.replicate)
        assert trial is not None  # _requests leaves out what cannot be traced
        result = deps.workspace.get(Result, f"{deps.run.name}/{trial.id}")
        lines.append(ArmLines(arm=request.arm, trial=trial.id, status=result.status, trace=result.trace))
    return Executed(idea=idea.id, arms=tuple(lines), parents=(idea.hash, tree.hash))


def _requests(idea: Idea, tree: Tree, deps: Deps) -> list[Request]:
    """The traced trials of the arms that would be registered now, whatever a person takes out later."""
    quiet = replace(deps, emit=lambda _event: None)  # registering says which ablations there cannot be
    return [
        Request(arm.name, 0, arm.change, REPLICATE, traced=True)
        for arm in arms_of(idea, tree, quiet)
        if arm.change.edits and deps.setup.traced_trial(arm.change, REPLICATE) is not None
    ]
