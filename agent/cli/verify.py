"""`shoal verify RUN[/IDEA]`: holds a run against its own record, without a model, a sandbox or the network.

Promises to change nothing, and that every check is one row: `ok`, `wrong` with what was found, or
`not checked` with the reason. What it cannot see stands at the top of `agent.stages.verify`.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import NoReturn

from agent.artifacts import Change, Executed, Plan, Registration, Result, Run, Tree, Trial, Verdict
from agent.cli import build
from agent.cli.damage import damages
from agent.cli.events import beginning, events
from agent.cli.look import best_round, known_run, print_json, print_table
from agent.cli.replay import unenforced_limits
from agent.cli.template import named_template
from agent.deps import Deps
from agent.errors import UserError, WorkspaceCorrupt
from agent.ledger import Entry, Kind, Ledger, read_entries
from agent.ports import Answer, Finished, InT, OutT, Prompt
from agent.stages.register import PRIMARY
from agent.stages.verify import NotChecked, Row, idea_rows, plans, row
from agent.templates import Setup, Template
from agent.workspace import Workspace

MARKS = {"ok": "ok", "wrong": "WRONG", "not checked": "not checked"}


class Nobody:
    """Stands where a run has its model and its executor: verifying asks no question and runs no trial."""

    def ask(self, prompt: Prompt[InT, OutT], data: InT, *, site: str, sample: int = 0) -> Answer[OutT]:
        """Refuse (see `agent.ports.Model`)."""
        raise AssertionError(f"verifying asked {prompt.name} at {site}")

    def submit(self, trial: Trial, change: Change, *, queue: str = "") -> Future[Finished]:
        """Refuse (see `agent.ports.Executor`)."""
        raise AssertionError(f"verifying ran trial {trial.id}")

    def close(self) -> None:
        """Nothing runs."""


def verify(name: str, root: Path, template: str | None, *, json: bool) -> int:
    """Check a run, or one idea of it, and print a row for each check; returns 1 where one is wrong.

    Raises:
        UserError: there is no such run or idea, or nothing in it that could be verified yet.
        WorkspaceCorrupt: the record of the run itself cannot be read.
    """
    workspace = Workspace(root)
    run_name, _, idea = name.partition("/")
    run = known_run(workspace, run_name)
    began = beginning(workspace.run_folder(run_name))
    deps = reading(run, workspace, named_template(template or began.template or run.template))
    ideas = _ideas(workspace, run_name, idea)
    rows = list(_rows(ideas, deps))
    passed = not any(one.status == "wrong" for one in rows)
    if json:
        document = {"schema": 1, "command": "verify", "run": run_name, "passed": passed}
        print_json({**document, "rows": [asdict(one) for one in rows]})
    else:
        _print(run_name, rows)
    for one in rows:
        for finding in one.findings:
            where = f"{run_name}/{one.idea}" if one.idea else run_name
            print(f"shoal: {where}: {one.check}: {finding}", file=sys.stderr)
    return 0 if passed else 1


def reading(run: Run, workspace: Workspace, template: Template) -> Deps:
    """What the stages may use of a recorded run, for those that only derive."""
    nobody = Nobody()
    return Deps(
        run=run,
        setup=Setup.recorded(run, template),
        workspace=workspace,
        ledger=Ledger(workspace),
        model=nobody,
        executor=nobody,
        calculator=build.calculations(run, workspace, workspace),
        literature=build.literature(template),
        tex=None,
        unenforced=unenforced_limits(workspace.run_folder(run.name)),
        stop=lambda: None,
        consent=lambda _consent, _why: False,
        emit=lambda _event: None,
    )


def _ideas(workspace: Workspace, run: str, asked: str) -> list[str]:
    """The ideas to check: those with a verdict.

    Raises:
        UserError: the one asked for does not exist, or none has a verdict.
    """
    folder = workspace.run_folder(run) / "ideas"
    known = sorted(path.name for path in folder.glob("*") if path.is_dir())
    if asked and asked not in known:
        raise UserError(f"run {run} has no idea {asked!r}; it has: {', '.join(known) or 'none yet'}")
    judged = [idea for idea in known if workspace.has(Verdict, f"{run}/{idea}") and asked in ("", idea)]
    if not judged:
        raise UserError(f"{run} has no verdict yet, so there is nothing to verify: `shoal show {run}`")
    return judged


def _rows(ideas: list[str], deps: Deps) -> Iterator[Row]:
    yield row("", "files", partial(_files, deps))
    yield row("", "ledger", partial(_ledger, deps))
    yield row("", "trials", partial(_trials, deps))
    yield row("", "exploration", partial(_exploration, deps))
    for idea in unjudged(deps):
        yield row(idea, "verdict", _no_verdict)
    for idea in ideas:
        key = f"{deps.run.name}/{idea}"
        yield from idea_rows(idea, int(best_round(deps.workspace, key).removeprefix("round-")), deps)


# ------------------------------------------------------------------------------------ the whole run


def _files(deps: Deps) -> tuple[str, list[str]]:
    workspace, run = deps.workspace, deps.run.name
    found = damages(workspace, run)
    folders = (workspace.root / top / run for top in ("experiments", "papers", "reviews"))
    count = sum(1 for folder in folders for path in folder.rglob("*") if path.is_file())
    return f"{count} files, every record against its hash", [f"{one.path} {one.reason}" for one in found]


def registered(deps: Deps) -> dict[str, list[tuple[Plan, Registration]]]:
    """The registered plans of a run, by idea."""
    folder = deps.workspace.run_folder(deps.run.name) / "ideas"
    ideas = sorted(path.parent.name for path in folder.glob(f"*/registration-{PRIMARY}.json"))
    return {idea: plans(f"{deps.run.name}/{idea}", deps) for idea in ideas}


def unjudged(deps: Deps) -> list[str]:
    """The ideas of a run that are registered and have no verdict: under way, or broken off."""
    return [one for one in registered(deps) if not deps.workspace.has(Verdict, f"{deps.run.name}/{one}")]


def _no_verdict() -> NoReturn:
    raise NotChecked("registered, and without a verdict: its trials need not all be there yet")


def _ledger(deps: Deps) -> tuple[str, list[str]]:
    """The run's lines against its plans, the workspace's chain, and the order of events."""
    run = deps.run.name
    own = read_entries(deps.workspace.run_folder(run) / "ledger.jsonl")
    wanted = []
    for of_idea in registered(deps).values():
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
    under_way = unjudged(deps)
    for idea, of_idea in registered(deps).items():
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


def _shown(one: Row) -> str:
    """What the table says of a check: its evidence, or the first thing found and how many there are."""
    if not one.findings:
        return one.evidence
    more = f" (and {len(one.findings) - 1} more)" if len(one.findings) > 1 else ""
    return one.findings[0] + more


def _print(run: str, rows: list[Row]) -> None:
    several = len({one.idea for one in rows}) > 2
    lines = [("check", "", "evidence")]
    for one in rows:
        check = f"{one.idea}: {one.check}" if several and one.idea else one.check
        lines.append((check, MARKS[one.status], _shown(one)))
    print_table(lines)
    counts = Counter[str](one.status for one in rows)
    print(f"{run}: " + ", ".join(f"{counts[status]} {mark.lower()}" for status, mark in MARKS.items()))
