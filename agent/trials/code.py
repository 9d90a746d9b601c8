"""Folders that sandboxes mount and folders that they leave.

Promises that a code folder holds exactly the files it was made from, is readable by any user, and is shared
by trials with the same code; and that a folder's hash is the one of `agent.artifacts.hash_files`.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from agent.artifacts import hash_files, sha256_of
from agent.workspace import file_lock, storage_failed

_numbers = itertools.count()


def place_code(store: Path, files: Mapping[str, bytes]) -> Path:
    """The folder that holds `files`, by relative path; made if it is not there.

    Raises:
        StorageFailed: the store cannot be written.
    """
    folder = store / "code" / hash_files(files)[:24]
    if _holds(folder, files):
        return folder.resolve()
    with file_lock(folder.with_name(f"{folder.name}.lock")):
        if not _holds(folder, files):
            _write(folder, files)
    return folder.resolve()


def _holds(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Whether the folder is there and still has every file, of the right size."""
    try:
        return all((folder / name).stat().st_size == len(content) for name, content in files.items())
    except (FileNotFoundError, NotADirectoryError):
        return False


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    part = folder.with_name(f".{folder.name}.{os.getpid()}.{next(_numbers)}")
    try:
        for name, content in files.items():
            path = part / PurePosixPath(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for path in (part, *part.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        if folder.exists():  # what is left of a damaged one
            shutil.rmtree(folder)
        part.rename(folder)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise storage_failed(folder, error) from error


def hash_folder(root: Path, parts: tuple[str, ...] = ("",)) -> str:
    """Hash over the files below these parts of a folder, read in pieces."""
    digests = {}
    for path in (path for part in parts for path in (root / part).rglob("*") if path.is_file()):
        with path.open("rb") as file:
            digests[path.relative_to(root).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return sha256_of(digests)
