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
_NOTED = NOTE.removeprefix(r"\textit{").removesuffix("}")
_HEADING = re.compile(
    r"^[ \t]*(?:\\(?:section|subsection|subsubsection)\*?\{[^\n]*|\\appendix\b.*|\\maketitle.*"
    r"|\\begin\{document\}.*|\\end\{document\}.*|\\FloatBarrier.*|\\begingroup.*|\\bibliograph.*)$",
    re.MULTILINE,
)
_UNIT = re.compile(r"\\begin\{(?!document\})([A-Za-z]+)\*?\}")
_END = re.compile(r"\\end\{[^{}\n]*\}")
_EDGE = re.compile(r"\\(?P<what>begin|end)\{[A-Za-z]+\*?\}|\n[ \t]*\n\s*")
_KEPT = re.compile(r"\\(?:begin|end|centering|label|toprule|midrule|bottomrule|hline|small|vspace)")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z\\])")


def left_out(latex: str, problem: Problem) -> Iterator[Change]:
    """Ever larger blocks around an error, each replaced by the note.

    A sentence, an item or row, a paragraph, an environment, the text between two headings.
    """
    at = min(locate(latex, problem), len(latex))
    start, stop = line_bounds(latex, problem.line or 1)
    if not start <= at <= stop:
        start, stop = _line_around(latex, at)
    body, found = latex[start:stop], list[Change]()
    for first, last in _groups(latex, *_between_headings(latex, at), at):
        found += _sentence(latex, first, last, at)
        found.append(Change("a block left out", first, last, NOTE))
    if not _HEADING.match(body):
        found += _sentence(latex, start, stop, at)
        if body.strip() and not _UNIT.search(body) and not _END.search(body):
            found.append(Change("a block left out", start, stop, _in_place_of(body)))
    found += [Change("a block left out", first, last, NOTE) for first, last in _units(latex, at)]
    yield from sorted(found, key=lambda change: change.stop - change.start)
    first, last = _between_headings(latex, at)
    if latex[first:last].strip():
        yield Change("a block left out", first, last, f"{NOTE}\n\n")


def _groups(latex: str, start: int, stop: int, at: int) -> Iterator[tuple[int, int]]:
    """What stands in braces around an offset, such as a caption or a note, if it is more than a word."""
    opened = list[int]()
    for match in re.compile(r"\\.|[{}]").finditer(latex, start, stop):
        if match[0] == "{":
            opened.append(match.end())
        elif match[0] == "}" and opened:
            first = opened.pop()
            if first <= at <= match.end() and " " in latex[first : match.start()]:
                yield first, match.start()


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


def parts(latex: str, change: Change) -> Iterator[Change]:
    """The parts of what a change leaves out, each left out alone.

    Paragraphs and environments, else the lines inside of one environment, else sentences.
    """
    text = latex[change.start : change.stop]
    spans = _paragraphs(text)
    if len(spans) == 1 and _UNIT.match(text.strip()):
        lines = list(re.finditer(r"[^\n]+", text))[1:-1]
        spans = [match.span() for match in lines if not _KEPT.match(match[0].lstrip())]
    elif len(spans) == 1:
        ends = [match for match in _SENTENCE.finditer(text) if _balanced(text[: match.start()])]
        edges = [0, *(match.end() for match in ends), len(text)]
        spans = list(pairwise(edges)) if ends else []
    for start, stop in spans:
        first, last = change.start + start, change.start + len(text[:stop].rstrip())
        if latex[first:last].strip():
            yield Change(change.rule, first, last, _in_place_of(latex[first:last]))


def _paragraphs(text: str) -> list[tuple[int, int]]:
    """Paragraphs, and environments as wholes."""
    spans, start, depth = list[tuple[int, int]](), 0, 0
    for match in _EDGE.finditer(text):
        before, here = depth, match.start()
        if match["what"]:
            depth += 1 if match["what"] == "begin" else -1
            here = match.end() if match["what"] == "end" else here
        if before == 0 or depth <= 0:
            spans.append((start, here))
            start = here
    spans.append((start, len(text)))
    return [(first, last) for first, last in spans if text[first:last].strip()]


def _in_place_of(text: str) -> str:
    """The note, with what must stand around it where a caption, an item or a row stood."""
    caption = re.match(r"\s*\\caption\*?\s*(?:\[[^\]]*\])?\{", text)
    labels = "".join(re.findall(r"\\label\{[^{}]*\}", text))
    if caption:
        return rf"\caption{{{NOTE}}}{labels}"
    if text.lstrip().startswith(r"\item"):
        return rf"\item {NOTE}"
    return rf"{NOTE} \\" if text.rstrip().endswith(r"\\") else NOTE


def says_something(text: str) -> bool:
    """Whether a text has more than notes and markup, so that leaving it out changes anything."""
    return bool(re.search(r"\w", re.sub(r"\\[A-Za-z]+", "", text.replace(_NOTED, ""))))


def _balanced(text: str) -> bool:
    """Whether braces and environments that begin in a text end in it."""
    plain = re.sub(r"\\[{}\\]", "", text)
    return plain.count("{") == plain.count("}") and plain.count(r"\begin{") == plain.count(r"\end{")
