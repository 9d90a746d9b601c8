"""Whether a clause says a passage of the record word for word, so that no other rule need doubt its words.

Promises that its words stand in the passage in their order, with every denial and comparison of the part that
it takes, and beside the passage's own facts where that part prints any. Forms of a word count as one; what it
has besides, or leaves out, are function words. Ideas count in sentences that say that they ask. Judges no
number that is set into a passage without one: the other rules do.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise

from agent.evidence.audit.context import AuditContext
from agent.evidence.audit.reading import CLAIM, FACT, SETTING, VERDICT, Clause, read
from agent.evidence.audit.retelling import COMPARING
from agent.evidence.audit.stems import listed, stem_set, stems
from agent.evidence.audit.words import words
from agent.evidence.passages import Passage

_FEWEST = 4
"""Words from which a clause can be a quotation."""
_NAMED = (FACT, CLAIM, SETTING, VERDICT)
_OWED = ("denial", *COMPARING)
"""Lists of words that a quotation may neither add nor leave out."""


@dataclass(frozen=True)
class _Words:
    """A text as the stems of its words, and the marks before each."""

    stems: tuple[str, ...]
    owed: tuple[bool, ...]
    """Whether a word denies or compares."""
    names: tuple[tuple[int, str], ...]
    """The facts, claims and settings that it prints, with the number of words before each."""


def is_verbatim(clause: Clause, context: AuditContext) -> bool:
    """Whether the clause, or the sentence that it is set into, says a passage of the record word for word."""
    sentence = clause.sentence
    asks = bool(listed("asking") & stem_set(sentence.text))
    whole = Clause(sentence, 0, len(sentence.text), sentence.text)
    return any(
        _is_said(_of(one), context.passages, asks)
        for one in ((whole,) if clause.is_inserted else (clause, whole))
    )


def _of(clause: Clause) -> _Words:
    found = stems(clause.text)
    owed = [range(m.start(), m.end()) for m in words(*_OWED).finditer(clause.text)]
    marks = (mark for mark in clause.marks if mark.kind in _NAMED)
    return _Words(
        tuple(stem for stem, _, _ in found),
        tuple(any(start in one for one in owed) for _, start, _ in found),
        tuple((sum(start < mark.at - clause.low for _, start, _ in found), mark.name) for mark in marks),
    )


@lru_cache(maxsize=4096)
def _is_said(said: _Words, passages: tuple[Passage, ...], asks: bool) -> bool:
    if len(said.stems) < _FEWEST:
        return False
    content = frozenset(said.stems) - listed("neutral")
    return any(
        content <= frozenset(part.stems) and _fits(said, part)
        for passage in passages
        if passage.kind == "record" or (passage.kind == "idea" and asks)
        for part in _parts(passage.text)
    )


@lru_cache(maxsize=1024)
def _parts(text: str) -> tuple[_Words, ...]:
    """The sentences of a passage, its clauses, and each of these with the one that follows."""
    sentences = read(text)
    clauses = [_of(clause) for sentence in sentences for clause in sentence.clauses]
    wholes = (_of(Clause(one, 0, len(one.text), one.text)) for one in sentences)
    return (*wholes, *clauses, *(_joined(one, other) for one, other in pairwise(clauses)))


def _joined(one: _Words, other: _Words) -> _Words:
    later = tuple((place + len(one.stems), name) for place, name in other.names)
    return _Words(one.stems + other.stems, one.owed + other.owed, one.names + later)


def _fits(said: _Words, part: _Words) -> bool:
    """Whether the words stand in a part of a passage in their order, and nothing that matters is left out."""
    blocks = [
        block
        for block in SequenceMatcher(None, said.stems, part.stems, autojunk=False).get_matching_blocks()
        if block.size
    ]
    if not blocks:
        return False
    taken = {block.a + i for block in blocks for i in range(block.size)}
    there = {block.b + i for block in blocks for i in range(block.size)}
    low, high = min(there), max(there) + 1
    free = listed("neutral")
    added = [i for i in range(len(said.stems)) if i not in taken]
    dropped = [i for i in range(low, high) if i not in there]
    if any(said.owed[i] or said.stems[i] not in free for i in added):
        return False
    if any(part.owed[i] or part.stems[i] not in free for i in dropped):
        return False
    printed = {name for place, name in part.names if low <= place <= high}
    own = {name for _, name in said.names}
    return own <= printed if printed else not (own and part.names)
