"""The sandboxes that tests run over; conftest files import these fixtures."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.ports import Sandbox
from agent.sandboxes.bubblewrap import Bubblewrap


@pytest.fixture(scope="session", params=["bubblewrap", pytest.param("docker", marks=pytest.mark.docker)])
def sandbox(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Each adapter in turn, with a store of its own."""
    store = tmp_path_factory.mktemp("store")
    if request.param == "bubblewrap":
        yield Bubblewrap(store)
        return
    image = request.getfixturevalue("docker_base_image")
    from agent.sandboxes.docker import Docker

    bundle = os.environ.get("SHOAL_SANDBOX__CA_BUNDLE")
    yield Docker(store, base_image=image, ca_bundle=Path(bundle) if bundle else None)


@pytest.fixture
def sums_memory(sandbox: Sandbox) -> None:
    """Skips where memory is bounded for each process only, as without a writable control group tree."""
    if isinstance(sandbox, Bubblewrap) and sandbox.limits_by == "resource limits":
        pytest.skip("no control group can be made here: memory is bounded for each process, not in sum")
