"""Which files of a run are not what was written, what rests on them, and how to go on.

Promises to read every record of a run and to name each one that is damaged, or that is missing though later
ones were made from it. Making them again is the graph's work: `set_aside` only makes room for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.artifacts import (
    AddedFigure,
    Approval,
    Archive,
    Artifact,
    Audit,
    Calculation,
    Claims,
    Draft,
    Ending,
    Executed,
    Facts,
    Figure,
    Figures,
    Idea,
    Ideas,
    MetaReview,
    Paper,
    Plan,
    Registration,
    Replication,
    Reproduction,
    Result,
    Review,
    Run,
    Scores,
    Steering,
    Tree,
    Trial,
    Verdict,
)
from agent.cli.events import FILE, calls_told, flaw
from agent.errors import ShoalError, WorkspaceCorrupt
from agent.stages.study import figure_path
from agent.workspace import LAYOUT, ArtifactT, Workspace, read_artifact

MADE_BY: dict[type[Artifact], str] = {
    Ideas: "ideate",
    Idea: "ideate",
    Tree: "explore",
    Executed: "explore",
    Draft: "register",
    Plan: "register",
    Registration: "register",
    Ending: "the stage it ended in",
    Facts: "analyse",
    Claims: "analyse",
    Verdict: "analyse",
    Figures: "analyse",
    AddedFigure: "write",
    Calculation: "write",
    Paper: "write",
    Audit: "write",
    Review: "review",
    MetaReview: "review",
}
"""The stage that makes a record; those of trials are made by explore and confirm."""
CHAIN: tuple[tuple[type[Artifact], str], ...] = (
    (Idea, ""), (Tree, ""), (Plan, "/1"), (Registration, "/1"), (Verdict, ""), (Facts, ""), (Claims, ""),
    (Figures, ""), (Audit, "/0"), (Paper, "/0"), (MetaReview, "/0"),
)  # fmt: skip
"""What one idea's way leaves behind, in its order."""
UNIQUE: dict[type[Artifact], str] = {
    Run: "the whole run rests on it",
    Archive: "the ideas of the run rest on it",
    Approval: "a person gave this answer",
    Steering: "a person said this to the run",
    Replication: "`shoal replicate` found this, after the run",
    Reproduction: "`shoal reproduce` found this, after the run",
}
"""Records that nothing can make again, and what rests on them."""
ASIDE = ".damaged"


@dataclass(frozen=True)
class Damage:
    """A file that cannot be used."""

    path: Path
    reason: str
    rests: str
    """What was made from it, in words."""
    again: bool
    """It can be made again."""
    flags: str = ""
    """Flags of `shoal resume RUN --remake` that say what the file alone knew."""


def damages(workspace: Workspace, run: str) -> tuple[Damage, ...]:
    """Everything in a run's folders that is not what was written."""
    return (
        *beginnings(workspace, run),
        *_records(workspace, run),
        *_missing(workspace, run),
        *_scoreless(workspace, run),
        *_files(workspace, run),
        *_calls(workspace, run),
    )


def refuse(run: str, found: tuple[Damage, ...]) -> None:
    """Say what is damaged and how to go on; nothing where nothing is.

    Raises:
        WorkspaceCorrupt: something is damaged.
    """
    if not found:
        return
    lost = [damage for damage in found if not damage.again]
    named = lost[0] if lost else found[0]
    others = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    way_on = (
        f"put it back from a copy, or remove the run with `shoal clean --run {run}`"
        if lost
        else f"put it back from a copy, or `shoal resume {run} --remake` {named.flags}makes it again"
    )
    raise WorkspaceCorrupt(f"{named.path} {named.reason}{others}; {named.rests}: {way_on}")


def beginnings(workspace: Workspace, run: str) -> Iterator[Damage]:
    """The file that alone knows a run's caps and its server, where it is damaged."""
    folder = workspace.run_folder(run)
    if reason := flaw(folder):
        flags = "with the flags that the run was begun with (--base-url, --max-…, --template) "
        rests = "the run's caps, its server's address and its template's path stand nowhere else"
        yield Damage(folder / FILE, reason, rests, again=True, flags=flags)


def set_aside(workspace: Workspace, run: str, found: tuple[Damage, ...]) -> None:
    """Give damaged files another name, and forget how far the graph came, so that they are made again.

    Raises:
        WorkspaceCorrupt: one of them cannot be made again.
    """
    refuse(run, tuple(damage for damage in found if not damage.again))
    for damage in found:
        if damage.path.exists():
            damage.path.replace(damage.path.with_name(damage.path.name + ASIDE))
    for path in workspace.run_folder(run).glob("checkpoint.sqlite*"):
        path.unlink()


def _records(workspace: Workspace, run: str) -> Iterator[Damage]:
    for kind, pattern in LAYOUT.items():
        several = pattern.count("{}") - 1
        for path in sorted(workspace.root.glob(pattern.format(run, *["*"] * several))):
            try:
                artifact = read_artifact(kind, path)
            except WorkspaceCorrupt as error:
                reason = str(error).removeprefix(f"{path} ")
                yield Damage(path, reason, _rests_on(kind), again=kind not in UNIQUE)
                continue
            named = artifact.hash if isinstance(artifact, Scores) else getattr(artifact, "id", path.stem)
            if isinstance(artifact, Scores | Trial) and named != path.stem:
                yield Damage(path, f"belongs to {named}", _rests_on(kind), again=True)


def _rests_on(kind: type[Artifact]) -> str:
    if kind in UNIQUE:
        return UNIQUE[kind]
    if kind in (Trial, Result, Scores):
        return "it records a trial, and what was made from the trials rests on it"
    return f"{MADE_BY[kind]} made it, and every later stage of its idea rests on it"


def _missing(workspace: Workspace, run: str) -> Iterator[Damage]:
    """Records that are not there, though later ones of the same idea are."""
    for folder in sorted((workspace.run_folder(run) / "ideas").glob("*")):
        key = f"{run}/{folder.name}"
        present = [workspace.has(kind, key + suffix) for kind, suffix in CHAIN]
        last = max((number for number, there in enumerate(present) if there), default=0)
        for (kind, suffix), there in zip(CHAIN[:last], present, strict=False):
            if not there:
                path = workspace.path(kind, key + suffix)
                yield Damage(path, "is missing", _rests_on(kind), again=True)


def _scoreless(workspace: Workspace, run: str) -> Iterator[Damage]:
    """Results whose per-item scores are damaged or gone: the trial has to run again."""
    whole = {
        path.stem for path in workspace.root.glob(LAYOUT[Scores].format(run, "*")) if _readable(Scores, path)
    }
    for path in sorted(workspace.root.glob(LAYOUT[Result].format(run, "*"))):
        result = _readable(Result, path)
        if result and result.scores_hash and result.scores_hash not in whole:
            yield Damage(path, f"has lost its scores {result.scores_hash[:8]}", _rests_on(Result), again=True)


def _files(workspace: Workspace, run: str) -> Iterator[Damage]:
    """Files that are no records, held against the hashes that records have of them."""
    for path in sorted(workspace.root.glob(LAYOUT[Paper].format(run, "*", "*"))):
        paper = _readable(Paper, path)
        for file in paper.files if paper else ():
            yield from _changed(path.parent / file.path, file.sha256, "the PDF rests on it")
    for path in sorted(workspace.root.glob(LAYOUT[Figures].format(run, "*"))):
        figures = _readable(Figures, path)
        if figures is None:
            for drawn in sorted((path.parent / "figures").glob("*.pdf")):
                yield Damage(drawn, "has no record that can be read", "the paper rests on it", again=True)
        for figure in (*(figures.items if figures else ()), *_added(workspace, run, path.parent.name)):
            drawn = workspace.root / figure_path(run, path.parent.name, figure)
            yield from _changed(drawn, figure.sha256, "the paper rests on it")


def _added(workspace: Workspace, run: str, idea: str) -> tuple[Figure, ...]:
    """The figure that the author of an idea's paper added, where there is one that can be read."""
    path = workspace.path(AddedFigure, f"{run}/{idea}")
    added = _readable(AddedFigure, path) if path.exists() else None
    return (added.figure,) if added and added.figure else ()


def _readable(kind: type[ArtifactT], path: Path) -> ArtifactT | None:
    """A record; None where it is damaged, which `_records` tells."""
    try:
        return read_artifact(kind, path)
    except WorkspaceCorrupt:
        return None


def _changed(path: Path, sha256: str, rests: str) -> Iterator[Damage]:
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        yield Damage(path, "is missing", rests, again=True)
        return
    if found != sha256:
        yield Damage(path, "was changed after it was written", rests, again=True)


def _calls(workspace: Workspace, run: str) -> Iterator[Damage]:
    from agent.models.budget import RESERVED, spent_on
    from agent.models.journal import entry_paths, read_entry
    from agent.models.lost import called_keys

    folder = workspace.run_folder(run) / "calls"
    rests = "it holds a model's answer, which is asked, and paid for, again"
    for path in entry_paths(folder):
        try:
            read_entry(path)
        except ShoalError:
            yield Damage(path, "is damaged", rests, again=True)
    for path in sorted(folder.glob(f"*{RESERVED}")):
        try:
            spent_on(path)
        except ShoalError:
            yield Damage(path, "is damaged", "it holds what a call may have cost", again=True)
    there = called_keys(path.name for path in folder.glob("*"))
    for key in calls_told(workspace.run_folder(run)):
        if key not in there:
            yield Damage(folder / f"{key}.json", "is missing", rests, again=True)
