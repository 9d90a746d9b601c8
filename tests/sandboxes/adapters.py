"""The sandboxes that tests run over; conftest files import these fixtures."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.ports import Sandbox
from agent.sandboxes.bubblewrap import Bubblewrap
from tests.sandboxes.ordinary import OrdinaryBubblewrap

DOCKER = pytest.param("docker", marks=pytest.mark.docker)
ADAPTERS = ["bubblewrap", DOCKER]
ADAPTERS_AND_USERS = [*ADAPTERS, "bubblewrap as a user"] if os.geteuid() == 0 else ADAPTERS
"""Both engines, and bubblewrap for root and for others: where pytest is not root, it is no root's already."""


def opened(kind: str, request: pytest.FixtureRequest, store: Path) -> Iterator[Sandbox]:
    """The sandbox that a parameter names, in `store` unless it has one of its own."""
    if kind == "bubblewrap":
        yield Bubblewrap(store)
    elif kind == "docker":
        image = request.getfixturevalue("docker_base_image")
        from agent.sandboxes.docker import Docker

        bundle = os.environ.get("SHOAL_SANDBOX__CA_BUNDLE")
        yield Docker(store, base_image=image, ca_bundle=Path(bundle) if bundle else None)
    else:
        with OrdinaryBubblewrap() as ordinary:
            yield ordinary


@pytest.fixture(scope="session", params=ADAPTERS)
def sandbox(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Each adapter in turn, with a store of its own."""
    yield from opened(request.param, request, tmp_path_factory.mktemp("store"))


@pytest.fixture
def sums_memory(sandbox: Sandbox) -> None:
    """Skips where memory is bounded for each process only, as without a writable control group tree."""
    if getattr(sandbox, "limits_by", "") == "resource limits":
        pytest.skip("no control group can be made here: memory is bounded for each process, not in sum")
