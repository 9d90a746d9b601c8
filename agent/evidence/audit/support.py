"""Rule `support`: every word of a sentence rests on its evidence, or on the record that it retells.

Promises to name each word of a clause that is neither neutral nor of the facts, claims, settings, works,
figures and verdict printed in its sentence, nor of the one passage of the record that it retells best. A
sentence with a fact may retell only a passage that names it, a clause with a citation none, and a clause that
says that something is more or the same owes every one of its words. Conjectures and questions are left out.
Knows no meanings: a false sentence made of its own evidence's words is for the other rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from agent.artifacts import Finding, SectionText
from agent.evidence.audit.asserted import is_disclaimer, licence
from agent.evidence.audit.context import AuditContext, finding
from agent.evidence.audit.reading import CITE, FACT, VERDICT, Clause, Sentence, read
from agent.evidence.audit.retelling import NAMED, Occurrences, Source, missing, occurrences, source
from agent.evidence.audit.stems import listed, stem_set
from agent.evidence.audit.vocabulary import Vocabulary
from agent.evidence.audit.words import whole, words
from agent.evidence.passages import Passage, plain
from agent.prompts.sentences import is_declarative

RULE = "support"
_REMEDY = r"retell a passage of the design, name a fact, cite a work or put it into \conjecture{}"
_LONGEST_SHOWN = 120
"""Characters of a passage that a finding shows."""
_IDEA = ("question", "hypothesis", "prediction", "refuted_if")
"""Settings whose text may be retold where a sentence says that it asks or supposes."""
_DENIES_TELLING = re.compile(
    r"\b(?:(?:do|does|did|can|could|has|have|is|was|were|are)(?: not|n['’]t)|cannot|nothing|"
    r"(?:neither|nor) does)"
    r"(?: \w+){0,2} (?:shows?|shown|says?|said|tells?|told|impl(?:y|ies)|known)\b",
    re.IGNORECASE,
)


def unsupported(sections: tuple[SectionText, ...], context: AuditContext) -> Iterator[Finding]:
    """The words of the sections that nothing supports.

    Raises:
        Unreadable: a section, or a passage of the record, is not balanced LaTeX.
    """
    support = Support(context)
    for section in sections:
        for sentence in filter(_is_told, read(section.latex, context.closing)):
            for clause in sentence.clauses:
                left, nearest = support.lacking(clause)
                if left:
                    said = ", ".join(repr(clause.text[low:high]) for low, high in left)
                    reason = f"nothing that is recorded stands behind {said} here: {_REMEDY}"
                    reason += f"; the nearest passage: {_shortened(nearest.text)}" if nearest else ""
                    place, file = clause.place(left[0][0]), f"{section.name}.tex"
                    yield finding(RULE, file, section.latex, place, _shown(clause), reason)


def _is_told(sentence: Sentence) -> bool:
    """Whether a sentence says something, rather than asks."""
    return is_declarative(sentence.text)


def _shortened(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST_SHOWN else f"{plain[: _LONGEST_SHOWN - 1]}…"


def _shown(clause: Clause) -> str:
    names = {mark.at - clause.low: f"\\{mark.macro}{{{mark.name}}}" for mark in clause.marks}
    return "".join(names.get(i, c) for i, c in enumerate(clause.text))


@dataclass(frozen=True)
class Support:
    """What stands behind the words of one study's paper."""

    context: AuditContext

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words of its evidence."""
        return Vocabulary(self.context)

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The passages that may be retold."""
        context = self.context
        found = [*context.passages, *(Passage(text=claim.text) for claim in context.claims.items)]
        found += [
            Passage(text=why, about="verdict") for why in (context.verdict.reason, *context.verdict.caps)
        ]
        found += [Passage(text=figure.caption, about=f"fig:{figure.id}") for figure in context.figures]
        for name, value in context.settings.items():
            if isinstance(value, str):
                found.append(Passage(text=plain(value), kind="idea" if name in _IDEA else "record"))
        return tuple(source(passage, context) for passage in found)

    def lacking(self, clause: Clause) -> tuple[tuple[tuple[int, int], ...], Passage | None]:
        """Start and stop of each word that nothing supports, and the passage that comes nearest."""
        told = occurrences(clause, self.context)
        needed = self._needed(clause, told)
        if not needed or licence(clause, self.context):
            return (), None
        nearest = None
        best = tuple(stem for stem in told if stem in needed)
        for one in self.sources:
            if best and self._may_retell(clause, one):
                left = missing(told, needed, one)
                if len(left) < len(best):
                    best, nearest = left, one.passage if one.passage.kind != "code" else None
        return tuple(sorted((told[stem][0].start, told[stem][0].stop) for stem in best)), nearest

    def _needed(self, clause: Clause, told: Occurrences) -> frozenset[str]:
        """The words that only a passage can support."""
        own, end = self._own(clause, told), _disclaimed(clause)
        needed = {
            stem for stem, every in told.items() if stem not in own and any(o.start < end for o in every)
        }
        if CITE in clause.text:
            needed |= (told.keys() & listed("ours")) - self.vocabulary.works(clause)
        return frozenset(needed)

    def _own(self, clause: Clause, told: Occurrences) -> frozenset[str]:
        """The words that the clause may have without retelling anything."""
        sentence, vocabulary = clause.sentence, self.vocabulary
        marks = clause.marks if CITE in sentence.text else sentence.marks
        found = vocabulary.neutral.union(*(vocabulary.of(mark) for mark in marks))
        if not any(one.compares for every in told.values() for one in every):
            found |= vocabulary.names | (frozenset() if FACT in clause.text else vocabulary.things)
        if words("denial").search(clause.text):
            found |= listed("telling")
        if whole("next experiment").search(sentence.text):
            found |= listed("proposing")
        return found

    def _may_retell(self, clause: Clause, one: Source) -> bool:
        """Whether a passage speaks of what the clause prints, or the clause prints no number."""
        sentence = clause.sentence
        if CITE in clause.text or one.passage.kind == "name":
            return False
        if one.passage.kind == "idea" and not _is_idea(sentence.text):
            return False
        printed = {mark.name for mark in clause.marks if mark.kind in NAMED}
        printed |= {"verdict"} if VERDICT in clause.text else set()
        if one.passage.about:
            return one.passage.about in printed
        return FACT not in clause.text or bool(one.names & printed)


def _is_idea(text: str) -> bool:
    """Whether a sentence says that it asks or supposes."""
    return text.rstrip().endswith("?") or bool(listed("asking") & stem_set(text))


def _disclaimed(clause: Clause) -> int:
    """Where the unshown begins in a clause that says what the study does not show; else the clause's end."""
    found = _DENIES_TELLING.search(clause.text) if is_disclaimer(clause) else None
    return found.end() if found else len(clause.text)
