"""The executor: each trial once, results as they end, and an end on request."""

import gc
import signal
import subprocess
import sys
import threading
import weakref
from concurrent.futures import as_completed
from pathlib import Path

import pytest

from agent.artifacts import Change, Limits
from agent.errors import Stopped
from agent.ports import Sandbox
from agent.store import Recorder
from agent.trials.local import Local, Turns
from agent.trials.machine import cores, fitting_workers, free_memory_mb
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


HOLDER = """
import sys, time
from pathlib import Path
from agent.store import Recorder
from agent.workspace import Workspace
recorder = Recorder(Workspace(Path(sys.argv[1])), "other", shared=True)
with recorder.lock(sys.argv[2], lambda: None):
    print("held", flush=True)
    time.sleep(600)
"""


def holder(root: Path, trial_id: str) -> subprocess.Popen[str]:
    """Another process that holds the lock of a trial."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(root), trial_id], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_trial_goes_on_when_the_process_that_held_it_was_killed(
    micro: Prepared, sandbox: Sandbox, tmp_path: Path
) -> None:
    trial = micro.setup.trial(Change(), 0, "dev")
    other = holder(tmp_path, trial.id)
    executor = local(micro, sandbox, tmp_path)
    future = executor.submit(trial, Change())
    free = executor.submit(micro.setup.trial(Change(), 1, "dev"), Change())
    free.result()
    assert not future.done()
    other.send_signal(signal.SIGKILL)
    other.communicate()
    assert not future.result().reused
    executor.close()
    assert list((tmp_path / "experiments/.store/locks").iterdir()) == []


def test_stop_does_not_wait_for_a_trial_of_another_process(
    micro: Prepared, sandbox: Sandbox, tmp_path: Path
) -> None:
    trial = micro.setup.trial(Change(), 0, "dev")
    other = holder(tmp_path, trial.id)
    executor = local(micro, sandbox, tmp_path)
    future = executor.submit(trial, Change())
    executor.close()
    assert isinstance(future.exception(), Stopped)
    assert other.poll() is None
    other.kill()
    other.communicate()


def test_after_its_end_a_trial_can_be_asked_for_again(
    micro: Prepared, sandbox: Sandbox, tmp_path: Path
) -> None:
    executor = local(micro, sandbox, tmp_path)
    trial = micro.setup.trial(Change(), 0, "dev")
    ran = executor.submit(trial, Change()).result()
    again = executor.submit(trial, Change()).result()
    executor.close()
    assert (ran.reused, again.reused, again.result) == (False, True, ran.result)


def test_an_ended_trial_is_not_held_in_memory(micro: Prepared, sandbox: Sandbox, tmp_path: Path) -> None:
    executor = local(micro, sandbox, tmp_path, workers=1)
    future = executor.submit(micro.setup.trial(Change(), 0, "dev"), Change())
    held = weakref.ref(future.result())
    del future
    executor.submit(micro.setup.trial(Change(), 1, "dev"), Change()).result()  # the worker went on
    gc.collect()
    assert held() is None
    executor.close()


def test_after_closing_nothing_runs_any_more(micro: Prepared, sandbox: Sandbox, tmp_path: Path) -> None:
    executor = local(micro, sandbox, tmp_path)
    executor.close()
    future = executor.submit(micro.setup.trial(Change(), 0, "dev"), Change())
    assert isinstance(future.exception(timeout=0), Stopped)


def test_queues_take_turns() -> None:
    turns, taken = Turns(), []
    for name in ("a1", "a2", "a3", "a4", "b1", "b2", "c1"):
        turns.put(name[0], lambda name=name: taken.append(name))  # type: ignore[misc]
    turns.close()
    while (work := turns.take()) is not None:
        work()
    assert taken == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]


def test_many_trials_of_one_idea_do_not_hold_up_another(
    micro: Prepared, sandbox: Sandbox, tmp_path: Path
) -> None:
    executor = local(micro, sandbox, tmp_path, workers=1)
    trials = {r: micro.setup.trial(Change(), r, "dev") for r in range(7)}
    owners = {
        executor.submit(trials[r], Change(), queue=idea): idea
        for r, idea in enumerate(("one", "one", "one", "one", "one", "two", "two"))
    }
    ended = [owners[future] for future in as_completed(owners)]
    executor.close()
    assert ended.index("two") <= 2
    assert ended[-1] == "one"


def test_a_bug_in_a_trial_reaches_who_waits_for_it(micro: Prepared, sandbox: Sandbox, tmp_path: Path) -> None:
    executor = local(micro, sandbox, tmp_path)
    other = Change.of({"width": 7})
    wrong = executor.submit(micro.setup.trial(Change(), 0, "dev"), other)
    with pytest.raises(ValueError, match="not this change"):
        wrong.result()
    assert executor.submit(micro.setup.trial(other, 0, "dev"), other).result().result.status == "ok"
    executor.close()


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
        (16, 1, 1000, 16, 2000, 1, "2000 MB of free memory"),
        (1, 1, 1000, 16, 500, 1, "may run out of memory"),
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


GIB = 1 << 30
MEMINFO = "MemTotal: 65536000 kB\nMemAvailable: 33554432 kB\n"
VERSION_2 = {
    "proc/self/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
    "proc/self/cgroup": "0::/pod/box\n",
    "sys/fs/cgroup/pod/memory.max": str(3 * GIB),
    "sys/fs/cgroup/pod/memory.current": str(GIB),
    "sys/fs/cgroup/pod/memory.stat": f"anon 5\ninactive_file {GIB // 2}\n",
    "sys/fs/cgroup/pod/cpu.max": "250000 100000\n",
    "sys/fs/cgroup/pod/box/memory.max": "max\n",
    "sys/fs/cgroup/pod/box/memory.current": "0\n",
    "sys/fs/cgroup/pod/box/cpu.max": "max 100000\n",
}
VERSION_1 = {
    "proc/self/mounts": "cgroup /cg/memory cgroup rw,memory 0 0\ncgroup /cg/cpu cgroup rw,cpu,cpuacct 0 0\n",
    "proc/self/cgroup": "4:memory:/docker/f00\n3:cpu,cpuacct:/docker/f00\n",  # a container sees none of it
    "cg/memory/memory.limit_in_bytes": str(2 * GIB),
    "cg/memory/memory.usage_in_bytes": str(GIB),
    "cg/memory/memory.stat": "total_inactive_file 0\n",
    "cg/cpu/cpu.cfs_quota_us": "100000",
    "cg/cpu/cpu.cfs_period_us": "100000",
}
UNLIMITED = VERSION_1 | {
    "cg/memory/memory.limit_in_bytes": "9223372036854771712",
    "cg/cpu/cpu.cfs_quota_us": "-1",
}


@pytest.mark.parametrize(
    ("files", "memory_mb", "processors"),
    [(VERSION_2, 2560, 2), (VERSION_1, 1024, 1), (UNLIMITED, 32768, None)],
    ids=["version 2", "version 1", "unlimited"],
)
def test_a_container_has_what_it_was_given(
    tmp_path: Path, files: dict[str, str], memory_mb: int, processors: int | None
) -> None:
    for name, text in {"proc/meminfo": MEMINFO, **files}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert free_memory_mb(tmp_path) == memory_mb
    assert cores(tmp_path) == min(processors or cores(), cores())


def test_this_machine_can_be_read() -> None:
    assert free_memory_mb() > 0
    assert cores() >= 1
