"""Rule `sections`: no section is missing, empty, repeated or a placeholder."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.artifacts import Finding, SectionText
from agent.evidence.audit.context import finding
from agent.evidence.audit.reading import Sentence, read
from agent.evidence.audit.words import words
from agent.prompts.macros import word_count
from agent.prompts.section import SECTIONS

RULE = "sections"
_MARKS = re.compile(r"\?\?|\[\s*(?:\.\.\.|…|\w+(?: \w+){0,3} here)?\s*\]|<[A-Za-z][^>]{0,40}>|\.\.\.|…|_{3,}")
_FEWEST_WORDS = 8
_LONG_SENTENCE = 8
"""Words from which the same sentence in two places is a repetition, not a turn of phrase."""
_ALIKE = 0.8
"""Share of common word triples from which two sentences are the same one, reworded."""


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
    seen: list[tuple[str, frozenset[tuple[str, ...]]]] = []
    for section in sections:
        file, count = f"{section.name}.tex", word_count(section.latex)
        if count < _FEWEST_WORDS:
            yield finding(RULE, file, section.latex, 0, section.latex, f"the section has only {count} words")
        for sentence in read(section.latex):
            yield from _placeholders(file, section.latex, sentence)
            triples = _triples(sentence)
            if len(triples) < _LONG_SENTENCE - 2:
                continue
            other = next((name for name, known in seen if _alike(triples, known)), None)
            if other is not None:
                written = section.latex[sentence.start : sentence.stop]
                reason = f"the same sentence stands in the section {other}"
                yield finding(RULE, file, section.latex, sentence.start, written, reason)
            seen.append((section.name, triples))


def _placeholders(file: str, latex: str, sentence: Sentence) -> Iterator[Finding]:
    for match in (*words("placeholders").finditer(sentence.text), *_MARKS.finditer(sentence.text)):
        place = sentence.offsets[match.start()]
        yield finding(RULE, file, latex, place, match[0], "a placeholder was left in the text")


def _triples(sentence: Sentence) -> frozenset[tuple[str, ...]]:
    names = {mark.at: mark.name for mark in sentence.marks}
    text = "".join(f" {names[i]} " if i in names else c for i, c in enumerate(sentence.text))
    found = re.findall(r"[\w.]+", text.lower())
    return frozenset(zip(found, found[1:], found[2:], strict=False))


def _alike(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> bool:
    return len(one & other) >= _ALIKE * len(one | other)
