"""What the audit holds a paper against."""

from __future__ import annotations

from pydantic import Field

from agent.artifacts import (
    Artifact,
    Claims,
    Comparison,
    Facts,
    Figure,
    Finding,
    Plan,
    Reference,
    Scalar,
    Verdict,
)
from agent.evidence.audit.source import place_of
from agent.evidence.passages import Passage
from agent.prompts.section import SECTIONS

BACKED_SECTIONS = tuple(name for name, task in SECTIONS.items() if task.backed)
"""Sections in which every declarative sentence carries its evidence."""


class AuditContext(Artifact):
    """The evidence of one study."""

    facts: Facts
    claims: Claims
    verdict: Verdict
    plan: Plan
    references: tuple[Reference, ...]
    """Every work that may be cited."""
    settings: dict[str, Scalar]
    figures: tuple[Figure, ...]
    arm_labels: dict[str, str] = Field(default_factory=dict)
    """How the text calls the arms beside their roles."""
    code_diff: str = ""
    """How the treatment's code differs from the template's; empty for a knob idea."""
    never_ran: frozenset[str] = frozenset()
    """Names that occur in the treatment's code only where no traced trial executed it."""
    passages: tuple[Passage, ...] = ()
    """What the study's record says in words, which its paper may retell."""

    @property
    def closing(self) -> frozenset[str]:
        """The settings whose text ends a sentence."""
        return frozenset(
            name for name, value in self.settings.items() if str(value).rstrip().endswith((".", "?", "!"))
        )

    @property
    def verdict_comparisons(self) -> tuple[Comparison, ...]:
        """The registered comparisons that the verdict follows from."""
        return tuple(c for c in self.plan.comparisons if c.family == "verdict")


def finding(rule: str, file: str, latex: str, position: int, quotation: str, reason: str) -> Finding:
    """A finding at a character offset of a file's text."""
    place = place_of(latex, position)
    shown = " ".join(quotation.split())
    shown = shown if len(shown) <= 160 else shown[:157] + "…"
    return Finding(rule=rule, file=file, line=place.line, column=place.column, quotation=shown, reason=reason)
