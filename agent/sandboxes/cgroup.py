"""A control group per job: memory without swap, processes and CPU, where the tree can be written.

Promises that a group it returns enforces what its tree says, and to say why the tree offers no more.
Knows cgroup v1 and v2. Under v2 jobs stand below a folder `shoal` that hands the controllers down, so that
whoever else manages the tree cannot take them away from running jobs; where this process is alone in a
group that it may write, as `systemd-run --scope -p Delegate=yes` gives, it moves itself into a leaf first,
because v2 allows no processes in a group that hands controllers down.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agent.sandboxes.owner import Owner

PERIOD_US = 100_000
CONTROLLERS = ("memory", "pids", "cpu")
JOBS, HOME = "shoal", "shoal-home"
"""v2: the folders of the jobs and of this process."""
PREFIX = "shoal-"
"""Begins the name of a job's group; the token of its owner and a number follow."""
SYSTEMD = (".slice", ".scope", ".service")
FILES = {
    1: {"memory": "memory.limit_in_bytes", "pids": "pids.max", "cpu": "cpu.cfs_quota_us"},
    2: {"memory": "memory.max", "pids": "pids.max", "cpu": "cpu.max"},
}
"""The file of each controller that bounds a group, by version."""
SWAP = {1: "memory.memsw.limit_in_bytes", 2: "memory.swap.max"}
SOCKETS = "memory.kmem.tcp.limit_in_bytes"
"""v1: the file that bounds the buffers of sockets, UDP's among them; v2 counts them as memory."""
SOCKETS_MB = 16
"""What a job's sockets may hold under v1, on top of its memory."""
PEAK = {1: "memory.max_usage_in_bytes", 2: "memory.peak"}
KILLS = {1: "memory.oom_control", 2: "memory.events"}
_numbers = itertools.count()


@dataclass(frozen=True)
class Tree:
    """Where job groups can be made."""

    version: int
    roots: Mapping[str, Path]
    """Folder by controller, of `memory`, `pids` and `cpu` those that can be bounded; v2: one folder."""
    swap: bool = True
    """Swap can be bounded with memory."""
    sockets: bool = True
    """The buffers of sockets are bounded."""


@dataclass(frozen=True)
class Found:
    """The tree of this process."""

    tree: Tree | None
    why: str
    """Why there is none, or none for some controllers; empty where all three are there."""


@dataclass(frozen=True)
class Group:
    """The control group of one job."""

    version: int
    folders: Mapping[str, Path]
    """By controller."""

    @property
    def members(self) -> tuple[str, ...]:
        """The files that a process writes its id to in order to join."""
        return tuple(str(folder / "cgroup.procs") for folder in dict.fromkeys(self.folders.values()))

    def memory_kills(self) -> int:
        """Processes of the group that the kernel killed for memory; 0 without that controller."""
        return self._count("memory", KILLS[self.version], "oom_kill")

    def refused_forks(self) -> int:
        """How often a process or thread could not be made for the limit; 0 without that controller."""
        return self._count("pids", "pids.events", "max")

    def peak_mb(self) -> float:
        """The most MiB that the group held at one time, its files in memory included; 0 if unknown."""
        try:
            return int((self.folders["memory"] / PEAK[self.version]).read_text()) / (1 << 20)
        except (KeyError, FileNotFoundError):  # v2 has no peak before Linux 5.19
            return 0.0

    def remove(self) -> None:
        """Remove the group; its processes have ended or are about to."""
        for folder in dict.fromkeys(self.folders.values()):
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

    def _count(self, controller: str, file: str, key: str) -> int:
        if controller not in self.folders:
            return 0
        try:
            text = (self.folders[controller] / file).read_text()
        except FileNotFoundError:  # v1 has no pids.events before Linux 4.8
            return 0
        rows = (line.split() for line in text.splitlines())
        return sum(int(value) for name, value in rows if name == key)


@cache
def find() -> Found:
    """Where this process may make groups that bound memory, processes and CPU, or some of these."""
    mounts, own = _mounts(), _own_groups()
    one, two = version_1(mounts, own), version_2(mounts, own)
    if not any(name in mounts for name in CONTROLLERS):
        return two
    return max(one, two, key=lambda found: len(found.tree.roots) if found.tree else 0)


def make_group(tree: Tree, *, memory_mb: int, processes: int, cpus: int) -> Group:
    """Make a group with these limits, as far as the tree bounds them.

    Raises:
        OSError: the tree refused.
    """
    name = _name()
    group = Group(tree.version, {controller: root / name for controller, root in tree.roots.items()})
    quota = cpus * PERIOD_US
    limits = {
        "memory": str(memory_mb << 20),
        "pids": str(processes),
        "cpu": str(quota) if tree.version == 1 else f"{quota} {PERIOD_US}",
    }
    try:
        for folder in dict.fromkeys(group.folders.values()):
            folder.mkdir()
        if tree.version == 1 and "cpu" in group.folders:
            _write(group.folders["cpu"] / "cpu.cfs_period_us", str(PERIOD_US))
        for controller, folder in group.folders.items():
            _write(folder / FILES[tree.version][controller], limits[controller])
        if tree.swap and "memory" in group.folders:
            beyond = limits["memory"] if tree.version == 1 else "0"  # v1 counts memory and swap together
            _write(group.folders["memory"] / SWAP[tree.version], beyond)
        if tree.version == 1 and tree.sockets and "memory" in group.folders:
            _write(group.folders["memory"] / SOCKETS, str(SOCKETS_MB << 20))
    except OSError:
        group.remove()
        raise
    return group


def _name() -> str:
    """The name of a new group, which says who made it."""
    return f"{PREFIX}{Owner.of_this_process().token}-{next(_numbers)}"


def sweep(tree: Tree) -> None:
    """Remove the groups whose process is known to be gone, and nothing else."""
    owner = Owner.of_this_process()
    for folder in (folder for root in set(tree.roots.values()) for folder in root.glob(f"{PREFIX}*-*")):
        token = folder.name.removeprefix(PREFIX).rpartition("-")[0]
        if owner.outlived(token.replace("_", " ")):
            with contextlib.suppress(OSError):  # another process removes it, or its last job is just ending
                folder.rmdir()


def version_1(mounts: Mapping[str, Path], own: Mapping[str, str]) -> Found:
    """The nearest folders, from this process's own groups up, in which it may make groups."""
    roots: dict[str, Path] = {}
    files: set[str] = set()
    for name in CONTROLLERS:
        if name not in mounts:
            continue
        for folder in _upwards(mounts[name], own.get(name, "")):
            offered = _offered(folder)
            if FILES[1][name] in offered:
                roots[name] = folder
                files |= offered
                break
    return _found(1, roots, files, "this process may not write its cgroup v1 folders")


def version_2(mounts: Mapping[str, Path], own: Mapping[str, str]) -> Found:
    """The nearest group, from this process's own up, that it may divide further."""
    if "" not in mounts:
        return Found(None, "no control groups are mounted")
    why = "no group above this process may be divided by it"
    best: dict[str, Path] = {}
    files: set[str] = set()
    for number, folder in enumerate(_upwards(mounts[""], own.get("", ""))):
        if not _may_divide(folder, inside=number == 0, top=folder == mounts[""]):
            continue
        try:
            jobs = _divided(folder, alone=number == 0 and _alone(folder))
            offered = _offered(jobs)
        except OSError as error:
            busy = "other processes share its group, which v2 does not let it divide"
            why = busy if error.errno == errno.EBUSY else f"{folder}: {error.strerror}"
            continue
        roots = {name: jobs for name in CONTROLLERS if FILES[2][name] in offered}
        if len(roots) > len(best):
            best, files = roots, set(offered)
            why = "not handed down to its group"
    return _found(2, best, files, why)


def _found(version: int, roots: dict[str, Path], files: set[str], why: str) -> Found:
    if len(roots) == len(CONTROLLERS):
        why = ""
    sockets = version == 2 or SOCKETS in files
    return Found(Tree(version, roots, SWAP[version] in files, sockets) if roots else None, why)


def _upwards(mount: Path, own: str) -> Iterator[Path]:
    """The folder of a group and those above it, up to the mount; a container sees its own group as root."""
    inside = mount / own
    if not inside.is_dir():
        inside = mount
    yield inside
    while inside != mount:
        inside = inside.parent
        yield inside


def _may_divide(folder: Path, *, inside: bool, top: bool) -> bool:
    """Whether a v2 group can be written and is nobody else's to manage."""
    needed = (folder, folder / "cgroup.procs", folder / "cgroup.subtree_control")
    if not all(os.access(path, os.W_OK) for path in needed):
        return False
    if inside or (folder / JOBS).is_dir():
        return True
    return os.geteuid() == 0 if top else not folder.name.endswith(SYSTEMD)


def _alone(folder: Path) -> bool:
    return (folder / "cgroup.procs").read_text().split() == [str(os.getpid())]


def _divided(folder: Path, *, alone: bool) -> Path:
    """The folder for jobs below a v2 group, with every controller that the group has.

    Raises:
        OSError: the group cannot be divided; EBUSY: it has processes.
    """
    try:
        _hand_down(folder)
    except OSError as error:
        if error.errno != errno.EBUSY or not alone:
            raise
        (folder / HOME).mkdir(exist_ok=True)
        _write(folder / HOME / "cgroup.procs", str(os.getpid()))
        _hand_down(folder)
    jobs = folder / JOBS
    jobs.mkdir(exist_ok=True)
    _hand_down(jobs)
    return jobs


def _hand_down(folder: Path) -> None:
    there = set((folder / "cgroup.controllers").read_text().split())
    handed = set((folder / "cgroup.subtree_control").read_text().split())
    for name in CONTROLLERS:
        if name in there - handed:
            _write(folder / "cgroup.subtree_control", f"+{name}")


def _offered(root: Path) -> frozenset[str]:
    """The files of a group made below `root`; none where none can be made."""
    probe = root / _name()
    try:
        probe.mkdir()
    except OSError:
        return frozenset()
    try:
        return frozenset(file.name for file in probe.iterdir())
    finally:
        probe.rmdir()


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
