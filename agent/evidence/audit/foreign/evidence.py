"""Which quantities fit the words around a number, and whether one of them has its value.

A quantity fits where every dimension that the words speak about is named as in its path. Where they leave a
dimension open, the number must have so many digits that it would hardly meet one of the open values by
chance: at most `CHANCE`.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass

from agent.evidence.audit.foreign.dimensions import Family, Mention
from agent.evidence.audit.foreign.numerals import Number
from agent.evidence.audit.foreign.printing import (
    central,
    is_fraction,
    says_percent,
    scales,
    stats_of,
    tolerance,
)
from agent.evidence.audit.foreign.scopes import Scope, Words, bound, words_scope
from agent.evidence.audit.foreign.speeds import meant_by_speed

CHANCE = 0.04
"""Of an invented number meeting one of the values that an open dimension allows."""
CHANCE_NAMED = 0.3
"""The same where every dimension is named, but more than one value is meant."""
_AVERAGE = re.compile(r"\b(averag\w*|mean|overall|across|all (?:tasks|datasets|data sets))\b", re.IGNORECASE)


@dataclass(frozen=True)
class Support:
    """Why a number may stand."""

    evidence: str
    """Where its value stands in the results."""
    how: str
    quantities: tuple[tuple[Family, tuple[str, ...]], ...] = ()
    scale: float = 1.0
    """What the stored value was multiplied with."""


@dataclass(frozen=True)
class Near:
    """What stands nearest to a number that nothing supports."""

    place: str
    value: float


class Evidence:
    """All quantities, ready to be asked."""

    def __init__(self, found: list[Family]) -> None:
        self.families: list[Family] = []
        self.mislabelled: list[tuple[str, str, str, int]] = []
        """Phrase, the name that the paper gives it, the name whose values its numbers are, and how many."""
        self._index: list[tuple[float, int, int, str]] = []
        self._values: list[float] = []
        self._mentions: dict[tuple[int, int, str, bool], tuple[Mention, ...]] = {}
        self._open: dict[tuple[int, tuple[frozenset[str] | None, ...]], list[int]] = {}
        self._axes: dict[tuple[int, int, tuple[str, ...]], bool] = {}
        self.reported: set[tuple[int, tuple[str, ...]]] = set()
        """Family (by identity) and path of what the paper's tables show; what is left open is rather this."""

        self.add(found)

    def add(self, found: list[Family]) -> None:
        """Take in more families."""
        for f, family in enumerate(found, len(self.families)):
            for q, quantity in enumerate(family.quantities):
                self._index += [(value, f, q, stat) for stat, value in quantity.stats.items() if stat != "n"]
        self.families += found
        self._index.sort()
        self._values = [item[0] for item in self._index]

    def forget(self) -> None:
        """Drop what was read before aliases were learnt."""
        self._mentions.clear()
        self._open.clear()
        self._axes.clear()

    def mentions(self, f: int, d: int, scope: Scope) -> tuple[Mention, ...]:
        """What a scope mentions of a dimension."""
        key = (f, d, scope.text, scope.index < 0)
        if key not in self._mentions:
            self._mentions[key] = (
                self.families[f].dimensions[d].mentions(scope.words, scope.text, labels=scope.index < 0)
            )
        return self._mentions[key]

    def allowed(self, f: int, d: int, words: Words) -> tuple[frozenset[str] | None, int]:
        """The names that the words give in a dimension, by the nearest scope that says any, and its rank."""
        if (f, d) not in words.cache:
            words.cache[f, d] = self._allowed(f, d, words)
        return words.cache[f, d]

    def _allowed(self, f: int, d: int, words: Words) -> tuple[frozenset[str] | None, int]:
        dimension = self.families[f].dimensions[d]
        for rank, scope in enumerate(words.scopes):
            if rank > 1 and words.table and self._is_axis(f, d, words.axes):
                break  # other rows are told apart here, so a caption does not speak for this one
            names = bound(scope, self.mentions(f, d, scope), dimension)
            if names is None and rank == 0:
                names = meant_by_speed(scope, dimension)
            if names is not None:
                return names, rank
        return None, len(words.scopes)

    def _is_axis(self, f: int, d: int, axes: tuple[str, ...]) -> bool:
        """Whether a table's rows or columns differ in a dimension."""
        key = (f, d, axes)
        if key not in self._axes:
            self._axes[key] = any(
                len({m.names for label in axis.split("\n") for m in self._named(f, d, label)}) > 1
                for axis in axes
            )
        return self._axes[key]

    def _named(self, f: int, d: int, label: str) -> list[Mention]:
        return [mention for mention in self.mentions(f, d, words_scope(label)) if mention.full]

    def sets(self, f: int, words: Words) -> tuple[frozenset[str] | None, ...]:
        """What the words give in each telling dimension of a family.

        Where nothing in the results has all of these names, what was said furthest away is left open.
        """
        return tuple(names for names, _ in self.ranked(f, words))

    def ranked(self, f: int, words: Words) -> tuple[tuple[frozenset[str] | None, int], ...]:
        """The same with the rank of the scope that gave each."""
        given = [self.allowed(f, d, words) for d in self.families[f].telling]
        while not self.fitting(f, tuple(names for names, _ in given)):
            far = max((rank for names, rank in given if names is not None), default=0)
            if not far:
                return self._unclear_left_open(f, given, words)
            given = [(None, rank) if rank == far else (names, rank) for names, rank in given]
        return tuple(given)

    def _unclear_left_open(
        self, f: int, given: list[tuple[frozenset[str] | None, int]], words: Words
    ) -> tuple[tuple[frozenset[str] | None, int], ...]:
        """The same without what the nearest words only hint at."""
        return tuple(
            (names, rank) if any(m.full for m in self.mentions(f, d, words.scopes[0])) else (None, rank)
            for d, (names, rank) in zip(self.families[f].telling, given, strict=True)
        )

    def fitting(self, f: int, sets: tuple[frozenset[str] | None, ...]) -> list[int]:
        """The quantities of a family that the sets allow."""
        key = (f, sets)
        if key not in self._open:
            family = self.families[f]
            telling = family.telling
            self._open[key] = [
                q
                for q, path in enumerate(family.paths)
                if all(names is None or path[d] in names for d, names in zip(telling, sets, strict=True))
            ]
        return self._open[key]

    def value(self, number: Number, words: Words) -> Support | None:
        """The support of a number as a value of its own."""
        stats = stats_of(number, words)
        for scale in scales(number, words):
            for value, f, q, stat in self._near(number, scale):
                if stat in stats and self._fits(f, q, number, words, scale):
                    quantity = self.families[f].quantities[q]
                    how = "as printed" if scale == 1 else f"times {scale:g}, as printed"
                    place = quantity.places.get(stat) or next(iter(quantity.places.values()))
                    return Support(
                        f"{place} = {value:.6g}",
                        how,
                        ((self.families[f], self.families[f].paths[q]),),
                        scale,
                    )
        return self._average(number, words) if _AVERAGE.search(words.near) and not number.spread else None

    def _near(self, number: Number, scale: float) -> Iterator[tuple[float, int, int, str]]:
        reach = tolerance(number) / scale
        middle = number.value / scale
        low = bisect.bisect_left(self._values, middle - reach)
        while low < len(self._values) and self._values[low] <= middle + reach:
            yield self._index[low]
            low += 1

    def _fits(self, f: int, q: int, number: Number, words: Words, scale: float) -> bool:
        family = self.families[f]
        if not self._scaled(family, q, number, words, scale):
            return False
        if family.averaged and not _AVERAGE.search(words.near):
            return False
        ranked = self.ranked(f, words)
        if self._allows(family, q, tuple(names for names, _ in ranked), f, number, words):
            return True
        # a metric that only an earlier sentence names may not be this number's
        if words.table or not ranked or ranked[-1][0] is None or not ranked[-1][1]:
            return False
        return self._allows(family, q, (*(names for names, _ in ranked[:-1]), None), f, number, words)

    def _allows(
        self,
        family: Family,
        q: int,
        sets: tuple[frozenset[str] | None, ...],
        f: int,
        number: Number,
        words: Words,
    ) -> bool:
        """Whether names fit a quantity, and leave so little open that its value says something."""
        path = family.paths[q]
        if any(
            names is not None and path[d] not in names for d, names in zip(family.telling, sets, strict=True)
        ):
            return False
        if not sets:
            return self._said(family, path, words)
        if all(names is None for names in sets):
            return False
        fitting = self.fitting(f, sets)
        shown = sum((id(family), family.paths[other]) in self.reported for other in fitting)
        count = shown if shown and (id(family), path) in self.reported else len(fitting)
        chance = count * 2 * tolerance(number) / max(abs(number.value), 1e-12)
        if all(names is not None for names in sets):
            return count == 1 or chance <= CHANCE_NAMED
        return count == 1 or chance <= CHANCE

    def _said(self, family: Family, path: tuple[str, ...], words: Words) -> bool:
        """Whether a lone quantity is spoken of at all."""
        from agent.evidence.audit.foreign.words import agree, name_tokens

        own = {token.word for scope in words.scopes[:2] for token in scope.words}
        return (
            any(agree(name, word) for name in name_tokens(path[-1]) for word in own if len(word) > 2)
            if path
            else False
        )

    def _scaled(self, family: Family, q: int, number: Number, words: Words, scale: float) -> bool:
        if family.averaged:
            return scale == 1
        quantity = family.quantities[q]
        fraction = is_fraction(family, q)
        if scale == 100:
            return fraction and (says_percent(number, words) or abs(number.value) > 1.0)
        if scale == 1:
            return not (fraction and number.percent)
        return quantity is not None

    def _average(self, number: Number, words: Words) -> Support | None:
        """The support of a number as a mean over a dimension that its words leave open."""
        for f, family in enumerate(self.families):
            if family.averaged:
                continue
            ranked = self.ranked(f, words)
            sets = tuple(names for names, _ in ranked)
            if not any(names is not None for names in sets):
                continue
            for place, (names, rank) in enumerate(ranked):
                if names is None or len(names) > 1 or rank > 0:
                    opened = names if rank == 0 else None
                    free = (*sets[:place], opened, *sets[place + 1 :])
                    support = self._mean_over(family, f, free, place, number, words)
                    if support is not None:
                        return support
        return None

    def _mean_over(
        self,
        family: Family,
        f: int,
        sets: tuple[frozenset[str] | None, ...],
        place: int,
        number: Number,
        words: Words,
    ) -> Support | None:
        """A mean over all of one dimension, everything else being named or nearly so."""
        d = family.telling[place]
        size = len(sets[place] or family.dimensions[d].names)
        groups: dict[tuple[str, ...], list[int]] = {}
        for q in self.fitting(f, sets):
            path = family.paths[q]
            groups.setdefault((*path[:d], *path[d + 1 :]), []).append(q)
        whole = [items for items in groups.values() if len(items) == size and 1 < size <= 60]
        if len(whole) * 2 * tolerance(number) > CHANCE * abs(number.value) and len(whole) > 1:
            return None
        for items in whole:
            known = [value for q in items if (value := central(family.quantities[q])) is not None]
            mean = sum(known) / max(1, len(known))
            for scale in scales(number, words):
                near = len(known) == size and abs(mean * scale - number.value) <= tolerance(number)
                if near and self._scaled(family, items[0], number, words, scale):
                    first = next(iter(family.quantities[items[0]].places.values()))
                    return Support(
                        f"mean of {size} values such as {first} = {mean:.6g}",
                        "the mean over what the words leave open",
                        tuple((family, family.paths[q]) for q in items),
                    )
        return None

    def meant(self, words: Words) -> tuple[Family, tuple[str, ...]] | None:
        """The one quantity that the words can mean, whatever the number."""
        for f, family in enumerate(self.families):
            sets = self.sets(f, words)
            if sets and sum(names is not None for names in sets) >= len(sets) - 1:
                fitting = self.fitting(f, sets)
                if len(fitting) == 1:
                    return family, family.paths[fitting[0]]
        return None

    def nearest(self, number: Number, words: Words) -> Near | None:
        """The fitting value that stands nearest; of families whose words fit best."""
        best: tuple[int, float, Near] | None = None
        stats = stats_of(number, words)
        for f, family in enumerate(self.families):
            sets = self.sets(f, words)
            said = sum(names is not None for names in sets)
            if sets and not said:
                continue
            for q in self.fitting(f, sets)[:5000]:
                quantity = family.quantities[q]
                for stat in stats:
                    if stat not in quantity.stats:
                        continue
                    value = quantity.stats[stat]
                    scale = 100.0 if is_fraction(family, q) and says_percent(number, words) else 1.0
                    key = (said - len(sets), -abs(value * scale - number.value))
                    if best is None or key > best[:2]:
                        best = (*key, Near(quantity.places.get(stat, ""), value))
        return best[2] if best else None
