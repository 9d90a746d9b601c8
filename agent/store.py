"""Recorded trials: of one run, and of all runs of a workspace.

Promises that a trial has one Result per run, written last of its records, and that only `ok` and
`invalid` results travel between runs. Results of `--sandbox none` neither enter nor leave the store.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from agent.artifacts import Outcome, Result, Scores, Trial
from agent.errors import WorkspaceCorrupt
from agent.ports import Finished
from agent.workspace import Workspace, envelope, passing_lock, read_artifact, write_durably

POLL_S = 0.05
SHARED = ("ok", "invalid")
"""A crash or a time-out may be the machine's doing, so other runs do not inherit it."""


class Recorder:
    """Keeps the trials of one run and shares them with later runs of the workspace."""

    def __init__(self, workspace: Workspace, run: str, *, shared: bool, fresh: bool = False) -> None:
        """`shared`: False where the sandbox is `none`. `fresh`: do not reuse what other runs found."""
        self._workspace = workspace
        self._run = run
        self._shared = shared
        self._fresh = fresh

    def known(self, trial: Trial) -> Finished | None:
        """The recorded trial of this run, else one that another run recorded; None if there is none.

        Raises:
            WorkspaceCorrupt: a record is damaged.
        """
        try:
            result = self._workspace.get(Result, f"{self._run}/{trial.id}")
        except KeyError:
            return self._take_from_store(trial)
        return Finished(result, self._own_scores(result), reused=True)

    def record(
        self, trial: Trial, result: Result, scores: Scores | None, outcomes: Sequence[Outcome]
    ) -> Finished:
        """Store a trial that just ran: scores, trial and outcomes first, the Result last."""
        self._keep(trial, result, scores)
        if outcomes:
            self._workspace.put_outcomes(self._run, trial.id, outcomes)
        self._workspace.put(f"{self._run}/{trial.id}", result)
        if self._shared and result.status in SHARED:
            if scores is not None:
                write_durably(self._stored("scores", scores.hash), envelope(scores))
            write_durably(self._stored("results", trial.id), envelope(result))
        return Finished(result, scores, reused=False)

    @contextmanager
    def lock(self, trial_id: str, while_waiting: Callable[[], None]) -> Iterator[None]:
        """Keep other threads and processes of the workspace from running the same trial at the same time.

        A process that is killed lets go of it.

        Args:
            while_waiting: Called every `POLL_S` seconds as long as another one holds it; may raise.
        """
        path = self._workspace.store / "locks" / f"trial-{trial_id}.lock"
        while True:
            with passing_lock(path) as held:
                if held:
                    yield
                    return
            while_waiting()
            time.sleep(POLL_S)

    def _keep(self, trial: Trial, result: Result, scores: Scores | None) -> None:
        if scores is not None and result.scores_hash is not None:
            self._workspace.put(f"{self._run}/{result.scores_hash}", scores)
        self._workspace.put(f"{self._run}/{trial.id}", trial)

    def _own_scores(self, result: Result) -> Scores | None:
        if result.scores_hash is None:
            return None
        return self._workspace.get(Scores, f"{self._run}/{result.scores_hash}")

    def _stored(self, folder: str, name: str) -> Path:
        return self._workspace.store / folder / f"{name}.json"

    def _take_from_store(self, trial: Trial) -> Finished | None:
        if self._fresh or not self._shared:
            return None
        try:
            result = read_artifact(Result, self._stored("results", trial.id))
            scores = (
                read_artifact(Scores, self._stored("scores", result.scores_hash))
                if result.scores_hash is not None
                else None
            )
        except KeyError:
            return None
        except WorkspaceCorrupt as error:
            raise WorkspaceCorrupt(f"{error}: `shoal clean --store` removes what can be rebuilt") from error
        self._keep(trial, result, scores)
        self._workspace.put(f"{self._run}/{trial.id}", result)
        return Finished(result, scores, reused=True)
