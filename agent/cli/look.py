"""`shoal list`, `show` and `logs`: what runs left in the workspace, read back for people.

Promises to change nothing. Test numbers are shown as the verdict's comparisons only.
"""

from __future__ import annotations

import hashlib
import json as jsonlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agent.artifacts import (
    AddedFigure,
    Arm,
    Artifact,
    Change,
    ComparisonResult,
    Draft,
    Executed,
    Idea,
    Ideas,
    MetaReview,
    Paper,
    Plan,
    Registration,
    Replication,
    Reproduction,
    Run,
    Tree,
    Verdict,
)
from agent.cli import MACHINERY, complain
from agent.cli.again import again_lines, numbered
from agent.cli.events import BEAT, events, failures
from agent.cli.stop import is_running
from agent.errors import UserError, WorkspaceCorrupt
from agent.evidence import executed
from agent.stages.approvals import proposed, waiting
from agent.workspace import Workspace

REACHED: tuple[tuple[type[Artifact], str, str], ...] = (
    (MetaReview, "/0", "review"),
    (Paper, "/0", "write"),
    (Verdict, "", "analyse"),
    (Registration, "/1", "register"),
    (Tree, "", "explore"),
    (Idea, "", "ideate"),
)
"""The artifact that a stage leaves last, from the last stage back; `confirm` leaves none of its own."""


@dataclass(frozen=True)
class Summary:
    """One idea of a run as far as it got."""

    id: str
    title: str
    stage: str
    """The last stage that left its artifact."""
    verdict: str | None
    reason: str | None
    effects: tuple[str, ...]
    """The comparisons that decided, each with its interval."""
    pdf: str | None
    tex: str | None
    """The paper's source, there also without a PDF."""
    review: str | None
    failed: str | None
    """The stage that failed and why, as the run's events have it."""
    waits: str | None = None
    """What a person is asked, with the commands that answer."""


def known_run(workspace: Workspace, run: str) -> Run:
    """The record of a run.

    Raises:
        UserError: there is no such run; the text lists those there are.
        WorkspaceCorrupt: its record is damaged.
    """
    known_name(workspace, run)
    try:
        return workspace.get(Run, run)
    except WorkspaceCorrupt as error:
        raise WorkspaceCorrupt(
            f"{error}: put it back, or remove the run with `shoal clean --run {run}`"
        ) from error


def known_name(workspace: Workspace, run: str) -> None:
    """Refuse a run that does not exist, without looking into its record.

    Raises:
        UserError: there is no such run; the text lists those there are.
    """
    if run not in workspace.runs():
        known = ", ".join(workspace.runs()) or "none"
        raise UserError(f"no run {run!r} in {workspace.root.resolve()}; there is: {known} (--workspace DIR)")


def summaries(workspace: Workspace, run: str) -> list[Summary]:
    """The ideas of a run, by id."""
    folder = workspace.run_folder(run)
    failed = failures(folder)
    record = workspace.get(Run, run)
    ideas = {path.parent.name for path in (folder / "ideas").glob("*/idea.json")}
    if "idea" in record.approve and workspace.has(Ideas, run):
        ideas |= {idea.id for idea in workspace.get(Ideas, run).items[: record.ideas]}
    return [_summary(workspace, record, idea, failed.get(idea)) for idea in sorted(ideas)]


def idea_of(workspace: Workspace, key: str) -> Idea:
    """An idea as it is studied, or as it was proposed while a person has not let it through."""
    idea = workspace.get(Idea, key) if workspace.has(Idea, key) else proposed(key, workspace)
    if idea is None:
        raise UserError(f"there is no idea {key}")
    return idea


def _summary(workspace: Workspace, run: Run, idea: str, failed: str | None) -> Summary:
    key = f"{run.name}/{idea}"
    asked = None if failed else waiting(run, idea, workspace)
    verdict = workspace.get(Verdict, key) if workspace.has(Verdict, key) else None
    paper = workspace.root / "papers" / key / best_round(workspace, key)
    return Summary(
        id=idea,
        title=idea_of(workspace, key).title,
        stage=next((stage for kind, suffix, stage in REACHED if workspace.has(kind, key + suffix)), "–"),
        verdict=verdict.word if verdict else None,
        reason=verdict.reason if verdict else None,
        effects=_deciding(verdict),
        pdf=_present(paper / "paper.pdf"),
        tex=_present(paper / "paper.tex"),
        review=_present(workspace.root / "reviews" / key / best_round(workspace, key) / "review.md"),
        failed=failed,
        waits=asked.text if asked else None,
    )


def _deciding(verdict: Verdict | None) -> tuple[str, ...]:
    comparisons = verdict.comparisons if verdict else ()
    return tuple(effect_text(one) for one in comparisons if one.family == "verdict")


def best_round(workspace: Workspace, key: str) -> str:
    """Folder of the round of a paper that counts; `round-0` before one was named."""
    path = workspace.root / "papers" / key / "best.json"
    try:
        return f"round-{int(jsonlib.loads(path.read_text(encoding='utf-8'))['round'])}"
    except (FileNotFoundError, NotADirectoryError):
        return "round-0"
    except (ValueError, KeyError, TypeError) as error:
        raise WorkspaceCorrupt(f"{path} is damaged: {error}") from error


def _present(path: Path) -> str | None:
    return str(path) if path.exists() else None


# ------------------------------------------------------------------------------------------- commands


def list_runs(root: Path, *, json: bool) -> int:
    """Print the runs of a workspace, one line an idea; returns 4 where the record of one is damaged.

    A damaged run has its row, and its error on standard error: the others are shown all the same.
    """
    workspace = Workspace(root)
    rows: list[tuple[Run, list[Summary], bool]] = []
    damaged: dict[str, str] = {}
    for name in workspace.runs():
        try:
            rows.append((known_run(workspace, name), summaries(workspace, name), is_running(workspace, name)))
        except WorkspaceCorrupt as error:
            way_on = "" if "shoal clean" in str(error) else f": `shoal resume {name}` says how to go on"
            damaged[name] = f"{error}{way_on}"
    if json:
        runs: list[dict[str, Any]] = [
            {
                "run": run.name,
                "template": run.template,
                "regime": run.regime,
                "running": running,
                "ideas": [asdict(idea) for idea in ideas],
            }
            for run, ideas, running in rows
        ]
        runs += [{"run": name, "damaged": told, "ideas": []} for name, told in damaged.items()]
        print_json({"schema": 1, "command": "list", "runs": sorted(runs, key=lambda one: str(one["run"]))})
    elif not (rows or damaged):
        print(f"no runs in {root.resolve()}; `shoal run TEMPLATE` starts one")
    else:
        lines = [row for run, ideas, running in rows for row in _rows(run, ideas, running=running)]
        lines += [(name, "–", "–", "damaged: see below", "", "") for name in damaged]
        print_table([("run", "template", "idea", "stage", "verdict", "paper"), *sorted(lines)])
    for told in damaged.values():
        complain(told, MACHINERY)
    return MACHINERY if damaged else 0


def _rows(run: Run, ideas: Sequence[Summary], *, running: bool) -> list[tuple[str, ...]]:
    """A run's rows in the list."""
    where = run.template if run.regime == "default" else f"{run.template}/{run.regime}"
    state = " (running)" if running else ""
    if not ideas:
        return [(run.name, where, "–", f"started{state}", "", "")]
    lines: list[tuple[str, ...]] = []
    for idea in ideas:
        word = idea.verdict or "–"
        failed = " (failed)" if idea.failed else " (waits for you)" if idea.waits else ""
        lines.append(
            (run.name, where, idea.id, idea.stage + state + failed, word, idea.pdf or idea.tex or "–")
        )
    return lines


def show_run(name: str, root: Path, *, json: bool) -> int:
    """Print a run, or all about one idea of it (`RUN/IDEA`)."""
    workspace = Workspace(root)
    run_name, _, idea_id = name.partition("/")
    run = known_run(workspace, run_name)
    ideas = summaries(workspace, run_name)
    chosen = [idea for idea in ideas if idea_id in ("", idea.id)]
    if idea_id and not chosen:
        known = ", ".join(idea.id for idea in ideas) or "none yet"
        raise UserError(f"run {run_name} has no idea {idea_id!r}; it has: {known}")
    if json:
        details = [{**asdict(idea), **_detail(workspace, f"{run_name}/{idea.id}")} for idea in chosen]
        settings = run.model_dump(mode="json")
        print_json({"schema": 1, "command": "show", "run": run_name, "settings": settings, "ideas": details})
        return 0
    if not idea_id:
        _print_settings(workspace, run)
    for idea in chosen:
        print()
        _print_idea(workspace, run, idea)
    return 0


def show_logs(run: str, root: Path, lines: int, trial: str | None, *, json: bool) -> int:
    """Print the latest events of a run, or what one trial printed in its sandboxes."""
    workspace = Workspace(root)
    known_name(workspace, run)
    if trial is not None:
        return _print_trial(workspace, run, trial, json=json)
    told = [event for event in events(workspace.run_folder(run)) if event.get("kind") != BEAT]
    latest = told[-lines:]
    if json:
        print_json({"schema": 1, "command": "logs", "run": run, "events": latest})
        return 0
    for event in latest:
        print(event_text(event))
    if not latest:
        print(f"run {run} has no events yet")
    return 0


def event_text(event: dict[str, Any]) -> str:
    """One line of `events.jsonl` for people; of a call, what its text does not say already."""
    fixed: tuple[str, ...] = ("at", "kind", "idea", "text", "worked_s", "starts")
    if event.get("kind") == "call":
        fixed += ("key", "site", "prompt", *(name for name in event if name.endswith("_tokens")))
    rest = " ".join(
        f"{key}={value}" for key, value in event.items() if key not in fixed and value is not None
    )
    parts = (str(event.get("at"))[:19], event.get("kind"), event.get("idea"), event.get("text"), rest)
    return "  ".join(part for part in parts if part)


def _print_trial(workspace: Workspace, run: str, trial: str, *, json: bool) -> int:
    found = sorted((workspace.run_folder(run) / "results").glob(f"{trial}*.json"))
    if len(found) != 1:
        count = "no trial" if not found else f"{len(found)} trials"
        raise UserError(f"run {run} has {count} whose id starts with {trial!r}; give more digits, or others")
    outcomes = workspace.outcomes(run, found[0].stem)
    if not outcomes:
        raise UserError(f"trial {found[0].stem} was taken from an earlier run, which keeps its output")
    if json:
        rows = [one.model_dump(mode="json") for one in outcomes]
        print_json({"schema": 1, "command": "logs", "run": run, "trial": found[0].stem, "outcomes": rows})
        return 0
    print(found[0])
    for one in outcomes:
        limits = f", limits hit: {', '.join(one.limits_hit)}" if one.limits_hit else ""
        print(f"-- {one.status}, exit {one.exit_code}, {one.wall_s:.2f} s in {one.sandbox}{limits}")
        print(one.log_tail.rstrip() or "(printed nothing)")
    return 0


# ------------------------------------------------------------------------------------------- printing


def _print_settings(workspace: Workspace, run: Run) -> None:
    state = "running" if is_running(workspace, run.name) else "not running"
    print(f"{run.name}: template {run.template}, {run.scope} ({state})")
    print(
        f"  model {run.model}, seed {run.seed}, ideas {run.ideas}, explore {run.explore}, "
        f"replicates {run.replicates or 'as registered'}, sandbox {run.sandbox}, "
        f"pdf {'yes' if run.pdf else 'no'}"
    )


def _print_idea(workspace: Workspace, run: Run, idea: Summary) -> None:
    key = f"{run.name}/{idea.id}"
    record = idea_of(workspace, key)
    print(f"{key}: {record.title}")
    print(f"  hypothesis  {record.hypothesis}")
    print(f"  stage       {idea.stage}")
    if idea.failed:
        print(f"  failed      {idea.failed}")
    if idea.waits:
        print(f"  waits       {idea.waits}")
    if idea.waits and workspace.has(Draft, f"{key}/1") and not workspace.has(Plan, f"{key}/1"):
        from agent.cli.approve import draft_lines  # which stands on this module

        print("\n".join(draft_lines(workspace.get(Draft, f"{key}/1"))))
    if workspace.has(Plan, f"{key}/1"):
        _print_plan(workspace.get(Plan, f"{key}/1"))
    for arm in workspace.get(Executed, key).arms if workspace.has(Executed, key) else ():
        print(f"  code        {executed.told(arm)}")
    if workspace.has(Verdict, key):
        _print_verdict(workspace.get(Verdict, key), workspace.get(Plan, f"{key}/1"))
    if workspace.has(AddedFigure, key):
        print(f"  figure      {figure_text(workspace.get(AddedFigure, key))}")
    for text in again_lines(workspace, key):
        print(f"  again       {text}")
    print(f"  paper       {idea.pdf or idea.tex or '–'}")
    print(f"  review      {idea.review or '–'}")


def _print_plan(plan: Plan) -> None:
    print(f"  plan        {plan.metric} ({plan.goal}), Δ {plan.sesoi:g}, n {plan.n}, α* {plan.alpha:g}")
    for arm in plan.arms:
        print(f"    {arm.role:10} {arm.name}: {change_text(arm.change)} ({_chosen(arm)})")


def _chosen(arm: Arm) -> str:
    if arm.declared:
        return f"chosen from {arm.tuning_trials}, as declared" if arm.tuning_trials else "brought"
    return f"best of {arm.tuning_trials}"


def _print_verdict(verdict: Verdict, plan: Plan) -> None:
    level = 100 * (1 - 2 * plan.alpha)
    print(f"  effects     treatment − comparator, larger is better, {level:g} % intervals")
    for one in verdict.comparisons:
        print(f"    {effect_text(one)}, {one.family}")
    qualifier = f" ({verdict.qualifier})" if verdict.qualifier else ""
    print(f"  verdict     {verdict.word}{qualifier}: {verdict.reason}")
    for cap in verdict.caps:
        print(f"    capped: {cap}")


def effect_text(one: ComparisonResult) -> str:
    """A comparison in one line."""
    interval = f"[{one.low:+.4f}, {one.high:+.4f}]"
    return f"{one.treatment} − {one.comparator}: {one.mean:+.4f} {interval}, n {one.n}"


def figure_text(added: AddedFigure) -> str:
    """What came of asking the author for a figure, in a line."""
    if added.figure is None or added.axes is None:
        return f"none added: {' '.join(added.why_none.split())[:160]}"
    points = sum(len(one.y) for one in added.series)
    code = hashlib.sha256(added.code.encode()).hexdigest()[:10]
    return (
        f"{added.figure.id}: {points} points of {added.axes.metric} by {added.axes.x}, drawn by its author's "
        f"code {code} from results {added.results_hash[:10]}"
    )


def change_text(change: Change) -> str:
    """A change in one line."""
    knobs = ", ".join(f"{knob.name} = {knob.value}" for knob in change.knobs)
    count = len(change.edits)
    edits = "" if not count else "1 edit" if count == 1 else f"{count} edits"
    return ", ".join(part for part in (knobs, edits) if part) or "the template's defaults"


def _detail(workspace: Workspace, key: str) -> dict[str, Any]:
    kinds: tuple[tuple[str, type[Artifact], str], ...] = (
        ("draft", Draft, f"{key}/1"),
        ("plan", Plan, f"{key}/1"),
        ("registration", Registration, f"{key}/1"),
        ("executed", Executed, key),
        ("result", Verdict, key),
        ("added_figure", AddedFigure, key),
    )
    found: dict[str, Any] = {
        name: workspace.get(kind, at).model_dump(mode="json") if workspace.has(kind, at) else None
        for name, kind, at in kinds
    }
    for name, again in (("reproductions", Reproduction), ("replications", Replication)):
        found[name] = [one.model_dump(mode="json") for one in numbered(workspace, again, key)]
    return found


def print_json(document: dict[str, Any]) -> None:
    """The one JSON document of a command, on standard output."""
    print(jsonlib.dumps(document, indent=1, ensure_ascii=False))


def print_table(lines: Sequence[tuple[str, ...]]) -> None:
    """Rows under a heading, in columns; on a terminal rich sets them, elsewhere each row is one line."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(soft_wrap=not Console().is_terminal)
    if not console.is_terminal:
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        for line in lines:
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
        return
    table = Table(box=None, pad_edge=False)
    for name in lines[0]:
        table.add_column(name, header_style="dim", overflow="fold")
    for line in lines[1:]:
        table.add_row(*(Text(cell) for cell in line))
    console.print(table)
