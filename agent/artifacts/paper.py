"""The paper, what the audit holds against it, and its reviews."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agent.artifacts.base import Artifact, Id, unset
from agent.artifacts.idea import Score


class Reference(Artifact):
    """A work that the paper may cite."""

    key: str
    title: str
    authors: tuple[str, ...]
    year: int
    venue: str = ""
    topics: tuple[str, ...] = ()
    """Knob names and topics that the work speaks to."""
    bibtex: str
    """The entry as it goes into references.bib."""
    status: Literal["found", "not_found", "unavailable"]
    source: str
    """Where it was looked up."""


class Finding(Artifact):
    """One thing that the audit holds against a paper."""

    rule: str
    file: str
    line: int
    column: int
    quotation: str
    reason: str


class Audit(Artifact):
    """What the audit of one round of a paper found."""

    passed: bool
    findings: tuple[Finding, ...]
    checked: tuple[str, ...]
    """Names of the rules that ran."""
    parents: tuple[str, ...] = ()


class PaperFile(Artifact):
    """One file of a paper with its hash."""

    path: str
    sha256: str


class SectionText(Artifact):
    """The text of one section as it was written, before binding."""

    name: str
    latex: str


class Paper(Artifact):
    """One round of a paper."""

    idea: Id
    round: int
    title: str
    sections: tuple[SectionText, ...]
    references: tuple[str, ...]
    """Keys of the cited works, in order."""
    files: tuple[PaperFile, ...]
    """Files beside this record, paper.pdf left out: TeX's version decides its bytes."""
    parents: tuple[str, ...] = ()
    repairs: tuple[str, ...] = Field(default=(), exclude_if=unset)
    """Changes of the LaTeX that TeX needed, one line each; blocks that were left out among them."""


class Check(Artifact):
    """One computed answer about a study, such as "every registered trial has a Result"."""

    question: str
    passed: bool
    evidence: str


class Review(Artifact):
    """One reviewer's report on one round of a paper."""

    reviewer: str
    summary: str
    strengths: tuple[str, ...]
    weaknesses: tuple[str, ...]
    questions: tuple[str, ...]
    checks: tuple[Check, ...]
    scores: tuple[Score, ...] = ()
    """Empty for a scripted checklist."""
    decision: Literal["accept", "reject", "none"]
    """`none` for a scripted checklist."""
    parents: tuple[str, ...] = ()


class MetaReview(Artifact):
    """What the panel came to."""

    summary: str
    decision: Literal["accept", "reject", "none"]
    scores: tuple[Score, ...] = ()
    """Means over the reviewers, computed."""
    reviews: tuple[str, ...]
    """Hashes of the reviews."""
    parents: tuple[str, ...] = ()
