"""The executor: each trial once, results as they end, and an end on request."""

import threading
from pathlib import Path

import pytest

from agent.artifacts import Change, Limits
from agent.errors import Stopped
from agent.ports import Sandbox
from agent.store import Recorder
from agent.trials.local import Local, fitting_workers
from agent.trials.prepare import Prepared, prepare
from agent.workspace import Workspace
from tests.trials.conftest import Make


def never() -> Stopped | None:
    return None


def local(prepared: Prepared, sandbox: Sandbox, root: Path, run: str = "run", *, workers: int = 2) -> Local:
    recorder = Recorder(Workspace(root), run, shared=True)
    return Local(prepared, sandbox, recorder, workers=workers, stop=never, note=print)


def test_trials_end_as_recorded_results(micro: Prepared, sandbox: Sandbox, tmp_path: Path) -> None:
    executor = local(micro, sandbox, tmp_path)
    trials = [micro.setup.trial(Change(), replicate, "dev") for replicate in range(4)]
    finished = [executor.submit(trial, Change()).result() for trial in trials]
    executor.close()
    assert [one.result.trial for one in finished] == [trial.id for trial in trials]
    assert not any(one.reused for one in finished)
    assert all((tmp_path / "experiments/run/results" / f"{trial.id}.json").is_file() for trial in trials)


def test_a_trial_submitted_twice_is_one(micro: Prepared, sandbox: Sandbox, tmp_path: Path) -> None:
    executor = local(micro, sandbox, tmp_path)
    trial = micro.setup.trial(Change(), 0, "dev")
    assert executor.submit(trial, Change()) is executor.submit(trial, Change())
    executor.close()


def test_a_known_trial_does_not_run_again(micro: Prepared, sandbox: Sandbox, tmp_path: Path) -> None:
    trial = micro.setup.trial(Change(), 0, "dev")
    first = local(micro, sandbox, tmp_path)
    ran = first.submit(trial, Change()).result()
    first.close()
    for run in ("run", "other"):
        later = local(micro, sandbox, tmp_path, run)
        found = later.submit(trial, Change()).result()
        later.close()
        assert (found.result, found.scores, found.reused) == (ran.result, ran.scores, True)


def test_two_executors_at_once_run_a_trial_once(micro: Prepared, sandbox: Sandbox, tmp_path: Path) -> None:
    trial = micro.setup.trial(Change(), 0, "dev")
    executors = [local(micro, sandbox, tmp_path, run) for run in ("one", "two")]
    futures = [executor.submit(trial, Change()) for executor in executors]
    reused = sorted(future.result().reused for future in futures)
    for executor in executors:
        executor.close()
    assert reused == [False, True]


def test_stop_ends_what_runs_and_what_waits(
    sandbox: Sandbox, store: Path, tmp_path: Path, changed: Make
) -> None:
    asleep = prepare(changed(experiment="import time; time.sleep(600)"), None, sandbox, store)
    asked = threading.Event()
    recorder = Recorder(Workspace(tmp_path), "run", shared=True)
    executor = Local(
        asleep,
        sandbox,
        recorder,
        workers=1,
        stop=lambda: Stopped("asked to") if asked.is_set() else None,
        note=print,
    )
    futures = [executor.submit(asleep.setup.trial(Change(), r, "dev"), Change()) for r in range(3)]
    asked.set()
    for future in futures:
        with pytest.raises(Stopped):
            future.result(timeout=30)
    executor.close()
    assert not (tmp_path / "experiments/run/results").exists()


def test_closing_ends_what_runs(sandbox: Sandbox, store: Path, tmp_path: Path, changed: Make) -> None:
    asleep = prepare(changed(experiment="import time; time.sleep(600)"), None, sandbox, store)
    executor = local(asleep, sandbox, tmp_path, workers=1)
    future = executor.submit(asleep.setup.trial(Change(), 0, "dev"), Change())
    executor.close()
    assert future.cancelled() or isinstance(future.exception(), Stopped)


@pytest.mark.parametrize(
    ("wanted", "cpus", "mem_mb", "cores", "memory_mb", "workers", "why"),
    [
        (2, 1, 100, 2, 8000, 2, ""),
        (8, 1, 100, 4, 8000, 4, "4 cores at 1 a trial"),
        (4, 2, 100, 4, 8000, 2, "4 cores at 2 a trial"),
        (4, 1, 960, 4, 2500, 2, "2500 MB of free memory"),
        (4, 8, 100, 4, 8000, 1, "4 cores at 8 a trial"),
        (1, 8, 100, 4, 8000, 1, ""),
    ],
)
def test_workers_are_reduced_until_their_limits_fit(
    wanted: int, cpus: int, mem_mb: int, cores: int, memory_mb: int, workers: int, why: str
) -> None:
    limits = (Limits(wall_s=1, cpus=cpus, mem_mb=mem_mb), Limits(wall_s=1))
    got, reason = fitting_workers(wanted, limits[:1], cores, memory_mb)
    assert got == workers
    assert why in reason
    assert bool(reason) == bool(why)
