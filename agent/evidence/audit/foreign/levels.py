"""Names in results that are one factor at several numbers (`nfe=10`, `horizon_96`, `96`), and where a text
speaks of such a level.

Promises a level only where the words say that the number is an input: the factor or the noun of a setting
beside it, a variable before it, or a header of a table that holds nothing else. Digits inside another name
(`CIFAR-10`) are none.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from agent.evidence.audit.foreign.roles import NOUNS, STRICT, setting_words
from agent.evidence.audit.foreign.words import Token, agree, name_tokens, stem

_SHORT = frozenset(["nfe", "len", "pred", "seq", "top", "dim", "num", "lr", "bs"])
_ORDINALS = frozenset(
    ["run", "seed", "fold", "trial", "replicate", "repeat", "exp", "experiment", "version", "v", "split"]
)
"""What merely numbers things: such names say nothing."""
_LIST = re.compile(r"^\s*(?:,|/|–|→|(?:,\s*)?(?:and|or|to|vs\.?|versus))\s*(?:and\s+)?$")
_JOINING = ("and", "or", "to", "vs", "versus")
_VARIABLE = re.compile(r"(?<![A-Za-z])[A-Za-z](?:_\w+)?\s*=\s*$")
_SAID = re.compile(
    r"\b(?:at|with|using|after|for|within|given|of|from|to)\s+(?:just |only )?$", re.IGNORECASE
)
_COUNTED = re.compile(r"^[\s-](?:[a-z][\w-]*\s+)?([a-z]{3,})s?\b")
_NO_COUNT = re.compile(
    r"^\W*(?:points?|percent\w*|times|fold|seconds?|secs?|minutes?|hours?|ms|milli\w*|higher|lower|more|less|"
    r"fewer|faster|slower|better|worse|for|with|and|in|on|by|to|of|from|while|than|compared|against)\b"
)


@dataclass(frozen=True)
class Levels:
    """The levels of one factor."""

    factor: tuple[str, ...]
    """Its words; none where the names are bare numbers."""
    names: dict[str, str]
    """Names by their digits."""


def levels_of(names: Iterable[str]) -> Levels | None:
    """The levels that some names are; None where they are none."""
    groups: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for name in names:
        words = name_tokens(name)
        digits = [word for word in words if word[0].isdigit()]
        factor = tuple(word for word in words if not word[0].isdigit())
        if len(digits) == 1 and _is_factor(name, factor):
            groups[factor][digits[0]] = name
    best = max(groups.items(), key=lambda item: len(item[1]), default=None)
    return Levels(*best) if best is not None and len(best[1]) > 1 else None


def _is_factor(name: str, factor: tuple[str, ...]) -> bool:
    """Whether words in front of a number make it a setting, not a version or an index."""
    if any(stem(word) in _ORDINALS for word in factor):
        return False
    known = (len(word) == 1 or word in _SHORT or stem(word) in NOUNS | STRICT for word in factor)
    return "=" in name or all(known)


def unglued(words: Sequence[Token], text: str, levels: Levels) -> list[Token]:
    """The words without digits that belong to another name, which no level can be."""
    kept = []
    for place, word in enumerate(words):
        glued = (
            place and word.word[0].isdigit() and re.fullmatch(r"-?", text[words[place - 1].stop : word.start])
        )
        if glued and not any(agree(name, words[place - 1].word) for name in levels.factor):
            word = Token("\0", word.start, word.stop, word.cut)
        kept.append(word)
    return kept


def spoken(levels: Levels, words: Sequence[Token], text: str, *, labels: bool) -> Iterator[tuple[str, Token]]:
    """The names of levels in a text, each with its number; `labels` for headers parted by semicolons."""
    run: list[Token] = []
    for word in [*(word for word in words if word.word not in _JOINING), None]:
        is_level = word is not None and word.word in levels.names
        if run and not (is_level and word is not None and _LIST.match(text[run[-1].stop : word.start])):
            if _is_said(levels, text[: run[0].start], text[run[-1].stop :], len(run), labels=labels):
                yield from ((levels.names[token.word], token) for token in run)
            run = []
        if is_level and word is not None:
            run.append(word)


def _is_said(levels: Levels, before: str, after: str, count: int, *, labels: bool) -> bool:
    """Whether what stands around some numbers makes them levels."""
    if re.match(r"^[\u2009\s]?[%×\\]|^\.\d", after) or re.search(r"[\d.±][\s\u2009]*$", before):
        return False
    if labels:
        left, right = before.rsplit(";", 1)[-1].strip(), after.split(";", 1)[0].strip()
        if not left and not right:
            return True
    near = [*name_tokens(before[-40:])[-2:], *name_tokens(after[:40])[:1]]
    if any(agree(name, word) for name in levels.factor for word in near if len(word) > 1):
        return True
    if _VARIABLE.search(before) or setting_words(before[-80:], ""):
        return True
    counted = not _NO_COUNT.match(after) and _COUNTED.match(after)
    starts = count > 1 or bool(_SAID.search(before)) or (labels and not before.rsplit(";", 1)[-1].strip())
    return bool(counted and starts)
