"""A run stops before its caps on time, trials and tokens, says how to go on, and goes on from there."""

from __future__ import annotations

import json
import random
import re
import shutil
import sys
import threading
from collections import defaultdict
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from pathlib import Path
from typing import get_args

import pytest
from pytest_httpserver import HTTPServer

from agent.artifacts import Change, Limits, Result, Trial
from agent.cli.caps import CappedRecorder, Patient, TimeCaps, TrialCaps
from agent.cli.checks import STAGES
from agent.cli.events import EventLog, beginning, events
from agent.cli.settings import Stage
from agent.cli.worked import Worked
from agent.errors import CapReached
from agent.models.caps import AllCaps, Caps
from agent.ports import Event, Finished
from tests.cli.recorded import KEY, MODEL, STUDY, Telltale
from tests.cli.support import MICRO, Shoal, assert_refused, small

ENDLESS = "def main() -> None:\n    while True:\n        pass\n\n\ndef never() -> None:\n"

# ------------------------------------------------------------------------------------------- a whole run


def ran(here: Path, run: str) -> int:
    """Trials that really ran."""
    return len(list((here / "experiments" / run / "outcomes").glob("*.json")))


def test_a_run_stops_at_its_cap_on_trials_and_goes_on_with_a_higher_one(here: Path, shoal: Shoal) -> None:
    first = shoal(*small("a"), "--max-trials", "5", "--workers", "2")
    assert first.returncode == 3
    assert "5 trials (--max-trials): 5 trials were run; attention has finished ideate" in first.stderr
    assert "`shoal resume a --max-trials 10` goes on" in first.stderr
    assert ran(here, "a") == 5

    again = shoal("resume", "a", "--allow-uninformative")
    assert again.returncode == 3
    assert "--max-trials" in again.stderr
    assert ran(here, "a") == 5

    (here / "shoal.toml").write_text("[budget.stage.explore]\nmax_trials = 7\n")
    staged = shoal("resume", "a", "--max-trials", "1000", "--allow-uninformative")
    assert staged.returncode == 3
    assert "raise max_trials of [budget.stage.explore], to 14 for instance" in staged.stderr
    assert ran(here, "a") == 7

    replayed = shoal("replay", "a")
    assert replayed.returncode == 0, replayed.stderr
    assert "the run went no further: trial " in replayed.stdout


def test_a_run_stops_at_its_cap_on_time(here: Path, shoal: Shoal) -> None:
    stopped = shoal(*small("a"), "--max-minutes", "0", "--json")
    assert stopped.returncode == 3
    assert json.loads(stopped.stdout)["status"] == "stopped"
    assert "0 minutes (--max-minutes)" in stopped.stderr
    assert "--max-minutes 10` goes on" in stopped.stderr
    assert ran(here, "a") == 0


def test_a_run_stops_before_its_cap_on_tokens_and_asks_nothing_twice(here: Path, shoal: Shoal) -> None:
    with HTTPServer() as server:
        telltale = Telltale(server)
        model = ("--model", MODEL, "--base-url", telltale.base_url, "--name", "a", "--until", "explore")
        key = {"OPENAI_API_KEY": KEY}
        stopped = shoal(*STUDY, *model, env={**key, "SHOAL_BUDGET__STAGE__EXPLORE__MAX_TOKENS": "5000"})
        assert stopped.returncode == 3
        assert "5000 tokens for stage explore: 0 calls, 0 tokens" in stopped.stderr
        asked = len(telltale.bodies)
        resumed = shoal("resume", "a", "--max-tokens", "3000", env=key)
        assert resumed.returncode == 3
        assert "3000 tokens (--max-tokens): 1 calls" in resumed.stderr
        assert len(telltale.bodies) == asked == 2


def test_a_cap_of_a_stage_that_does_not_exist_is_named_with_its_line(here: Path, shoal: Shoal) -> None:
    (here / "shoal.toml").write_text("[budget]\nmax_trials = 9\n\n[budget.stage.wirte]\nmax_tokens = 5\n")
    assert_refused(shoal(*small("a")), "shoal.toml:4", "budget.stage.wirte", "explore, register")


def test_the_stages_of_the_settings_are_those_of_the_graph() -> None:
    assert get_args(Stage) == STAGES


# ----------------------------------------------------------------------------------------------- trials


def trial(replicate: int, split: str = "dev") -> Trial:
    limits = Limits(wall_s=1, cpus=1, mem_mb=16, out_mb=1, out_files=1, tmp_mb=1, pids=1)
    given = dict.fromkeys(("template_hash", "data_hash", "code_hash", "environment_hash"), "h")
    return Trial(**given, knobs=(), replicate=replicate, split=split, limits=limits)  # type: ignore[arg-type]


class Remembers:
    """A recorder that keeps results in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Finished] = {}
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def known(self, trial: Trial) -> Finished | None:
        return self.kept.get(trial.id)

    def record(self, trial: Trial, result: Result, scores: object, outcomes: object) -> Finished:
        self.kept[trial.id] = Finished(result, None, reused=True)
        return self.kept[trial.id]

    def lock(self, trial_id: str, while_waiting: object) -> AbstractContextManager[bool]:
        return self._locks[trial_id]


def run_one(recorder: CappedRecorder, one: Trial, *, breaks: bool) -> None:
    """What the executor does with a trial."""
    with recorder.lock(one.id, lambda: None):
        if recorder.known(one) is None and not breaks:
            recorder.record(one, Result(trial=one.id, status="crashed", reason="x"), None, [])


@pytest.mark.parametrize("seed", range(20))
def test_no_more_trials_run_than_the_caps_allow_however_many_workers_there_are(seed: int) -> None:
    chance, interval = random.Random(seed), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    run, explore = chance.randint(0, 60), chance.randint(0, 40)
    inner = Remembers()
    caps = TrialCaps(AllCaps(Caps(max_trials=run), {"explore": Caps(max_trials=explore)}))
    recorder = CappedRecorder(inner, caps, lambda: None)  # type: ignore[arg-type]
    trials = [trial(number, chance.choice(("dev", "test"))) for number in range(40)] * 2
    try:
        with ThreadPoolExecutor(16) as pool:
            wait([pool.submit(run_one, recorder, one, breaks=chance.random() < 0.3) for one in trials])
    finally:
        sys.setswitchinterval(interval)
    dev = sum(1 for one in set(trials) if one.id in inner.kept and one.split == "dev")
    assert len(inner.kept) <= run
    assert dev <= explore
    assert caps.ran.total() == len(inner.kept)


def test_a_known_trial_is_free_and_one_that_broke_gives_its_place_back() -> None:
    caps = TrialCaps(AllCaps(Caps(max_trials=1)))
    recorder = CappedRecorder(Remembers(), caps, lambda: None)  # type: ignore[arg-type]
    run_one(recorder, trial(0), breaks=True)
    run_one(recorder, trial(1), breaks=False)
    run_one(recorder, trial(1), breaks=False)
    with pytest.raises(CapReached, match="1 trial was run"):
        run_one(recorder, trial(2), breaks=False)


def test_time_that_is_up_ends_running_trials(here: Path, shoal: Shoal) -> None:
    template = here / "endless"
    shutil.copytree(MICRO, template)
    code = (template / "experiment.py").read_text()
    (template / "experiment.py").write_text(code.replace("def main() -> None:\n", ENDLESS))
    table = (template / "template.toml").read_text()
    (template / "template.toml").write_text(re.sub(r"wall_s = \d+", "wall_s = 3600", table))
    stopped = shoal(*small("a", template=template), "--max-minutes", "0.02")
    assert stopped.returncode == 3, stopped.stderr
    assert "--max-minutes" in stopped.stderr
    assert ran(here, "a") == 0


class Slow:
    """An executor with one worker, which runs until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self._pool = ThreadPoolExecutor(1)

    def submit(self, trial: Trial, change: Change, *, queue: str = "") -> Future[Finished]:
        return self._pool.submit(self._run, trial)

    def _run(self, trial: Trial) -> Finished:
        self.go.wait()
        return Finished(Result(trial=trial.id, status="crashed", reason="x"), None, reused=False)

    def close(self) -> None:
        self._pool.shutdown()


def test_at_a_cap_what_runs_may_end_and_what_waits_is_dropped() -> None:
    slow = Slow()
    patient = Patient(slow)
    running = patient.submit(trial(0), Change())
    while not running.running():
        threading.Event().wait(0.001)
    waiting = patient.submit(trial(1), Change())
    threading.Timer(0.05, slow.go.set).start()
    said: list[str] = []
    patient.finish(said.append)
    assert said == ["letting 1 running trials end"]
    assert running.result().result.trial == trial(0).id
    assert waiting.cancelled()
    patient.close()


# ------------------------------------------------------------------------------------------------- time


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


def stage(idea: str, name: str, phase: str) -> Event:
    return Event("stage", idea, name, {"phase": phase})


def test_time_counts_over_all_starts_and_for_each_stage_once(tmp_path: Path) -> None:
    clock = Hand()
    with EventLog(tmp_path, clock) as log:
        log.began("t", None, {"max_minutes": 5})
        log.add(stage("a", "explore", "start"))
        clock.s = 10
        log.add(stage("b", "explore", "start"))
        clock.s = 20
        log.add(stage("a", "explore", "end"))
        log.add(stage("a", "write", "start"))
        clock.s = 25
    clock.s = 1000  # between two starts
    with EventLog(tmp_path, clock) as log:
        log.went_on({"max_minutes": 7})
        assert log.now().active() == set()
        clock.s = 1010
        log.add(stage("a", "write", "start"))
        clock.s = 1013
        now = log.now()
    assert now.total_s == 20 + 13
    assert (now.stage_s("explore"), now.stage_s("write")) == (20, 3)
    assert beginning(tmp_path).caps == {"max_minutes": 7}


def test_a_wall_clock_that_goes_back_and_torn_lines_change_nothing(tmp_path: Path) -> None:
    clock = Hand()
    with EventLog(tmp_path, clock) as log:
        log.began("t", None, {})
        clock.s = 60
        log.add(Event("note", "", "x"))
    path = tmp_path / "events.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    early = [{**row, "at": "1970-01-01T00:00:00.000+00:00"} for row in reversed(rows)]
    path.write_text("".join(json.dumps(row) + "\n" for row in early) + '{"worked_s": 9')
    assert Worked.before(events(tmp_path)).total_s == 60
    with EventLog(tmp_path, clock) as log:
        assert log.now().total_s == 60


@pytest.mark.parametrize(
    ("caps", "seconds", "told"),
    [
        (AllCaps(Caps(max_minutes=2)), 119, None),
        (AllCaps(Caps(max_minutes=2)), 120, r"2 minutes \(--max-minutes\): 2.0 minutes were worked"),
        (AllCaps(stages={"explore": Caps(max_minutes=2)}), 130, None),
        (AllCaps(stages={"write": Caps(max_minutes=1)}), 130, "1 minutes for stage write"),
    ],
)
def test_time_is_up_for_the_run_or_for_a_stage_that_is_under_way(
    caps: AllCaps, seconds: float, told: str | None
) -> None:
    worked = Worked()
    worked.take({"kind": "stage", "idea": "a", "text": "write", "phase": "start", "worked_s": 10})
    worked.pass_to(seconds)
    reason = TimeCaps(caps, lambda: worked).reached()
    if told is None:
        assert reason is None
    else:
        with pytest.raises(CapReached, match=told):
            raise reason or AssertionError("no cap was reached")
