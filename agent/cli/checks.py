"""What is checked before a run writes anything, each with a text that says what to do."""

from __future__ import annotations

import re
import shutil
import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from agent.artifacts import Run
from agent.errors import SettingsError, UserError
from agent.templates import Setup
from agent.workspace import Workspace

if TYPE_CHECKING:
    from agent.sandboxes.choose import Kind

STAGES = ("ideate", "explore", "register", "confirm", "analyse", "write", "review")
"""As in agent.graph, which is too heavy to import for a look at a flag; a test compares them."""
SANDBOXES: tuple[Kind, ...] = ("auto", "docker", "bubblewrap", "none")
NAME = re.compile(r"[a-z0-9-]{1,40}")


def known_stage(until: str | None) -> None:
    """Refuse a stage that does not exist."""
    if until is not None and until not in STAGES:
        raise SettingsError(f"--until {until}: there is no such stage; there are {', '.join(STAGES)}")


def known_sandbox(kind: str | None) -> Kind | None:
    """The sandbox that a flag means.

    Raises:
        SettingsError: there is none of that name.
    """
    for known in SANDBOXES:
        if kind == known:
            return known
    if kind is not None:
        raise SettingsError(f"--sandbox {kind}: there is no such sandbox; there are {', '.join(SANDBOXES)}")
    return None


def usable_workspace(root: Path, min_free_mb: int) -> Workspace:
    """The workspace in a folder that can be written and has room; leaves nothing behind.

    Raises:
        UserError: it cannot be made or written, or the disk is nearly full.
    """
    present = next((path for path in (root, *root.absolute().parents) if path.exists()), Path("/"))
    try:
        if not present.is_dir():
            raise NotADirectoryError(20, "it is no folder", str(present))
        with tempfile.TemporaryFile(dir=present):
            pass
    except OSError as error:
        raise UserError(
            f"the workspace {root} cannot be written ({error.strerror}): choose another with --workspace DIR"
        ) from error
    free_mb = shutil.disk_usage(present).free / 1e6
    if free_mb < min_free_mb:
        raise UserError(
            f"the disk of {root.absolute()} has {free_mb:.0f} MB free and a run wants {min_free_mb}: "
            "make room (`shoal clean` shows what is stored), or choose another --workspace"
        )
    return Workspace(root)


def free_name(workspace: Workspace, name: str | None, template: str) -> str:
    """The name of a new run: `name` if it is free, else the first free `TEMPLATE-1`, `-2` …

    Raises:
        UserError: the name is taken or is no name.
    """
    taken = set(workspace.runs())
    if name is None:
        stem = re.sub(r"[^a-z0-9]+", "-", template.lower()).strip("-")[:34] or "run"
        return next(free for number in count(1) if (free := f"{stem}-{number}") not in taken)
    if not NAME.fullmatch(name):
        raise UserError(f"--name {name}: use at most 40 of a–z, 0–9 and -")
    if name in taken:
        raise UserError(
            f"run {name} exists already: `shoal resume {name}` goes on with it, or choose another --name"
        )
    return name


def same_graph(run: Run, version: int) -> None:
    """Refuse to go on with a run of another version of the graph."""
    if run.graph_version != version:
        raise UserError(
            f"run {run.name} was started by version {run.graph_version} of the graph and this Shoal has "
            f"{version}: resume it with the Shoal that started it, or start a new run"
        )


def same_study(run: Run, setup: Setup) -> None:
    """Refuse to go on where template, data or environment are no longer those the run began with."""
    changed = [
        what
        for what, before, now in (
            ("the template's evaluator or metrics", run.template_hash, setup.template_hash),
            ("the prepared data", run.data_hash, setup.data_hash),
            ("the experiment's environment (packages, Python or processor)",
             run.environment_hash, setup.environment_hash),
        )
        if before != now
    ]  # fmt: skip
    if changed:
        raise UserError(
            f"run {run.name} cannot go on: changed since it began: {'; '.join(changed)}. "
            "Restore it, or start a new run"
        )
