"""How well a clause retells a passage of the study's own record.

Promises that a retold word stands in the passage under a denial where it does in the clause, and beside the
same arm. Does not hold a clause against the order of the passage's other words, and knows no meanings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from agent.evidence.audit.arms import mentions
from agent.evidence.audit.context import AuditContext
from agent.evidence.audit.reading import CLAIM, FACT, REF, SETTING, VERDICT, Clause, read
from agent.evidence.audit.stems import stems
from agent.evidence.audit.words import words
from agent.evidence.passages import Passage

NAMED = (FACT, CLAIM, SETTING, REF, VERDICT)
"""Marks whose names a passage may be about."""
_JOINED = re.compile(r"(?:[\s,()]|\b(?:and|or|nor|as|of|that|the|an?)\b)*", re.IGNORECASE)
COMPARING = ("better", "worse", "higher", "lower", "comparing")
"""The lists of words that say that something is more, less or the same."""
_KNOB = re.compile(r"\bknobs?,?\s+$", re.IGNORECASE)
"""Before the label of what is treated, where that is a knob and no arm."""


@dataclass(frozen=True)
class Occurrence:
    """A word where it stands in a clause."""

    denied: bool
    """Whether its clause denies something before it."""
    arms: frozenset[str]
    """The arms named last before it, else first after it; none where the clause names none."""
    compares: bool
    """Whether it says that something is more, less or the same."""
    start: int
    stop: int
    """Offsets in its clause."""


Occurrences = Mapping[str, tuple[Occurrence, ...]]
"""The words of a text by their stems."""


def occurrences(clause: Clause, context: AuditContext) -> Occurrences:
    """The words of a clause but for those that name an arm."""
    denial = words("denial").search(clause.text)
    from_here = denial.start() if denial else len(clause.text)
    groups = _groups(clause.text, context)
    compared = {match.start() for match in words(*COMPARING).finditer(clause.text)}
    named = [(mention.start, mention.stop) for mention in mentions(clause.text, context)]
    found: dict[str, list[Occurrence]] = {}
    for stem, start, stop in stems(clause.text):
        if any(low <= start < high for low, high in named):
            continue
        before = [arms for arms, low in groups if low <= start]
        arms = before[-1] if before else groups[0][0] if groups else frozenset()
        found.setdefault(stem, []).append(
            Occurrence(start >= from_here, arms, start in compared, start, stop)
        )
    return {stem: tuple(every) for stem, every in found.items()}


def _groups(text: str, context: AuditContext) -> list[tuple[frozenset[str], int]]:
    """The arms that a text names with where each is named first; arms that are joined by "and" are one."""
    found: list[tuple[frozenset[str], int]] = []
    stop = 0
    for mention in mentions(text, context):
        if _KNOB.search(text[: mention.start]):
            continue
        if found and _JOINED.fullmatch(text[stop : mention.start]):
            arms, start = found.pop()
            found.append((arms | {mention.arm}, start))
        else:
            found.append((frozenset({mention.arm}), mention.start))
        stop = mention.stop
    return found


@dataclass(frozen=True)
class Source:
    """A passage as the audit reads it."""

    passage: Passage
    parts: tuple[Occurrences, ...]
    """Of each of its clauses."""
    names: frozenset[str]
    """The facts and settings that it prints, and what it is about."""

    @cached_property
    def words(self) -> frozenset[str]:
        """Every stem in it."""
        return frozenset(stem for part in self.parts for stem in part)


def source(passage: Passage, context: AuditContext) -> Source:
    """A passage, read.

    Raises:
        Unreadable: it is not balanced LaTeX.
    """
    clauses = [clause for sentence in read(passage.text) for clause in sentence.clauses]
    named = {mark.name for clause in clauses for mark in clause.marks if mark.kind in NAMED}
    names = frozenset(named | {passage.about} - {""})
    return Source(passage, tuple(occurrences(clause, context) for clause in clauses), names)


def missing(told: Occurrences, needed: frozenset[str], source: Source) -> tuple[str, ...]:
    """The needed words of a clause that no two clauses in a row of the passage bear out, in order."""
    if source.passage.kind == "code":
        return tuple(stem for stem in told if stem in needed and stem not in source.words)
    every = tuple(stem for stem in told if stem in needed)
    best, denied = every, tuple(stem for stem in every if _is_denied(told, stem))
    for first, second in pairwise((*source.parts, {})):
        borne = _fits(told, needed, first) | _fits(told, needed, second)
        left = tuple(stem for stem in every if stem not in borne)
        if (
            not left
            and denied
            and not any(_is_denied(part, stem) for part in (first, second) for stem in denied)
        ):
            left = denied
        best = min(best, left, key=len)
    return best


def _fits(told: Occurrences, needed: frozenset[str], part: Occurrences) -> frozenset[str]:
    """The needed words that a clause of the passage has under the same denial and beside the same arm."""
    return frozenset(
        stem
        for stem in needed & part.keys()
        if any(_agree(here, there) for here in told[stem] for there in part[stem])
    )


def _agree(here: Occurrence, there: Occurrence) -> bool:
    if there.denied and not here.denied:
        return False
    if here.compares and here.arms:
        return here.arms <= there.arms
    return not here.arms or not there.arms or bool(here.arms & there.arms)


def _is_denied(part: Occurrences, stem: str) -> bool:
    return any(one.denied for one in part.get(stem, ()))
