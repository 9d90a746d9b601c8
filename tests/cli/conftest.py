"""Fixtures of the tests of the command line."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.support import Shoal, environment


@pytest.fixture
def shoal(tmp_path: Path) -> Shoal:
    """Runs `shoal ARGUMENTS` in `tmp_path / "here"`, with `HOME` beside it; `env` adds variables."""
    here, home = tmp_path / "here", tmp_path / "home"
    here.mkdir()
    home.mkdir()

    def run(*arguments: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "agent", *map(str, arguments)],
            cwd=here,
            env={**environment(home), **(env or {})},
            capture_output=True,
            text=True,
            timeout=240,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    return run


@pytest.fixture
def here(shoal: Shoal, tmp_path: Path) -> Path:
    """The folder that `shoal` runs in."""
    return tmp_path / "here"
