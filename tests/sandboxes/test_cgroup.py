"""Control groups: limits that are written where the kernel reads them, and where groups can be made.

The kernel's own behaviour is tried by tests/contracts and test_limits.py, under the version this machine
has; here plain folders show what would be written and read under the other one.
"""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from agent.sandboxes.cgroup import Group, Tree, make_group, sweep, version_1, version_2
from agent.sandboxes.owner import Owner

EVERY = ("memory", "pids", "cpu")


def all_in(folder: Path) -> dict[str, Path]:
    return dict.fromkeys(EVERY, folder)


def test_version_2_writes_memory_swap_processes_and_cpu(tmp_path: Path) -> None:
    group = make_group(Tree(2, all_in(tmp_path)), memory_mb=64, processes=10, cpus=2)
    folder = group.folders["memory"]
    assert {file.name: file.read_text() for file in folder.iterdir()} == {
        "memory.max": str(64 << 20),
        "memory.swap.max": "0",
        "pids.max": "10",
        "cpu.max": "200000 100000",
    }
    assert group.members == (f"{folder}/cgroup.procs",)


def test_version_1_bounds_memory_and_swap_together(tmp_path: Path) -> None:
    group = make_group(Tree(1, {"memory": tmp_path}), memory_mb=64, processes=10, cpus=2)
    files = {file.name: file.read_text() for file in group.folders["memory"].iterdir()}
    assert int(files.pop("memory.kmem.tcp.limit_in_bytes")) <= 64 << 20
    assert files == dict.fromkeys(("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"), str(64 << 20))


def test_only_what_the_tree_bounds_is_written(tmp_path: Path) -> None:
    group = make_group(Tree(2, {"pids": tmp_path}, swap=False), memory_mb=64, processes=10, cpus=2)
    assert [file.name for file in group.folders["pids"].iterdir()] == ["pids.max"]
    assert (group.memory_kills(), group.peak_mb(), group.refused_forks()) == (0, 0.0, 0)


@pytest.mark.parametrize(
    ("version", "files"),
    [
        (1, {"memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
             "memory.max_usage_in_bytes": "3145728\n", "pids.events": "max 2\n"}),
        (2, {"memory.events": "low 0\nhigh 0\nmax 12\noom 2\noom_kill 3\noom_group_kill 0\n",
             "memory.peak": "3145728\n", "pids.events": "max 2\n"}),
    ],
)  # fmt: skip
def test_what_the_kernel_counts_is_read(version: int, files: dict[str, str], tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    group = Group(version, all_in(tmp_path))
    assert (group.memory_kills(), group.refused_forks(), group.peak_mb()) == (3, 2, 3.0)


def test_groups_of_dead_processes_are_removed_and_those_of_others_stay(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    here = Owner.of_this_process()
    dead = replace(here, pid=ended.pid, started="1")
    kept = [here, replace(dead, namespace="1"), replace(dead, boot="another-boot")]
    for owner in (dead, *kept):
        (tmp_path / f"shoal-{owner.token}-0").mkdir()
    mine = make_group(Tree(2, {"pids": tmp_path}), memory_mb=1, processes=1, cpus=1).folders["pids"]
    (tmp_path / "shoal-home").mkdir()
    sweep(Tree(2, {"pids": tmp_path}))
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {*(f"shoal-{owner.token}-0" for owner in kept), mine.name, "shoal-home"}
    assert here.token in mine.name


def test_folders_in_which_no_group_gets_its_files_are_no_tree(tmp_path: Path) -> None:
    found = version_1(all_in(tmp_path), {})
    assert found.tree is None
    assert found.why
    assert not list(tmp_path.iterdir())


def test_without_a_mounted_tree_there_is_none_and_a_reason() -> None:
    found = version_2({}, {})
    assert found.tree is None
    assert "mounted" in found.why


def test_a_version_2_group_that_belongs_to_systemd_is_left_alone(tmp_path: Path) -> None:
    scope = tmp_path / "user.slice" / "session.scope"
    scope.mkdir(parents=True)
    for name in ("cgroup.procs", "cgroup.subtree_control", "cgroup.controllers"):
        (scope.parent / name).write_text("")
    assert version_2({"": tmp_path}, {"": "user.slice/session.scope"}).tree is None
    assert [path.name for path in scope.parent.glob("shoal*")] == []
