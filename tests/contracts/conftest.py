"""Tests in this folder run over every sandbox that works here, bubblewrap as root and as an ordinary user."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.artifacts import Outcome
from agent.ports import Mount, Sandbox
from tests.contracts.support import Run, answer, code_job
from tests.sandboxes.adapters import ADAPTERS_AND_USERS, opened, sums_memory

__all__ = ["sums_memory"]

SECRET = "shoal-secret"
"""Value of a variable of the host, as it were a key."""


@pytest.fixture(scope="package", params=ADAPTERS_AND_USERS)
def sandbox(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Each adapter in turn, with a store of its own; the host around it has a key in its environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", SECRET)
        yield from opened(request.param, request, tmp_path_factory.mktemp("store"))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of the host that any user can read."""
    with tempfile.TemporaryDirectory(prefix="shoal-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def run(sandbox: Sandbox) -> Iterator[Run]:
    """Runs Python code as a job and removes what it left."""
    folders = []

    def run_code(code: str, mounts: tuple[Mount, ...] = (), **limits: Any) -> Outcome:
        outcome = sandbox.run(code_job(sandbox, code, mounts, **limits))
        if outcome.outputs is not None:
            folders.append(outcome.outputs)
        return outcome

    yield run_code
    for name in folders:
        shutil.rmtree(name)


@pytest.fixture
def attack(run: Run) -> Iterator[Run]:
    """Runs code that means harm; afterwards the same sandbox must run a job as if nothing had been."""
    yield run
    after = run("answer([os.listdir('/out'), os.listdir('/dev/shm')])")
    assert answer(after) == [[], []]
    assert after.limits_hit == ()
