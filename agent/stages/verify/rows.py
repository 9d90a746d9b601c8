"""One check of a record: a row that says what was looked at and what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from agent.errors import ShoalError

Status = Literal["ok", "wrong", "not checked"]
SHOWN = 12
"""Findings of one row that are named; the rest are counted."""


@dataclass(frozen=True)
class Row:
    """One check of a run or of one idea of it."""

    idea: str
    """Empty for a check of the whole run."""
    check: str
    status: Status
    evidence: str
    """What was looked at, or why it was not."""
    findings: tuple[str, ...] = ()


def row(idea: str, check: str, look: Callable[[], tuple[str, Iterable[str]]]) -> Row:
    """The row of a check that gives its evidence and its findings; what keeps it from an answer is one."""
    try:
        evidence, found = look()
        findings = tuple(found)
    except NotChecked as reason:
        return Row(idea, check, "not checked", str(reason))
    except (ShoalError, KeyError, ValueError, StopIteration) as error:
        text = str(error.args[0]) if error.args else type(error).__name__
        return Row(idea, check, "wrong", "cannot be derived again", (text,))
    if len(findings) > SHOWN:
        findings = (*findings[:SHOWN], f"and {len(findings) - SHOWN} more")
    return Row(idea, check, "wrong" if findings else "ok", evidence, findings)


class NotChecked(Exception):
    """A check cannot be done here; the text says why."""
