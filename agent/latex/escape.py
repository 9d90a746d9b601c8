"""Plain text into LaTeX, by pylatexenc.

Promises that any string prints as itself and never as a command. A character that LaTeX cannot print with
the fonts at hand becomes a question mark in bold, so that its loss is seen.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

_ACCENTS = {"\u0302": r"\^", "\u0303": r"\~", "\u0304": r"\=", "\u0307": r"\.", "\u0305": r"\="}
_ROOT = re.compile(r"√(\w)")
_OVER_A_LETTER = re.compile("([A-Za-z])([" + "".join(_ACCENTS) + "])")


@cache
def _encoder(non_ascii_only: bool) -> Any:
    from pylatexenc.latexencode import UnicodeToLatexEncoder

    return UnicodeToLatexEncoder(
        non_ascii_only=non_ascii_only,
        unknown_char_policy=lambda _: r"{\bfseries ?}",
        unknown_char_warning=False,
    )


def escape(text: str) -> str:
    """Plain text as LaTeX; a percent sign stays on the line of its number, a root covers what follows it."""
    pieces = _ROOT.split(text)
    encoded = [_accented(piece, _encoder(False)) for piece in pieces]
    encoded[1::2] = [rf"\ensuremath{{\sqrt{{{piece}}}}}" for piece in encoded[1::2]]
    return "".join(encoded).replace(r" \%", r"~\%")


def _accented(text: str, encoder: Any) -> str:
    """Encode; a letter with an accent that Unicode has no single character for becomes both."""
    pieces = _OVER_A_LETTER.split(unicodedata.normalize("NFC", text))
    encoded = [str(encoder.unicode_to_latex(piece)) for piece in pieces[0::3]]
    accents = [
        f"{_ACCENTS[mark]}{{{letter}}}" for letter, mark in zip(pieces[1::3], pieces[2::3], strict=True)
    ]
    return "".join(part for pair in zip(encoded, [*accents, ""], strict=True) for part in pair)


def ascii_only(latex: str) -> str:
    """LaTeX with every non-ASCII character written as a command."""
    return latex if latex.isascii() else _accented(latex, _encoder(True))


def breakable(text: str) -> str:
    """A name, path or formula as LaTeX that may break over lines after `.`, `_`, `/` and `,`."""
    escaped = escape(text)
    escaped = escaped.replace("--", "-{}-")  # two dashes of an option would become one
    for mark in (".", r"\_", "/", ","):
        escaped = escaped.replace(mark, mark + r"\allowbreak{}")
    return escaped
