"""Rule `sections`: no section is missing, empty, repeated or a placeholder."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.artifacts import Finding, SectionText
from agent.evidence.audit.context import finding
from agent.evidence.audit.statements import sentences
from agent.prompts.macros import word_count
from agent.prompts.section import SECTIONS

RULE = "sections"
_PLACEHOLDER = re.compile(
    r"\b(TODO|TBD|FIXME|XXX+|lorem ipsum|placeholder|to be (?:written|added|done)|insert \w+ here)\b|\?\?",
    re.IGNORECASE,
)
_FEWEST_WORDS = 8
_LONG_SENTENCE = 60
"""Characters from which the same sentence in two places is a repetition, not a turn of phrase."""


def missing_sections(sections: tuple[SectionText, ...]) -> Iterator[Finding]:
    """The sections that a paper needs and this one does not have."""
    present = {section.name for section in sections}
    for name in SECTIONS:
        if name not in present:
            yield finding(RULE, f"{name}.tex", "", 0, "", f"the section {name} is missing")


def section_findings(sections: tuple[SectionText, ...]) -> Iterator[Finding]:
    """Sections that are empty, unfinished or repeat each other.

    Raises:
        Unreadable: a section is not balanced LaTeX.
    """
    seen: dict[str, str] = {}
    for section in sections:
        file, found = f"{section.name}.tex", sentences(section.latex)
        words = word_count(section.latex)
        if words < _FEWEST_WORDS:
            yield finding(RULE, file, section.latex, 0, section.latex, f"the section has only {words} words")
        for match in _PLACEHOLDER.finditer(section.latex):
            yield finding(
                RULE, file, section.latex, match.start(), match[0], "a placeholder was left in the text"
            )
        for sentence in found:
            written = " ".join(section.latex[sentence.start : sentence.stop].split())
            other = seen.setdefault(written, section.name)
            if len(written) >= _LONG_SENTENCE and other != section.name:
                reason = f"the same sentence stands in the section {other}"
                yield finding(RULE, file, section.latex, sentence.start, written, reason)
