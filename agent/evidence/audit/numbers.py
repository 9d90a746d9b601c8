"""Rule `numbers`: what a writer may not type, because only facts and settings may print it.

Promises to find digits of every script, fractions, and the words of measured amounts. Small counting
words ("one", "two", "first") are left to prose; a name such as L2 is not a number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from agent.artifacts import Finding
from agent.evidence.audit.context import finding
from agent.evidence.audit.source import parse, prose

RULE = "numbers"
_TOKEN = re.compile(r"\S+")
_NAME_WITH_DIGIT = re.compile(r"^[^\w]*[A-Za-z]+-?\d{1,2}[^\w]*$")
_WORDS = re.compile(
    r"\b(three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|"
    r"nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?|dozens?|"
    r"half|halves|halved|quarters?|twice(?!\s*$|\s+the smallest effect)|thrice|"
    r"doubled?|tripled?|(?:two|three|four|five|ten|many)-?fold|"
    r"orders? of magnitude|per ?cent|percentage points?)\b",
    re.IGNORECASE,
)
_REASON = (
    "a number in the text is neither a fact nor a registered setting; name one with \\fact{} or \\setting{}"
)


def typed_numbers(file: str, latex: str) -> Iterator[Finding]:
    """The literal numbers in a section's prose, in order.

    Raises:
        Unreadable: the text is not balanced LaTeX.
    """
    for node in prose(parse(latex)):
        text = latex[node.pos : node.pos + node.len]
        for token in _TOKEN.finditer(text):
            if _has_digit(token[0]) and not _NAME_WITH_DIGIT.match(token[0]):
                first = next(i for i, c in enumerate(token[0]) if unicodedata.category(c).startswith("N"))
                yield finding(RULE, file, latex, node.pos + token.start() + first, token[0], _REASON)
        for word in _WORDS.finditer(text):
            yield finding(RULE, file, latex, node.pos + word.start(), word[0], _REASON)


def _has_digit(token: str) -> bool:
    return any(unicodedata.category(character).startswith("N") for character in token)
