"""A control group per job: memory without swap, processes and CPU share, where the tree can be written.

Promises that a group it returns enforces all three. Where the tree cannot be written there is no group,
and the caller falls back on resource limits. Knows cgroup v1 and v2.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PERIOD_US = 100_000
_numbers = itertools.count()


@dataclass(frozen=True)
class Tree:
    """Where job groups can be made."""

    version: int
    roots: tuple[Path, ...]
    """v1: a folder in each of memory, pids and cpu; v2: one folder."""


@dataclass(frozen=True)
class Group:
    """The control group of one job."""

    version: int
    folders: tuple[Path, ...]

    @property
    def members(self) -> tuple[str, ...]:
        """The files that a process writes its id to in order to join."""
        return tuple(str(folder / "cgroup.procs") for folder in self.folders)

    def memory_kills(self) -> int:
        """Processes of the group that the kernel killed for memory."""
        file = self.folders[0] / ("memory.oom_control" if self.version == 1 else "memory.events")
        rows = (line.split() for line in file.read_text().splitlines())
        return sum(int(value) for key, value in rows if key == "oom_kill")

    def remove(self) -> None:
        """Remove the group; its processes have ended or are about to."""
        for folder in self.folders:
            for _ in range(200):
                try:
                    folder.rmdir()
                except FileNotFoundError:
                    break
                except OSError as error:
                    if error.errno != errno.EBUSY:
                        raise
                    time.sleep(0.005)  # the kernel is still taking down the last process
                else:
                    break


@cache
def writable_tree() -> Tree | None:
    """Where this process may make groups that bound memory, processes and CPU; None if nowhere."""
    mounts = _mounts()
    own = _own_groups()
    for tree in (version_1(mounts, own), version_2(mounts, own)):
        if tree is not None:
            return tree
    return None


def make_group(tree: Tree, *, memory_mb: int, processes: int, cpus: int) -> Group:
    """Make a group with these limits.

    Raises:
        OSError: the tree refused.
    """
    name = f"shoal-{os.getpid()}-{next(_numbers)}"
    folders = tuple(root / name for root in tree.roots)
    group = Group(tree.version, folders)
    try:
        for folder in folders:
            folder.mkdir()
        memory = str(memory_mb << 20)
        if tree.version == 1:
            _write(folders[0] / "memory.limit_in_bytes", memory)
            if (folders[0] / "memory.memsw.limit_in_bytes").exists():
                _write(folders[0] / "memory.memsw.limit_in_bytes", memory)
            _write(folders[1] / "pids.max", str(processes))
            _write(folders[2] / "cpu.cfs_period_us", str(PERIOD_US))
            _write(folders[2] / "cpu.cfs_quota_us", str(cpus * PERIOD_US))
        else:
            _write(folders[0] / "memory.max", memory)
            if (folders[0] / "memory.swap.max").exists():
                _write(folders[0] / "memory.swap.max", "0")
            _write(folders[0] / "pids.max", str(processes))
            _write(folders[0] / "cpu.max", f"{cpus * PERIOD_US} {PERIOD_US}")
    except OSError:
        group.remove()
        raise
    return group


def sweep(tree: Tree) -> None:
    """Remove the groups of processes that no longer live."""
    for folder in (folder for root in tree.roots for folder in root.glob("shoal-*-*")):
        pid = folder.name.split("-")[1]
        if pid.isdigit() and not Path("/proc", pid).exists():
            with contextlib.suppress(OSError):  # another process removes it, or its last job is just ending
                folder.rmdir()


def _write(path: Path, text: str) -> None:
    with path.open("w") as file:  # a control file is opened, never created or replaced
        file.write(text)


def _mounts() -> dict[str, Path]:
    """Mount points of the v1 controllers by name, and of cgroup v2 under the empty name."""
    found: dict[str, Path] = {}
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, options, *_ = line.split()
        if kind == "cgroup2":
            found[""] = Path(point)
        elif kind == "cgroup":
            found |= {option: Path(point) for option in options.split(",")}
    return found


def _own_groups() -> dict[str, str]:
    """The control group of this process by v1 controller, and in cgroup v2 under the empty name."""
    groups: dict[str, str] = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        groups |= dict.fromkeys(controllers.split(","), path.lstrip("/"))
    return groups


def version_1(mounts: dict[str, Path], own: dict[str, str]) -> Tree | None:
    """Folders beside or below this process's groups in memory, pids and cpu, if all can be written."""
    names = ("memory", "pids", "cpu")
    if any(name not in mounts for name in names):
        return None
    roots = []
    for name in names:
        inside = mounts[name] / own.get(name, "")
        roots.append(inside if inside.is_dir() else mounts[name])  # a container sees its own group as root
    return Tree(1, tuple(roots)) if all(_can_make(root) for root in roots) else None


def version_2(mounts: dict[str, Path], own: dict[str, str]) -> Tree | None:
    """A folder whose children have the controllers; groups with processes in them cannot have such."""
    if "" not in mounts:
        return None
    inside = mounts[""] / own.get("", "")
    for root in (mounts[""], inside.parent if inside != mounts[""] else inside):
        try:
            delegated = set((root / "cgroup.subtree_control").read_text().split())
        except OSError:
            continue
        if {"memory", "pids", "cpu"} <= delegated and _can_make(root):
            return Tree(2, (root,))
    return None


def _can_make(root: Path) -> bool:
    probe = root / f"shoal-{os.getpid()}-probe-{next(_numbers)}"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError:
        return False
    return True
