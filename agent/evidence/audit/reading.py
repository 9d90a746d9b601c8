"""A section as sentences and clauses whose macros are marks that know what they name.

Promises offsets into the LaTeX for every character of a sentence. Conjectures are left out of the sentence
that they stand in and are listed by themselves. Does not judge.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from agent.evidence.audit.source import (
    CITE_MACROS,
    FACT_MACROS,
    REFERENCE_MACROS,
    argument_text,
    arguments,
    children,
    kind_of,
    name_of,
    parse,
)
from agent.prompts.sentences import spans

FACT, CLAIM, VERDICT, CITE, SETTING, REF, MATH, CONJECTURE = (chr(0xE010 + i) for i in range(8))
BACKING = FACT + CLAIM + VERDICT + CITE
"""Marks of what can stand behind a clause; a conjecture stands behind itself alone."""
_MARK_OF = {
    **dict.fromkeys(FACT_MACROS, FACT),
    **dict.fromkeys(CITE_MACROS, CITE),
    **dict.fromkeys(REFERENCE_MACROS, REF),
    "claim": CLAIM,
    "setting": SETTING,
    "verdict": VERDICT,
    "conjecture": CONJECTURE,
}
_SILENT = frozenset({
    "label", "section", "subsection", "subsubsection", "paragraph", "begin", "end", "vspace", "hspace",
    "centering", "includegraphics",
})  # fmt: skip
_BREAK = "\n\n"
_CUT = re.compile(
    r";|:(?=\s)|\s[–—-]{1,3}\s|---|"
    r",\s+(?=(?:and(?! \w+ed\b)|but|while|whereas|so|yet|which|because|since|although|though|as|"
    r"who|where|making)\b)|"
    r"\s(?=(?:but|while|whereas|because|although|since|thereby|hence|therefore|thus)\b)",
    re.IGNORECASE,
)
_PARENTHESIS = re.compile(r"\(([^()]*)\)")


@dataclass(frozen=True)
class Mark:
    """A macro in a sentence."""

    kind: str
    """One of the marks above."""
    macro: str
    name: str
    """What it names; several works with commas."""
    at: int
    """Offset in the sentence's text."""
    start: int
    """Offset in the LaTeX."""


@dataclass(frozen=True)
class Sentence:
    """A sentence of the prose."""

    text: str
    marks: tuple[Mark, ...]
    offsets: tuple[int, ...]
    """Offset in the LaTeX of each character."""
    stop: int
    """Offset in the LaTeX after its last character."""

    @property
    def start(self) -> int:
        """Offset in the LaTeX of its first character."""
        return self.offsets[0]

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """Its parts; a parenthesis is a part of its own."""
        inner = [
            Clause(self, m.start(1), m.end(1), m[1], is_inserted=True)
            for m in _PARENTHESIS.finditer(self.text)
        ]
        outer = _PARENTHESIS.sub(lambda m: " " * len(m[0]), self.text)
        found, low = [], 0
        for cut in [*_CUT.finditer(outer), None]:
            high = cut.start() if cut else len(outer)
            if outer[low:high].strip():
                found.append(Clause(self, low, high, outer[low:high]))
            low = cut.end() if cut else high
        return tuple(sorted((*found, *inner), key=lambda clause: clause.low))


@dataclass(frozen=True)
class Clause:
    """A part of a sentence."""

    sentence: Sentence
    low: int
    high: int
    text: str
    is_inserted: bool = False
    """Whether it stands in parentheses."""

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The marks that stand in it and not in a parenthesis inside."""
        return tuple(
            mark
            for mark in self.sentence.marks
            if self.low <= mark.at < self.high and self.text[mark.at - self.low] == mark.kind
        )

    @property
    def is_backed(self) -> bool:
        """Whether evidence stands in it."""
        return any(mark in self.text for mark in BACKING)

    def place(self, index: int) -> int:
        """Offset in the LaTeX of a character of its text."""
        return self.sentence.offsets[min(self.low + index, len(self.sentence.offsets) - 1)]


@dataclass(frozen=True)
class Conjecture:
    """What a conjecture says."""

    text: str
    start: int


@lru_cache(maxsize=256)
def read(latex: str, closing: frozenset[str] = frozenset()) -> tuple[Sentence, ...]:
    """The sentences of a text, in order.

    Args:
        closing: Settings whose value ends a sentence.

    Raises:
        Unreadable: the text is not balanced LaTeX.
    """
    pieces = list(_flatten(parse(latex), latex, closing))
    text = "".join(character for character, _, _ in pieces)
    found = []
    for low, high in spans(text):
        marks = tuple(_mark(pieces[i], i - low) for i in range(low, high) if pieces[i][2] is not None)
        offsets = tuple(pieces[i][1] for i in range(low, high))
        stop = pieces[high][1] if high < len(pieces) else len(latex)
        found.append(Sentence(text[low:high], marks, offsets, max(stop, offsets[-1] + 1)))
    return tuple(found)


def conjectures(latex: str) -> tuple[Conjecture, ...]:
    """The conjectures of a text, as plain characters.

    Raises:
        Unreadable: the text is not balanced LaTeX.
    """
    return tuple(_conjectures(parse(latex), latex))


def _conjectures(nodes: Iterable[Any], latex: str) -> Iterator[Conjecture]:
    for node in nodes:
        if name_of(node) == "conjecture":
            inner = "".join(c for c, _, _ in _flatten(children(node), latex, frozenset()))
            yield Conjecture(inner, node.pos)
        else:
            yield from _conjectures(children(node), latex)


_Piece = tuple[str, int, "tuple[str, str] | None"]


def _mark(piece: _Piece, at: int) -> Mark:
    macro, name = piece[2] or ("", "")
    return Mark(kind=piece[0], macro=macro, name=name, at=at, start=piece[1])


def _flatten(nodes: Iterable[Any], latex: str, closing: frozenset[str]) -> Iterator[_Piece]:
    for node in nodes:
        kind, name = kind_of(node), name_of(node)
        if kind in ("chars", "specials"):
            text = latex[node.pos : node.pos + node.len]
            yield from ((" " if c == "~" else c, node.pos + i, None) for i, c in enumerate(text))
        elif kind == "macro" and name in _MARK_OF:
            yield from _marked(node, name, latex, closing)
        elif kind == "math":
            yield MATH, node.pos, ("math", latex[node.pos : node.pos + node.len].strip("$"))
        elif kind == "comment" or name in _SILENT:
            continue
        elif name == "item" or name == "\\":
            yield from ((c, node.pos, None) for c in _BREAK)
        elif kind == "macro" and not arguments(node):
            yield from ((c, node.pos, None) for c in _symbol(name) + (node.macro_post_space or ""))
        else:
            if kind == "environment":
                yield from ((c, node.pos, None) for c in _BREAK)
            yield from _flatten(children(node), latex, closing)
            if kind == "environment":
                yield from ((c, node.pos + node.len - 1, None) for c in _BREAK)


def _symbol(name: str) -> str:
    return name if name in "%&_#$" else "-" if name.startswith("text") else " "


def _marked(node: Any, name: str, latex: str, closing: frozenset[str]) -> Iterator[_Piece]:
    argument = argument_text(node, latex).strip()
    yield _MARK_OF[name], node.pos, (name, "" if _MARK_OF[name] == VERDICT else argument)
    end = node.pos + node.len - 1
    ends = argument.rstrip().endswith((".", "?")) if name == "conjecture" else argument in closing
    if ends:
        yield ".", end, None
    for character in node.macro_post_space or "":
        yield character, end, None
