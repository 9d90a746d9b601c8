"""`--sandbox none`: the same outcomes without a wall around the code."""

from pathlib import Path

import pytest

from agent.artifacts import Limits, Outcome
from agent.ports import Job, Mount
from agent.sandboxes.unconfined import Unconfined


@pytest.fixture
def unconfined(tmp_path: Path) -> Unconfined:
    return Unconfined(tmp_path / "store")


def run(sandbox: Unconfined, code: str, *mounts: Mount, wall_s: float = 20, out_files: int = 5) -> Outcome:
    environment = sandbox.environment(())
    limits = Limits(wall_s=wall_s, mem_mb=64, out_mb=1, out_files=out_files)
    argv = (environment.python, "-c", code, "/out/a.txt", "/job/data/x")
    return sandbox.run(Job(argv, mounts, environment, limits, "test"))


def test_files_come_and_go_as_in_a_sandbox(unconfined: Unconfined, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "x").write_text("hello")
    code = "import sys; open(sys.argv[1], 'w').write(open(sys.argv[2]).read()); print('done')"
    outcome = run(unconfined, code, Mount(data, "/job/data"))
    assert (outcome.status, outcome.sandbox, outcome.log_tail) == ("ok", "none", "done\n")
    assert Path(str(outcome.outputs), "a.txt").read_text() == "hello"


def test_variables_of_the_host_are_not_passed_on(
    unconfined: Unconfined, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "shoal-secret")
    outcome = run(unconfined, "import os; print(dict(os.environ))")
    assert "shoal-secret" not in outcome.log_tail


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("raise SystemExit(2)", "crashed"),
        ("import time; time.sleep(600)", "timeout"),
        ("x = bytearray(1 << 30)", "out_of_memory"),
        ("import sys\nfor i in range(9): open(f'{sys.argv[1]}{i}', 'w')", "disk_full"),
        ("import sys; open(sys.argv[1], 'wb').write(bytes(2 << 20))", "disk_full"),
    ],
)
def test_jobs_end_as_in_a_sandbox(unconfined: Unconfined, code: str, status: str) -> None:
    assert run(unconfined, code, wall_s=2).status == status


def test_links_are_not_followed(unconfined: Unconfined) -> None:
    code = "import os, sys; os.symlink('/etc/passwd', sys.argv[1])"
    outcome = run(unconfined, code)
    assert list(Path(str(outcome.outputs)).iterdir()) == []
