"""Runs a stage's trials through the executor and says how far they are."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from threading import Lock

from agent.artifacts import Change, Scored, Split, Trial
from agent.deps import Deps
from agent.ports import Finished
from agent.stages.steering import node_id


@dataclass(frozen=True)
class Request:
    """One trial that a stage wants: a variant of an arm on one replicate."""

    arm: str
    index: int
    """The candidate's position in its arm; 0 for a frozen arm."""
    change: Change
    replicate: int
    traced: bool = False
    """It is to note which changed lines run, on the dev split; the change has some."""


@dataclass
class Batch:
    """The trials of one stage of one idea."""

    deps: Deps
    idea: str
    stage: str
    split: Split
    total: int
    """Trials that the stage expects to run."""
    _done: int = 0
    _best: float | None = None
    _lock: Lock = field(default_factory=Lock)

    def submit(self, request: Request) -> Future[Finished]:
        """Queue one trial.

        Raises:
            Stopped: the run is to end here.
        """
        self.deps.check_stop()
        trial = self._trial(request)
        future = self.deps.executor.submit(trial, request.change, queue=self.idea)
        future.add_done_callback(lambda ended: self._report(request, ended))
        return future

    def _trial(self, request: Request) -> Trial:
        if not request.traced:
            return self.deps.setup.trial(request.change, request.replicate, self.split)
        trial = self.deps.setup.traced_trial(request.change, request.replicate)
        if trial is None:
            raise ValueError("no line of the change could be traced")
        return trial

    def run(self, requests: Iterable[Request]) -> dict[Request, Finished]:
        """Run trials side by side and wait for all of them.

        Raises:
            Stopped: the run is to end here; what ended is recorded.
            SandboxUnavailable: the machinery broke.
        """
        futures = {request: self.submit(request) for request in requests}
        return {request: future.result() for request, future in futures.items()}

    def finish(self, requests: Iterable[Request]) -> None:
        """Run trials side by side to the end of all; their results are on disk and not kept in memory.

        Raises:
            Stopped: the run is to end here; what ended is recorded.
            SandboxUnavailable: the machinery broke.
        """
        waiting = deque(self.submit(request) for request in requests)
        while waiting:
            waiting.popleft().result()

    def _report(self, request: Request, future: Future[Finished]) -> None:
        if future.cancelled() or future.exception() is not None:
            return
        finished = future.result()
        name, metric = self.deps.setup.template.primary
        seen = finished.result.metric(name) if self.split == "dev" and not request.traced else None
        with self._lock:
            self._done += 1
            if seen is not None:
                better = max if metric.goal == "maximize" else min
                self._best = seen if self._best is None else better(self._best, seen)
            done, best = self._done, self._best
        self.deps.say(
            "trial",
            self.idea,
            f"{request.arm} {request.index}{' traced' if request.traced else ''} on replicate "
            f"{request.replicate}: {finished.result.status}",
            stage=self.stage,
            arm=request.arm,
            index=request.index,
            replicate=request.replicate,
            node=node_id(request.arm, request.index) if self.split == "dev" and not request.traced else None,
            trial=finished.result.trial,
            status=finished.result.status,
            score=seen,
            reused=finished.reused,
            done=done,
            total=max(self.total, done),
            best=best,
        )


def side_by_side(ways: Iterable[Iterator[Collection[Future[Finished]]]]) -> None:
    """Follow several ways, each of which names the trials that it waits for, to the end of all.

    A way goes on as soon as its own trials have ended, so that none waits for the slowest trial of another.
    """
    waiting: dict[Iterator[Collection[Future[Finished]]], Collection[Future[Finished]]] = {}
    ready = list(ways)
    while ready or waiting:
        for way in ready:
            waiting.pop(way, None)
            futures = next(way, None)
            if futures is not None:
                waiting[way] = futures
        ready = [way for way, futures in waiting.items() if all(future.done() for future in futures)]
        if not ready and waiting:
            running = {future for futures in waiting.values() for future in futures if not future.done()}
            wait(running, return_when=FIRST_COMPLETED)


def scored(request: Request, finished: Finished, metric: str) -> Scored:
    """What an exploration keeps of a trial."""
    result = finished.result
    return Scored(
        replicate=request.replicate,
        trial=result.trial,
        status=result.status,
        score=result.metric(metric),
    )
