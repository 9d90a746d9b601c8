"""Differences, ratios and relative changes: numbers that two values make together.

Promises that both values' paths fit the words, that they differ in one dimension only, and that the sentence
names what is compared, or leaves so little open that an invented number would hardly pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agent.evidence.audit.foreign.dimensions import Family
from agent.evidence.audit.foreign.evidence import CHANCE, Evidence, Support
from agent.evidence.audit.foreign.numerals import Number
from agent.evidence.audit.foreign.printing import central, is_fraction, says_percent, tolerance
from agent.evidence.audit.foreign.scopes import Words

_UP_TO = re.compile(
    r"\b(up to|at most|as much as|maximum|max|largest|most substantial|greatest|biggest|at best|highest)\b",
    re.IGNORECASE,
)
_DEFAULT = ("baseline", "default", "control", "vanilla", "standard", "none", "base", "reference", "run_0")
_AVERAGE = re.compile(r"\b(averag\w*|mean|overall|across)\b", re.IGNORECASE)
_MOST = 4000
_ERROR = re.compile(r"\berrors?\b(?!\s*bars?)", re.IGNORECASE)


@dataclass(frozen=True)
class Pair:
    """Two values that differ in one dimension."""

    family: Family
    one: tuple[str, ...]
    other: tuple[str, ...]
    dimension: int
    x: float
    y: float
    mean: bool = False
    """Whether both are means over what the words leave open."""


@dataclass(frozen=True)
class Match:
    """A change that two values support, and the support."""

    pair: Pair
    how: str


def change(number: Number, words: Words, evidence: Evidence) -> tuple[Support, Pair] | None:
    """The support of a number as what lies between two values."""
    for f, family in enumerate(evidence.families):
        if family.averaged and not _AVERAGE.search(words.near):
            continue
        sets = evidence.sets(f, words)
        for place, d in enumerate(family.telling):
            found = list(_pairs(evidence, f, place, d, sets, words))
            if not found:
                continue
            if not number.exact:
                found = [pair for pair in found if pair.mean] or found
            if _UP_TO.search(words.near):
                found = _extremes(found, number)
            matched = [
                (pair, how) for pair in found if (how := _agrees(number, words, pair, family)) is not None
            ]
            if not matched:
                continue
            open_ones = sum(names is None for i, names in enumerate(sets) if i != place)
            shown = [pair for pair in found if _shown(pair, evidence)]
            if open_ones and shown:
                matched = [(pair, how) for pair, how in matched if pair in shown]
                found, open_ones = shown, 0 if len(shown) == 1 else open_ones
                if not matched:
                    continue
            chance = 2 * len(found) * tolerance(number) / max(abs(number.value), 1e-12)
            if not number.exact:
                chance = len(found) * 0.02
            if (
                chance <= (CHANCE if number.exact else 0.2)
                or (len(found) <= 2 and not open_ones)
                or (len(found) <= 4 and not open_ones and chance < 0.1)
            ):
                pair, how = matched[0]
                return _support(pair, how), pair
    return None


def _shown(pair: Pair, evidence: Evidence) -> bool:
    """Whether the paper's tables show both values."""
    return all((id(pair.family), path) in evidence.reported for path in (pair.one, pair.other))


def _pairs(
    evidence: Evidence, f: int, place: int, d: int, sets: tuple[frozenset[str] | None, ...], words: Words
) -> Iterator[Pair]:
    """What the words may compare in one dimension, all else being equal."""
    family = evidence.families[f]
    compared = _compared(evidence, f, d, words)
    if not compared:
        return
    free = tuple(None if i == place else names for i, names in enumerate(sets))
    if sum(names is not None for names in free) < 1 and len(family.telling) > 1:
        return
    items = evidence.fitting(f, free)
    if len(items) * len(compared) > _MOST * 10:
        return
    if _AVERAGE.search(words.near) or "doubl" in words.near:
        yield from _means(evidence, f, d, items, compared)
    count = 0
    seen = set()
    for q in items:
        path = family.paths[q]
        for a, b in compared:
            if path[d] != a:
                continue
            other = (*path[:d], b, *path[d + 1 :])
            partner = family.by_path.get(other)
            x, y = central(family.quantities[q]), central(partner) if partner is not None else None
            if x is None or y is None or (other, path) in seen:
                continue
            seen.add((path, other))
            count += 1
            if count > _MOST:
                return
            yield Pair(family, path, other, d, x, y)


def _means(
    evidence: Evidence, f: int, d: int, items: list[int], compared: list[tuple[str, str]]
) -> Iterator[Pair]:
    """The means of both names over what the words leave open."""
    family = evidence.families[f]
    by_name: dict[str, list[tuple[tuple[str, ...], float]]] = {}
    for q in items:
        value = central(family.quantities[q])
        if value is not None:
            by_name.setdefault(family.paths[q][d], []).append((family.paths[q], value))
    for a, b in compared:
        one, other = by_name.get(a, []), by_name.get(b, [])
        if len(one) == len(other) and 1 < len(one) <= 60:
            x, y = (sum(value for _, value in part) / len(part) for part in (one, other))
            yield Pair(family, one[0][0], other[0][0], d, x, y, mean=True)


def _compared(evidence: Evidence, f: int, d: int, words: Words) -> list[tuple[str, str]]:
    """Pairs of names, the one that changed first."""
    dimension = evidence.families[f].dimensions[d]
    if len(dimension.names) > 200:
        return []
    own = evidence.mentions(f, d, words.scopes[0])
    own = tuple(m for m in own if m.full) or own
    groups = list(dict.fromkeys(mention.names for mention in own))
    if len(groups) > 2:
        groups = _closest(words, own)
    if len(groups) >= 2:
        return [
            (a, b)
            for i, one in enumerate(groups)
            for other in groups[i + 1 :]
            for a in one
            for b in other
            if a != b
        ]
    outer: list[frozenset[str]] = []
    for scope in words.scopes[1:]:
        mentions = evidence.mentions(f, d, scope)
        mentions = tuple(m for m in mentions if m.full) or mentions
        if mentions:
            outer = list(dict.fromkeys(m.names for m in mentions))
            break
    if len(groups) == 1:
        rest = frozenset().union(*outer) - groups[0] if outer else frozenset()
        partners = rest or frozenset(dimension.names) - groups[0]
        known = [name for name in dimension.names if any(word in name.lower() for word in _DEFAULT)]
        if (
            not rest
            and re.search(r"\b(baseline|default|vanilla|control)\b", words.near, re.IGNORECASE)
            and known
        ):
            partners = (frozenset(known) - groups[0]) or partners
        return [(a, b) for a in groups[0] for b in sorted(partners)]
    if len(outer) >= 2 and len(outer) <= 3:
        return [
            (a, b)
            for i, one in enumerate(outer)
            for other in outer[i + 1 :]
            for a in one
            for b in other
            if a != b
        ]
    return []


def _closest(words: Words, own: tuple[object, ...]) -> list[frozenset[str]]:
    """Of several names in a sentence, the two that the number's own part of it speaks of."""
    from agent.evidence.audit.foreign.dimensions import Mention

    scope = words.scopes[0]
    mentions = [mention for mention in own if isinstance(mention, Mention)]
    if scope.index < 0:
        return list(dict.fromkeys(mention.names for mention in mentions))
    number = scope.numbers[scope.index]
    before = [m for m in mentions if m.stop <= number.start]
    upto = next((n.start for n in scope.numbers if n.start > number.start and not n.spread), len(scope.text))
    after = [m for m in mentions if number.stop <= m.start < upto]
    versus = [
        m
        for m in after
        if re.search(
            r"\b(?:over|than|to|with|against|from|of|versus|vs)\b", scope.text[number.stop : m.start]
        )
    ]
    if versus and before:
        return (
            list(dict.fromkeys([before[0].names, before[-1].names, versus[0].names]))[-2:]
            if len(before) < 3
            else [before[-1].names, versus[0].names]
        )
    if len(before) >= 2:
        latest = list(dict.fromkeys(m.names for m in reversed(before)))
        return latest[:2]
    return list(dict.fromkeys(m.names for m in [*before, *after]))[:2]


def _extremes(found: list[Pair], number: Number) -> list[Pair]:
    """Where a sentence says `up to`, only the largest change of each two names."""
    best: dict[tuple[str, str], Pair] = {}
    for pair in found:
        key = (pair.one[pair.dimension], pair.other[pair.dimension])

        def size(pair: Pair) -> float:
            lesser = min(abs(pair.x), abs(pair.y))
            return (
                abs(pair.x - pair.y) / max(abs(pair.x), abs(pair.y), 1e-12)
                if number.percent or lesser
                else abs(pair.x - pair.y)
            )

        if key not in best or size(pair) > size(best[key]):
            best[key] = pair
    return list(best.values())


def _agrees(number: Number, words: Words, pair: Pair, family: Family) -> str | None:
    """How a number is made of two values; None if it is not."""
    x, y, reach = pair.x, pair.y, tolerance(number)
    value = abs(number.value)
    behind = words.scopes[0].text[number.stop : number.stop + 40] if words.scopes[0].index >= 0 else ""
    if number.factor or re.search(r"factors? of\s*\S{0,14}\s*$", words.scopes[0].text[: number.start]):
        if min(abs(x), abs(y)) == 0:
            return None
        ratio = max(abs(x), abs(y)) / min(abs(x), abs(y))
        if not number.exact:
            wanted = 1 / value if value < 1 else value
            return "ratio" if 0.8 * wanted <= ratio <= 1.25 * wanted else None
        return "ratio" if abs(ratio - value) <= reach else None
    points = bool(re.match(r"^\s*(?:%\s*)?(?:absolute|percentage|points?|pp)\b", behind))
    gap, last = abs(x - y), number.unit_of_last_place
    fraction = not family.averaged and is_fraction(family, family.paths.index(pair.one))
    if number.percent or points:
        if fraction and number.percent and not points and _ERROR.search(words.near):
            for base in (1 - y, 1 - x):
                if base > 0 and abs(gap / base * 100 - value) <= reach:
                    return "relative change of the error"
        if not points or number.percent:
            for base in (y, x):
                if not points and base and abs(gap / abs(base) * 100 - value) <= reach:
                    return "relative change"
        scale = 100 if fraction else 1
        if abs(gap * scale - value) <= reach or abs(_rounded(x * scale, y * scale, last) - value) < last / 10:
            return "difference in points"
        return None
    if fraction and (says_percent(number, words) or value > 1) and abs(gap * 100 - value) <= reach:
        return "difference in points"
    near = abs(gap - value) <= reach or abs(_rounded(x, y, last) - value) < last / 10
    return "difference" if near else None


def _rounded(x: float, y: float, last: float) -> float:
    """The difference of two values as they are printed, to the last place of their difference."""
    return abs(round(x / last) - round(y / last)) * last


def _support(pair: Pair, how: str) -> Support:
    places = []
    for path, value in ((pair.one, pair.x), (pair.other, pair.y)):
        quantity = pair.family.by_path[path]
        place = (
            quantity.places.get("mean")
            or quantity.places.get("value")
            or next(iter(quantity.places.values()))
        )
        places.append(f"{place} = {value:.6g}")
    return Support(" and ".join(places), how, ((pair.family, pair.one), (pair.family, pair.other)))
