"""What the paper calls the names in its results, learnt from the paper itself.

Two sources: a name in brackets behind a phrase (`Cosine schedule (Run 2)`), and the rows and columns of
tables whose label says nothing that the results know, but of which at least `VOTES`
numbers agree with one name and hardly any with another. A label so learnt never vouches for the numbers that
taught it alone: an agreeing cell always has two others behind it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.evidence.audit.foreign.dimensions import Dimension, Mention
from agent.evidence.audit.foreign.evidence import Evidence
from agent.evidence.audit.foreign.printing import is_fraction, scales, stats_of, tolerance
from agent.evidence.audit.foreign.reading import Reading
from agent.evidence.audit.foreign.scopes import words_scope

if TYPE_CHECKING:
    from agent.evidence.audit.foreign.finding import Found

VOTES = 3
_BRACKET = re.compile(r"([^()\n.;:,|]{2,70}?)\s*\(([^()]{1,40})\)")
_LEADING = re.compile(
    r"^.*?\b(?:and|or|with|of|for|by|the|in|on|our|a|an|uses?|using|is|are|include|including|"
    r"namely|where|called)\s+",
    re.IGNORECASE,
)


def from_brackets(reading: Reading, evidence: Evidence) -> None:
    """Learn from phrases with a bracket behind them, where one of the two is a name and the other is not."""
    learnt = False
    for block in reading.blocks:
        if block.kind == "formula":
            continue
        for found in _BRACKET.finditer(block.text):
            outside, inside = found[1].strip(), found[2].strip()
            if re.search(r"\d\.\d|%|vs\b", inside):
                continue
            learnt |= _learn(evidence, outside, inside)
    if learnt:
        evidence.forget()


def _learn(evidence: Evidence, outside: str, inside: str) -> bool:
    inner, outer = words_scope(inside), words_scope(outside)
    learnt = False
    for f, family in enumerate(evidence.families):
        for d in family.telling:
            dimension = family.dimensions[d]
            within = [m for m in evidence.mentions(f, d, inner) if m.full]
            without = [m for m in evidence.mentions(f, d, outer) if m.full]
            if len(within) == 1 and not without and len(within[0].names) == 1:
                phrase = outside
                while (shorter := _LEADING.sub("", phrase)) != phrase and not (
                    dimension.opaque and len(phrase.split()) <= 6
                ):
                    phrase = shorter
                phrase = re.sub(r"^(?:the|and|our|a|an)\s+", "", phrase.strip(), flags=re.IGNORECASE)
                if 0 < len(phrase.split()) <= 7:
                    learnt |= dimension.alias(phrase, next(iter(within[0].names)))
            elif len(without) == 1 and not within and len(without[0].names) == 1:
                at_end = outer.words and without[0].stop >= outer.words[-1].start
                if (
                    at_end
                    and re.fullmatch(r"[A-Z][A-Za-z\d-]{1,11}|[A-Z][\w-]+(?: [\w-]+){0,2}", inside)
                    and not _known(evidence, inside)
                ):
                    learnt |= dimension.alias(inside, next(iter(without[0].names)))
    return learnt


def _known(evidence: Evidence, text: str) -> bool:
    scope = words_scope(text)
    return any(
        evidence.mentions(f, d, scope) for f, family in enumerate(evidence.families) for d in family.telling
    )


def from_tables(cells: Sequence[Found], evidence: Evidence) -> None:
    """Learn labels of rows and columns from the numbers beside them."""
    by_label: dict[str, list[Found]] = defaultdict(list)
    for item in cells:
        assert item.placed is not None
        for label in {*item.placed.row.split(" ; "), *item.placed.column.split(" ; ")}:
            if re.search(r"[A-Za-z]{2}", label):
                by_label[label].append(item)
    claims: list[tuple[int, str, int, int, str]] = []
    for label, items in by_label.items():
        if len(items) < VOTES or len(items) > 4000 or _over_all(label, items, cells):
            continue
        for f, family in enumerate(evidence.families):
            for d in family.telling:
                said = evidence.mentions(f, d, words_scope(label))
                if len(family.dimensions[d].names) > 200 or (
                    said and not _doubtful(said, family.dimensions[d], label)
                ):
                    continue
                if not said and any(evidence.mentions(f, e, words_scope(label)) for e in family.telling):
                    continue  # it names something else
                votes, asked = _votes(items, f, d, evidence, doubted=bool(said))
                if not votes:
                    continue
                if said:
                    _correct(label, votes, asked, (f, d), said, evidence)
                    continue
                (name, most), *others = votes.most_common(2)
                if most >= VOTES and most >= 0.5 * asked and (not others or others[0][1] <= most / 2):
                    claims.append((most, label, f, d, name))
    taken: set[tuple[int, int, str]] = set()
    for _, label, f, d, name in sorted(claims, key=lambda claim: (-claim[0], claim[1])):
        if (f, d, name) not in taken and evidence.families[f].dimensions[d].alias(label, name):
            taken.add((f, d, name))
    evidence.forget()


def _over_all(label: str, items: Sequence[Found], cells: Sequence[Found]) -> bool:
    """Whether a label stands over every number of its tables, and so tells none of them apart."""
    tables = {item.words.axes for item in items}
    return len(items) == sum(cell.words.axes in tables for cell in cells)


def _doubtful(said: Sequence[Mention], dimension: Dimension, label: str) -> bool:
    """Whether a label means an opaque name only because the paper says so somewhere (`… (Run 5)`)."""
    return dimension.opaque and len(said) == 1 and len(said[0].names) == 1 and not re.search(r"\d", label)


def _correct(
    label: str,
    votes: Counter[str],
    asked: int,
    place: tuple[int, int],
    said: Sequence[Mention],
    evidence: Evidence,
) -> None:
    """Believe a table against a bracket where nearly all of its numbers are another run's and none its
    own.
    """
    f, d = place
    given = next(iter(said[0].names))
    (name, most), *_ = votes.most_common(1)
    if name == given or most < 2 * VOTES or most < 0.8 * asked or votes[given] > asked / 5:
        return
    dimension = evidence.families[f].dimensions[d]
    telling = [spelling for spelling in dimension.spellings if spelling[1] == given and spelling[2]]
    dimension.spellings = [spelling for spelling in dimension.spellings if spelling not in telling]
    for words, _, own in telling:
        dimension.spellings.append((words, name, own))
    if dimension.alias(label, name) or telling:
        evidence.mislabelled.append((label, given, name, most))


def _votes(
    items: Sequence[Found], f: int, d: int, evidence: Evidence, *, doubted: bool
) -> tuple[Counter[str], int]:
    """How many of some numbers each name of a dimension would support, the rest of their words being
    right.
    """
    family = evidence.families[f]
    votes: Counter[str] = Counter()
    asked = 0
    for item in items:
        if item.number.spread:
            continue
        sets = evidence.sets(f, item.words)
        place = family.telling.index(d)
        if sets[place] is not None and not doubted:
            continue
        sets = (*sets[:place], None, *sets[place + 1 :])
        if sum(names is None for names in sets) > 2 or len(sets) < 2:
            continue
        free = tuple(names for names in sets)
        agreeing = set()
        for q in evidence.fitting(f, free):
            quantity = family.quantities[q]
            for scale in scales(item.number, item.words)[:2]:
                if scale == 100 and not is_fraction(family, q):
                    continue
                if any(
                    stat in quantity.stats
                    and abs(quantity.stats[stat] * scale - item.number.value) <= tolerance(item.number)
                    for stat in stats_of(item.number, item.words)
                ):
                    agreeing.add(family.paths[q][d])
        asked += 1
        if len(agreeing) <= max(1, len(family.dimensions[d].names) // 3):
            votes.update(agreeing)
    return votes, asked
