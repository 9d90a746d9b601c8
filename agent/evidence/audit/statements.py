"""Rule `statements`: in abstract, results and conclusion every declarative sentence carries its evidence.

Promises to name each sentence without a fact, claim, verdict, citation or conjecture, where it begins.
Does not judge whether the evidence fits the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from agent.artifacts import Finding
from agent.evidence.audit.context import finding
from agent.evidence.audit.source import (
    CITE_MACROS,
    FACT_MACROS,
    REFERENCE_MACROS,
    arguments,
    children,
    kind_of,
    name_of,
    parse,
)

RULE = "statements"
BACKING = frozenset({*FACT_MACROS, *CITE_MACROS, "claim", "verdict", "conjecture", "quoted"})
_PRINTS_A_VALUE = frozenset({"setting", *REFERENCE_MACROS})
_SILENT = frozenset(
    {"label", "section", "subsection", "subsubsection", "paragraph", "begin", "end", "footnote"}
)
_BACKED, _VALUE, _BREAK = "\ue000", "\ue001", "\n\n"
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|cf|vs|al|approx|resp|Fig|Tab|Sec|Eq|no|No)|\b[A-Z])\.$")
_END = re.compile(r"[.!?]['\"”’)\]]*(?=\s)|\n\s*\n")
_WORD = re.compile(r"[^\W\d_]{2}")
_REASON = "a declarative sentence without a fact, claim, citation or conjecture behind it"


@dataclass(frozen=True)
class Sentence:
    """A sentence of the prose; macros that back it or print a value are single marks in its text."""

    text: str
    start: int
    """Offset in the LaTeX of its first character."""
    stop: int

    @property
    def is_backed(self) -> bool:
        """Whether a fact, claim, verdict, citation or conjecture stands in it."""
        return _BACKED in self.text

    @property
    def is_declarative(self) -> bool:
        """Whether it says something, rather than asks."""
        return bool(_WORD.search(self.text)) and not self.text.rstrip("'\"”’)]").endswith("?")


def unbacked(file: str, latex: str) -> Iterator[Finding]:
    """The declarative sentences that nothing backs.

    Raises:
        Unreadable: the text is not balanced LaTeX.
    """
    for sentence in sentences(latex):
        if sentence.is_declarative and not sentence.is_backed:
            yield finding(RULE, file, latex, sentence.start, latex[sentence.start : sentence.stop], _REASON)


def sentences(latex: str) -> tuple[Sentence, ...]:
    """The sentences of a text, in order.

    Raises:
        Unreadable: the text is not balanced LaTeX.
    """
    marks = list(_flatten(parse(latex), latex))
    text = "".join(mark for mark, _ in marks)
    found, start = [], 0
    for match in _END.finditer(text):
        if match[0].startswith(".") and _ABBREVIATION.search(text[start : match.start() + 1]):
            continue
        found.append((start, match.end()))
        start = match.end()
    found.append((start, len(text)))
    return tuple(_sentence(text, marks, low, high) for low, high in found if text[low:high].strip())


def _sentence(text: str, marks: list[tuple[str, int]], low: int, high: int) -> Sentence:
    low += len(text[low:high]) - len(text[low:high].lstrip())
    high -= len(text[low:high]) - len(text[low:high].rstrip())
    return Sentence(text[low:high], marks[low][1], marks[high - 1][1] + 1)


def _flatten(nodes: Iterable[Any], latex: str) -> Iterator[tuple[str, int]]:
    """Each printed character with its offset; our macros as one mark that ends where they end."""
    for node in nodes:
        kind, name = kind_of(node), name_of(node)
        if kind in ("chars", "specials"):
            yield from ((c, node.pos + i) for i, c in enumerate(latex[node.pos : node.pos + node.len]))
        elif kind == "macro" and name in BACKING:
            yield _BACKED, node.pos
            yield from _closing(node, latex)
        elif kind == "math" or name in _PRINTS_A_VALUE:
            yield _VALUE, node.pos
        elif kind == "comment" or name in _SILENT:
            continue
        elif name == "item":
            yield from ((c, node.pos) for c in _BREAK)
        elif kind == "macro" and not arguments(node):
            yield from ((c, node.pos) for c in node.macro_post_space or " ")
        else:
            yield from _flatten(children(node), latex)
            if kind == "environment":
                yield from ((c, node.pos + node.len - 1) for c in _BREAK)


def _closing(node: Any, latex: str) -> Iterator[tuple[str, int]]:
    """A conjecture's own full stop, and the space that a macro without argument swallows."""
    end = node.pos + node.len - 1
    if node.macroname == "conjecture" and latex[node.pos : end + 1].rstrip().endswith((".}", "?}")):
        yield ".", end
    for character in node.macro_post_space or "":
        yield character, end
