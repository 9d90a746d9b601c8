"""Fixtures of the tests of the command line."""

from pathlib import Path

import pytest

from tests.cli.recorded import Recorded, record
from tests.cli.support import Shoal, in_folder


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """An empty folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


@pytest.fixture
def shoal(here: Path) -> Shoal:
    """Runs `shoal ARGUMENTS` in the folder `here`; `env` adds variables."""
    return in_folder(here)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A workspace with the whole study `served`, of a model whose server echoes the key, and `rules`."""
    return record(tmp_path_factory.mktemp("recorded"))
