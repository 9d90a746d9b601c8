"""What `shoal verify` holds of a run as a whole: its files, the ledger, its trials, what was explored.

Promises for each check what it looked at, and what it found wrong; changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import NoReturn

from agent.artifacts import Executed, Plan, Registration, Result, Tree, Trial, Verdict
from agent.cli.damage import damages
from agent.cli.events import events
from agent.deps import Deps
from agent.errors import WorkspaceCorrupt
from agent.ledger import Entry, Kind, read_entries
from agent.stages.register import PRIMARY
from agent.stages.verify import NotChecked, Row, plans, row


def run_rows(deps: Deps) -> Iterator[Row]:
    """The checks of a run as a whole, and a row for each idea that has no verdict yet."""
    yield row("", "files", partial(_files, deps))
    yield row("", "ledger", partial(_ledger, deps))
    yield row("", "trials", partial(_trials, deps))
    yield row("", "exploration", partial(_exploration, deps))
    for idea in _unjudged(deps):
        yield row(idea, "verdict", _no_verdict)


def _files(deps: Deps) -> tuple[str, list[str]]:
    workspace, run = deps.workspace, deps.run.name
    found = damages(workspace, run)
    folders = (workspace.root / top / run for top in ("experiments", "papers", "reviews"))
    count = sum(1 for folder in folders for path in folder.rglob("*") if path.is_file())
    return f"{count} files, every record against its hash", [f"{one.path} {one.reason}" for one in found]


def _registered(deps: Deps) -> dict[str, list[tuple[Plan, Registration]]]:
    """The registered plans of a run, by idea."""
    folder = deps.workspace.run_folder(deps.run.name) / "ideas"
    ideas = sorted(path.parent.name for path in folder.glob(f"*/registration-{PRIMARY}.json"))
    return {idea: plans(f"{deps.run.name}/{idea}", deps) for idea in ideas}


def _unjudged(deps: Deps) -> list[str]:
    """The ideas of a run that are registered and have no verdict: under way, or broken off."""
    return [one for one in _registered(deps) if not deps.workspace.has(Verdict, f"{deps.run.name}/{one}")]


def _no_verdict() -> NoReturn:
    raise NotChecked("registered, and without a verdict: its trials need not all be there yet")


def _ledger(deps: Deps) -> tuple[str, list[str]]:
    """The run's lines against its plans, the workspace's chain, and the order of events."""
    run = deps.run.name
    own = read_entries(deps.workspace.run_folder(run) / "ledger.jsonl")
    wanted = []
    for of_idea in _registered(deps).values():
        for plan, registration in of_idea:
            kinds: tuple[Kind, ...] = ("primary",) if plan.kind == "primary" else ("replicate", "additional")
            lines = [Entry(run=run, plan=plan.hash, pool=registration.pool, kind=kind) for kind in kinds]
            wanted.append(next((line for line in lines if line in own), lines[0]))
    findings = [f"plan {one.plan[:10]} is not in the run's ledger.jsonl" for one in wanted if one not in own]
    known = {one.plan for one in wanted}
    begun = _without_registration(deps)
    for number, entry in enumerate(own, start=1):
        again = entry.kind == "reproduce" and entry.plan in known
        if entry not in wanted and not again and entry.plan not in begun:
            findings.append(
                f"ledger.jsonl:{number}: {entry.kind} plan {entry.plan[:10]} of run {entry.run}, "
                "which this run does not hold"
            )
        if entry in own[: number - 1]:
            findings.append(f"ledger.jsonl:{number}: the same registration twice")
    findings += _late(deps)
    text = f"{len(own)} of the run's, each before its first confirming trial"
    if not deps.ledger.path.exists():
        return f"{text}; the workspace's own ledger is not here", findings
    try:
        chained = deps.ledger.entries()
    except WorkspaceCorrupt as error:
        return text, [*findings, str(error)]
    ours = [entry for entry in chained if entry.run == run]
    findings += [f"plan {one.plan[:10]} is missing in {deps.ledger.path}" for one in own if one not in ours]
    findings += [
        f"{deps.ledger.path}: plan {one.plan[:10]}, not in the run" for one in ours if one not in own
    ]
    if not findings and ours != own:
        findings.append(f"{deps.ledger.path} has the run's lines in another order")
    return f"{text}; the chain of {len(chained)} lines is whole", findings


def _without_registration(deps: Deps) -> set[str]:
    """Hashes of plans that a crash kept from their registration; whoever goes on with them makes it."""
    run, workspace = deps.run.name, deps.workspace
    found = set()
    for path in (workspace.run_folder(run) / "ideas").glob("*/plan-*.json"):
        key = f"{run}/{path.parent.name}/{path.stem.removeprefix('plan-')}"
        if not workspace.has(Registration, key):
            found.add(workspace.get(Plan, key).hash)
    return found


def _late(deps: Deps) -> Iterator[str]:
    """Ideas of which a confirming trial was recorded before the registration was, as the events tell."""
    done: set[str] = set()
    told: set[str] = set()
    for event in events(deps.workspace.run_folder(deps.run.name)):
        idea = str(event.get("idea", ""))
        if (event.get("kind"), event.get("text"), event.get("phase")) == ("stage", "register", "end"):
            done.add(idea)
        early = event.get("kind") == "trial" and event.get("stage") == "confirm" and idea not in done
        if early and idea not in told:
            told.add(idea)
            yield f"events.jsonl: {idea} has a confirming trial before its registration"


def _trials(deps: Deps) -> tuple[str, list[str]]:
    """Every registered trial once, by the id that its plan gives it, and no other one on the test split."""
    run, workspace = deps.run.name, deps.workspace
    wanted: dict[str, str] = {}
    under_way = _unjudged(deps)
    for idea, of_idea in _registered(deps).items():
        for plan, registration in of_idea:
            for arm in plan.arms:
                for replicate in registration.replicates:
                    trial = deps.setup.trial(arm.change, replicate, "test")
                    wanted[trial.id] = f"{idea}: {arm.name} on replicate {replicate}"
    findings = []
    present = {path.stem for path in (workspace.run_folder(run) / "trials").glob("*.json")}
    results = {path.stem for path in (workspace.run_folder(run) / "results").glob("*.json")}
    for trial_id, what in wanted.items():
        gone = [kind for kind, there in (("trial", present), ("result", results)) if trial_id not in there]
        if gone and what.partition(":")[0] not in under_way:
            findings.append(f"{what} has no {' and no '.join(gone)} ({trial_id[:10]})")
    confirming = {name for name in present if workspace.get(Trial, f"{run}/{name}").split != "dev"}
    findings += [
        f"trial {name[:10]} is on the test split and not registered"
        for name in sorted(confirming - wanted.keys())
    ]
    findings += [f"result {name[:10]} belongs to no trial" for name in sorted(results - present)]
    for name in sorted(results):
        belongs = workspace.get(Result, f"{run}/{name}").trial
        if belongs != name:
            findings.append(f"result {name[:10]} is that of trial {belongs[:10]}")
    return f"{len(wanted)} registered, each recorded once under the id that follows from its plan", findings


def _exploration(deps: Deps) -> tuple[str, list[str]]:
    """Every exploring trial that a tree names, with the score it names, and no other one on the dev split."""
    run, workspace = deps.run.name, deps.workspace
    metric, _ = deps.setup.template.primary
    folder = workspace.run_folder(run)
    trees = [workspace.get(Tree, f"{run}/{path.parent.name}") for path in folder.glob("ideas/*/tree.json")]
    named: Counter[str] = Counter()
    scores = len({s.trial for tree in trees for one in tree.candidates for s in one.trials})
    findings = []
    for tree in trees:
        for candidate in tree.candidates:
            named.update([candidate.traced] if candidate.traced else [])
            for scored in candidate.trials:
                named[scored.trial] += 1
                result = workspace.get(Result, f"{run}/{scored.trial}")
                if (result.status, result.metric(metric)) != (scored.status, scored.score):
                    what = f"{tree.idea}: {candidate.arm} {candidate.index} on replicate {scored.replicate}"
                    findings.append(
                        f"{what}: the tree has {scored.score}, its result {result.metric(metric)}"
                    )
    ideas = list(folder.glob("ideas/*/idea.json"))
    for path in folder.glob("ideas/*/executed.json"):
        named.update(one.trial for one in workspace.get(Executed, f"{run}/{path.parent.name}").arms)
    if len(trees) == len(ideas):
        names = (path.stem for path in (folder / "trials").glob("*.json"))
        exploring = {name for name in names if workspace.get(Trial, f"{run}/{name}").split == "dev"}
        unnamed = sorted(exploring - named.keys())
        findings += [f"trial {name[:10]} explored what no tree names" for name in unnamed]
    return f"{scores} exploring trials have the scores that their winners were chosen by", findings
