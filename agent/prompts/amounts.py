"""What counts as a typed number: digits of every script, fractions, and the words of measured amounts.

One rule for the prompts' checks and for the audit. Promises offsets into the text that it is given. Small
counting words ("one", "two", "first") are left to prose, and a name such as L2 is not a number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r"\S+")
_NAME = re.compile(r"\W*[A-Za-z]+-?\d{1,2}\W*")
_TWICE_A_FACT = r"(?:twice|two times)(?!\s*$|\s+the smallest effect)"
"""A multiple of Δ is declared: "twice" may stand before it, or end the text before a macro that prints it."""
_AMOUNT = re.compile(
    r"\b(?:three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|"
    r"(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundreds?|thousands?|millions?|billions?|dozens?|half|halves|"
    rf"halved|quarters?|(?:one|two)[- ]thirds?|a third of|{_TWICE_A_FACT}|thrice|"
    r"doubled?|tripled?|(?:two|three|four|five|ten|many)-?fold|"
    r"orders? of magnitude|per ?cent|percentage points?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Typed:
    """A number in a text."""

    text: str
    """The word that holds it."""
    start: int
    """Offset of its first digit, or of the amount's first letter."""


def typed_digits(text: str) -> Iterator[Typed]:
    """The words with a digit in them that are no names."""
    for token in _TOKEN.finditer(text):
        places = [i for i, character in enumerate(token[0]) if unicodedata.category(character)[0] == "N"]
        if places and not _NAME.fullmatch(token[0]):
            yield Typed(token[0], token.start() + places[0])


def typed_amounts(text: str) -> Iterator[Typed]:
    """The words of amounts."""
    for word in _AMOUNT.finditer(text):
        yield Typed(word[0], word.start())
