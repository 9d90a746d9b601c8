"""Control groups: limits that are written where the kernel reads them.

The kernel's own behaviour is tried by tests/contracts/test_sandbox.py, under the version this machine has;
here plain folders show what would be written under cgroup v2.
"""

from pathlib import Path

import pytest

from agent.sandboxes.cgroup import Group, Tree, make_group, version_1, version_2


@pytest.fixture
def tree_2(tmp_path: Path) -> Path:
    """A folder laid out as cgroup v2 with all controllers handed down at its top."""
    (tmp_path / "cgroup.subtree_control").write_text("cpuset cpu io memory pids\n")
    scope = tmp_path / "user.slice" / "session.scope"
    scope.mkdir(parents=True)
    (scope.parent / "cgroup.subtree_control").write_text("memory pids\n")
    return tmp_path


def test_version_2_writes_memory_processes_and_cpu(tree_2: Path) -> None:
    group = make_group(Tree(2, (tree_2,)), memory_mb=64, processes=10, cpus=2)
    (folder,) = group.folders
    assert (folder / "memory.max").read_text() == str(64 << 20)
    assert (folder / "pids.max").read_text() == "10"
    assert (folder / "cpu.max").read_text() == "200000 100000"
    assert group.members == (f"{folder}/cgroup.procs",)


def test_version_2_counts_kills(tmp_path: Path) -> None:
    (tmp_path / "memory.events").write_text("low 0\nhigh 0\nmax 12\noom 2\noom_kill 1\noom_group_kill 0\n")
    assert Group(2, (tmp_path,)).memory_kills() == 1


def test_version_1_counts_kills(tmp_path: Path) -> None:
    (tmp_path / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n")
    assert Group(1, (tmp_path,)).memory_kills() == 3


def test_version_2_takes_a_folder_that_hands_every_controller_down(tree_2: Path) -> None:
    own = {"": "user.slice/session.scope"}
    assert version_2({"": tree_2}, own) == Tree(2, (tree_2,))
    (tree_2 / "cgroup.subtree_control").write_text("")
    assert version_2({"": tree_2}, own) is None  # user.slice has no cpu controller
    (tree_2 / "user.slice" / "cgroup.subtree_control").write_text("cpu memory pids")
    assert version_2({"": tree_2}, own) == Tree(2, (tree_2 / "user.slice",))


def test_a_tree_without_all_three_controllers_is_none(tmp_path: Path) -> None:
    assert version_1({"memory": tmp_path, "pids": tmp_path}, {}) is None
    assert version_2({}, {}) is None
    mounts = dict.fromkeys(("memory", "pids", "cpu"), tmp_path)
    assert version_1(mounts, {"memory": "not/seen/here"}) == Tree(1, (tmp_path, tmp_path, tmp_path))
