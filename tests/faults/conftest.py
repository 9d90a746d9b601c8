"""Counts of each test of the matrix of faults, for pytest's summary."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import COUNTS
from tests.faults.server import Tally

Count = Callable[..., None]


@pytest.fixture
def counted(record_property: Callable[[str, object], None]) -> Count:
    """Reports what one test of the matrix counted, from whatever process it runs in."""

    def count(tally: Tally, *, completed: int, stopped: int = 0) -> None:
        repeated = sum(times - 1 for times in tally.answered.values())
        record_property(COUNTS, [tally.faults, tally.calls, completed, stopped, repeated])

    return count
