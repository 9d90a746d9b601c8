"""Code folders that sandboxes mount: content-addressed, readable by any user, never changed.

Promises that a folder holds exactly the files it was made from and that trials with the same code share it.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from agent.artifacts import hash_files
from agent.workspace import storage_failed

_numbers = itertools.count()


def place_code(store: Path, files: Mapping[str, bytes]) -> Path:
    """The folder that holds `files`, by relative path; made if it is not there.

    Raises:
        StorageFailed: the store cannot be written.
    """
    folder = store / "code" / hash_files(files)[:24]
    if folder.is_dir():
        return folder.resolve()
    part = folder.with_name(f".{folder.name}.{os.getpid()}.{next(_numbers)}")
    try:
        for name, content in files.items():
            path = part / PurePosixPath(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for path in (part, *part.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        part.rename(folder)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        if not folder.is_dir():
            raise storage_failed(folder, error) from error
    return folder.resolve()
