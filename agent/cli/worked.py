"""How long a run and each of its stages have worked, over all starts.

Promises to depend on no wall clock: `events.jsonl` carries the seconds that a run has worked at each line,
measured within a start by a clock that never goes back. A kill loses what was worked since the last line,
`events.BEAT_S` at most. Where several ideas are in one stage at a time, the stage's time passes once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Worked:
    """Seconds that a run and its stages have worked, as far as the events taken up tell."""

    total_s: float = 0.0
    _stages: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _active: dict[str, str] = field(default_factory=dict)
    """Idea to the stage that it is in."""

    @classmethod
    def before(cls, events: Iterable[Mapping[str, Any]]) -> Worked:
        """What the events of earlier starts say."""
        worked = cls()
        for event in events:
            worked.take(event)
        worked.begin()
        return worked

    def begin(self) -> None:
        """A start begins: no idea is in a stage yet."""
        self._active.clear()

    def take(self, event: Mapping[str, Any]) -> None:
        """Take up one line of the events."""
        at = event.get("worked_s")
        if isinstance(at, int | float):
            self.pass_to(float(at))
        if event.get("starts"):
            self.begin()
        idea, kind = str(event.get("idea", "")), event.get("kind")
        if kind == "stage" and event.get("phase") == "start":
            self._active[idea] = str(event.get("text"))
        elif kind in ("stage", "error", "done"):
            self._active.pop(idea, None)

    def pass_to(self, total_s: float) -> None:
        """Let time pass until the run has worked `total_s` seconds; less than it has is nothing."""
        passed = max(0.0, total_s - self.total_s)
        self.total_s += passed
        for stage in self.active():
            self._stages[stage] += passed

    def stage_s(self, stage: str) -> float:
        """Seconds that a stage has worked."""
        return self._stages.get(stage, 0.0)

    def active(self) -> set[str]:
        """The stages that are under way."""
        return set(self._active.values())
