"""`shoal verify RUN[/IDEA]`: holds a run against its own record, without a model, a sandbox or the network.

Promises to change nothing, and that every check is one row: `ok`, `wrong` with what was found, or
`not checked` with the reason. What it cannot see stands at the top of `agent.stages.verify`.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from agent.artifacts import Verdict
from agent.cli.events import beginning
from agent.cli.look import best_round, known_run, print_json, print_table
from agent.cli.recorded import reading
from agent.cli.run_rows import run_rows
from agent.cli.template import named_template
from agent.deps import Deps
from agent.errors import UserError
from agent.stages.verify import Row, idea_rows
from agent.workspace import Workspace

MARKS = {"ok": "ok", "wrong": "WRONG", "not checked": "not checked"}


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
    yield from run_rows(deps)
    for idea in ideas:
        key = f"{deps.run.name}/{idea}"
        yield from idea_rows(idea, int(best_round(deps.workspace, key).removeprefix("round-")), deps)


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
