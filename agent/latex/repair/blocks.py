"""The smallest block around an error, left out with a note that a reader sees.

Promises that what is left out is never more than a section's body at a time, that headings, the title and
the evidence stay, and that a note stands where something is gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from agent.latex.diagnose import Problem
from agent.latex.repair.edit import Change, line_bounds, locate

NOTE = r"\textit{[A block that LaTeX could not set was left out here.]}"
_HEADING = re.compile(
    r"^[ \t]*(?:\\(?:section|subsection|subsubsection)\*?\{[^\n]*|\\appendix\b.*|\\maketitle.*"
    r"|\\begin\{document\}.*|\\end\{document\}.*|\\FloatBarrier.*|\\begingroup.*|\\bibliograph.*)$",
    re.MULTILINE,
)
_UNIT = re.compile(r"\\begin\{(abstract|figure|table|itemize|enumerate|shoalcard|shoalevidence|shoalcode"
                   r"|equation|align|quote|tabular|shoaltabular|longtable|center)\*?\}")  # fmt: skip
_END = re.compile(r"\\end\{[^{}\n]*\}")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z\\])")


def left_out(latex: str, problem: Problem) -> Iterator[Change]:
    """Ever larger blocks around an error, each replaced by the note.

    A sentence, an item or row, a paragraph, an environment, the text between two headings.
    """
    at = min(locate(latex, problem), len(latex))
    start, stop = line_bounds(latex, problem.line or 1)
    if not start <= at <= stop:
        start, stop = _line_around(latex, at)
    body = latex[start:stop]
    if not _HEADING.match(body):
        yield from _sentence(latex, start, stop, at)
        if body.lstrip().startswith(r"\item"):
            yield Change("a block left out", start, stop, rf"\item {NOTE}")
        elif body.rstrip().endswith(r"\\") and not _UNIT.search(body):
            yield Change("a block left out", start, stop, rf"{NOTE} \\")
        elif body.strip() and not _UNIT.search(body) and not _END.search(body):
            yield Change("a block left out", start, stop, NOTE)
    for first, last in _units(latex, at):
        yield Change("a block left out", first, last, NOTE)
    first, last = _between_headings(latex, at)
    if latex[first:last].strip():
        yield Change("a block left out", first, last, f"{NOTE}\n\n")


def _line_around(latex: str, at: int) -> tuple[int, int]:
    stop = latex.find("\n", at)
    return latex.rfind("\n", 0, at) + 1, len(latex) if stop < 0 else stop


def _sentence(latex: str, start: int, stop: int, at: int) -> Iterator[Change]:
    """The sentence, where braces balance in it."""
    edges = [start, *(match.end() for match in _SENTENCE.finditer(latex, start, stop)), stop]
    for first, last in pairwise(edges):
        if not first <= at <= last or last - first >= stop - start:
            continue
        text = latex[first:last].rstrip()
        plain = re.sub(r"\\[{}]", "", text)
        if text and plain.count("{") == plain.count("}") and not re.match(r"\\item|\\section", text):
            yield Change("a block left out", first, first + len(text), NOTE)


def _units(latex: str, at: int) -> Iterator[tuple[int, int]]:
    """Environments around an offset, from the inside out."""
    found = []
    for match in _UNIT.finditer(latex):
        ending = rf"\end{{{match[0].removeprefix(chr(92) + 'begin{')}"
        stop = latex.find(ending, match.end())
        if stop >= 0 and match.start() <= at <= stop + len(ending) + 2:
            found.append((match.start(), stop + len(ending)))
    yield from sorted(found, key=lambda one: one[1] - one[0])


def _between_headings(latex: str, at: int) -> tuple[int, int]:
    """The text between the heading before an offset and the next one."""
    start, stop = 0, len(latex)
    for match in _HEADING.finditer(latex):
        if match.end() <= at:
            start = match.end() + 1
        elif match.start() > at:
            stop = match.start()
            break
    return (start, max(start, stop)) if start else (len(latex), len(latex))


def pieces(latex: str) -> tuple[tuple[int, int], ...]:
    """The texts between headings of the document, in their order."""
    edges = list(_HEADING.finditer(latex))
    begun = next((k for k, match in enumerate(edges) if "document" in match[0]), None)
    if begun is None:
        return ()
    found = [(one.end() + 1, two.start()) for one, two in pairwise(edges[begun:])]
    return tuple((start, stop) for start, stop in found if latex[start:stop].strip())
