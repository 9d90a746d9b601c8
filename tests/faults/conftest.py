"""Counts over the matrix of faults, printed in pytest's summary."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.faults.server import Tally


@dataclass
class Counted:
    """What was counted over all tests of the matrix."""

    calls: int = 0
    faults: int = 0
    completed: int = 0
    stopped: int = 0
    repeated: int = 0

    def add(self, tally: Tally, *, completed: int, stopped: int = 0) -> None:
        """Add one test."""
        self.calls += tally.calls
        self.faults += tally.faults
        self.completed += completed
        self.stopped += stopped
        self.repeated += sum(times - 1 for times in tally.answered.values())

    def line(self) -> str:
        """The counts in words."""
        return (
            f"{self.faults} faults in {self.calls} calls: {self.completed} studies completed, after "
            f"{self.stopped} stops that were resumed; {self.repeated} recorded answers asked for again"
        )


COUNTED = pytest.StashKey[Counted]()


@pytest.fixture
def counted(pytestconfig: pytest.Config) -> Counted:
    """The counts so far."""
    return pytestconfig.stash.setdefault(COUNTED, Counted())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if counts := config.stash.get(COUNTED, None):
        terminalreporter.section("matrix of faults")
        terminalreporter.line(counts.line())
