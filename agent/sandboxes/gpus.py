"""Which GPUs trials may have: whole devices, one for each job that runs.

Promises that two jobs of one process never have the same device. Does not say what a GPU computes: results
on one may differ from those on a processor, and are not told apart by their ids.

Untested on hardware: what the engine is asked for is tested, but no trial has run on a GPU.
"""

from __future__ import annotations

import contextlib
import queue
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any, Literal

from agent.errors import SettingsError

PURPOSES = ("probe", "experiment", "evaluate", "check")
"""The jobs that get a device; preparing, installing and TeX do without."""


class Pool:
    """The devices of a run."""

    def __init__(self, devices: tuple[str, ...]) -> None:
        """`devices`: numbers as the engine counts them; none: no job gets one."""
        self.count = len(devices)
        self._free: queue.SimpleQueue[str] = queue.SimpleQueue()
        for device in devices:
            self._free.put(device)

    @contextlib.contextmanager
    def one_for(self, purpose: str) -> Iterator[str | None]:
        """A device while a job of this purpose runs, waited for if all are taken; None without one."""
        if not self.count or purpose not in PURPOSES:
            yield None
            return
        device = self._free.get()
        try:
            yield device
        finally:
            self._free.put(device)


def devices(wanted: int | Literal["all"] | None) -> tuple[str, ...]:
    """The devices that a setting means, as the engine counts them.

    Raises:
        SettingsError: `all` where nobody can say how many there are, or more than there are.
    """
    if wanted is None:
        return ()
    there = _listed()
    if wanted == "all":
        if there is None:
            raise SettingsError("--gpus all: nvidia-smi does not say how many GPUs there are; use --gpus N")
        wanted = there
    if wanted < 1:
        raise SettingsError(f"--gpus {wanted}: there is no GPU to hand out; use a number from 1, or all")
    if there is not None and wanted > there:
        raise SettingsError(f"--gpus {wanted}: nvidia-smi lists {there} GPUs on this machine")
    return tuple(str(number) for number in range(wanted))


def fitting_workers(wanted: int, gpus: int) -> tuple[int, str]:
    """How many trials may run at a time with that many GPUs, 0 for none asked for, and why they are fewer."""
    if not gpus or gpus >= wanted:
        return wanted, ""
    return gpus, f"{gpus} of {wanted} workers: one GPU a trial"


def request(device: str | None) -> list[Any] | None:
    """What the engine's create call needs to give one device to a container."""
    if device is None:
        return None
    from docker.types import DeviceRequest

    return [DeviceRequest(device_ids=[device], capabilities=[["gpu"]])]


def _listed() -> int | None:
    """How many GPUs `nvidia-smi` lists; None where it is missing or fails."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        done = subprocess.run([program, "-L"], capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    return sum(line.startswith("GPU ") for line in done.stdout.splitlines())
