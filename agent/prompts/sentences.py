"""Where sentences end and which of them need evidence, in a text whose macros are single marks.

One rule for the prompts' checks and for the audit, which flatten LaTeX each in their own way. Does not parse.
"""

from __future__ import annotations

import re

BACKED, VALUE = "\ue000", "\ue001"
"""Stands for a macro that backs its sentence (fact, claim, citation …), and for any other printed value."""

_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|cf|vs|al|approx|resp|Fig|Tab|Sec|Eq|no|No)|\b[A-Z])\.$")
_END = re.compile(r"[.!?]['\"”’)\]]*(?=\s)|\n\s*\n")
_WORD = re.compile(r"[^\W\d_]{2}")


def spans(text: str) -> tuple[tuple[int, int], ...]:
    """Start and stop of each sentence, without the space around it."""
    found, start = [], 0
    for match in _END.finditer(text):
        if match[0].startswith(".") and _ABBREVIATION.search(text[start : match.start() + 1]):
            continue
        found.append((start, match.end()))
        start = match.end()
    found.append((start, len(text)))
    return tuple(_stripped(text, low, high) for low, high in found if text[low:high].strip())


def is_backed(sentence: str) -> bool:
    """Whether something that is evidence stands in it."""
    return BACKED in sentence


def is_declarative(sentence: str) -> bool:
    """Whether it says something, rather than asks."""
    return bool(_WORD.search(sentence)) and not sentence.rstrip("'\"”’)]").endswith("?")


def _stripped(text: str, low: int, high: int) -> tuple[int, int]:
    part = text[low:high]
    return low + len(part) - len(part.lstrip()), high - (len(part) - len(part.rstrip()))
