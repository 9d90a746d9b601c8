"""GPUs: who gets which device, and what the engine is asked for. No test here has a GPU."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent.artifacts import Limits
from agent.errors import SandboxMissing, SandboxUnavailable, SettingsError
from agent.ports import Job
from agent.sandboxes.choose import choose
from agent.sandboxes.gpus import Pool, devices, fitting_workers, request

if TYPE_CHECKING:
    from docker import APIClient


def test_two_jobs_at_once_have_two_devices_and_the_third_waits() -> None:
    pool = Pool(("0", "1"))
    taken: list[str | None] = []
    with pool.one_for("experiment") as one, pool.one_for("evaluate") as two:
        assert {one, two} == {"0", "1"}

        def third() -> None:
            with pool.one_for("experiment") as device:
                taken.append(device)

        waiting = threading.Thread(target=third)
        waiting.start()
        assert taken == []
    waiting.join()
    assert taken[0] in ("0", "1")


def test_a_job_that_fails_gives_its_device_back() -> None:
    pool = Pool(("0",))
    for _ in range(2):
        with pytest.raises(ValueError, match="boom"), pool.one_for("experiment"):
            raise ValueError("boom")


@pytest.mark.parametrize("purpose", ["prepare", "environment", "tex"])
def test_what_is_no_trial_gets_none(purpose: str) -> None:
    with Pool(("0",)).one_for(purpose) as device:
        assert device is None
    assert request(None) is None


def test_without_gpus_no_job_waits_for_one() -> None:
    with Pool(()).one_for("experiment") as one, Pool(()).one_for("experiment") as two:
        assert (one, two) == (None, None)


def test_there_are_no_more_workers_than_gpus() -> None:
    assert fitting_workers(8, 2) == (2, "2 of 8 workers: one GPU a trial")
    assert fitting_workers(2, 4) == (2, "")
    assert fitting_workers(8, 0) == (8, "")


def listing(folder: Path, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program in the path that lists GPUs as nvidia-smi does."""
    program = folder / "nvidia-smi"
    lines = "\n".join(f"echo 'GPU {number}: A Name (UUID: GPU-{number})'" for number in range(count))
    program.write_text(f"#!/bin/sh\n{lines}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_all_means_what_nvidia_smi_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listing(tmp_path, 3, monkeypatch)
    assert devices("all") == ("0", "1", "2")
    assert devices(2) == ("0", "1")
    assert devices(None) == ()
    with pytest.raises(SettingsError, match="--gpus 4: nvidia-smi lists 3 GPUs"):
        devices(4)


def test_all_is_refused_where_nobody_can_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert devices(2) == ("0", "1")
    with pytest.raises(SettingsError, match="use --gpus N"):
        devices("all")
    with pytest.raises(SettingsError, match="--gpus 0"):
        devices(0)


@pytest.mark.parametrize("kind", ["bubblewrap", "none"])
def test_only_docker_hands_them_out(kind: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"--gpus needs Docker, and the sandbox is {kind}"):
        choose(kind, tmp_path, gpus=("0",))  # type: ignore[arg-type]


def test_they_are_not_replaced_by_a_sandbox_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such/docker.sock")
    with pytest.raises(SandboxMissing, match="--gpus needs Docker, which does not serve here"):
        choose("auto", tmp_path, gpus=("0",))


@pytest.fixture
def engine() -> Iterator["APIClient"]:
    from agent.sandboxes.docker import connect

    client = connect()
    yield client
    client.close()


@pytest.mark.docker
def test_the_engine_takes_a_container_with_one_device(engine: "APIClient", docker_base_image: str) -> None:
    config = engine.create_host_config(device_requests=request("1"))
    container = engine.create_container(docker_base_image, command=["true"], host_config=config)["Id"]
    try:
        (asked,) = engine.inspect_container(container)["HostConfig"]["DeviceRequests"]
    finally:
        engine.remove_container(container)
    assert (asked["DeviceIDs"], asked["Capabilities"]) == (["1"], [["gpu"]])


@pytest.mark.docker
def test_a_trial_asks_for_its_device_and_preparing_does_not(
    engine: "APIClient", tmp_path: Path, docker_base_image: str
) -> None:
    from agent.sandboxes.docker import Docker

    sandbox = Docker(tmp_path, base_image=docker_base_image, gpus=("no-such-device",))
    environment = sandbox.environment(())
    limits = Limits(wall_s=30, out_mb=1, tmp_mb=1)

    def job(purpose: str) -> Job:
        return Job((environment.python, "-c", ""), (), environment, limits, purpose)

    assert sandbox.run(job("prepare")).status == "ok"
    with pytest.raises(SandboxUnavailable, match="device"):
        sandbox.run(job("experiment"))
