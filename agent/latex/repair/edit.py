"""One change to a text, and where in a text an error stands."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.latex.diagnose import Problem

TAIL = 24
"""Characters before the place where TeX stopped that are looked for in the source."""

_HATTED = re.compile(r"\^\^([@-_?])")
"""A control character as TeX's log prints it."""


@dataclass(frozen=True)
class Change:
    """Characters `start` to `stop` become `text`."""

    rule: str
    start: int
    stop: int
    text: str

    def apply(self, latex: str) -> str:
        """The text after the change."""
        return latex[: self.start] + self.text + latex[self.stop :]


def line_bounds(latex: str, line: int) -> tuple[int, int]:
    """Start and end of a line, counted from 1, without its newline; the last line where there are fewer."""
    start = 0
    for _ in range(line - 1):
        following = latex.find("\n", start)
        if following < 0:
            break
        start = following + 1
    stop = latex.find("\n", start)
    return start, len(latex) if stop < 0 else stop


def line_at(latex: str, position: int) -> int:
    """The line of a character offset, from 1."""
    return latex.count("\n", 0, position) + 1


def locate(latex: str, problem: Problem) -> int:
    """The offset just after what TeX had read, as near as its log tells; else the end of its line.

    TeX names the line where an argument ended, so the search goes back from there.
    """
    _, stop = line_bounds(latex, problem.line or 1)
    near = _HATTED.sub(lambda match: chr(ord(match[1]) ^ 64), problem.near).rstrip(" ")
    for length in (TAIL, TAIL // 2, 8, 4):
        tail = near[-length:]
        if len(tail) < 4 and tail != near:
            continue
        found = latex.rfind(tail, 0, stop) if tail else -1
        if found >= 0:
            return found + len(tail)
    macro = problem.macro
    found = latex.rfind(macro, 0, stop) if macro else -1
    return found + len(macro) if found >= 0 else stop


def paragraph(latex: str, position: int) -> tuple[int, int]:
    """Start and end of the paragraph around an offset: between blank lines."""
    start = latex.rfind("\n\n", 0, position)
    stop = latex.find("\n\n", position)
    return (start + 2 if start >= 0 else 0), (stop if stop >= 0 else len(latex))
