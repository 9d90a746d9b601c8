"""Rule `statements`: in abstract, results and conclusion every declarative sentence carries its evidence.

Promises to name each sentence without a fact, claim, verdict, citation or conjecture, where it begins.
Does not judge whether the evidence fits the sentence.
"""

from __future__ import annotations

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
from agent.prompts.sentences import BACKED, VALUE, is_backed, is_declarative, spans

RULE = "statements"
_BACKING = frozenset({*FACT_MACROS, *CITE_MACROS, "claim", "verdict", "conjecture"})
_PRINTS_A_VALUE = frozenset({"setting", *REFERENCE_MACROS})
_SILENT = frozenset(
    {"label", "section", "subsection", "subsubsection", "paragraph", "begin", "end", "footnote"}
)
_BREAK = "\n\n"
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
        return is_backed(self.text)

    @property
    def is_declarative(self) -> bool:
        """Whether it says something, rather than asks."""
        return is_declarative(self.text)


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
    return tuple(Sentence(text[low:high], marks[low][1], marks[high - 1][1] + 1) for low, high in spans(text))


def _flatten(nodes: Iterable[Any], latex: str) -> Iterator[tuple[str, int]]:
    """Each printed character with its offset; our macros as one mark that ends where they end."""
    for node in nodes:
        kind, name = kind_of(node), name_of(node)
        if kind in ("chars", "specials"):
            yield from ((c, node.pos + i) for i, c in enumerate(latex[node.pos : node.pos + node.len]))
        elif kind == "macro" and name in _BACKING:
            yield BACKED, node.pos
            yield from _closing(node, latex)
        elif kind == "math" or name in _PRINTS_A_VALUE:
            yield VALUE, node.pos
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
