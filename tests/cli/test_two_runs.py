"""Two runs on one workspace at the same time: they share trials, and neither hurts the other."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.artifacts import Trial
from agent.workspace import Workspace
from tests.cli.support import environment, in_folder, small


def started(folder: Path, name: str, *more: str) -> subprocess.Popen[str]:
    """A process of a small run."""
    return subprocess.Popen(
        [sys.executable, "-m", "agent", *small(name), "--workers", "2", *more],
        cwd=folder,
        env=environment(folder / "home"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ran(folder: Path, run: str) -> set[str]:
    """The trials that a run ran itself: those whose sandboxes' outcomes it has."""
    return {path.stem for path in (folder / "experiments" / run / "outcomes").glob("*.json")}


def results(folder: Path, run: str) -> dict[str, bytes]:
    """The results of a run, by trial."""
    return {path.stem: path.read_bytes() for path in (folder / "experiments" / run / "results").iterdir()}


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace on which two equal runs were started at once, `one` and `two`."""
    folder = tmp_path_factory.mktemp("together")
    for process in [started(folder, name) for name in ("one", "two")]:
        _, err = process.communicate()
        assert process.returncode == 0, err
    return folder


def test_each_trial_runs_in_one_of_two_equal_runs(together: Path) -> None:
    one, two = ran(together, "one"), ran(together, "two")
    assert not one & two
    assert one | two == set(results(together, "one"))


def test_two_equal_runs_end_in_equal_results(together: Path) -> None:
    assert results(together, "one") == results(together, "two")
    (verdict,) = (together / "experiments/one/ideas").glob("*/verdict.json")
    other = together / "experiments/two/ideas" / verdict.parent.name / "verdict.json"
    assert verdict.read_bytes() == other.read_bytes()


def test_no_lock_of_a_trial_is_left(together: Path) -> None:
    assert list((together / "experiments/.store/locks").glob("trial-*")) == []


def explored(folder: Path, run: str) -> dict[str, bytes]:
    """The results of a run's exploring trials."""
    workspace = Workspace(folder)
    return {
        trial: result
        for trial, result in results(folder, run).items()
        if workspace.get(Trial, f"{run}/{trial}").split == "dev"
    }


def test_a_later_run_runs_nothing_and_a_fresh_one_everything(together: Path) -> None:
    shoal = in_folder(together)
    for name, more in (("later", ()), ("fresh", ("--fresh",))):
        done = shoal(*small(name), "--until", "explore", *more)
        assert done.returncode == 3, done.stderr
    assert (ran(together, "later"), ran(together, "fresh")) == (set(), set(explored(together, "one")))
    assert results(together, "later") == results(together, "fresh") == explored(together, "one")


def test_a_killed_run_does_not_hold_up_the_other(together: Path, tmp_path: Path) -> None:
    doomed = started(tmp_path, "one", "--until", "explore")
    while not list((tmp_path / "experiments/.store/locks").glob("trial-*")):
        assert doomed.poll() is None
    other = started(tmp_path, "two", "--until", "explore")
    doomed.send_signal(signal.SIGKILL)
    doomed.communicate()
    _, err = other.communicate()
    assert other.returncode == 3, err
    assert in_folder(tmp_path)("resume", "one", "--until", "explore").returncode == 3
    assert results(tmp_path, "one") == results(tmp_path, "two") == explored(together, "one")
