"""What this machine can give to trials: processors and memory, of the control group this process is in too.

Promises never to count more than a container was given. Knows cgroup v1 and v2; what cannot be read bounds
nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from agent.artifacts import Limits

FILES_IN_MEMORY_MB = 8
"""What a sandbox holds in memory beside its own limits."""
ROOT = Path("/")


def fitting_workers(wanted: int, limits: Sequence[Limits], cores: int, memory_mb: int) -> tuple[int, str]:
    """How many trials fit at a time, at least one, and why they are fewer than `wanted`.

    Args:
        limits: Of the sandboxes that a trial takes, one after the other.
        cores: Processors that trials may use.
        memory_mb: MiB of memory that trials may use.
    """
    cpus = max(one.cpus for one in limits)
    needed = max(one.mem_mb + one.out_mb + one.tmp_mb + FILES_IN_MEMORY_MB for one in limits)
    fits = {
        f"{cores} cores at {cpus} a trial": cores // cpus,
        f"{memory_mb} MB of free memory at {needed} MB a trial": memory_mb // needed,
    }
    why, most = min(fits.items(), key=lambda pair: pair[1])
    if most >= wanted:
        return wanted, ""
    if memory_mb < needed:
        return 1, f"one trial at a time, and it may run out of memory: {why}"
    workers = max(1, most)
    return workers, f"{workers} of {wanted} workers: {why}" if workers < wanted else ""


def cores(root: Path = ROOT) -> int:
    """Processors that this process may use, at least one: by its affinity and its control groups' quotas."""
    most = len(os.sched_getaffinity(0))
    for folder in _groups(root, "cpu"):
        quota = _numbers(folder / "cpu.max") or (
            *_numbers(folder / "cpu.cfs_quota_us"),
            *_numbers(folder / "cpu.cfs_period_us"),
        )
        if len(quota) == 2 and quota[0] > 0:
            most = min(most, quota[0] // quota[1])
    return max(1, most)


def free_memory_mb(root: Path = ROOT) -> int:
    """MiB of memory that programs can still have, in the machine and in each control group around this."""
    rows = dict(line.split(":", 1) for line in (root / "proc/meminfo").read_text().splitlines())
    free = int(rows["MemAvailable"].split()[0]) << 10
    for folder in _groups(root, "memory"):
        limit = _numbers(folder / "memory.max") or _numbers(folder / "memory.limit_in_bytes")
        used = _numbers(folder / "memory.current") or _numbers(folder / "memory.usage_in_bytes")
        if limit and used:
            free = min(free, limit[0] - used[0] + _reclaimable(folder))
    return max(0, free >> 20)


def _reclaimable(folder: Path) -> int:
    """Bytes of a group's memory that hold files which can be read again."""
    try:
        rows = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return 0
    return int(rows.get("total_inactive_file", rows.get("inactive_file", 0)))


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's control group and of those above it, as far as they can be seen."""
    mounts: dict[str, Path] = {}
    for line in (root / "proc/self/mounts").read_text().splitlines():
        _, point, kind, options, *_ = line.split()
        if kind == "cgroup2":
            mounts[""] = root / point.lstrip("/")
        elif kind == "cgroup" and controller in options.split(","):
            mounts[controller] = root / point.lstrip("/")
    for line in (root / "proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for name in controllers.split(","):
            if name in mounts and name in ("", controller):
                top = mounts[name]
                inside = top / path.lstrip("/")
                if not inside.is_dir():  # a container sees its own group as the top
                    inside = top
                yield inside
                yield from (folder for folder in inside.parents if folder.is_relative_to(top))


def _numbers(path: Path) -> tuple[int, ...]:
    """The numbers in a control file; none where there is no file or no limit."""
    try:
        words = path.read_text().split()
    except OSError:
        return ()
    return tuple(map(int, words)) if words and words[0] != "max" else ()
