"""What is checked before a run writes anything, each with a text that says what to do."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from agent.artifacts import Run, Trial
from agent.errors import SettingsError, UserError
from agent.templates import Setup, Template
from agent.workspace import Workspace

if TYPE_CHECKING:
    from agent.sandboxes.choose import Kind

STAGES = ("ideate", "explore", "register", "confirm", "analyse", "write", "review")
"""As in agent.graph, which is too heavy to import for a look at a flag; a test compares them."""
SANDBOXES: tuple[Kind, ...] = ("auto", "docker", "bubblewrap", "none")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


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


def enough_replicates(replicates: int | None, template: Template) -> None:
    """Refuse to confirm on more replicates than a template has."""
    most = len(template.confirming)
    if replicates is not None and replicates > most:
        raise SettingsError(
            f"replicates = {replicates}: template {template.name} has {most} confirming replicates; "
            f"choose 8 to {most}, or raise [replicates] confirm in its template.toml"
        )


def countable(max_pages: int | None, *, pdf: bool) -> None:
    """Refuse a limit of pages that nothing would be counted for."""
    if max_pages is not None and not pdf:
        raise SettingsError(
            f"max_pages = {max_pages}, and no PDF is to be made whose pages could be counted: "
            "leave --no-pdf out, or the limit"
        )


def server_address(url: str | None) -> None:
    """Refuse an address of a model server that is none."""
    if url is not None and not re.match(r"https?://[^/\s]", url):
        raise SettingsError(f"the model server's address {url!r} must look like http://HOST:PORT/v1")
    if url is not None and (re.match(r"https?://[^/]*@", url) or "?" in url):
        raise SettingsError(
            "the model server's address holds a name, a password or a query, which would be written down: "
            "put the key into the provider's variable, such as OPENAI_API_KEY"
        )


def usable_workspace(root: Path, min_free_mb: int) -> Workspace:
    """The workspace in a folder that can be written and has room; leaves nothing behind.

    Raises:
        UserError: it cannot be made or written, or the disk is nearly full.
    """
    present = next((path for path in (root, *root.absolute().parents) if path.exists()), Path("/"))
    parts = (root / part for part in ("experiments", "experiments/.store", "papers", "reviews"))
    for folder in (present, *(part for part in parts if os.path.lexists(part))):
        try:
            if not folder.is_dir():
                raise NotADirectoryError(20, "it is no folder", str(folder))
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            where = f"the workspace {root}" if folder == present else f"{folder} of the workspace"
            raise UserError(
                f"{where} cannot be written ({error.strerror}): choose another with --workspace DIR"
            ) from error
    free_mb = shutil.disk_usage(present).free / 1e6
    if free_mb < min_free_mb:
        raise UserError(
            f"the disk of {root.absolute()} has {free_mb:.0f} MB free and a run wants {min_free_mb}: "
            "make room (`shoal clean` shows what is stored), choose another --workspace, or lower [run] "
            "min_free_mb"
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
        raise UserError(f"--name {name!r}: use at most 40 of a–z, 0–9 and -, not - first")
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


def same_study(workspace: Workspace, run: Run, setup: Setup) -> None:
    """Refuse to go on where template, data or environment are no longer those the run began with."""
    recorded = _code_of_trials(workspace, run.name)
    code = setup.template.code_hash()
    changed = [
        what
        for what, before, now in (
            ("the template's evaluator or metrics", run.template_hash, setup.template_hash),
            ("the prepared data", run.data_hash, setup.data_hash),
            ("the experiment's environment (packages, Python or processor)",
             run.environment_hash, setup.environment_hash),
            ("the template's experiment", code if code in recorded or not recorded else "", code),
        )
        if before != now
    ]  # fmt: skip
    if changed:
        raise UserError(
            f"run {run.name} cannot go on: changed since it began: {'; '.join(changed)}. "
            "Restore it, or start a new run"
        )


def same_code(workspace: Workspace, run: Run, template: Template) -> None:
    """Refuse to replay a run whose trials ran another experiment than the template's."""
    recorded = _code_of_trials(workspace, run.name)
    if recorded and template.code_hash() not in recorded:
        raise UserError(
            f"run {run.name} cannot be replayed with {template.root}: its experiment changed since. Name a "
            "folder with the template as it was: --template DIR"
        )


def _code_of_trials(workspace: Workspace, run: str) -> set[str]:
    """Hashes of the code that a run's trials ran: the template's own, which every baseline has, and edits."""
    names = (path.stem for path in (workspace.run_folder(run) / "trials").glob("*.json"))
    return {workspace.get(Trial, f"{run}/{name}").code_hash for name in names}
