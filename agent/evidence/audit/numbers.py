"""Rule `numbers`: what a writer may not type, because only facts and settings may print it.

Promises to find digits of every script, fractions, and the words of measured amounts. Small counting
words ("one", "two", "first") are left to prose; a name such as L2 is not a number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from agent.artifacts import Finding
from agent.evidence.audit.context import finding
from agent.evidence.audit.source import arguments, body_of, children, name_of, parse, prose, walk

RULE = "numbers"
_BOUND = frozenset({"shoalfact", "shoalsetting", "shoaldeclared"})
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
        yield from _digits(file, latex, node)
        for word in _WORDS.finditer(latex[node.pos : node.pos + node.len]):
            yield finding(RULE, file, latex, node.pos + word.start(), word[0], _REASON)


def unbound_numbers(file: str, bound: str) -> Iterator[Finding]:
    """Digits of the bound paper, up to its appendix, that neither binder nor renderer vouch for.

    Raises:
        Unreadable: the paper is not balanced LaTeX.
    """
    for node in prose(_without_claim_ids(body_of(bound)), _BOUND):
        yield from _digits(file, bound, node)


def _without_claim_ids(nodes: Iterable[Any]) -> Iterator[Any]:
    """The nodes with a bound claim replaced by its text, wherever it stands."""
    for node in nodes:
        if name_of(node) == "shoalclaim":
            yield arguments(node)[-1]
        elif any(name_of(inner) == "shoalclaim" for inner in walk(children(node))):
            yield from _without_claim_ids(children(node))
        else:
            yield node


def _digits(file: str, latex: str, node: Any) -> Iterator[Finding]:
    for token in _TOKEN.finditer(latex[node.pos : node.pos + node.len]):
        if _has_digit(token[0]) and not _NAME_WITH_DIGIT.match(token[0]):
            first = next(i for i, c in enumerate(token[0]) if _is_digit(c))
            yield finding(RULE, file, latex, node.pos + token.start() + first, token[0], _REASON)


def _has_digit(token: str) -> bool:
    return any(map(_is_digit, token))


def _is_digit(character: str) -> bool:
    return unicodedata.category(character).startswith("N")
