"""Time that a test lets pass."""

from __future__ import annotations

from agent.errors import Stopped
from agent.models.retry import Waiting


class Hand:
    """A clock that moves only while somebody waits."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.told: list[str] = []
        self.stop_at: float | None = None
        """From then on the run is to stop."""

    def now(self) -> float:
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds

    def waiting(self) -> Waiting:
        """Waits by this clock."""
        return Waiting(self.told.append, self._stop, self)

    def _stop(self) -> Stopped | None:
        if self.stop_at is None or self.seconds < self.stop_at:
            return None
        return Stopped("interrupted", interrupted=True)
