"""Building environments: once, whoever asks; nothing half-built; no network afterwards; no secret left."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.sandboxes.sources import Sources, sources_of_host
from tests.conftest import base_image
from tests.sandboxes.index import NAME, SECRET, served

BUILD = """
import sys
from pathlib import Path
kind, store, base, requirement = sys.argv[1:]
if kind == "docker":
    from agent.sandboxes.docker import Docker
    sandbox = Docker(Path(store), base_image=base)
else:
    from agent.sandboxes.bubblewrap import Bubblewrap
    sandbox = Bubblewrap(Path(store))
try:
    print(sandbox.environment((requirement,)))
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""
NOWHERE = "http://127.0.0.1:9/simple"


@pytest.fixture(scope="module", params=["bubblewrap", pytest.param("docker", marks=pytest.mark.docker)])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def new_version() -> str:
    """A version that no engine has an image of."""
    return f"1.{time.time_ns()}"


def remove_images(kind: str, version: str) -> None:
    """Remove the images with the probe in this version from the engine."""
    if kind == "docker":
        for image in images_with(version):
            docker("rmi", image)


def images_with(text: str) -> list[str]:
    """Images that were built with a requirement that holds `text`, by id."""
    rows = docker("images", "--filter", "label=shoal.image", "--format", "{{.ID}}").split()
    wanted = '{{index .Config.Labels "shoal.requirements"}}'
    return [image for image in dict.fromkeys(rows) if text in docker("inspect", "-f", wanted, image)]


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout


def building(kind: str, store: Path, version: str, url: str, **more: str) -> subprocess.Popen[str]:
    """A process that asks for the environment with the probe in this version."""
    client = store / "client"
    client.mkdir(exist_ok=True)
    proxies = {"httpProxy": f"http://user:{SECRET}@127.0.0.1:9", "noProxy": "127.0.0.1"}
    (client / "config.json").write_text(json.dumps({"proxies": {"default": proxies}}))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    told = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": url, "PIP_RETRIES": "0", **more}
    told["DOCKER_CONFIG"] = str(client)
    return subprocess.Popen(
        [sys.executable, "-c", BUILD, kind, str(store), base_image(), f"{NAME}=={version}"],
        env={**clean, **told},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> str:
    """What a process printed that ended well."""
    out, err = process.communicate()
    assert process.returncode == 0, err
    return out


@dataclass(frozen=True)
class Built:
    """What two processes that started together on an empty store made."""

    store: Path
    version: str
    printed: tuple[str, ...]
    downloads: tuple[str, ...]


@pytest.fixture(scope="module")
def twice(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    store, version = tmp_path_factory.mktemp("store"), new_version()
    with served(version) as index:
        both = [building(kind, store, version, index.url) for _ in range(2)]
        printed = tuple(ended(process) for process in both)
    yield Built(store, version, printed, tuple(index.downloads))
    remove_images(kind, version)


def test_two_processes_that_start_together_build_once(twice: Built) -> None:
    assert twice.printed[0] == twice.printed[1]
    assert twice.downloads == (twice.version,)


def test_what_is_built_needs_no_index_again(kind: str, twice: Built) -> None:
    proxies = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    assert ended(building(kind, twice.store, twice.version, NOWHERE, **proxies)) == twice.printed[0]


def test_no_address_and_no_password_is_left(kind: str, twice: Built) -> None:
    if kind == "bubblewrap":
        left = subprocess.run(
            ["grep", "-rl", SECRET, twice.store / "environments"], capture_output=True, text=True, check=False
        )
        assert left.stdout == ""
        return
    (image,) = images_with(twice.version)
    assert SECRET not in docker("history", "--no-trunc", image)
    assert SECRET not in docker("inspect", image)
    look = f"grep -rl {SECRET} /etc /home /mnt /opt /root /run /srv /tmp /var; ls /mnt"
    assert docker("run", "--rm", "--network", "none", "--entrypoint", "/bin/sh", image, "-c", look) == ""
    assert not list((twice.store / "images").glob(".build-*"))


@pytest.mark.docker
def test_a_build_has_few_of_root_s_rights() -> None:
    """Seen from outside, while the index keeps a build waiting."""
    version = f"{new_version()}.1"
    with tempfile.TemporaryDirectory() as store, served(version) as index:
        process = building("docker", Path(store), version, index.url)
        assert index.asked.wait(60)
        (container,) = docker(
            "ps", "-q", "--filter", f'label=shoal.requirements=["{NAME}=={version}"]'
        ).split()
        pid = docker("inspect", "-f", "{{.State.Pid}}", container).strip()
        rows = dict(row.split(":\t") for row in Path("/proc", pid, "status").read_text().splitlines())
        index.release()
        ended(process)
        remove_images("docker", version)
    assert (int(rows["CapBnd"], 16), int(rows["CapEff"], 16), rows["NoNewPrivs"]) == (2, 2, "1")


def waits_for_a_lock(pid: int) -> bool:
    """Whether the kernel keeps a process waiting for a lock of a file."""
    rows = (line.split() for line in Path("/proc/locks").read_text().splitlines())
    return any(row[1] == "->" and row[5] == str(pid) for row in rows)


def test_a_killed_build_leaves_nothing_that_looks_built(kind: str, tmp_path: Path) -> None:
    version = f"{new_version()}.1"  # the index waits before it hands this one out
    with served(version) as index:
        first = building(kind, tmp_path, version, index.url)
        assert index.asked.wait(60)
        first.send_signal(signal.SIGKILL)
        first.communicate()
        assert not list(tmp_path.glob("*/*/built"))
        second = building(kind, tmp_path, version, index.url)
        while kind == "bubblewrap" and not waits_for_a_lock(second.pid):
            assert index.downloads == [version]  # the killed process's pip still writes
            assert second.poll() is None
        index.release()
        ended(second)
    assert index.downloads == [version, version]
    assert len(list(tmp_path.glob("*/*/built"))) == 1
    assert not list(tmp_path.glob("images/.build-*"))
    if kind == "docker":
        assert len(images_with(version)) == 1
        assert not docker("ps", "-aq", "--filter", f'label=shoal.requirements=["{NAME}=={version}"]')
        remove_images(kind, version)


def test_an_index_that_does_not_answer_is_named_as_the_reason(kind: str, tmp_path: Path) -> None:
    version = new_version()
    process = building(kind, tmp_path, version, NOWHERE, PIP_RETRIES="1")
    _, err = process.communicate()
    assert process.returncode == 1
    assert f"TemplateError: requirement {NAME}=={version} cannot be installed: the package index" in err
    log = Path(err.rpartition("(log: ")[2].strip().rstrip(")"))
    assert "Retrying" in log.read_text()
    assert len(err.splitlines()) == 1


# ---------------------------------------------------------------------------------- what pip was told of


def told(tmp_path: Path, conf: str, **variables: str) -> Sources:
    """The sources of a host whose pip has this configuration, or none at all."""
    file = tmp_path / "pip.conf"
    file.write_text(conf)
    environ = {"HOME": str(tmp_path), "PIP_CONFIG_FILE": str(file) if conf else os.devnull, **variables}
    return sources_of_host([sys.executable, "-m", "pip"], environ, None)


def test_files_of_pip_count_and_variables_come_first(tmp_path: Path) -> None:
    conf = "[global]\nindex-url = http://a/simple\ntimeout = 7\ntarget = /x\n[install]\ntimeout = 8\n"
    plain = told(tmp_path, conf).variables
    assert (plain["PIP_INDEX_URL"], plain["PIP_TIMEOUT"]) == ("http://a/simple", "8")
    assert "PIP_TARGET" not in plain
    changed = told(tmp_path, conf, PIP_INDEX_URL="http://b/simple", https_proxy="http://p:1")
    assert changed.variables["PIP_INDEX_URL"] == "http://b/simple"
    assert changed.variables["https_proxy"] == "http://p:1"


def test_certificates_are_those_of_the_settings_else_of_pip(tmp_path: Path) -> None:
    bundle, own = tmp_path / "bundle.pem", tmp_path / "own.pem"
    for path in (bundle, own):
        path.write_text("")
    conf = f"[global]\ncert = {own}\n"
    assert told(tmp_path, conf).certificates == own
    assert told(tmp_path, "", REQUESTS_CA_BUNDLE=str(bundle)).certificates == bundle
    assert sources_of_host([sys.executable, "-m", "pip"], dict(os.environ), bundle).certificates == bundle


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:3141/simple", True),
        ("http://me:pw@localhost/simple", True),
        ("https://[::1]:1/", True),
        ("https://localhost.example.org/simple", False),
        ("https://index.example.org/127.0.0.1/", False),
    ],
)
def test_an_index_of_the_host_itself_is_recognised(url: str, loopback: bool) -> None:
    assert Sources({"PIP_INDEX_URL": url}, None, None).on_loopback is loopback


def test_folders_of_packages_are_found_and_renamed(tmp_path: Path) -> None:
    (tmp_path / "index" / "simple").mkdir(parents=True)
    (tmp_path / "index-more").mkdir()
    sources = Sources(
        {
            "PIP_FIND_LINKS": f"{tmp_path}/index-more https://example.org/links",
            "PIP_EXTRA_INDEX_URL": f"file://{tmp_path}/index/simple",
        },
        None,
        None,
    )
    assert sources.folders() == [tmp_path / "index", tmp_path / "index-more"]
    names = {path: f"/mnt/{number}" for number, path in enumerate(sources.folders())}
    script = sources.script("/mnt", names)
    assert "export PIP_EXTRA_INDEX_URL=file:///mnt/0/simple\n" in script
    assert "export PIP_FIND_LINKS='file:///mnt/1 https://example.org/links'\n" in script
