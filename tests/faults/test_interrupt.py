"""Ctrl-C and `shoal stop` end a wait for a provider, but no call under way, and the run can be resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.faults.server import Call, Fault, fault_server, refuses

MICRO = Path(__file__).parent.parent / "templates" / "micro"
LATER = Fault("a long wait", refuses(429, "later", retry_after="600"))
HANG_S = 120
"""A wait that is not interrupted lasts five times as long."""


@pytest.mark.parametrize(("how", "code"), [("signal", 130), ("request", 3)])
def test_a_wait_ends_when_the_run_is_to_stop(tmp_path: Path, how: str, code: int) -> None:
    shoal = [sys.executable, "-m", "agent"]
    where = ["--workspace", str(tmp_path)]
    with fault_server() as server:
        server.plays({"ideate": [LATER]})
        command = [
            *(*shoal, "run", str(MICRO), "--name", "study", *where, "--sandbox", "bubblewrap", "--no-pdf"),
            *("--model", "vllm:x", "--base-url", server.base_url, "--until", "ideate"),
        ]
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as run:
            assert run.stderr is not None
            waits = next(line for line in run.stderr if "waiting" in line)
            assert "for vllm: HTTP 429, attempt 2 of 7" in waits
            if how == "signal":
                os.kill(run.pid, signal.SIGINT)
            else:
                subprocess.run([*shoal, "stop", "study", *where], check=True, timeout=HANG_S)
            last = run.communicate(timeout=HANG_S)[1].splitlines()[-1]
        assert run.returncode == code
        assert last.startswith("shoal: ")
        assert "`shoal resume study` goes on" in last
        resumed = subprocess.run(
            [*shoal, "resume", "study", *where, "--until", "ideate"],
            capture_output=True, text=True, timeout=HANG_S,
        )  # fmt: skip
        assert resumed.returncode == 3, resumed.stderr
        assert server.tally.calls == 2


def test_a_call_under_way_is_waited_for_and_not_paid_again(tmp_path: Path) -> None:
    shoal = [sys.executable, "-m", "agent"]
    where = ["--workspace", str(tmp_path)]
    asked, interrupted = threading.Event(), threading.Event()

    def play(call: Call) -> None:
        asked.set()
        interrupted.wait(HANG_S)
        call.send(json.dumps(call.good()).encode())

    with fault_server() as server:
        server.plays({"ideate": [Fault("a slow answer", play, billed=True)]})
        command = [
            *(*shoal, "run", str(MICRO), "--name", "study", *where, "--sandbox", "bubblewrap", "--no-pdf"),
            *("--model", "vllm:x", "--base-url", server.base_url, "--until", "ideate"),
        ]
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as run:
            assert run.stderr is not None
            assert asked.wait(HANG_S)
            os.kill(run.pid, signal.SIGINT)
            told = next(line for line in run.stderr if line.startswith("stopping"))
            assert "a call to a model, which is paid for, is waited for" in told
            interrupted.set()
            assert "`shoal resume study` goes on" in run.communicate(timeout=HANG_S)[1]
        assert run.returncode == 130
        resumed = subprocess.run(
            [*shoal, "resume", "study", *where, "--until", "ideate"],
            capture_output=True, text=True, timeout=HANG_S,
        )  # fmt: skip
        assert resumed.returncode == 3, resumed.stderr
        assert server.tally.calls == 1
