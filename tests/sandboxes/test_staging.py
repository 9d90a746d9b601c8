"""The store: closed to other users; a start removes scratch folders of the dead alone."""

import contextlib
import shutil
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from agent.artifacts import Limits
from agent.ports import Job, Mount
from agent.sandboxes.docker import connect
from agent.sandboxes.images import Images
from agent.sandboxes.owner import Owner
from agent.sandboxes.staging import new_outputs, sweep_scratch
from agent.trials.code import place_code
from agent.workspace import keep_private
from tests.sandboxes.adapters import ADAPTERS_AND_USERS, opened

LOOK = "import pathlib; print(pathlib.Path('/job/code/a/b.txt').read_text()); open('/out/c', 'w').close()"


def test_scratch_of_the_dead_is_removed_and_that_of_others_stays(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    here = Owner.of_this_process()
    dead = replace(here, pid=ended.pid, started="1")
    mine = new_outputs(tmp_path)
    others = [replace(dead, namespace="1"), replace(dead, boot="another-boot")]
    kept = [mine, *(mine.with_name(f"{one.token}-0") for one in others), mine.with_name("notes-1")]
    gone = [mine.with_name(f"{one.token}-7") for one in (dead, replace(here, started="1"))]
    for folder in (*kept, *gone):
        (folder / "sub").mkdir(parents=True)
    sweep_scratch(tmp_path)
    assert set(mine.parent.iterdir()) == set(kept)


@pytest.mark.docker
def test_what_killed_builds_were_given_is_removed_and_that_of_other_containers_stays(
    tmp_path: Path, docker_base_image: str
) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    here = Owner.of_this_process()
    dead = replace(here, pid=ended.pid, started="1")
    folders = {
        one: tmp_path / f".build-{one.token}-x_1" for one in (here, dead, replace(dead, namespace="1"))
    }
    for folder in folders.values():
        folder.mkdir()
    Images(connect(), tmp_path, docker_base_image, None)
    assert [folder.exists() for folder in folders.values()] == [True, False, True]


def test_two_jobs_never_share_a_folder(tmp_path: Path) -> None:
    assert new_outputs(tmp_path) != new_outputs(tmp_path)


@pytest.mark.parametrize("kind", ADAPTERS_AND_USERS)
def test_a_store_is_closed_to_other_users_and_jobs_run_from_it_all_the_same(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    old = tmp_path / "experiments" / ".store"
    (old / "data").mkdir(parents=True)
    tmp_path.chmod(0o755)
    old.chmod(0o755)  # as earlier versions left it
    with contextlib.contextmanager(opened)(kind, request, old) as sandbox:
        store = getattr(sandbox, "store", old)
        assert stat.S_IMODE(store.stat().st_mode) == 0o700
        environment = sandbox.environment(())
        code = place_code(store, {"a/b.txt": b"hello"})
        argv, limits = (environment.python, "-c", LOOK), Limits(wall_s=30, mem_mb=256)
        outcome = sandbox.run(Job(argv, (Mount(code, "/job/code"),), environment, limits, "test"))
        assert (outcome.status, outcome.log_tail) == ("ok", "hello\n")
        assert Path(str(outcome.outputs), "c").is_file()
        shutil.rmtree(str(outcome.outputs))


def test_a_new_store_is_closed_and_what_is_above_it_is_not(tmp_path: Path) -> None:
    store = tmp_path / "experiments" / ".store"
    keep_private(store)
    modes = [stat.S_IMODE(folder.stat().st_mode) & 0o007 for folder in (store.parent, store)]
    assert modes == [0o005, 0]
