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
_NAME = re.compile(r"\W*(?:[A-Z]-?\d|(?=\w*[A-Z]\w*[A-Z])[A-Za-z]+-?\d{1,3})\W*")
"""L2, F1, or a word with two capitals such as CIFAR-10."""
_TWICE_A_FACT = r"(?:twice|two times)(?!\s*$|\s+the smallest effect)"
"""A multiple of Δ is declared: "twice" may stand before it, or end the text before a macro that prints it."""
_CARDINAL = (
    r"(?:three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|"
    r"(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|thousand|million|billion)"
)
_PART = r"(?:third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|twentieth|hundredth|thousandth)"
_AMOUNT = re.compile(
    rf"\b(?:{_CARDINAL}s?|dozens?|half|halves|halved|halving|quarters?|"
    r"(?:one|two)[- ]thirds?|a third of|"
    rf"(?:a|one|two|{_CARDINAL})[- ]{_PART}s?(?= of\b| as\b|\W*$)|{_TWICE_A_FACT}|"
    r"(?:one|two) (?:out of|of|in) (?:one|two|every)|thrice|doubl(?:ed?|es|ing)|tripl(?:ed?|es|ing)|"
    r"quadrupl(?:ed?|es|ing)|a factor of|(?!mani|un|scaf|blind|bill)\w*[- ]?fold(?<!manifold)(?<!unfold)|"
    r"orders? of magnitude|per ?cent|percentage points?|percentage|percentiles?|pro ?mille|"
    r"per ?mille|basis points?|"
    r"a couple of|a handful of|a score of|a pair of|"
    r"(?:the )?(?:vast |large |great |overwhelming )?majority of|"
    r"(?:nearly|almost|virtually|practically) (?:all|every|none)|all but (?:one|two|a few)|"
    r"most of the (?:runs|seeds|replicates|trials|gap|gain|difference)|double[- ]digits?|single[- ]digits?|"
    r"nought|naught|point (?:zero|one|two|oh)|(?:zero|one|two|oh) point|"
    r"decimals?|perfect (?:accuracy|score))\b",
    re.IGNORECASE,
)
_ROMAN = re.compile(
    r"\b(?=[IVX]{2}|[IVXLC]{3})(?!CLI\b)C{0,3}(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})\b|"
    r"\b(?=[ivxlc]{3})(?!mix|mil)c{0,3}(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})\b"
)
"""Roman numerals that are no words."""
_ZERO = re.compile(
    r"(?<!above )(?<!below )(?<!from )(?<!than )(?<!of )(?<!s )(?<!at )\bzero\b", re.IGNORECASE
)
"""Zero where it is not the value that an interval is held against."""


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
        places = [i for i, character in enumerate(token[0]) if _is_digit(character)]
        if places and not _NAME.fullmatch(token[0]):
            yield Typed(token[0], token.start() + places[0])


def typed_amounts(text: str) -> Iterator[Typed]:
    """The words of amounts."""
    for form in (_AMOUNT, _ROMAN, _ZERO):
        for word in form.finditer(text):
            yield Typed(word[0], word.start())


def _is_digit(character: str) -> bool:
    """Whether a character of any script stands for a number, as 9, ½, 九 and Ⅳ do."""
    return unicodedata.category(character)[0] == "N" or unicodedata.numeric(character, None) is not None
