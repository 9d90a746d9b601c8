"""`shoal env`: what is listed, built ahead and removed; and what is never removed."""

import io
import json
import os
import shutil
import subprocess
import tarfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.cli.env import Stock
from agent.sandboxes.inventory import Kept
from agent.workspace import file_lock
from tests.cli.support import MICRO, Shoal, assert_refused, in_folder
from tests.sandboxes.index import NAME, served

VERSION = "1.0"


def with_probe(folder: Path, version: str = VERSION) -> Path:
    """A copy of the micro-template whose experiment needs the probe."""
    root = folder / "templates" / "probing"
    shutil.copytree(MICRO, root, dirs_exist_ok=True)
    text = (MICRO / "template.toml").read_text()
    (root / "template.toml").write_text(
        text.replace("experiment = []", f'experiment = ["{NAME}=={version}"]')
    )
    return root


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the environments of one template were built; tests copy it."""
    folder = tmp_path_factory.mktemp("env") / "here"
    folder.mkdir()
    with_probe(folder)
    with served(VERSION) as index:
        told = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": index.url}
        done = in_folder(folder)("env", "build", "probing", "--sandbox", "bubblewrap", "--json", env=told)
    assert done.returncode == 0, done.stderr
    (folder / "document.json").write_text(done.stdout)
    (folder / "progress.txt").write_text(done.stderr)
    return folder


@pytest.fixture
def here(built: Path, tmp_path: Path) -> Path:
    shutil.copytree(built, tmp_path / "here", symlinks=True)
    return tmp_path / "here"


def environments(shoal: Shoal) -> list[dict[str, object]]:
    """The virtual environments that are listed."""
    document = json.loads(shoal("env", "list", "--json").stdout)
    assert (document["schema"], document["command"]) == (1, "env list")
    return [row for row in document["environments"] if row["engine"] == "bubblewrap"]


def test_building_ahead_says_what_is_built_for_which_step(built: Path) -> None:
    document = json.loads((built / "document.json").read_text())
    assert [(row["for"], row["requirements"]) for row in document["environments"]] == [
        (["prepare", "evaluate"], []),
        (["experiment"], [f"{NAME}=={VERSION}"]),
    ]
    assert all(len(row["hash"]) == 64 for row in document["environments"])
    assert f"experiment: {NAME}=={VERSION} …" in (built / "progress.txt").read_text()


def test_the_list_says_packages_size_and_who_needs_them(here: Path, shoal: Shoal) -> None:
    with_probe, empty = sorted(environments(shoal), key=lambda row: row["requirements"] == [])
    assert with_probe["requirements"] == [f"{NAME}=={VERSION}"]
    assert with_probe["templates"] == ["probing"]
    assert "probing" in str(empty["templates"])
    assert with_probe["bytes"] == sum(
        path.lstat().st_size for path in Path(here, str(with_probe["handle"])).rglob("*") if not path.is_dir()
    )
    shown = shoal("env", "list").stdout.splitlines()
    assert shown[0].split() == ["packages", "engine", "Python", "size", "last", "used", "templates"]
    assert any(f"{NAME}=={VERSION}" in line and "probing" in line for line in shown)


def test_what_a_template_needs_stays_and_what_none_needs_goes_after_a_yes(here: Path, shoal: Shoal) -> None:
    half = here / "experiments/.store/environments/abc"
    half.mkdir()
    kept = shoal("env", "prune", "--yes", "--json")
    assert kept.returncode == 0, kept.stderr
    mine = [row for row in json.loads(kept.stdout)["environments"] if row["engine"] == "bubblewrap"]
    assert [row["because"] for row in mine] == ["left by a build that ended early"]
    assert not half.exists()
    assert len(environments(shoal)) == 2

    with_probe(here, "2.0")
    refused = shoal("env", "prune")
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert f"{NAME}=={VERSION}" in refused.stdout
    assert len(environments(shoal)) == 2

    assert shoal("env", "prune", "--yes").returncode == 0
    assert [row["requirements"] for row in environments(shoal)] == [[]]


def test_what_is_being_built_is_left_alone(here: Path, shoal: Shoal) -> None:
    folder = here / "experiments/.store/environments"
    (folder / "abc").mkdir()
    with file_lock(folder / "abc.lock"):
        pruned = shoal("env", "prune", "--yes")
    assert "being built" in pruned.stderr
    assert (folder / "abc").exists()


@pytest.mark.docker
def test_only_shoals_own_images_are_removed(here: Path, shoal: Shoal) -> None:
    number = f"{time.time_ns():024d}"
    own, recorded = f"shoal:env-{number}", f"shoal:env-{int(number) + 1:024d}"
    elsewhere, foreign = f"shoal:env-{int(number) + 2:024d}", f"shoal:env-{int(number) + 3:024d}"
    label = "LABEL shoal.image=environment shoal.requirements=[]".replace("[]", f'"[\\"x=={number}\\"]"')
    images = [imported(own, label), imported(recorded), imported(elsewhere, label), imported(foreign)]
    dangling = imported("", label + " unnamed=1")
    locks = here / "experiments/.store/images"
    locks.mkdir(parents=True)
    for name in (own, recorded):
        (locks / f"{name.removeprefix('shoal:env-')}.lock").touch()
    try:
        assert shoal("env", "prune", "--yes").returncode == 0
        assert [present(image) for image in (own, recorded, elsewhere, foreign, dangling)] == [
            False, False, True, True, False,
        ]  # fmt: skip
    finally:
        for image in (*images, dangling):
            subprocess.run(["docker", "rmi", image], capture_output=True, check=False)


def imported(name: str, *changes: str) -> str:
    """An image of one small file, with a name or without; its id."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo(f"file-{time.time_ns()}")
        tar.addfile(entry)
    flags = [text for change in changes for text in ("--change", change)]
    command = ["docker", "import", *flags, "-", *([name] if name else [])]
    done = subprocess.run(command, input=archive.getvalue(), capture_output=True, check=True)
    return done.stdout.decode().strip()


def present(image: str) -> bool:
    return subprocess.run(["docker", "inspect", image], capture_output=True, check=False).returncode == 0


def kept(**changes: object) -> Kept:
    facts: dict[str, object] = {
        "engine": "docker", "key": "k", "content": "environment", "requirements": ("a==1",), "python": "",
        "bytes": 1, "used": datetime.now(UTC) - timedelta(days=9), "own": True, "handle": "shoal:env-k",
    }  # fmt: skip
    return Kept(**{**facts, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "needed", "base_known", "days", "goes"),
    [
        ({}, False, True, None, True),
        ({}, True, True, None, False),
        ({}, False, False, None, False),  # without the base image nobody knows what is needed
        ({"own": False}, False, True, None, False),
        ({"own": False}, False, True, 8, True),
        ({"own": False}, False, True, 10, False),
        ({}, True, True, 8, True),
        ({"requirements": ()}, False, True, None, False),
        ({"requirements": None}, False, True, None, True),
        ({"content": "unfinished", "own": False}, False, True, None, True),
        ({"content": "tex"}, True, True, None, False),
    ],
)
def test_what_goes_is_unneeded_here_or_old_anywhere(
    changes: dict[str, object], needed: bool, base_known: bool, days: int | None, goes: bool
) -> None:
    one = kept(**changes)
    stock = Stock((one,), {("docker", "k"): ("digits",)} if needed else {}, None, base_known)
    before = None if days is None else datetime.now(UTC) - timedelta(days=days)
    assert bool(stock.surplus(one, before)) is goes


def test_a_requirement_that_is_not_there_is_named_before_anything_runs(here: Path, shoal: Shoal) -> None:
    with_probe(here, "7.7")
    told = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(here)}
    refused = shoal("env", "build", "probing", "--sandbox", "bubblewrap", env=told)
    assert refused.returncode == 2
    last = refused.stderr.splitlines()[-1]
    assert last.startswith(f"shoal: requirement {NAME}==7.7 cannot be installed")
    assert "(log: " in last


def test_an_unknown_template_or_sandbox_is_refused(here: Path, shoal: Shoal) -> None:
    assert_refused(shoal("env", "build", "nothing"), "nothing", "known")
    assert_refused(shoal("env", "build", "probing", "--sandbox", "chroot"), "chroot", "bubblewrap")
