"""The words around a number, nearest first: its cell's headers or its sentence, then what stands further out.

Promises for a sentence to say which of several mentions a number belongs to, by the words between them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.evidence.audit.foreign.dimensions import Dimension, Mention
from agent.evidence.audit.foreign.numerals import Number, numbers
from agent.evidence.audit.foreign.reading import Block
from agent.evidence.audit.foreign.roles import is_change
from agent.evidence.audit.foreign.words import Token, tokens

_ABBREVIATED = re.compile(
    r"(?:\b(?:vs|e\.g|i\.e|al|Fig|Figs|Eq|Sec|Tab|approx|resp|cf|etc|Dr|No|w\.r\.t|val|acc)|\b[A-Z])\.$"
)
_END = re.compile(r"[.!?][)\"'”]*(?=\s)|[.!?][)\"'”]*$")
_UNITS = (
    r"(?:\s?%|\s?％|\s?(?:percent|points?|pp|percentage|ms|s|secs?|seconds?|minutes?|hours?|GB|"
    r"MB|steps?|epochs?|iterations?|on average)\b)"
)
_CONNECT = re.compile(
    rf"^{_UNITS}{{0,2}}(?:\s+[a-z][\w-]*){{0,4}}?\s+(?:for|by|with|of|in|on|under|from|using|at|"
    rf"via|when using)"
    r"(?:\s+(?:the|our|a|an|its|this))?\s*$|"
    rf"^{_UNITS}{{0,2}}\s*\(\s*$|^{_UNITS}{{0,2}}\s+$|^{_UNITS}{{0,2}}\s+(?:the|in)\s+$"
)
_UNNAMED = re.compile(rf"^{_UNITS}{{0,2}}\s+(?:in|with|for|by|under|using)\s+(?:our|the|this)\s+\w+")
_COUNTED = re.compile(
    r"^\s*(?:%|×|x|-?\s?fold|times)?\s*(?:more|fewer|less|higher|lower|greater|larger|smaller|better|worse|shorter|longer)"
    r"(?:\s+[a-z][\w-]*){0,1}\s+$"
)
_COMPARED = re.compile(
    r"\b(?:than|over|versus|vs\.?|against|(?:compared|relative) (?:to|with))(?:\s+(?:the|a|plain))?\s+$"
)
_AGAINST = re.compile(r"\b(?:compared|versus|vs|against|than|while|whereas|relative)\b", re.IGNORECASE)
_JOINT = re.compile(
    rf"^{_UNITS}{{0,2}}\s*(?:,?\s*(?:and|or|to|vs\.?|versus|against|compared (?:to|with)|/|,|→|–|"
    rf"-|over)\s*)(?:only |just )?$"
)


@dataclass(frozen=True)
class Scope:
    """Some words; with a number's place in them where they are its sentence."""

    text: str
    words: tuple[Token, ...]
    numbers: tuple[Number, ...] = ()
    index: int = -1
    """Which of the numbers is meant; -1 for a scope without order."""


@dataclass(frozen=True)
class Sentence:
    """A sentence of a block."""

    start: int
    text: str
    words: tuple[Token, ...]
    numbers: tuple[Number, ...]


@dataclass
class Words:
    """A number's scopes, nearest first, and what they say beside names."""

    scopes: tuple[Scope, ...]
    near: str
    """The words that could say percent, unit or statistic: headers, caption, sentence."""
    table: bool = False
    axes: tuple[str, ...] = ()
    """The labels of all rows and columns of its table, one axis each, parted by line ends."""
    cache: dict[tuple[int, int], tuple[frozenset[str] | None, int]] = field(default_factory=dict)
    """What each dimension of each family is given, and by which scope."""


def words_scope(text: str) -> Scope:
    """A scope of words without order."""
    return Scope(text, tokens(text))


def sentences(block: Block) -> tuple[Sentence, ...]:
    """The sentences of a block, with the numbers in each."""
    made = []
    start = 0
    text = block.text
    for end in _END.finditer(text):
        if _ABBREVIATED.search(text[max(0, end.start() - 8) : end.start() + 1]) and end.end() < len(
            text.rstrip()
        ):
            continue
        if re.match(r"^\s*\d{1,2}$", text[start : end.start()]):
            continue
        made.append(_sentence(text, start, end.end()))
        start = end.end()
    if text[start:].strip():
        made.append(_sentence(text, start, len(text)))
    return tuple(made)


def _sentence(text: str, start: int, stop: int) -> Sentence:
    part = text[start:stop].replace("\n", " ")
    return Sentence(start, part, tokens(part), numbers(part))


def bound(scope: Scope, mentions: Sequence[Mention], dimension: Dimension) -> frozenset[str] | None:
    """The names that a scope gives its number in a dimension; None where it gives none."""
    fitting = [mention for mention in mentions if mention.full] or list(mentions)
    if not fitting:
        return None
    if scope.index < 0:
        return together(fitting)
    number = scope.numbers[scope.index]
    counted = [m for m in mentions if _counts(scope, number, m)]
    if counted:
        return counted[0].names
    fitting = [m for m in mentions if m.full or not any(o.full for o in mentions)]
    own = [m for m in fitting if not (m.start < number.stop and number.start < m.stop)]
    return _in_order(scope, number, own, dimension) if own else None


def together(mentions: Sequence[Mention]) -> frozenset[str]:
    """What mentions without order leave possible: what fits all parts of a name, else any of them."""
    if not any(mention.full for mention in mentions):
        common = frozenset.intersection(*(mention.names for mention in mentions))
        if common:
            return common
    return frozenset().union(*(mention.names for mention in mentions))


def _in_order(
    scope: Scope, number: Number, mentions: list[Mention], dimension: Dimension
) -> frozenset[str] | None:
    before = [m for m in mentions if m.stop <= number.start]
    after = [m for m in mentions if m.start >= number.stop]
    listed = _listed(scope, before, after)
    if listed is not None:
        return listed
    if after and _belongs(scope, number, after[0]):
        return after[0].names
    if before and len({m.names for m in mentions}) == 1 and all(_other(scope, number, m) for m in before):
        return None  # it stands after `than`, and what is compared with it was named before
    if before:
        taken = [
            m
            for m in before
            if any(_belongs(scope, other, m) for other in scope.numbers if other is not number)
        ]
        free = [m for m in before if m not in taken]
        nearest = before[-1]
        if nearest not in taken:
            return nearest.names
        if free and free[-1].names != nearest.names:
            return free[-1].names
        unnamed = _UNNAMED.match(scope.text[number.stop :])
        if unnamed and len(frozenset().union(*(m.names for m in mentions))) == len(nearest.names):
            return frozenset(dimension.names) - nearest.names
        return nearest.names
    upto = next((n.start for n in scope.numbers if n.start > number.start and not n.inside), len(scope.text))
    near = [m for m in after if m.start < upto]
    between = scope.text[number.stop : near[0].start] if near else ""
    compared = (
        not number.factor
        and _AGAINST.search(between)
        and not is_change(number, scope.text[: number.start], scope.text[number.stop :])
    )
    if not near and after and len({m.names for m in mentions}) == 1:
        apart = scope.text[number.stop : after[0].start]
        return None if _AGAINST.search(apart) else after[0].names
    if not near or compared:
        return None
    return near[0].names


def _counts(scope: Scope, number: Number, mention: Mention) -> bool:
    """Whether a number counts or compares the thing that is mentioned: `1.9× fewer steps`."""
    if mention.start < number.stop:
        return False
    return bool(_COUNTED.match(scope.text[number.stop : mention.start]))


def _other(scope: Scope, number: Number, mention: Mention) -> bool:
    """Whether a mention is only what another is compared with, in an earlier part of the sentence."""
    behind = scope.text[mention.stop : number.start]
    return bool(
        _COMPARED.search(scope.text[: mention.start]) and re.search(r",\s*(?:with|and|at|reaching)\b", behind)
    )


def _belongs(scope: Scope, number: Number, mention: Mention) -> bool:
    """Whether a mention follows a number as its own: `0.91 with Adam`, `0.91 accuracy`, `0.91 (Adam)`."""
    if mention.start < number.stop or any(
        number.stop <= n.start < mention.start and not n.inside for n in scope.numbers
    ):
        return False
    return bool(_CONNECT.match(scope.text[number.stop : mention.start]))


def _listed(scope: Scope, before: list[Mention], after: list[Mention]) -> frozenset[str] | None:
    """Names and numbers in lists of the same length go together in order."""
    group = group_of(scope)
    if len(group) < 2:
        return None
    first, last = scope.numbers[group[0]], scope.numbers[group[-1]]
    place = group.index(scope.index)
    lead = _distinct([m for m in before if m.stop <= first.start])
    tail = _distinct([m for m in after if m.start >= last.stop])
    between = scope.text[first.stop : scope.numbers[group[1]].start]
    if len(lead) == len(group):
        if re.search(r"\bto\b|→", between) and len(group) == 2:
            return frozenset().union(*(m.names for m in lead))
        return lead[place].names
    if len(tail) == len(group) and not lead:
        return tail[place].names
    return None


def group_of(scope: Scope) -> list[int]:
    """The numbers that stand in a list with the scope's number; what follows a plus-minus sign is left
    out.
    """
    shown = [
        i for i, number in enumerate(scope.numbers) if not (number.spread or number.worded or number.inside)
    ]
    if scope.index not in shown:
        return [scope.index]
    place = shown.index(scope.index)
    low = high = place
    while low > 0 and _joint(scope, shown[low - 1], shown[low]):
        low -= 1
    while high + 1 < len(shown) and _joint(scope, shown[high], shown[high + 1]):
        high += 1
    return shown[low : high + 1]


def _joint(scope: Scope, one: int, two: int) -> bool:
    gap = scope.text[scope.numbers[one].stop : scope.numbers[two].start]
    gap = re.sub(r"^\s*(?:±|\+/-)\s*[\d.]+", "", gap)
    return bool(_JOINT.match(gap))


def _distinct(mentions: Sequence[Mention]) -> list[Mention]:
    """One mention of each name, where it is named last."""
    latest = {mention.names: mention for mention in mentions}
    first: dict[frozenset[str], Mention] = {}
    for mention in mentions:
        first.setdefault(mention.names, mention)
    return sorted(first.values(), key=lambda mention: mention.start) if latest else []
