"""What tells quantities apart: arms, data sets, metrics; and where a text mentions one of them.

Promises that a dimension is a place in the paths at which they differ, whatever its meaning; that a mention
is the best reading of its words among the names there; and that equal readings stay together as one mention.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from agent.evidence.audit.foreign.levels import Levels, levels_of, spoken, unglued
from agent.evidence.audit.foreign.results import Quantity, Results
from agent.evidence.audit.foreign.words import STOP, Token, agree, initials, name_tokens, tokens

_SEPARATORS = ("::", "/", "|", "__", ":", " - ", ".")
_LIGHT = frozenset(
    [
        "s",
        "sec",
        "secs",
        "second",
        "seconds",
        "ms",
        "min",
        "mins",
        "minute",
        "minutes",
        "h",
        "hour",
        "hours",
        "gb",
        "mb",
        "kb",
        "pct",
        "percent",
        "v",
        "final",
    ]
)
"""Words of names that a paper need not repeat."""
_QUALIFIERS = frozenset(["eval", "evaluation", "val", "valid", "validation", "test", "dev"])
"""Words that a paper need not repeat where no two names differ in them alone."""
_PARTING = frozenset(["and", "or", "vs", "versus", "than", "but", "while"])
_LEAST = 0.34
"""Of a name's weight, for a mention."""
MAX_NAMES = 400
"""Of a dimension that is still searched for in the text; more are indices."""


@dataclass(frozen=True)
class Mention:
    """Where a text names one thing of a dimension, or one of several that its words fit equally."""

    names: frozenset[str]
    start: int
    stop: int
    full: bool
    """Whether all that tells the name apart is said."""


@dataclass
class Dimension:
    """The names that stand at one place of a family's paths."""

    names: tuple[str, ...]
    spellings: list[tuple[tuple[str, ...], str, bool]] = field(default_factory=list)
    """Words, the name that they mean, and whether they are the paper's own (and count only in full)."""
    weights: dict[str, float] = field(default_factory=dict)
    opaque: bool = False
    """Whether the names say nothing, as `run_3`."""
    levels: Levels | None = None
    """What the names are where they are a factor at several numbers."""

    @classmethod
    def of(cls, names: Iterable[str]) -> Dimension:
        """The dimension of some names."""
        unique = tuple(dict.fromkeys(names))
        dimension = cls(unique)
        if len(unique) > MAX_NAMES:
            dimension.opaque = True
            return dimension
        dimension.levels = levels_of(unique)
        words = {name: name_tokens(name) for name in unique}
        counts = Counter(word for name in unique for word in set(words[name]))
        for word, count in counts.items():
            weight = math.log((1 + len(unique)) / count) + 0.02
            dimension.weights[word] = 0.05 if word in _LIGHT else max(0.05, weight)
        for word in _QUALIFIERS & set(dimension.weights):
            rests = [frozenset(words[name]) - _QUALIFIERS for name in unique if word in words[name]]
            others = [frozenset(words[name]) - _QUALIFIERS for name in unique if word not in words[name]]
            if len(set(rests)) == len(rests) and all(rests) and not set(rests) & set(others):
                dimension.weights[word] = 0.05
        dimension.spellings = [(words[name], name, False) for name in unique if words[name]]
        telling = [[w for w in words[name] if counts[w] < len(unique)] for name in unique]
        dimension.opaque = len(unique) > 1 and all(
            all(w.isdigit() or len(w) == 1 for w in own) for own in telling
        )
        return dimension

    def alias(self, phrase: str, name: str) -> bool:
        """Let a phrase of the paper mean a name; returns whether it is new and says something."""
        words = tuple(token.word for token in tokens(phrase) if token.word not in STOP)
        if not words or len(words) > 8 or all(len(word) < 2 or word.isdigit() for word in words):
            return False
        if any(spelling == words for spelling, _, _ in self.spellings):
            return False
        self.spellings.append((words, name, True))
        for word in words:
            self.weights.setdefault(word, 1.0)
        return True

    def mentions(self, words: Sequence[Token], text: str, *, labels: bool = False) -> tuple[Mention, ...]:
        """Where a text names one of the names, in its order; `labels` for headers parted by semicolons."""
        if len(self.names) < 2 or not self.spellings:
            return ()
        if self.levels is None:
            return self._named(words)
        own = unglued(words, text, self.levels)
        named = self._named(own)
        said = [
            Mention(frozenset([name]), token.start, token.stop, True)
            for name, token in spoken(self.levels, own, text, labels=labels)
        ]
        full = [m for m in named if m.full]
        said = [m for m in said if not any(o.start <= m.start < o.stop for o in full)]
        kept = [m for m in named if m.full or not said]
        return tuple(sorted((*kept, *said), key=lambda mention: mention.start))

    def _named(self, text: Sequence[Token]) -> tuple[Mention, ...]:
        """Where words of a text are those of a name; the best readings are kept."""
        found: list[tuple[float, bool, frozenset[int], str]] = []
        for words, name, own in self.spellings:
            found += _occurrences(words, name, own, text, self.weights)
        found.sort(key=lambda item: (-item[0], not item[1], len(item[2]), min(item[2])))
        taken: dict[int, int] = {}
        kept: list[tuple[float, bool, frozenset[int], set[str]]] = []
        for score, full, places, name in found:
            owners = {taken[place] for place in places if place in taken}
            if owners:
                first = kept[min(owners)]
                if len(owners) == 1 and first[2] == places and abs(first[0] - score) < 1e-9:
                    first[3].add(name)
                continue
            taken.update(dict.fromkeys(places, len(kept)))
            kept.append((score, full, places, {name}))
        made = [
            Mention(frozenset(names), text[min(places)].start, text[max(places)].stop, full)
            for _, full, places, names in kept
        ]
        return tuple(sorted(made, key=lambda mention: mention.start))


def _occurrences(
    words: tuple[str, ...], name: str, own: bool, text: Sequence[Token], weights: dict[str, float]
) -> list[tuple[float, bool, frozenset[int], str]]:
    """Where some words stand near each other: weight, whether all are there, their places, the name."""
    spots = _spots(words, text)
    total = sum(weights[word] for word in words)
    needed = {word for word in words if weights[word] > 0.05}
    if not needed:
        needed = {word for word in words if not word.isdigit()} or set(words)
    out = []
    starts = sorted(spots)
    index = 0
    while index < len(starts):
        places: set[int] = set()
        light: set[int] = set()
        said: set[str] = set()
        last = starts[index]
        while index < len(starts):
            place = starts[index]
            if said and (
                text[place].cut
                and not (spots[place][0].isdigit() and _bridged(text, last, place, said, spots[place][0]))
            ):
                break
            if said and (place > last + 1 and not _bridged(text, last, place, said, spots[place][0])):
                break
            word, covered = spots[place]
            if word in said and not word.isdigit():
                break
            said.add(word)
            if word == "*":
                said |= set(words)
            (places if word == "*" or weights[word] > 0.05 else light).update(covered)
            last = max(last, max(covered))
            index += 1
            if needed <= said:
                break
        index += not said
        if not places:
            places, light = light, set()
        score = sum(weights[word] for word in words if word in said)
        full = needed <= said
        if (
            full
            or (
                not own
                and score >= _LEAST * total
                and any(not w.isdigit() and len(w) > 2 and weights.get(w, 0) > 0.3 for w in said)
            )
        ) and any(not word.isdigit() for word in said):
            out.append((score + (0.5 if full else 0.0), full, frozenset(places), name))
    return out


def _bridged(text: Sequence[Token], last: int, place: int, said: set[str], word: str) -> bool:
    """Whether the words between belong to the same name: a filler, or numbers of a list (`Runs 2 and 5`)."""
    between = [text[i].word for i in range(last + 1, place)]
    if word.isdigit():
        return len(between) <= 6 and all(w.isdigit() or w in ("and", "or", "to") for w in between)
    if any(w in _PARTING for w in between) or any(text[i].cut for i in range(last + 1, place)):
        return False
    return len(between) <= 1 or (len(between) <= 2 and all(w in STOP for w in between))


def _spots(words: tuple[str, ...], text: Sequence[Token]) -> dict[int, tuple[str, tuple[int, ...]]]:
    """Where a text has a word of a name: the word, and all tokens that it takes."""
    spots: dict[int, tuple[str, tuple[int, ...]]] = {}
    short = initials(words) if len(words) > 1 and all(not word.isdigit() for word in words) else ""
    joined = "".join(words)
    for place, token in enumerate(text):
        if (short and len(short) > 1 and token.word == short) or (len(words) > 1 and token.word == joined):
            spots[place] = ("*", (place,))
            continue
        for word in words:
            if agree(word, token.word):
                spots[place] = (word, (place,))
                break
            if place + 1 < len(text) and len(word) > 2 and word == token.word[0] + text[place + 1].word:
                spots[place] = (word, (place, place + 1))
                break
            following = tuple(range(place, min(place + len(word), len(text))))
            if (
                2 <= len(word) <= 4
                and len(following) == len(word)
                and word.isalpha()
                and (
                    token.word[0] == word[0]
                    and initials([text[i].word for i in following]) == word
                    and len(token.word) > 1
                )
            ):
                spots[place] = (word, following)
                break
            if (
                len(word) >= 4
                and place + 1 < len(text)
                and word.startswith(token.word)
                and len(token.word) > 1
            ) and token.word + text[place + 1].word == word:
                spots[place] = (word, (place, place + 1))
                break
    return spots


@dataclass
class Family:
    """Quantities whose paths have the same shape."""

    quantities: list[Quantity]
    paths: list[tuple[str, ...]]
    dimensions: tuple[Dimension, ...]
    by_path: dict[tuple[str, ...], Quantity] = field(default_factory=dict)
    averaged: bool = False
    """Whether these are averages, scaled as printed, which only words such as `average` can mean."""

    @property
    def telling(self) -> tuple[int, ...]:
        """The places at which the paths differ."""
        return tuple(i for i, dimension in enumerate(self.dimensions) if len(dimension.names) > 1)


def families(results: Results) -> list[Family]:
    """The quantities by the shape of their paths."""
    shapes: dict[int, list[tuple[tuple[str, ...], Quantity]]] = defaultdict(list)
    for quantity in results.quantities:
        shapes[len(quantity.path)].append((quantity.path, quantity))
    made = []
    for items in shapes.values():
        for part in _split(items):
            paths = [path for path, _ in part]
            dimensions = tuple(Dimension.of(path[i] for path in paths) for i in range(len(paths[0])))
            for dimension in dimensions:
                for name in dimension.names:
                    if (said := results.notes.get(name)) is not None:
                        dimension.alias(said, name)
                if dimension.opaque and "run_0" in dimension.names:
                    dimension.alias("baseline", "run_0")
            family = Family([quantity for _, quantity in part], paths, dimensions)
            family.by_path = dict(zip(paths, family.quantities, strict=True))
            made.append(family)
    return made


def _split(items: list[tuple[tuple[str, ...], Quantity]]) -> list[list[tuple[tuple[str, ...], Quantity]]]:
    """Take names that are made of several apart: `cifar10/test_acc`, or `adam_loss` where all are crossed."""
    length = len(items[0][0])
    for place in range(length):
        names = list(dict.fromkeys(path[place] for path, _ in items))
        for separator in _SEPARATORS:
            counts = {name.count(separator) for name in names}
            if len(names) > 1 and len(counts) == 1 and counts != {0}:
                return _split(
                    [((*p[:place], *p[place].split(separator), *p[place + 1 :]), q) for p, q in items]
                )
    for place in range(length - 1):
        halves = _crossed(list(dict.fromkeys(path[place] for path, _ in items)))
        if halves and all(p[place] in halves for p, _ in items) and levels_of(e for _, e in halves.values()):
            return _split([((*p[:place], *halves[p[place]], *p[place + 1 :]), q) for p, q in items])
    names = list(dict.fromkeys(path[-1] for path, _ in items)) if length else []
    halves = _crossed(names)
    if not halves:
        return [items]
    crossed = [((*path[:-1], *halves[path[-1]]), quantity) for path, quantity in items if path[-1] in halves]
    rest = [(path, quantity) for path, quantity in items if path[-1] not in halves]
    return [crossed, *([rest] if rest else [])]


def _crossed(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Names as pairs of two or more beginnings with two or more ends, each with each; none if they are
    not.
    """
    if len(names) < 4 or len(names) > MAX_NAMES:
        return {}
    ends: dict[str, set[str]] = defaultdict(set)
    for name in names:
        parts = name.split("_")
        for cut in range(1, len(parts)):
            ends["_".join(parts[:cut])].add("_".join(parts[cut:]))
    groups: dict[frozenset[str], list[str]] = defaultdict(list)
    for beginning, found in ends.items():
        groups[frozenset(found)].append(beginning)
    best = max(
        ((begins, found) for found, begins in groups.items() if len(begins) > 1 and len(found) > 1),
        key=lambda pair: len(pair[0]) * len(pair[1]),
        default=None,
    )
    if best is None or len(best[0]) * len(best[1]) < len(names):
        return {}
    return {f"{begin}_{end}": (begin, end) for begin in best[0] for end in best[1]}
