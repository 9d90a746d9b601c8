"""How jobs are ended from outside, and that nothing is left of a Shoal that was killed."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.errors import Stopped
from agent.ports import Mount, Sandbox
from agent.sandboxes import cgroup
from agent.sandboxes.bubblewrap import Bubblewrap
from agent.sandboxes.owner import LABEL
from tests.contracts.support import ROOT, code_job, processes_named, wait_until
from tests.sandboxes.ordinary import OrdinaryBubblewrap

MICRO = ROOT / "tests" / "templates" / "micro"
HANG = """
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "{mark}"], start_new_session=True)
os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)", "{mark}"])
"""


def test_stop_all_ends_a_running_job(sandbox: Sandbox, folder: Path) -> None:
    fifo = folder / "started"
    os.mkfifo(fifo)
    fifo.chmod(0o666)
    errors: list[BaseException] = []
    # opening a FIFO for reading needs no write access to the read-only mount, and wakes this test
    job = code_job(sandbox, "import time; open('/job/started', 'rb'); time.sleep(600)",
                   (Mount(fifo, "/job/started"),), wall_s=600)  # fmt: skip

    def work() -> None:
        try:
            sandbox.run(job)
        except Stopped as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    with fifo.open("wb"):
        sandbox.stop_all()
    thread.join()
    assert len(errors) == 1


def containers_of(pid: int) -> list[str]:
    """Containers, running or not, that a process of this machine made."""
    from agent.sandboxes.docker import connect

    client = connect()
    rows = client.containers(all=True, filters={"label": LABEL})
    client.close()
    return [row["Id"] for row in rows if row["Labels"][LABEL].split(" ")[2] == str(pid)]


def groups_of(pid: int) -> list[Path]:
    """Control groups that a process of this machine made."""
    tree = cgroup.find().tree
    roots = set(tree.roots.values()) if tree else set()
    return [folder for root in roots for folder in root.glob(f"shoal-*_{pid}_*")]


@pytest.fixture
def shoal(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[Any], str]]:
    """`shoal run` of the micro-template with an evaluator that hangs, and the mark of its processes."""
    kind = request.param
    mark = f"shoal-orphan-{os.getpid()}-{kind}"
    shutil.copytree(MICRO, tmp_path / "template")
    (tmp_path / "template" / "evaluate.py").write_text(HANG.format(mark=mark))
    settings = (tmp_path / "template" / "template.toml").read_text().replace("wall_s = 10", "wall_s = 600")
    (tmp_path / "template" / "template.toml").write_text(settings)
    log = (tmp_path / "log").open("w")
    command = [
        *(
            sys.executable,
            "-m",
            "agent",
            "run",
            str(tmp_path / "template"),
            "--sandbox",
            kind,
            "--workers",
            "2",
        ),
        *("--idea", "attention", "--no-pdf", "--replicates", "8", "--allow-uninformative"),
    ]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
    )  # fmt: skip
    yield process, mark
    process.kill()
    process.wait()
    log.close()
    print((tmp_path / "log").read_text())


@pytest.mark.parametrize(
    "shoal", ["bubblewrap", pytest.param("docker", marks=pytest.mark.docker)], indirect=True
)
def test_nothing_is_left_after_shoal_was_killed_in_its_trials(
    shoal: tuple[subprocess.Popen[Any], str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    process, mark = shoal
    store = tmp_path / "experiments" / ".store"
    wait_until(lambda: len(processes_named(mark)) > 1, "no trial started", seconds=60)
    assert list((store / "scratch").iterdir())
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until(
        lambda: not processes_named(mark) and not processes_named(str(store)), "a process outlived Shoal"
    )
    if "docker" in mark:
        from agent.sandboxes.docker import Docker

        wait_until(lambda: not containers_of(process.pid), "a container outlived Shoal")
        wait_until(lambda: not processes_named(f" {process.pid} "), "the guard outlived Shoal")
        Docker(store, base_image=request.getfixturevalue("docker_base_image"))
    else:
        Bubblewrap(store)
    assert not list((store / "scratch").iterdir())
    assert not groups_of(process.pid)


def test_no_process_is_left_after_a_user_s_shoal_was_killed(folder: Path) -> None:
    if os.geteuid() != 0:
        return  # the test above has run as an ordinary user
    mark = f"shoal-orphan-{os.getpid()}-user"
    ordinary = OrdinaryBubblewrap()
    (folder / "hang.py").write_text(HANG.format(mark=mark))
    job = code_job(ordinary, "exec(open('/job/hang.py').read())", (Mount(folder, "/job"),), wall_s=600)

    def work() -> None:
        with pytest.raises((EOFError, ConnectionError)):
            ordinary.run(job)

    thread = threading.Thread(target=work)
    thread.start()
    wait_until(lambda: len(processes_named(mark)) > 1, "the job never started")
    os.kill(ordinary.pid, signal.SIGKILL)
    thread.join()
    wait_until(lambda: not processes_named(mark), "a process outlived Shoal")
    ordinary.__exit__()
