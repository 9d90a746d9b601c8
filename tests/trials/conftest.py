"""Tests in this folder run the micro-template, or changed copies of it, over every sandbox."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.ports import Sandbox
from agent.templates import Template, load_template
from agent.trials.prepare import Prepared, prepare
from tests.sandboxes.adapters import sandbox, sums_memory

__all__ = ["sandbox", "sums_memory"]

MICRO = Path(__file__).resolve().parents[1] / "templates" / "micro"

Make = Callable[..., Template]


@pytest.fixture
def changed(tmp_path: Path) -> Make:
    """Makes a copy of the micro-template with some files replaced, by stem, or lines added to its toml."""
    numbers = iter(range(100))

    def make(**files: str) -> Template:
        root = tmp_path / f"template-{next(numbers)}"
        shutil.copytree(MICRO, root)
        for stem, text in files.items():
            (root / f"{stem}.py").write_text(text)
        return load_template(root)

    return make


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workspace") / "experiments" / ".store"


@pytest.fixture(scope="session")
def micro(sandbox: Sandbox, store: Path) -> Prepared:
    """The micro-template, prepared."""
    return prepare(load_template(MICRO), None, sandbox, store)
