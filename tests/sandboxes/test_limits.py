"""Which limits hold: what is said of them, what is refused, and that what was hit is told truthfully."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.artifacts import Limits, Outcome
from agent.ports import Job, Sandbox
from agent.sandboxes.bubblewrap import Bubblewrap
from agent.sandboxes.cgroup import Found, Tree, find
from agent.sandboxes.choose import refusal
from agent.sandboxes.enforcement import MEANING, Enforced, engine_rows, group_rows, still_open, swap_is_off
from agent.sandboxes.unconfined import Unconfined
from tests.sandboxes.ordinary import ROOT, SYSTEM_PYTHON, USER

LIMITS = Limits(wall_s=20, mem_mb=96, out_mb=2, out_files=20, tmp_mb=2, pids=16)
NOWHERE = Found(None, "asked to do without")
ENGINE = {
    "MemoryLimit": True,
    "SwapLimit": True,
    "CpuCfsQuota": True,
    "PidsLimit": True,
    "CgroupVersion": "2",
}


def run(sandbox: Sandbox, code: str, **limits: Any) -> Outcome:
    environment = sandbox.environment(())
    job = Job((environment.python, "-c", code), (), environment, LIMITS.model_copy(update=limits), "test")
    outcome = sandbox.run(job)
    shutil.rmtree(str(outcome.outputs))
    return outcome


def held(rows: tuple[Enforced, ...]) -> dict[str, bool]:
    return {row.limit: row.holds for row in rows}


@pytest.fixture
def by_rlimits(tmp_path: Path) -> Bubblewrap:
    """bubblewrap where no control group can be made."""
    return Bubblewrap(tmp_path, groups=NOWHERE)


# ------------------------------------------------------------------------------- what is told of a job


def test_processes_that_could_not_be_made_are_told(sandbox: Sandbox) -> None:
    code = """
import os, time
try:
    while True:
        if os.fork() == 0: time.sleep(60)
except OSError: pass
"""
    outcome = run(sandbox, code)
    assert (outcome.status, outcome.limits_hit) == ("ok", ("pids",))


def test_a_job_within_its_limits_has_hit_none(sandbox: Sandbox) -> None:
    code = "import os\nfor _ in range(4): os.fork() or os._exit(0)\nfor _ in range(4): os.wait()"
    assert run(sandbox, code).limits_hit == ()


def test_peak_memory_is_that_of_all_processes_together(sandbox: Sandbox) -> None:
    code = """
import os
ready, filled = os.pipe()
wait, go = os.pipe()
for _ in range(3):
    if os.fork() == 0:
        os.close(go)
        held = bytearray(b"x" * (20 << 20))
        os.write(filled, b"."); os.read(wait, 1); os._exit(0)
for _ in range(3): os.read(ready, 1)
os.close(go)
for _ in range(3): os.wait()
"""
    peak = run(sandbox, code, mem_mb=256).peak_mb
    assert 60 < peak < 256  # the largest of them holds less than 60


def test_without_control_groups_each_process_has_bounded_time_on_the_processor(
    by_rlimits: Bubblewrap,
) -> None:
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_CPU))"
    soft = 7 * 2 + 1  # seconds of wall clock, times cores, and one for the start
    assert run(by_rlimits, code, wall_s=7, cpus=2).log_tail == f"({soft}, {soft + 1})\n"


def test_time_on_the_processor_that_ran_out_is_told(by_rlimits: Bubblewrap) -> None:
    outcome = run(by_rlimits, "import os, signal; os.kill(os.getpid(), signal.SIGXCPU)")
    assert (outcome.status, outcome.limits_hit) == ("timeout", ("cpus",))


# ------------------------------------------------------------------------------- what is said to hold


def test_every_sandbox_speaks_of_every_limit(tmp_path: Path, by_rlimits: Bubblewrap) -> None:
    for sandbox in (Unconfined(tmp_path), by_rlimits, Bubblewrap(tmp_path)):
        assert set(held(sandbox.enforcement())) == set(MEANING)
        assert all(row.how for row in sandbox.enforcement())
    assert not any(held(Unconfined(tmp_path).enforcement()).values())


def test_control_groups_hold_what_they_have_controllers_for(tmp_path: Path) -> None:
    every = dict.fromkeys(("memory", "pids", "cpu"), tmp_path)
    assert all(held(group_rows(Found(Tree(2, every), ""), counts_alone=False)).values())
    some = Found(Tree(2, {"memory": tmp_path, "pids": tmp_path}), "not handed down")
    rows = group_rows(some, counts_alone=False)
    assert [row.limit for row in still_open(rows, ())] == ["cpu"]
    assert "not handed down" in next(row.how for row in rows if row.limit == "cpu")


def test_resource_limits_hold_processes_only_where_they_are_counted_by_job() -> None:
    assert held(group_rows(NOWHERE, counts_alone=True))["processes"]
    rows = held(group_rows(NOWHERE, counts_alone=False))
    assert not any(rows[name] for name in ("memory", "cpu", "processes"))
    assert rows["swap"] == swap_is_off()


@pytest.mark.parametrize(
    ("field", "limit"),
    [("MemoryLimit", "memory"), ("CpuCfsQuota", "cpu"), ("PidsLimit", "processes"), ("SwapLimit", "swap")],
)
@pytest.mark.parametrize("value", [False, None])
def test_what_an_engine_does_not_say_does_not_hold(field: str, limit: str, value: bool | None) -> None:
    assert all(held(engine_rows(ENGINE)).values())
    (row,) = still_open(engine_rows({**ENGINE, field: value, "KernelVersion": "another machine's"}), ())
    assert row.limit == limit
    assert field in row.how


@pytest.mark.docker
def test_the_engine_here_is_asked(tmp_path: Path, docker_base_image: str) -> None:
    from agent.sandboxes.docker import Docker, connect

    client = connect()
    info = client.info()
    client.close()
    rows = held(Docker(tmp_path, base_image=docker_base_image).enforcement())
    assert rows["memory"] == info["MemoryLimit"]
    assert rows["processes"] == info["PidsLimit"]


# ------------------------------------------------------------------------------- what is refused


def test_an_open_limit_is_refused_by_its_name_with_the_ways_out(by_rlimits: Bubblewrap) -> None:
    text = refusal("bubblewrap", by_rlimits.enforcement(), ())
    for word in ("memory", "cpu", "asked to do without", "use Docker", "--allow-unenforced memory"):
        assert word in text


def test_only_what_is_allowed_by_name_is_let_go(by_rlimits: Bubblewrap) -> None:
    rows = by_rlimits.enforcement()
    names = [row.limit for row in still_open(rows, ())]
    assert refusal("bubblewrap", rows, names) == ""
    assert "cpu (" not in refusal("bubblewrap", rows, ("cpu",))
    assert "memory (" in refusal("bubblewrap", rows, ("cpu",))
    settled = tuple(replace(row, holds=True) for row in rows)
    assert refusal("bubblewrap", settled, ()) == ""


# ------------------------------------------------------------------------------- an ordinary user


@pytest.fixture
def users_folder() -> Iterator[Path]:
    """A folder that belongs to an ordinary user, as whom only root can run a command."""
    if os.geteuid() != 0:
        pytest.skip("only root can run a command as another user")
    folder = Path(tempfile.mkdtemp(prefix="shoal-user-"))
    os.chown(folder, USER, USER)
    yield folder
    shutil.rmtree(folder)


def as_user(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`shoal ARGUMENTS` as an ordinary user, on a Python that he can read."""
    paths = os.pathsep.join([str(ROOT), *(path for path in sys.path if path.endswith("-packages"))])
    give_up = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--no-new-privs")
    readable = subprocess.run([*give_up, "test", "-x", os.path.realpath(sys.executable)], check=False)
    python = str(SYSTEM_PYTHON) if readable.returncode else sys.executable
    return subprocess.run(
        [*give_up, python, "-m", "agent", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": paths,
             "DOCKER_HOST": "unix:///nonexistent/docker.sock"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip


TRIAL = ("trial", str(ROOT / "tests/templates/micro"), "--sandbox", "bubblewrap")


def test_a_user_without_control_groups_is_told_before_anything_runs(users_folder: Path) -> None:
    done = as_user(users_folder, *TRIAL)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    for word in ("cannot enforce memory", "cpu", "use Docker", "--allow-unenforced memory"):
        assert word in done.stderr
    assert not (users_folder / "experiments" / ".store" / "data").exists()


def test_what_a_user_allows_is_said_first(users_folder: Path) -> None:
    allowed = ("--allow-unenforced", "memory", "--allow-unenforced", "cpu")
    done = as_user(users_folder, *TRIAL, *allowed)
    assert done.returncode == 0, done.stderr
    first = done.stderr.splitlines()[0]
    assert "not enforced, as allowed: memory" in first
    assert "cpu" in first


def test_doctor_says_what_holds_each_limit_and_that_no_study_can_run(users_folder: Path) -> None:
    done = as_user(users_folder, "doctor", "--json")
    document = json.loads(done.stdout)
    rows = {(row["sandbox"], row["limit"]): row for row in document["limits"]}
    assert {limit for name, limit in rows if name == "bubblewrap"} == set(MEANING)
    assert not rows["bubblewrap", "memory"]["holds"]
    assert rows["bubblewrap", "wall"]["holds"]
    (found,) = (one for one in document["findings"] if one["name"] == "bubblewrap")
    assert "cannot enforce memory" in found["detail"]
    assert "--allow-unenforced memory" in found["mend"]
    assert (done.returncode, document["fine"]) == (1, False)


def test_doctor_prints_the_limits_as_a_table_and_takes_what_is_allowed(users_folder: Path) -> None:
    own = users_folder / ".config" / "shoal"
    own.mkdir(parents=True)
    (own / "config.toml").write_text('[sandbox]\nallow_unenforced = ["memory", "cpu"]\n')
    shown = as_user(users_folder, "doctor").stdout.splitlines()
    head = next(number for number, line in enumerate(shown) if line.startswith("limit "))
    assert [line.split()[0] for line in shown[head + 1 : head + 1 + len(MEANING)]] == list(MEANING)
    assert shown[head + 1].split()[1] == "✗"
    assert any(line.startswith("✓  bubblewrap") for line in shown)


def test_an_unknown_limit_cannot_be_allowed(users_folder: Path) -> None:
    done = as_user(users_folder, *TRIAL, "--allow-unenforced", "everything")
    assert done.returncode == 2
    assert "'memory'" in done.stderr


@pytest.mark.skipif(find().tree is None, reason="no control group can be made here, not even by this process")
def test_a_user_with_control_groups_of_his_own_needs_to_allow_nothing() -> None:
    from tests.sandboxes.ordinary import OrdinaryBubblewrap

    if os.geteuid() != 0:
        pytest.skip("only root can give groups away")
    with OrdinaryBubblewrap() as sandbox:
        assert sandbox.limits_by.startswith("cgroup")
        bomb = "held = []\nfor _ in range(200): held.append(bytearray(b'x' * (1 << 20)))"
        assert run(sandbox, bomb).limits_hit == ("mem_mb",)
