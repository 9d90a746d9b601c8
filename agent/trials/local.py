"""Trials on this machine: long-lived threads, one for each trial that runs at a time, shared by all ideas.

Promises that a trial gets its limits whatever the number of workers, that one trial runs once however
often it is submitted, here or in another process of the workspace, that ideas take turns, and that `stop`
ends running sandboxes. Keeps nothing of a trial that has ended.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Protocol

from agent.artifacts import Change, Outcome, Result, Scores, Trial
from agent.errors import SandboxUnavailable, Stopped
from agent.ports import Finished, Sandbox
from agent.trials.machine import cores, fitting_workers, free_memory_mb
from agent.trials.prepare import Prepared
from agent.trials.runner import run_trial
from agent.trials.tracing import run_traced

ATTEMPTS = 3
"""How often a trial is started before a broken engine is reported."""
POLL_S = 0.1


class Recorder(Protocol):
    """Keeps results: of this run, and of other runs where they may be reused."""

    def known(self, trial: Trial) -> Finished | None:
        """The recorded trial; None if it has to run."""

    def record(
        self, trial: Trial, result: Result, scores: Scores | None, outcomes: Sequence[Outcome]
    ) -> Finished:
        """Keep a trial that just ran."""

    def lock(self, trial_id: str, while_waiting: Callable[[], None]) -> AbstractContextManager[None]:
        """Keep other processes from running the same trial at the same time.

        `while_waiting` is called again and again as long as another one holds it; it may raise.
        """


class Turns:
    """Work waits in queues that take turns: the first of each, then the second of each, and so on."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[Callable[[], None]]] = {}
        self._changed = threading.Condition()
        self._closed = False

    def put(self, queue: str, work: Callable[[], None]) -> None:
        """Add work to the end of a queue; after `close` it is done at once, by the caller."""
        with self._changed:
            if not self._closed:
                self._queues.setdefault(queue, deque()).append(work)
                self._changed.notify()
                return
        work()

    def take(self) -> Callable[[], None] | None:
        """The work whose turn it is; waits for some, and gives None once all is done after `close`."""
        with self._changed:
            while not self._queues:
                if self._closed:
                    return None
                self._changed.wait()
            name, queue = next(iter(self._queues.items()))
            work = queue.popleft()
            del self._queues[name]
            if queue:
                self._queues[name] = queue  # behind the others
            return work

    def close(self) -> None:
        """No more work comes."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


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
        self._turns = Turns()
        self._futures: dict[str, Future[Finished]] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="stop", daemon=True)
        self._threads = [
            threading.Thread(target=self._work, name=f"trial-{number}", daemon=True)
            for number in range(self.workers)
        ]
        for thread in (self._watcher, *self._threads):
            thread.start()

    def submit(self, trial: Trial, change: Change, *, queue: str = "") -> Future[Finished]:
        """Queue a trial (see `agent.ports.Executor`); one that waits or runs gives the same future again."""
        with self._lock:
            present = self._futures.get(trial.id)
            if present is not None:
                return present
            future: Future[Finished] = Future()
            self._futures[trial.id] = future
        self._turns.put(queue, lambda: self._finish(trial, change, future))
        return future

    def close(self) -> None:
        """End what is running and wait for it."""
        self._closing.set()
        self._turns.close()
        self._sandbox.stop_all()
        for thread in (*self._threads, self._watcher):
            thread.join()

    def _work(self) -> None:
        while (job := self._turns.take()) is not None:
            job()

    def _finish(self, trial: Trial, change: Change, future: Future[Finished]) -> None:
        """Run a trial and settle its future, which is forgotten then: what ended is on disk."""
        if not future.set_running_or_notify_cancel():
            self._forget(trial)
            return
        try:
            finished = self._run(trial, change)
        except BaseException as error:  # noqa: BLE001 (whatever it is, who waits for the future gets it)
            self._forget(trial)
            future.set_exception(error)
        else:
            self._forget(trial)
            future.set_result(finished)

    def _forget(self, trial: Trial) -> None:
        with self._lock:
            del self._futures[trial.id]

    def _run(self, trial: Trial, change: Change) -> Finished:
        self._check()
        with self._recorder.lock(trial.id, self._check):
            known = self._recorder.known(trial)
            if known is not None:
                return known
            result, scores, outcomes = self._attempt(trial, change)
            return self._recorder.record(trial, result, scores, outcomes)

    def _attempt(self, trial: Trial, change: Change) -> tuple[Result, Scores | None, list[Outcome]]:
        for attempt in range(1, ATTEMPTS + 1):
            self._check()
            try:
                if trial.watched:
                    result, outcomes = run_traced(trial, change, self._prepared, self._sandbox)
                    return result, None, outcomes
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
        while any(thread.is_alive() for thread in self._threads):
            self._sandbox.stop_all()
            self._threads[0].join(POLL_S)
