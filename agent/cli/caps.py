"""Caps on time and trials, and the caps that flags give a run.

Promises that no more trials run for a run than its caps allow, however many workers there are: a trial is
reserved before it starts and counts once it is recorded; known ones are free. At a cap nothing new starts,
and trials that are running may end, but for a cap on time, which ends them.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.artifacts import Change, Outcome, Result, Scores, Split, Trial
from agent.cli.worked import Worked
from agent.errors import CapReached
from agent.ports import Executor, Finished
from agent.store import Recorder
from agent.workspace import Workspace

if TYPE_CHECKING:
    from agent.models.caps import AllCaps

STAGE_OF: Mapping[Split, str] = {"dev": "explore", "test": "confirm"}
"""The stage that runs trials on a split: no other one may."""


@dataclass(frozen=True)
class TimeCaps:
    """The minutes that a run and its stages may work."""

    caps: AllCaps
    now: Callable[[], Worked]

    def reached(self) -> CapReached | None:
        """Why the run is to end, if its time or that of a stage under way is up."""
        from agent.models.caps import reached

        if not self.caps.any_of("max_minutes"):
            return None
        worked = self.now()
        for stage in sorted(worked.active()) or [""]:
            for name, cap in self.caps.of("max_minutes", stage):
                minutes = (worked.stage_s(name) if name else worked.total_s) / 60
                if minutes >= cap:
                    return reached("max_minutes", name, cap, minutes, f"{minutes:.1f} minutes were worked")
        return None


@dataclass
class TrialCaps:
    """The trials that may run; counted over all starts of a run."""

    caps: AllCaps
    ran: Counter[str] = field(default_factory=Counter)
    """Recorded trials that really ran, by stage."""
    _reserved: dict[str, str] = field(default_factory=dict)
    """Trials that were let through and are not recorded, to their stage."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def of_run(cls, caps: AllCaps, workspace: Workspace, run: str) -> TrialCaps:
        """With the trials that earlier starts of a run ran: those that left an outcome of their sandboxes."""
        ran: Counter[str] = Counter()
        if caps.any_of("max_trials"):
            for path in (workspace.run_folder(run) / "outcomes").glob("*.json"):
                ran[STAGE_OF[workspace.get(Trial, f"{run}/{path.stem}").split]] += 1
        return cls(caps, ran)

    def reserve(self, trial: Trial) -> None:
        """Let a trial run.

        Raises:
            CapReached: it would be one too many.
        """
        from agent.models.caps import reached

        stage = STAGE_OF[trial.split]
        with self._lock:
            held = self.ran + Counter(self._reserved.values())
            for name, cap in self.caps.of("max_trials", stage):
                count = held[name] if name else held.total()
                if count + 1 > cap:
                    raise reached(
                        "max_trials",
                        name,
                        cap,
                        count + 1,
                        f"{count} {'trial was' if count == 1 else 'trials were'} run",
                    )
            self._reserved[trial.id] = stage

    def settle(self, trial_id: str, *, ran: bool) -> None:
        """Count a trial that was recorded, or free the place of one that was not."""
        with self._lock:
            stage = self._reserved.pop(trial_id, None)
            if ran and stage is not None:
                self.ran[stage] += 1


@dataclass(frozen=True)
class CappedRecorder:
    """A run's recorder that refuses to let a trial run beyond a cap."""

    inner: Recorder
    trials: TrialCaps
    stop: Callable[[], CapReached | None]

    def known(self, trial: Trial) -> Finished | None:
        """The recorded trial; None if it has to run, which is then reserved.

        Raises:
            CapReached: it has to run, and a cap does not allow it.
        """
        found = self.inner.known(trial)
        if found is None:
            if reason := self.stop():
                raise reason
            self.trials.reserve(trial)
        return found

    def record(
        self, trial: Trial, result: Result, scores: Scores | None, outcomes: Sequence[Outcome]
    ) -> Finished:
        """Store a trial that just ran."""
        finished = self.inner.record(trial, result, scores, outcomes)
        self.trials.settle(trial.id, ran=True)
        return finished

    def lock(self, trial_id: str, while_waiting: Callable[[], None]) -> AbstractContextManager[None]:
        """Keep other processes from running the trial; at its end an unrecorded one frees its place."""
        return self._locked(trial_id, while_waiting)

    @contextmanager
    def _locked(self, trial_id: str, while_waiting: Callable[[], None]) -> Iterator[None]:
        with self.inner.lock(trial_id, while_waiting):
            try:
                yield
            finally:
                self.trials.settle(trial_id, ran=False)


class Patient:
    """An executor that can let what is running end."""

    def __init__(self, inner: Executor) -> None:
        self._inner = inner
        self._futures: set[Future[Finished]] = set()

    def submit(self, trial: Trial, change: Change, *, queue: str = "") -> Future[Finished]:
        """Queue a trial (see `agent.ports.Executor`)."""
        future = self._inner.submit(trial, change, queue=queue)
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)  # what ended would be held in memory
        return future

    def finish(self, say: Callable[[str], None]) -> None:
        """Wait for what is running, and say so; what has not begun is dropped."""
        running = [future for future in list(self._futures) if not future.cancel() and not future.done()]
        if running:
            say(f"letting {len(running)} running trials end")
        wait(running)

    def close(self) -> None:
        """End what is running and wait for it."""
        self._inner.close()


def given(flags: Mapping[str, float | None]) -> dict[str, float]:
    """The caps that flags name, by the name of their setting."""
    return {name: value for name, value in flags.items() if name.startswith("max_") and value is not None}
