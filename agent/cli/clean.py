"""`shoal clean`: what the workspace holds, how large it is, and its removal on request.

Promises never to touch the ledger of registrations: a removed run still counts on its test pool.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from agent.cli.look import known_name, print_json, print_table
from agent.cli.stop import is_running
from agent.errors import StorageFailed, UserError
from agent.workspace import Workspace


def clean_workspace(root: Path, runs: list[str], *, store: bool, yes: bool, json: bool) -> int:
    """Show what is stored; remove the store or the runs that were named, after a question or `--yes`.

    Raises:
        UserError: a run is unknown or running, or there is no terminal to ask on.
        StorageFailed: something could not be removed.
    """
    workspace = Workspace(root)
    for run in runs:
        known_name(workspace, run)
    busy = [run for run in (workspace.runs() if store else runs) if is_running(workspace, run)]
    if busy:
        raise UserError(f"{', '.join(busy)} is running: `shoal stop {busy[0]}` first")
    stored = sizes(workspace)
    doomed = [path for run in runs for path in run_folders(workspace, run)]
    doomed += [workspace.store] if store and workspace.store.exists() else []
    if doomed and not yes:
        _ask(doomed)
    for path in doomed:
        _remove(path)
    if json:
        rows = [{"what": what, "path": str(path), "bytes": size} for what, path, size in stored]
        removed = [str(path) for path in doomed]
        print_json({"schema": 1, "command": "clean", "stored": rows, "removed": removed})
        return 0
    if doomed:
        for path in doomed:
            print(f"removed {path}")
        return 0
    rows_text = [(what, f"{size / 1e6:.1f} MB", str(path)) for what, path, size in stored]
    print_table([("what", "size", "where"), *rows_text])
    print("`shoal env list` shows the environments one by one, Docker's too; `shoal env prune` removes some")
    print("`--store` removes what can be rebuilt, `--run NAME` a run with its papers and reviews")
    return 0


def sizes(workspace: Workspace) -> list[tuple[str, Path, int]]:
    """What is stored: its name, where it is, its size in bytes."""
    rows = []
    if workspace.store.exists():
        parts = sorted(path for path in workspace.store.iterdir() if path.is_dir())
        rows += [(f"store: {path.name}", path, folder_size(path)) for path in parts]
    for run in workspace.runs():
        size = sum(folder_size(path) for path in run_folders(workspace, run))
        rows.append((f"run {run}", workspace.run_folder(run), size))
    return rows


def run_folders(workspace: Workspace, run: str) -> list[Path]:
    """The folders of a run: its papers, its reviews, and its records last."""
    folders = [workspace.root / kind / run for kind in ("papers", "reviews", "experiments")]
    return [folder for folder in folders if folder.exists()]


def folder_size(folder: Path) -> int:
    """Bytes of the regular files in a folder; links are not followed."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _ask(doomed: list[Path]) -> None:
    import typer

    listed = ", ".join(str(path) for path in doomed)
    if not sys.stdin.isatty():
        raise UserError(f"add --yes to remove {listed}")
    if not typer.confirm(f"Remove {listed}?", err=True):
        raise UserError("nothing was removed")


def _remove(path: Path) -> None:
    try:
        shutil.rmtree(path)
    except OSError as error:
        raise StorageFailed(f"{path} cannot be removed ({error.filename}: {error.strerror})") from error
