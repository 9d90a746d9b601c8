"""`shoal ledger`: the registrations on the workspace's test pools.

Promises to change nothing, to count as a run's start does, and to name the line at which a chain is broken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from agent.artifacts import Plan, Registration, Run, Verdict
from agent.cli.look import print_json, print_table
from agent.errors import UserError
from agent.ledger import Entry, Ledger, read_entries
from agent.workspace import Workspace

HASH_DIGITS = 10
"""Hex digits printed of a hash."""


@dataclass(frozen=True)
class Line:
    """One registration, with what is known of it now."""

    line: int | None
    """In the workspace's chain; None where only the run's own folder has it yet."""
    pool: str
    number: int | None
    """K, counted on its pool; None for a line that does not count."""
    budget: int | None
    """What the pool serves; None where the run is no longer there."""
    run: str
    idea: str | None
    plan: str
    version: int | None
    kind: str
    counted: bool
    verdict: str | None
    """The verdict's word of a primary plan; None where there is none, or the run is gone."""


def show_ledger(root: Path, pool: str | None, *, json: bool) -> int:
    """Print the registrations of the workspace, or those of one pool by the first digits of its hash.

    Raises:
        UserError: no pool's hash begins so.
        WorkspaceCorrupt: a line is damaged or the chain is broken; the text names the line.
    """
    workspace = Workspace(root)
    lines = [line for line in _lines(workspace) if line.pool.startswith(pool or "")]
    if pool and not lines:
        raise UserError(f"no pool in {root.resolve()} begins with {pool!r}: `shoal ledger` lists all")
    if json:
        print_json({"schema": 1, "command": "ledger", "registrations": [asdict(line) for line in lines]})
    elif not lines:
        print(f"no registrations in {root.resolve()}; a run enters its plan before it confirms")
    else:
        _print(lines)
    return 0


def _lines(workspace: Workspace) -> Iterator[Line]:
    """The chain's lines in their order, then those that only the runs' folders have."""
    chained = Ledger(workspace).entries()
    own = [entry for run in workspace.runs() for entry in _own(workspace, run)]
    counts: Counter[str] = Counter()
    for number, entry in enumerate((*chained, *(one for one in own if one not in chained)), start=1):
        counts[entry.pool] += entry.counted
        idea, version = _plan(workspace, entry) or (None, None)
        registration = _registration(workspace, entry.run, idea, version)
        key = f"{entry.run}/{idea}"
        word = version == 1 and workspace.has(Verdict, key) and workspace.get(Verdict, key).word
        yield Line(
            line=number if number <= len(chained) else None,
            pool=entry.pool,
            number=counts[entry.pool] if entry.counted else None,
            budget=registration.budget if registration else None,
            run=entry.run,
            idea=idea,
            plan=entry.plan,
            version=version,
            kind=entry.kind,
            counted=entry.counted,
            verdict=word or None,
        )


def _own(workspace: Workspace, run: str) -> list[Entry]:
    return read_entries(workspace.run_folder(run) / "ledger.jsonl")


def _plan(workspace: Workspace, entry: Entry) -> tuple[str, int] | None:
    """Idea and version of the plan that an entry registers; None where its run is gone."""
    if not workspace.has(Run, entry.run):
        return None
    for path in sorted((workspace.run_folder(entry.run) / "ideas").glob("*/plan-*.json")):
        idea, version = path.parent.name, int(path.stem.rpartition("-")[2])
        if workspace.get(Plan, f"{entry.run}/{idea}/{version}").hash == entry.plan:
            return idea, version
    return None


def _registration(
    workspace: Workspace, run: str, idea: str | None, version: int | None
) -> Registration | None:
    key = f"{run}/{idea}/{version}"
    has = idea is not None and workspace.has(Registration, key)
    return workspace.get(Registration, key) if has else None


def _print(lines: list[Line]) -> None:
    for pool in dict.fromkeys(line.pool for line in lines):
        ours = [line for line in lines if line.pool == pool]
        used = sum(line.counted for line in ours)
        budget = max((line.budget for line in ours if line.budget is not None), default=None)
        of = f" of {budget}" if budget is not None else ""
        print(f"pool {pool[:HASH_DIGITS]}: {used}{of} registrations used")
        rows = [("K", "run", "idea", "plan", "kind", "verdict")]
        rows += [
            (
                str(line.number) if line.number is not None else "not counted",
                line.run,
                line.idea or "– (removed)",
                line.plan[:HASH_DIGITS] + (f" (plan-{line.version})" if line.version else ""),
                line.kind + ("" if line.line else ", not in the chain yet"),
                line.verdict or "–",
            )
            for line in ours
        ]
        print_table(rows)
