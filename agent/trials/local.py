"""Trials on this machine: a pool of long-lived threads, one for each trial that runs at a time.

Promises that a trial gets its limits whatever the number of workers, that one trial runs once however
often it is submitted, here or in another process of the workspace, and that `stop` ends running sandboxes.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from agent.artifacts import Change, Limits, Outcome, Result, Scores, Trial
from agent.errors import SandboxUnavailable, Stopped
from agent.ports import Finished, Sandbox
from agent.trials.prepare import Prepared
from agent.trials.runner import run_trial

ATTEMPTS = 3
"""How often a trial is started before a broken engine is reported."""
POLL_S = 0.1
FILES_IN_MEMORY_MB = 8
"""What a sandbox holds in memory beside its own limits."""


class Recorder(Protocol):
    """Keeps results: of this run, and of other runs where they may be reused."""

    def known(self, trial: Trial) -> Finished | None:
        """The recorded trial; None if it has to run."""

    def record(
        self, trial: Trial, result: Result, scores: Scores | None, outcomes: Sequence[Outcome]
    ) -> Finished:
        """Keep a trial that just ran."""

    def lock(self, trial_id: str) -> AbstractContextManager[None]:
        """Keep other processes from running the same trial at the same time."""


class Local:
    """The executor of one process, shared by all ideas of a run."""

    def __init__(
        self,
        prepared: Prepared,
        sandbox: Sandbox,
        recorder: Recorder,
        *,
        workers: int,
        stop: Callable[[], Stopped | None],
        note: Callable[[str], None],
    ) -> None:
        """`stop`: the reason to end, polled; `note`: called with a line when a trial is run again."""
        self._prepared = prepared
        self._sandbox = sandbox
        self._recorder = recorder
        self._stop = stop
        self._note = note
        template = prepared.setup.template
        self.workers, self.reduced = fitting_workers(
            workers, (template.spec.limits, template.evaluate_limits), cores(), free_memory_mb()
        )
        """Trials at a time, and why they are fewer than asked; empty where they are not."""
        self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="trial")
        self._futures: dict[str, Future[Finished]] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="stop", daemon=True)
        self._watcher.start()

    def submit(self, trial: Trial, change: Change) -> Future[Finished]:
        """Queue a trial (see `agent.ports.Executor`); one that is queued already gives the same future."""
        with self._lock:
            if trial.id not in self._futures:
                self._futures[trial.id] = self._pool.submit(self._run, trial, change)
            return self._futures[trial.id]

    def close(self) -> None:
        """End what is running and wait for it."""
        self._closing.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._sandbox.stop_all()
        self._watcher.join()
        self._pool.shutdown(wait=True)

    def _run(self, trial: Trial, change: Change) -> Finished:
        self._check()
        with self._recorder.lock(trial.id):
            known = self._recorder.known(trial)
            if known is not None:
                return known
            result, scores, outcomes = self._attempt(trial, change)
            return self._recorder.record(trial, result, scores, outcomes)

    def _attempt(self, trial: Trial, change: Change) -> tuple[Result, Scores | None, list[Outcome]]:
        for attempt in range(1, ATTEMPTS + 1):
            self._check()
            try:
                return run_trial(trial, change, self._prepared, self._sandbox)
            except SandboxUnavailable as error:
                if attempt == ATTEMPTS:
                    raise
                self._note(f"trial {trial.id[:12]} runs again, the sandbox failed: {error}")
        raise AssertionError("unreachable")

    def _check(self) -> None:
        if reason := self._stop():
            raise reason
        if self._closing.is_set():
            raise Stopped("the executor was closed")

    def _watch(self) -> None:
        """End running sandboxes, again and again, once a stop is asked for: a job may just have begun."""
        while not self._closing.wait(POLL_S):
            if self._stop():
                self._sandbox.stop_all()
        while any(not future.done() for future in list(self._futures.values())):
            self._sandbox.stop_all()
            threading.Event().wait(POLL_S)


def fitting_workers(wanted: int, limits: Sequence[Limits], cores: int, memory_mb: int) -> tuple[int, str]:
    """How many trials fit at a time, at least one, and why they are fewer than `wanted`."""
    cpus = max(one.cpus for one in limits)
    needed = max(one.mem_mb + one.out_mb + one.tmp_mb + FILES_IN_MEMORY_MB for one in limits)
    fits = {
        f"{cores} cores at {cpus} a trial": cores // cpus,
        f"{memory_mb} MB of free memory at {needed} MB a trial": memory_mb // needed,
    }
    why, most = min(fits.items(), key=lambda pair: pair[1])
    if most >= wanted:
        return wanted, ""
    workers = max(1, most)
    return workers, f"{workers} of {wanted} workers: {why}" if workers < wanted else ""


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0))


def free_memory_mb() -> int:
    """MiB of memory that the machine has free for programs."""
    rows = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    return int(rows["MemAvailable"].split()[0]) // 1024
