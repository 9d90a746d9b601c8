"""Tables and figures: column counts, widths and missing pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agent.latex.diagnose import Problem
from agent.latex.repair.edit import Change, line_bounds

_TABLE = re.compile(
    r"\\begin\{(?P<name>shoaltabular|tabular[x*]?|longtable|array)\}(?:\[[^\]]*\])?(?:\{\\[a-z]+width\})?"
    r"\{(?P<spec>(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}"
)
_CELL_BREAK = re.compile(r"(?<!\\)&")
_COLUMN = re.compile(
    r"(?:[@!><]\{(?:[^{}]|\{[^{}]*\})*\})|\*\{(\d+)\}\{([^{}]*)\}|[pmbP]\{[^{}]*\}|[A-Za-z]|\|"
)
_PICTURE = re.compile(r"\\includegraphics\*?(?:\[[^\]]*\])?\{([^{}]*)\}")
_SPAN = re.compile(r"\\multicolumn\{(\d+)\}")


@dataclass(frozen=True)
class Table:
    """A table's place in a text."""

    start: int
    body: int
    stop: int
    name: str
    spec: str
    spec_at: int


def tables(latex: str) -> Iterator[Table]:
    """The tables of a text that have both a beginning and an end."""
    for match in _TABLE.finditer(latex):
        stop = latex.find(rf"\end{{{match['name']}}}", match.end())
        if stop >= 0:
            yield Table(match.start(), match.end(), stop, match["name"], match["spec"], match.start("spec"))


def table_at(latex: str, problem: Problem) -> Table | None:
    """The table that an error stands in: TeX names a line of it, or that of its end."""
    start, stop = line_bounds(latex, problem.line or 1)
    found = [table for table in tables(latex) if table.start <= stop and start <= table.stop + 40]
    return found[-1] if found else None


def columns(spec: str) -> int:
    """How many columns a preamble declares."""
    count = 0
    for match in _COLUMN.finditer(spec):
        if match[1]:
            count += int(match[1]) * columns(match[2])
        elif match[0][0] not in "@!><|":
            count += 1
    return count


def more_columns(latex: str, problem: Problem) -> Iterator[Change]:
    """A row has more cells than the table has columns."""
    table = table_at(latex, problem)
    if table is None:
        return
    rows = latex[table.body : table.stop].split(r"\\")
    widest = max(_cells(row) for row in rows)
    lacking = widest - columns(table.spec)
    if lacking > 0:
        at = table.spec_at + len(table.spec)
        text = "r" * lacking
        yield Change("too few columns", at, at, text)
    for row in rows:  # an & that is text, in a row that is longer than all others
        lone = [other for other in rows if other is not row]
        if lone and _cells(row) == widest > max(_cells(other) for other in lone):
            start = latex.find(row, table.body)
            for match in re.finditer(r"(?<=[\w.] )&(?= \w)", row):
                at = start + match.start()
                yield Change("an unescaped &", at, at + 1, r"\&")


def _cells(row: str) -> int:
    spans = sum(int(match[1]) - 1 for match in _SPAN.finditer(row))
    return len(_CELL_BREAK.findall(row)) + 1 + spans


def column_letters(latex: str, problem: Problem) -> Iterator[Change]:
    """A preamble has a letter that no column type stands behind."""
    for table in tables(latex):
        start, stop = line_bounds(latex, problem.line or 1)
        if not (start <= table.stop and table.start <= stop):
            continue
        for match in _COLUMN.finditer(table.spec):
            if len(match[0]) == 1 and match[0] not in "lcrpmbXLPS|":
                at = table.spec_at + match.start()
                yield Change("an unknown column type", at, at + 1, "l")
        cleaned = re.sub(r"[^lcrpmbXLP|@!><{}\\*\d.a-z]", "", table.spec)
        if cleaned != table.spec and cleaned:
            end = table.spec_at + len(table.spec)
            yield Change("an unknown column type", table.spec_at, end, cleaned)


def missing_picture(latex: str, problem: Problem) -> Iterator[Change]:
    """A picture that is not there, said in its place."""
    start, stop = line_bounds(latex, problem.line or 1)
    named = re.search(
        r"[Ff]ile `?([^'\s]+)'? not found|Unknown graphics extension: (\S+?)\.", problem.message
    )
    for match in _PICTURE.finditer(latex):
        here = start <= match.start() < stop
        if here or (named and named[1] and named[1].strip("./") in match[1]):
            note = r"\textit{[A figure whose file is missing or cannot be read was left out here.]}"
            yield Change("a missing figure", match.start(), match.end(), note)


def fit_width(latex: str, problem: Problem) -> Iterator[Change]:
    """A table or picture that sticks out of the column becomes smaller."""
    start, stop = line_bounds(latex, problem.line or 1)
    for match in _PICTURE.finditer(latex):
        if start - 200 <= match.start() <= stop + 200:
            text = rf"\includegraphics[width=\linewidth,height=0.42\textheight,keepaspectratio]{{{match[1]}}}"
            if text != match[0]:
                yield Change("a picture that is too large", match.start(), match.end(), text)
    for table in tables(latex):
        if table.start <= stop and start <= table.stop + 200 and table.name in ("tabular", "shoaltabular"):
            small = r"\begingroup\footnotesize\setlength{\tabcolsep}{2pt}"
            whole = latex[table.start : table.stop] + rf"\end{{{table.name}}}"
            end = table.stop + len(rf"\end{{{table.name}}}")
            if not latex[: table.start].rstrip().endswith(small):
                yield Change("a table that is too wide", table.start, end, f"{small}\n{whole}\n\\endgroup")
            if table.name == "tabular":
                fitted = rf"\resizebox{{\linewidth}}{{!}}{{{whole}}}"
                yield Change("a table that is too wide", table.start, end, fitted)
