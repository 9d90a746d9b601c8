"""Which limits hold in a sandbox on this machine, by what, and which of them the user lets go of.

Promises that a sandbox with an open limit is refused, with the limit's name, the reason and the ways out,
unless the user allowed that limit by name. What holds each limit is found out once, not for every job.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from agent.sandboxes.cgroup import Found

LimitName = Literal["memory", "swap", "cpu", "processes", "wall", "outputs", "stdout"]
MEANING: dict[LimitName, str] = {
    "memory": "`mem_mb` over all processes of a job, its files in memory on top",
    "swap": "nothing of a job is swapped out, which would be memory beyond the limit",
    "cpu": "`cpus` cores' worth of work in every 100 ms, hence at most cpus × wall_s of processor time",
    "processes": "`pids` processes and threads at one time",
    "wall": "`wall_s` seconds",
    "outputs": "`out_mb`, `out_files` and `tmp_mb`",
    "stdout": "what a job prints: its end is kept",
}
SAYS: dict[LimitName, tuple[str, str]] = {
    "memory": ("MemoryLimit", "enable the memory controller, as with cgroup_enable=memory"),
    "swap": ("SwapLimit", "boot with swapaccount=1, or turn swap off"),
    "cpu": ("CpuCfsQuota", "its kernel or user session lacks the cpu controller"),
    "processes": ("PidsLimit", "its kernel or user session lacks the pids controller"),
}
"""What of a Docker engine's `info` says that it holds a limit, and what to do where it does not."""
NO_SOCKETS = "without buffers of sockets"
"""Said of the memory limit under cgroup v1 where they are not bounded."""
SWAPS = Path("/proc/swaps")


@dataclass(frozen=True)
class Enforced:
    """Whether one limit holds in one sandbox here."""

    limit: LimitName
    holds: bool
    how: str
    """What holds it, or why nothing does; a few words."""


def engine_rows(info: Mapping[str, Any]) -> tuple[Enforced, ...]:
    """Which limits a Docker engine holds that says `info` of itself; what it does not say does not hold."""
    by = f"cgroup v{info.get('CgroupVersion', '?')}, by the engine"
    here = info.get("KernelVersion") == platform.release()
    rows = []
    for limit, (name, mend) in SAYS.items():
        if info.get(name) is True:
            sockets = limit == "memory" and info.get("CgroupVersion") == "1"  # the engine cannot bound them
            rows.append(Enforced(limit, True, f"{by}, {NO_SOCKETS}" if sockets else by))
        elif limit == "swap" and here and swap_is_off():
            rows.append(Enforced(limit, True, "this machine has none"))
        else:
            rows.append(Enforced(limit, False, f"the engine does not say {name}: {mend}"))
    return (*rows, *_common("sized file systems, process 1 counts"))


def group_rows(found: Found, *, counts_alone: bool) -> tuple[Enforced, ...]:
    """Which limits hold where control groups can be made in `found`, and resource limits do the rest.

    Args:
        counts_alone: RLIMIT_NPROC counts the processes of one job: each has a user namespace of its own.
    """
    tree, why = found.tree, found.why
    bounds = tree.roots if tree else {}
    by = f"cgroup v{tree.version}" if tree else ""

    def row(limit: LimitName, controller: str, otherwise: str) -> Enforced:
        holds = controller in bounds
        return Enforced(limit, holds, by if holds else f"{otherwise}: {why}")

    # RLIMIT_DATA leaves open: memory that is shared, files in memory, and the sum over processes
    memory = row("memory", "memory", "only the data of each process is bounded")
    if tree and memory.holds and not tree.sockets:
        memory = Enforced("memory", True, f"{by}, {NO_SOCKETS}")
    if tree and tree.swap:
        swap = Enforced("swap", True, by)
    elif swap_is_off():
        swap = Enforced("swap", True, "this machine has none")
    else:
        swap = Enforced("swap", False, SAYS["swap"][1] if memory.holds else why)
    processes = row("processes", "pids", "RLIMIT_NPROC would count other jobs too")
    if not processes.holds and counts_alone:
        processes = Enforced("processes", True, "RLIMIT_NPROC in a user namespace of the job's own")
    cpu = row("cpu", "cpu", "only the time of each process is bounded")
    return (memory, swap, cpu, processes, *_common("sized file systems, process 1 counts"))


def _common(outputs: str) -> tuple[Enforced, ...]:
    """The rows of every sandbox whose process 1 is `init.py`; `outputs` says what bounds the files."""
    return (
        Enforced("wall", True, "process 1"),
        Enforced("outputs", True, outputs),
        Enforced("stdout", True, "process 1 keeps its end"),
    )


def still_open(rows: Iterable[Enforced], allowed: Collection[LimitName]) -> tuple[Enforced, ...]:
    """The limits that do not hold and that nobody allowed to be open."""
    return tuple(row for row in rows if not row.holds and row.limit not in allowed)


def ways_out(sandbox: str, rows: Iterable[Enforced]) -> str:
    """What a user can do about open limits, as one clause."""
    ways = []
    if sandbox == "bubblewrap":
        ways = ["use Docker", *_systemd()]
    flags = " ".join(f"--allow-unenforced {row.limit}" for row in rows)
    return ", or ".join([*ways, f"go without by name: {flags}"])


def reasons(rows: Iterable[Enforced]) -> str:
    """The limits by name, each with why it is open."""
    return "; ".join(f"{row.limit} ({row.how})" for row in rows)


def swap_is_off() -> bool:
    """Whether this machine has no swap, so that there is nothing to bound."""
    try:
        return len(SWAPS.read_text().splitlines()) <= 1
    except FileNotFoundError:  # a kernel without swap
        return True


def _systemd() -> list[str]:
    """The command that gives Shoal a control group of its own, where a systemd can."""
    user = os.geteuid() != 0
    session = Path(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent"), "systemd")
    if shutil.which("systemd-run") is None or not (session if user else Path("/run/systemd/system")).exists():
        return []
    return [f"start it by `systemd-run {'--user ' if user else ''}--scope -p Delegate=yes shoal …`"]
