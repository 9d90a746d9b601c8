"""Stopping: by `shoal stop`, by one signal, by two; the run can be resumed each time."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.workspace import Workspace
from tests.cli.support import environment, files, in_folder, small


def started(folder: Path, *command: str) -> subprocess.Popen[str]:
    """A process of a long run that has trials running."""
    process = subprocess.Popen(
        [sys.executable, "-m", "agent", *command],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "explore:" in line:
            return process
    raise AssertionError(f"it ended with {process.wait()} before any trial")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


LONG = [*small("long", explore=300)]


def test_a_run_is_stopped_interrupted_and_killed_and_stays_resumable(folder: Path) -> None:
    shoal = in_folder(folder)

    process = started(folder, *LONG, "--json")
    busy = shoal("resume", "long")
    assert busy.returncode == 4
    assert "another process" in busy.stderr
    assert shoal("stop", "long").returncode == 0
    out, err = process.communicate()
    assert process.returncode == 3, err
    assert '"status": "stopped"' in out
    assert "shoal resume long" in err
    assert not (folder / "experiments/long/stop").exists()

    process = started(folder, "resume", "long", "--json")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130, err
    assert '"status": "interrupted"' in out
    assert "Traceback" not in err

    process = started(folder, "resume", "long")
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130, err
    assert "Traceback" not in err

    assert shoal("show", "long").returncode == 0
    assert Workspace(folder).runs() == ["long"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupting_before_the_run_begins_leaves_none(folder: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "agent", *small("early")],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and not (folder / "experiments/.store").exists():
        pass
    process.send_signal(number)
    _, err = process.communicate()
    assert process.returncode == 130
    assert "interrupted" in err.splitlines()[-1]
    assert "Traceback" not in err
    assert Workspace(folder).runs() == [] or "experiments/early/run.json" in files(folder)
