"""Which sandbox is taken, and what is said when none works."""

from pathlib import Path

import pytest

from agent.errors import SandboxMissing
from agent.sandboxes.choose import choose, probe_bubblewrap, probe_docker

NO_ENGINE = "unix:///no/such/docker.sock"


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", NO_ENGINE)


@pytest.fixture
def no_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("no_engine")
def test_bubblewrap_serves_where_no_engine_answers(tmp_path: Path) -> None:
    sandbox, line = choose("auto", tmp_path)
    assert sandbox.name == "bubblewrap"
    assert "no Docker engine" in line
    assert "\n" not in line


@pytest.mark.docker
def test_docker_is_taken_where_it_works(tmp_path: Path, docker_base_image: str) -> None:
    sandbox, line = choose("auto", tmp_path, base_image=docker_base_image)
    assert (sandbox.name, line) == ("docker", "sandbox: docker")


@pytest.mark.docker
def test_bubblewrap_serves_where_the_base_image_cannot_be_had(tmp_path: Path, docker_base_image: str) -> None:
    sandbox, _ = choose("auto", tmp_path, base_image="127.0.0.1:1/shoal-no-such-image:1")
    assert sandbox.name == "bubblewrap"


@pytest.mark.docker
def test_a_missing_image_is_named_with_the_command_that_pulls_it(docker_base_image: str) -> None:
    assert probe_docker("127.0.0.1:1/shoal-no-such-image:1").mend.startswith(
        "docker pull 127.0.0.1:1/shoal-no-such-image:1,"
    )


@pytest.mark.usefixtures("no_engine", "no_programs")
def test_without_any_the_error_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(SandboxMissing, match=r"docker: .*bubblewrap: .*apt-get install bubblewrap") as caught:
        choose("auto", tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("no_engine")
def test_a_sandbox_asked_for_by_name_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(SandboxMissing, match="docker"):
        choose("docker", tmp_path)


@pytest.mark.usefixtures("no_engine", "no_programs")
def test_probes_say_what_mends_what_fails() -> None:
    docker, bubblewrap = probe_docker(), probe_bubblewrap()
    assert not docker.works
    assert not bubblewrap.works
    assert docker.mend
    assert "apt-get install bubblewrap" in bubblewrap.mend


def test_a_probe_of_what_works_has_run_a_job() -> None:
    found = probe_bubblewrap()
    assert found.works
    assert "ran a job" in found.detail
    assert found.mend == ""
