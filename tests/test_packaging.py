"""What an installed Shoal carries, and that the suite cannot pass by skipping."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """The names of the files in the wheel."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return frozenset(zipfile.ZipFile(path).namelist())


def carried(folder: str) -> set[str]:
    """The repository's files under `folder` that are no leftovers of running them."""
    files = (path.relative_to(REPOSITORY) for path in (REPOSITORY / folder).rglob("*") if path.is_file())
    return {path.as_posix() for path in files if "__pycache__" not in path.parts}


def test_the_wheel_carries_a_copy_of_every_template(wheel: frozenset[str]) -> None:
    assert {f"agent/_{name}" for name in carried("templates")} <= wheel


def test_the_wheel_carries_every_file_of_the_package(wheel: frozenset[str]) -> None:
    assert carried("agent") <= wheel


@pytest.mark.parametrize(("no_skip", "code", "line"), [("", 0, "1 skipped"), ("1", 1, "1 failed")])
def test_a_skip_is_a_failure_where_nothing_may_skip(
    tmp_path: Path, no_skip: str, code: int, line: str
) -> None:
    (tmp_path / "conftest.py").write_text((REPOSITORY / "tests/conftest.py").read_text(), encoding="utf-8")
    (tmp_path / "test_it.py").write_text(
        "import pytest\ndef test_it():\n    pytest.skip('no engine answers')\n", encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env=os.environ | {"SHOAL_TEST_NO_SKIP": no_skip},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert line in done.stdout
    assert "no engine answers" in done.stdout or not no_skip
