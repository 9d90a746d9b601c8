"""Jobs as plain processes, for `--sandbox none` only: nothing keeps the code from the host.

Promises only that time, memory of each process, and outputs are bounded and that the host's environment
variables are not passed on. Network, files and other processes are open to the code: use it for code you
trust. What the user chose is printed in the paper.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from agent.artifacts import Limits, Outcome
from agent.errors import SandboxUnavailable, Stopped
from agent.ports import Environment, Job
from agent.sandboxes import init
from agent.sandboxes.collect import Report, Seen, discard, outcome_of
from agent.sandboxes.enforcement import Enforced
from agent.sandboxes.environments import Interpreter, VirtualEnvironments
from agent.sandboxes.running import Roll, Running
from agent.sandboxes.staging import new_outputs, sweep_scratch

LIMIT = 'ulimit -c 0; ulimit -d "$1"; shift; exec "$@"'
"""Shell script that bounds the data of each process, in KiB, and runs the rest."""


class Unconfined:
    """Runs jobs without a sandbox."""

    name: Literal["docker", "bubblewrap", "none"] = "none"

    def __init__(self, store: Path) -> None:
        """`store`: folder for environments and scratch files."""
        self._store = store
        self._environments = VirtualEnvironments(store / "environments", Interpreter.of_host())
        self._roll = Roll()
        sweep_scratch(store)

    def enforcement(self) -> tuple[Enforced, ...]:
        """Which limits hold: none that code could not get around."""
        return (
            Enforced("memory", False, "only the data of each process is bounded"),
            Enforced("swap", False, "nothing bounds it"),
            Enforced("cpu", False, "nothing bounds it"),
            Enforced("processes", False, "nothing bounds them"),
            Enforced("wall", False, "a process that leaves its group goes on"),
            Enforced("outputs", False, "counted only once the job has ended"),
            Enforced("stdout", False, "kept in a file without a bound"),
        )

    def environment(self, requirements: tuple[str, ...]) -> Environment:
        """A virtual environment with `requirements`, built once (see `agent.ports.Sandbox`)."""
        return self._environments.get(requirements, self.run)

    def run(self, job: Job) -> Outcome:
        """Run a job (see `agent.ports.Sandbox`), in a folder that stands for `/job`, `/out` and `/tmp`."""
        folder = new_outputs(self._store)
        outputs = new_outputs(self._store)
        _lay_out(folder, job)
        try:
            report = self._report(job, folder, outputs)
        except OSError as error:
            discard(outputs)
            raise SandboxUnavailable(f"{job.purpose} could not be started: {error}") from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return outcome_of(report, self.name, outputs, Seen(), by_rlimits=frozenset({"memory"}))

    def stop_all(self) -> None:
        """End every running job (see `agent.ports.Sandbox`)."""
        self._roll.stop_all()

    def _report(self, job: Job, folder: Path, outputs: Path) -> Report:
        began = time.monotonic()
        with (
            (folder / "log").open("w+b") as log,
            self._process(job, folder, log.fileno()) as (process, running),
        ):
            late = threading.Event()
            clock = threading.Timer(job.limits.wall_s, _end_late, (process, late))
            clock.start()
            _, status, used = os.wait4(process.pid, 0)
            clock.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
            if running.stopped:
                raise Stopped(f"{job.purpose} was stopped")
            log.seek(max(0, log.seek(0, os.SEEK_END) - init.TAIL_BYTES))
            tail = log.read().decode("utf-8", "replace")
        return Report(
            exit_code=process.returncode,
            late=late.is_set(),
            wall_s=time.monotonic() - began,
            cpu_s=used.ru_utime + used.ru_stime,
            peak_mb=used.ru_maxrss / 1024,
            memory_kills=0,
            refused_forks=0,
            full=(),
            hit=_take_files(folder / "out", outputs, job.limits),
            log_tail=tail,
        )

    @contextlib.contextmanager
    def _process(self, job: Job, folder: Path, log: int) -> Iterator[tuple[subprocess.Popen[bytes], Running]]:
        argv = [_inside(text, folder) for text in job.argv]
        variables = init.variables(job.limits.cpus) | {
            "HOME": str(folder / "tmp"),
            "TMPDIR": str(folder / "tmp"),
        }
        process = subprocess.Popen(
            ["/bin/sh", "-c", LIMIT, "sh", str(job.limits.mem_mb << 10), *argv],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=variables,
            cwd=folder / "tmp",
            start_new_session=True,
        )
        with self._roll.job(lambda: _kill(process)) as running:
            try:
                yield process, running
            finally:
                _kill(process)
                process.wait()


def _end_late(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    _kill(process)


def _lay_out(folder: Path, job: Job) -> None:
    for name in ("job", "out", "tmp"):
        (folder / name).mkdir(parents=True)
    for mount in job.mounts:
        target = Path(_inside(mount.target, folder))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(mount.source.resolve())


def _inside(text: str, folder: Path) -> str:
    """A path of the sandbox as the path that stands for it here."""
    inside = any(text == name or text.startswith(f"{name}/") for name in ("/job", "/out"))
    return f"{folder}{text}" if inside else text


def _take_files(source: Path, target: Path, limits: Limits) -> str:
    """Move the plain files out, within the limits; returns the limit that was passed, or nothing."""
    target.mkdir(parents=True)
    room, files = limits.out_mb << 20, limits.out_files
    for folder, _, names in os.walk(source):
        for name in sorted(names):
            path = Path(folder, name)
            facts = path.lstat()
            if not path.is_file() or path.is_symlink() or facts.st_nlink != 1 or not name.isprintable():
                continue
            room, files = room - facts.st_size, files - 1
            if room < 0 or files < 0:
                return "out_mb" if room < 0 else "out_files"
            kept = target / path.relative_to(source)
            kept.parent.mkdir(parents=True, exist_ok=True)
            path.rename(kept)
    return ""


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
