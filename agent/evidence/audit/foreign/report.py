"""What the audit of a foreign paper says: its numbers, and what is wrong beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["supported", "unsupported", "setting", "structural"]


@dataclass(frozen=True)
class Judged:
    """A number of the paper and what became of it."""

    literal: str
    """As printed."""
    value: float
    """With its exponent and k or M; a percentage is not divided."""
    file: str
    line: int
    column: int
    """Both from 1, in the file given."""
    status: Status
    evidence: str
    """Where its value stands in the results; empty where nothing supports it."""
    how: str
    """How it follows from there, or why nothing supports it."""
    nearest: str = ""
    """For an unsupported number: the fitting value that stands nearest, with its place."""
    quotation: str = ""
    """The words around it."""


@dataclass(frozen=True)
class Remark:
    """Something else that is wrong, at its place."""

    kind: str
    file: str
    line: int
    column: int
    subject: str
    """The key, file or sentence that is meant."""
    reason: str


@dataclass
class Report:
    """All that the audit found."""

    paper: str
    results: str
    numbers: list[Judged] = field(default_factory=list)
    references: list[Remark] = field(default_factory=list)
    figures: list[Remark] = field(default_factory=list)
    statements: list[Remark] = field(default_factory=list)
    files: list[Remark] = field(default_factory=list)
    """Files of the paper that were not read."""
    skipped: list[str] = field(default_factory=list)
    """Result files that could not be read."""

    @property
    def unsupported(self) -> list[Judged]:
        """The numbers that the results do not support."""
        return [number for number in self.numbers if number.status == "unsupported"]

    @property
    def remarks(self) -> list[Remark]:
        """Everything that is wrong beside numbers."""
        return [*self.references, *self.figures, *self.statements, *self.files]

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.unsupported and not self.remarks

    def document(self) -> dict[str, Any]:
        """The report for `--json`."""
        return {
            "schema": 1,
            "command": "audit",
            "paper": self.paper,
            "results": self.results,
            "numbers": [
                {
                    "literal": n.literal,
                    "value": n.value,
                    "file": n.file,
                    "line": n.line,
                    "column": n.column,
                    "status": n.status,
                    "evidence": n.evidence,
                    "how": n.how,
                    "nearest": n.nearest,
                }
                for n in self.numbers
            ],
            "references": [_remark(item) for item in self.references],
            "figures": [_remark(item) for item in self.figures],
            "statements": [_remark(item) for item in self.statements],
            "files": [_remark(item) for item in self.files],
            "skipped": self.skipped,
            "passed": self.passed,
        }


def _remark(item: Remark) -> dict[str, Any]:
    return {
        "kind": item.kind,
        "file": item.file,
        "line": item.line,
        "column": item.column,
        "subject": item.subject,
        "reason": item.reason,
    }
