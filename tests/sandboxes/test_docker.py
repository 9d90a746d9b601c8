"""What only Docker sandboxes promise: images, labels, and cleaning up after a killed Shoal."""

import os
import subprocess
from pathlib import Path

import pytest

from agent.errors import SandboxUnavailable
from agent.sandboxes.docker import Docker, connect
from agent.sandboxes.owner import LABEL, Owner

pytestmark = pytest.mark.docker


@pytest.fixture
def dead_owner() -> Owner:
    """A process of this machine that has ended."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    here = Owner.of_this_process()
    return Owner(here.boot, here.namespace, ended.pid, "1")


def containers_with(label: str) -> list[str]:
    client = connect()
    rows = client.containers(all=True, filters={"label": f"{LABEL}={label}"})
    client.close()
    return [row["Id"] for row in rows]


def test_the_next_start_removes_what_a_killed_shoal_left_and_nothing_else(
    tmp_path: Path, docker_base_image: str, dead_owner: Owner
) -> None:
    living = Owner.of_this_process()
    client = connect()
    for owner in (dead_owner, living):
        client.create_container(docker_base_image, command=["true"], labels={LABEL: owner.label})
    Docker(tmp_path, base_image=docker_base_image)
    assert containers_with(dead_owner.label) == []
    kept = containers_with(living.label)
    for container in kept:
        client.remove_container(container)
    client.close()
    assert len(kept) == 1


def test_a_base_image_that_cannot_be_had_is_named(tmp_path: Path, docker_base_image: str) -> None:
    with pytest.raises(SandboxUnavailable, match=r"shoal-no-such-image:1 is not there and cannot be pulled"):
        Docker(tmp_path, base_image="127.0.0.1:1/shoal-no-such-image:1")


def test_an_engine_that_does_not_answer_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(SandboxUnavailable, match="docker, connecting"):
        Docker(tmp_path)


def test_an_owner_is_known_to_be_alive_or_dead(dead_owner: Owner) -> None:
    here = Owner.of_this_process()
    assert not here.outlived(here.label)
    assert here.outlived(dead_owner.label)
    elsewhere = Owner(here.boot, "pid:[1]", 1, "1")
    assert not here.outlived(elsewhere.label)
    assert not here.outlived("something else")
    assert os.getpid() == here.pid
