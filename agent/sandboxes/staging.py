"""Files that every sandbox needs beside the job: `init.py`, its filter of calls, and the accounts of a user.

Promises that they are readable by anyone, whatever the umask this program was installed under, and that
two processes staging them at once do not disturb each other.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
from pathlib import Path

from agent.errors import SandboxUnavailable, StorageFailed
from agent.sandboxes import seccomp
from agent.sandboxes.owner import Owner
from agent.workspace import keep_private

USER = 65534
"""`nobody`: user and group of every job."""
ACCOUNTS = {
    "passwd": f"nobody:x:{USER}:{USER}:nobody:/tmp:/usr/sbin/nologin\n".encode(),
    "group": f"nogroup:x:{USER}:\n".encode(),
}
_numbers = itertools.count()


def stage(store: Path) -> Path:
    """The folder that holds `init.py`, `filter`, `passwd` and `group`; made once for each content.

    Closes the store to other users: the engine, or whoever runs Shoal, mounts what a job needs from it.

    Raises:
        SandboxUnavailable: the filter of system calls cannot be made.
        StorageFailed: the store cannot be written.
    """
    try:
        rules = seccomp.program()
    except OSError as error:
        raise SandboxUnavailable(f"{error.strerror}; install libseccomp2") from error
    contents = {"init.py": Path(__file__).with_name("init.py").read_bytes(), "filter": rules, **ACCOUNTS}
    key = hashlib.sha256(repr(sorted(contents.items())).encode()).hexdigest()[:16]
    keep_private(store)
    folder = store / "sandbox" / key
    if folder.is_dir():
        return folder.resolve()
    part = folder.with_name(f".{key}.{os.getpid()}.{next(_numbers)}")
    try:
        part.mkdir(parents=True)
        part.chmod(0o755)
        for name, content in contents.items():
            (part / name).write_bytes(content)
            (part / name).chmod(0o644)
        part.rename(folder)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        if not folder.is_dir():
            raise StorageFailed(f"{store} cannot be written: {error.strerror}") from error
    return folder.resolve()


def new_outputs(store: Path) -> Path:
    """A path for the outputs of one job, not there yet, on the same file system as the store."""
    folder = store / "scratch"
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve() / f"{Owner.of_this_process().token}-{next(_numbers)}"


def sweep_scratch(store: Path) -> None:
    """Remove outputs whose process is known to be gone, and nothing else."""
    owner = Owner.of_this_process()
    for folder in (store / "scratch").glob("*-*"):
        if owner.outlived(folder.name.rpartition("-")[0].replace("_", " ")):
            shutil.rmtree(folder, ignore_errors=True)
