"""What `shoal template check` says: one row for each thing that was tried."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

State = Literal["passed", "failed", "not checked"]
Group = Literal["trials", "forged scores", "evaluator", "duplicates"]


class Row(BaseModel):
    """One thing that was tried, and what came of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    group: Group
    name: str
    """Lower-case words joined by hyphens; stable."""
    question: str
    """What holds where the row passes, or what was attempted."""
    state: State
    evidence: str
    mend: str = ""
    """What to change where it failed or could not be checked."""


def row(group: Group, name: str, question: str, evidence: str, mend: str, *, passed: bool | None) -> Row:
    """A row; `passed` is None where nothing could be checked, and `mend` is left out where it passed."""
    state: State = "not checked" if passed is None else "passed" if passed else "failed"
    told = "" if state == "passed" else mend
    return Row(group=group, name=name, question=question, state=state, evidence=evidence, mend=told)
