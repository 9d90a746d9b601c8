"""What only Docker sandboxes promise: images, labels, and cleaning up after a killed Shoal."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from agent.artifacts import Limits
from agent.errors import SandboxUnavailable, Stopped
from agent.ports import Job
from agent.sandboxes.docker import Docker, connect
from agent.sandboxes.owner import LABEL, Owner
from tests.contracts.support import ROOT, processes_named, wait_until

pytestmark = pytest.mark.docker


@pytest.fixture
def dead_owner() -> Owner:
    """A process of this machine that has ended."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    here = Owner.of_this_process()
    return Owner(here.boot, here.namespace, ended.pid, "1")


def test_the_next_start_removes_what_a_killed_shoal_left_and_nothing_else(
    tmp_path: Path, docker_base_image: str, dead_owner: Owner
) -> None:
    living = Owner.of_this_process()
    gone = [dead_owner, replace(living, started="1")]
    kept = [living, replace(dead_owner, namespace="1"), replace(dead_owner, boot="another-boot")]
    client = connect()
    labels: list[dict[str, str]] = [{LABEL: owner.label} for owner in (*gone, *kept)]
    labels += [{LABEL: "something else"}, {"owner": "somebody"}]
    made = [client.create_container(docker_base_image, ["true"], labels=one)["Id"] for one in labels]
    Docker(tmp_path, base_image=docker_base_image)
    left = [row["Id"] for row in client.containers(all=True) if row["Id"] in made]
    for container in left:
        client.remove_container(container)
    client.close()
    assert set(left) == set(made[len(gone) :])


def test_a_container_that_a_killed_shoal_never_started_is_removed(docker_base_image: str) -> None:
    code = """
import sys, time
from agent.sandboxes.docker import connect
from agent.sandboxes.guard import stand_guard
from agent.sandboxes.owner import LABEL, Owner
label = Owner.of_this_process().label
stand_guard(label)
print(connect().create_container(sys.argv[1], ["true"], labels={LABEL: label})["Id"], flush=True)
time.sleep(600)
"""
    command = [sys.executable, "-c", code, docker_base_image]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as shoal:
        assert shoal.stdout is not None
        made = shoal.stdout.readline().strip()
        shoal.kill()
    client = connect()
    wait_until(lambda: made not in [row["Id"] for row in client.containers(all=True)], "the container stays")
    client.close()
    wait_until(lambda: not processes_named(f" {shoal.pid} "), "the guard stays")


def test_proxies_of_the_client_do_not_reach_a_job(
    tmp_path: Path, docker_base_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxies = {"httpProxy": "http://user:shoal-secret@127.0.0.1:1"}
    (tmp_path / "config.json").write_text(json.dumps({"proxies": {"default": proxies}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    docker, client = Docker(tmp_path / "store", base_image=docker_base_image), connect()
    environment = docker.environment(())
    argv = (environment.python, "-c", "import time; time.sleep(600)")
    job = Job(argv, (), environment, Limits(wall_s=600), "proxies")
    stopped: list[Stopped] = []

    def work() -> None:
        try:
            docker.run(job)
        except Stopped as error:
            stopped.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    mine = {"label": [f"{LABEL}={Owner.of_this_process().label}", "shoal.purpose=proxies"]}
    wait_until(lambda: bool(client.containers(filters=mine)), "the job never started")
    facts = client.inspect_container(client.containers(filters=mine)[0]["Id"])
    docker.stop_all()
    thread.join()
    client.close()
    assert len(stopped) == 1
    assert "shoal-secret" not in json.dumps(facts)


def test_an_image_gives_no_disk_and_no_second_program(tmp_path: Path, docker_base_image: str) -> None:
    client = connect()
    made = client.create_container(docker_base_image, ["true"])["Id"]
    changes = [
        'VOLUME ["/data", "/out", "/var/lib/x"]',
        "HEALTHCHECK --interval=1s CMD touch /tmp/checked",
    ]
    image = client.commit(made, "shoal-test", "volumes", changes=changes)["Id"]
    client.remove_container(made)
    code = """
import json, os, time
def writes(folder):
    try: open(folder + "/x", "w").close()
    except OSError: return False
    return True
written = [folder for folder in ("/data", "/var/lib/x") if writes(folder)]
disks = [line.split()[1] for line in open("/proc/self/mounts") if line.startswith("/dev/") and " rw," in line]
time.sleep(2)  # an interval of the health check, and one more
json.dump([written, disks, os.path.exists("/tmp/checked")], open("/out/answer.json", "w"))
"""
    try:
        docker = Docker(tmp_path, base_image="shoal-test:volumes")
        environment = docker.environment(())
        outcome = docker.run(
            Job((environment.python, "-c", code), (), environment, Limits(wall_s=20), "test")
        )
        assert outcome.status == "ok", outcome.log_tail
        assert json.loads(Path(str(outcome.outputs), "answer.json").read_text()) == [[], [], False]
    finally:
        client.remove_image(image, force=True)
        client.close()


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
    for elsewhere in (replace(dead_owner, namespace="1"), replace(dead_owner, boot="another-boot")):
        assert not here.outlived(elsewhere.label)
    assert not here.outlived("something else")
    assert os.getpid() == here.pid
