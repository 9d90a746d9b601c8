"""What TeX's log holds against a paper, with file, line and macro, and which of it is the cause of the rest.

Promises to find errors, undefined references and citations, missing files and boxes that stick out. Reads
logs written with `-file-line-error` and a `max_print_line` that wraps nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["error", "undefined", "overfull", "warning", "resource"]


@dataclass(frozen=True)
class Problem:
    """One thing that TeX complained about."""

    kind: Kind
    file: str
    """Relative to the paper's folder; the main file where the log does not say."""
    line: int
    """From 1; 0 where the log does not say."""
    message: str
    macro: str = field(default="", compare=False)
    """The control sequence or character that TeX had just read, `\\\\nosuch` or `_`; empty where unknown."""
    near: str = field(default="", compare=False)
    """The input that TeX had read when it stopped, the innermost argument's; empty where unknown."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


_MAIN = "paper.tex"
_FILE_LINE_ERROR = re.compile(r"^(?:\./)?([^\s:()]+\.\w+):(\d+): (.+)$")
_BARE_ERROR = re.compile(r"^! (.+)$")
_ERROR_LINE = re.compile(r"^l\.(\d+) ")
_AFTER_LINE = re.compile(r"was ignored after line (\d+)")
_INNER = re.compile(r"^<(?:argument|inserted text|read \*|recently read|to be read again)> ?(.*)$")
_LAST_TOKEN = re.compile(r"(\\(?:[A-Za-z@]+\*?|.)|[_^&#$%{}~])\s*$")
_OVERFULL = re.compile(r"^Overfull \\([hv])box \(([\d.]+)pt too (wide|high)\)(?:.*?lines? (\d+))?")
_UNDEFINED = re.compile(
    r"Warning: (Reference|Citation|Hyper reference) [`']([^']+)' .*?undefined(?:.*?line (\d+))?"
)
_DESTINATION = re.compile(r"name\{([^}]+)\} has been referenced but does not exist")
_WARNING = re.compile(r"^(?:LaTeX|Package (\S+)|pdfTeX) [Ww]arning:? (.+?)(?: on input line (\d+))?\.?$")
_HARMLESS = ("Label(s) may have changed", "There were undefined", "Rerun", "rerun")
_FILES = re.compile(r"\((\./[^\s()]+\.\w+)?|\)")
_GIVES_UP = re.compile(r"Emergency stop|Fatal error occurred|That makes 100 errors|Interruption")
_BALANCE = re.compile(
    r"Missing (\$|\}|\{|\\end|\\cr|\\right|\\endgroup)|Extra (\}|\\end|\\right|\\else|\\fi|alignment)"
    r"|Misplaced (\\cr|\\noalign|\\omit)|Display math should end|Bad math environment"
    r"|Too many \}'s|\\begin\{document\} ended by"
)
_REACH = 3
"""Lines over which an error of balance follows from the one before it."""


def diagnose(log: str) -> tuple[Problem, ...]:
    """The problems in a TeX log, in its order, each once."""
    problems: list[Problem] = []
    open_files: list[str | None] = []
    lines = log.splitlines()
    for number, text in enumerate(lines):
        current = next((name for name in reversed(open_files) if name), _MAIN)
        problem = _problem(text, lines[number + 1 : number + 16], current)
        if problem is not None:
            problems.append(problem)
        else:
            _follow_files(text, open_files)
    return tuple(dict.fromkeys(problems))


def causes(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The errors without those that follow from an earlier one.

    An error follows where TeX only gives up, or where it mends braces, math or tables within a few lines
    of an error before it.
    """
    found: list[Problem] = []
    last: Problem | None = None
    for problem in problems:
        if problem.kind not in ("error", "resource"):
            continue
        near = last is not None and last.file == problem.file and 0 <= problem.line - last.line <= _REACH
        tail = problem.macro in ("_", "^", "&", "#")
        follows = near and not tail and _BALANCE.search(problem.message)
        if not (follows or _GIVES_UP.search(problem.message)):
            found.append(problem)
        last = problem
    return tuple(found) or tuple(p for p in problems if p.kind in ("error", "resource"))[:1]


def gave_up(problems: Iterable[Problem]) -> bool:
    """Whether TeX stopped before the end, so that what comes later was not looked at."""
    return any(_GIVES_UP.search(problem.message) for problem in problems if problem.kind == "error")


def _problem(text: str, following: list[str], current: str) -> Problem | None:
    if match := _FILE_LINE_ERROR.match(text):
        near = _near(following)
        said = match[3] + _context(following)
        return Problem("error", match[1], int(match[2]), said, macro=_last(near), near=near)
    if match := _BARE_ERROR.match(text):
        found = next((m for m in map(_ERROR_LINE.match, following) if m), None)
        near = _near(following)
        found = found or _AFTER_LINE.search(match[1])
        line = int(found[1]) if found else 0
        return Problem("error", current, line, match[1], macro=_last(near), near=near)
    if match := _OVERFULL.match(text):
        message = f"a box is {match[2]}pt too {match[3]}"
        return Problem("overfull", current, int(match[4] or 0), message)
    if match := _UNDEFINED.search(text):
        said = f"{match[1].lower()} {match[2]} is undefined"
        return Problem("undefined", current, int(match[3] or 0), said, macro=match[2])
    if match := _DESTINATION.search(text):
        return Problem("undefined", current, 0, f"link target {match[1]} does not exist")
    if match := _WARNING.match(text):
        if any(word in text for word in _HARMLESS):
            return None
        return Problem("warning", current, int(match[3] or 0), match[2])
    return None


def _context(following: list[str]) -> str:
    """The offending input, which TeX prints up to the point where it stopped."""
    for line in following:
        if _ERROR_LINE.match(line):
            return f" (after: {line.split(' ', 1)[1].strip()[-60:]})"
    return ""


def _near(following: list[str]) -> str:
    """What TeX had read of the innermost argument, or of the line where there is none."""
    for line in following:
        if _FILE_LINE_ERROR.match(line) or _BARE_ERROR.match(line):
            break
        inner = _INNER.match(line)
        if inner and line.startswith("<argument>") and inner[1].strip():
            return inner[1].removeprefix("...")
        if _ERROR_LINE.match(line):
            return line.split(" ", 1)[1].removeprefix("...")
    return ""


def _last(near: str) -> str:
    match = _LAST_TOKEN.search(near)
    return match[1] if match else ""


def _follow_files(text: str, open_files: list[str | None]) -> None:
    """Keep track of which file TeX is reading: it prints `(name` on opening one and `)` on closing it."""
    for match in _FILES.finditer(text):
        if match[0] != ")":
            open_files.append(match[1].removeprefix("./") if match[1] else None)
        elif open_files:
            open_files.pop()
