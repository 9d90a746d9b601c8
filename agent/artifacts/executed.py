"""Which changed lines of an idea's code ran."""

from __future__ import annotations

from agent.artifacts.base import Artifact, Id, Status
from agent.artifacts.trial import Trace


class ArmLines(Artifact):
    """The traced trial of one frozen arm whose code was edited."""

    arm: str
    trial: Id
    status: Status
    """How that trial ended."""
    trace: Trace | None
    """None where it noted nothing that can be used."""


class Executed(Artifact):
    """Of every frozen arm with edits, which changed lines one trial of it executed."""

    idea: Id
    arms: tuple[ArmLines, ...]
    """In the order of the plan."""
    parents: tuple[str, ...]
    """Hashes of the idea and the tree."""

    def of(self, arm: str) -> ArmLines | None:
        """The record of an arm; None for one without edits."""
        return next((one for one in self.arms if one.arm == arm), None)
