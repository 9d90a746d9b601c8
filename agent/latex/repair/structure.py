"""Braces, environments and dollars that do not match, and the change that mends each.

Promises to find them without TeX, whose log names the place where the damage was noticed, often a page
after the place where it was done. Knows no macro's arguments but that a paragraph ends most of them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from agent.latex.repair.edit import Change, paragraph

What = Literal["stray }", "open {", "open $", "open environment", "stray end", "no end of document"]
OPAQUE = ("shoalcode", "verbatim", "Verbatim", "lstlisting")
"""Environments whose content is not LaTeX."""
LISTS = ("itemize", "enumerate", "description")
_TOKEN = re.compile(
    r"\\begin\s*\{(?P<begin>[A-Za-z*]+)\}|\\end\s*\{(?P<end>[A-Za-z*]+)\}"
    r"|(?P<heading>\\(?:section|subsection|paragraph|appendix|FloatBarrier)\b)"
    r"|\\verb(?P<bar>[^A-Za-z\s*])[^\n]*?(?P=bar)|\\(?:[A-Za-z@]+|.|\n)|%[^\n]*"
    r"|(?P<brace>[{}])|(?P<dollar>\$\$?)|(?P<gap>\n[ \t]*\n\s*)"
)
_KEY_MACRO = re.compile(
    r"\\(?:ref|label|cite\w*|pageref|hyperlink|hypertarget|includegraphics)\*?(?:\[[^]]*\])?$"
)
_NUMBER_MACRO = re.compile(r"\\(?:ensuremath|shoalfact\{[^{}]*\}|shoalsetting\{[^{}]*\})$")
_ARGUMENT = re.compile(r"(?:\\[A-Za-z@]+\*?(?:\[[^]]*\])?|\})\Z")
_KEY = re.compile(r"[\w.:,/-]*")
_NUMBER = re.compile(r"[-+]?(?:\\ensuremath\{[^{}]*\}|[\d.,]*\d)?")
_SHORT = re.compile(r"[^.,;:&\n\\{}$]*")
_UNOPENED = re.compile(r"(\\(?:begin|end))[a-z]+\*?\}$")
_ALIKE = 0.7
_PERCENT = re.compile(r"(?<!\\)%(?=[ \t]*[^\s\n])")
_PROSE = re.compile(r"(?<![\\A-Za-z{])[A-Za-z]{3,},? [A-Za-z]{2,}")
_MATH_AFTER = re.compile(r"(?:\\[A-Za-z]+|[A-Za-z](?![A-Za-z]))(?:[_^](?:\{[^{}]*\}|\w)|\s*[=<>]\s*[\w.]+)*")
_MATH_BEFORE = re.compile(r"(?:\\[A-Za-z]+|\b[A-Za-z])(?:[_^](?:\{[^{}]*\}|\w))*$")


@dataclass(frozen=True)
class Fault:
    """Something without its counterpart."""

    what: What
    opened: int
    """Offset of what has no counterpart."""
    noticed: int
    """Offset at which its counterpart should have come before."""
    name: str = ""
    """Of an environment."""
    inner: str = ""
    """The environment that a stray end probably ends."""


@dataclass(frozen=True)
class _Open:
    kind: Literal["{", "$", "environment"]
    at: int
    name: str = ""


def faults(latex: str) -> tuple[Fault, ...]:
    """Every mismatch, in the order in which a reader notices them."""
    return tuple(_Reader(latex).read())


class _Reader:
    """Reads tokens and keeps what is open."""

    def __init__(self, latex: str) -> None:
        self.latex = latex
        self.open: list[_Open] = []

    def read(self) -> Iterator[Fault]:
        position = 0
        while match := _TOKEN.search(self.latex, position):
            position = match.end()
            if name := match["begin"]:
                yield from self._close("$", match.start())
                if name in OPAQUE:
                    stop = self.latex.find(rf"\end{{{name}}}", position)
                    if stop < 0:
                        yield Fault("open environment", match.start(), match.end(), name)
                    position = position if stop < 0 else stop + len(name) + 6
                else:
                    self.open.append(_Open("environment", match.start(), name))
            elif name := match["end"]:
                yield from self._end(name, match.start())
                if name == "document":
                    return
            elif match["heading"] or match["gap"]:
                yield from self._paragraph_ends(match.start(), heading=bool(match["heading"]))
            elif match["dollar"]:
                self._dollar(match.start())
            elif match["brace"] == "{":
                self.open.append(_Open("{", match.start()))
            elif match["brace"] == "}":
                yield from self._brace(match.start())
        yield from self._close("all", len(self.latex))
        if r"\begin{document}" in self.latex:
            yield Fault("no end of document", len(self.latex), len(self.latex))

    def _dollar(self, at: int) -> None:
        if self.open and self.open[-1].kind == "$":
            self.open.pop()
        else:
            self.open.append(_Open("$", at))

    def _brace(self, at: int) -> Iterator[Fault]:
        if any(entry.kind == "{" for entry in self._down_to_environment()):
            yield from self._close("$", at)
            self.open.pop()
        elif self._ends_around(at):
            while self.open[-1].kind != "{":
                yield self._fault(self.open.pop(), at)
            self.open.pop()
        else:
            yield Fault("stray }", at, at)

    def _ends_around(self, at: int) -> bool:
        """Whether a brace ends an argument in which an environment was begun and never ended."""
        if not any(entry.kind == "{" for entry in self.open):
            return False
        name = next(entry.name for entry in reversed(self.open) if entry.kind == "environment")
        again = self.latex.find(rf"\begin{{{name}}}", at)
        ending = self.latex.find(rf"\end{{{name}}}", at, again if again >= 0 else None)
        return ending < 0

    def _down_to_environment(self) -> Iterator[_Open]:
        for entry in reversed(self.open):
            if entry.kind == "environment":
                return
            yield entry

    def _end(self, name: str, at: int) -> Iterator[Fault]:
        known = [entry.name for entry in self.open if entry.kind == "environment"]
        if name not in known:
            inner = known[-1] if known else ""
            alike = difflib.SequenceMatcher(None, name, inner).ratio() > _ALIKE
            yield Fault("stray end", at, at, name, inner if alike else "")
            if not alike:
                return
            name = inner
        while self.open[-1].name != name:
            yield self._fault(self.open.pop(), at)
        self.open.pop()

    def _paragraph_ends(self, at: int, *, heading: bool) -> Iterator[Fault]:
        yield from self._close("$", at)
        while self.open and self.open[-1].name != "document":
            top = self.open[-1]
            argument = top.kind == "{" and _ARGUMENT.search(self.latex, max(0, top.at - 60), top.at)
            if not (heading or argument):
                return
            if heading and top.kind == "{" and not argument:
                return
            yield self._fault(self.open.pop(), at)

    def _close(self, kind: str, at: int) -> Iterator[Fault]:
        while self.open and (kind == "all" or self.open[-1].kind == kind):
            top = self.open.pop()
            if top.name != "document":
                yield self._fault(top, at)

    @staticmethod
    def _fault(entry: _Open, at: int) -> Fault:
        what: dict[str, What] = {"{": "open {", "$": "open $", "environment": "open environment"}
        return Fault(what[entry.kind], entry.at, at, entry.name)


# ------------------------------------------------------------------------------------------- mending


def mend(latex: str, fault: Fault) -> Iterator[Change]:
    """Changes that could mend a fault, the likeliest first."""
    if fault.what == "stray }":
        unopened = _UNOPENED.search(latex, max(0, fault.opened - 30), fault.opened + 1)
        if unopened:
            yield Change("a missing opening brace", unopened.end(1), unopened.end(1), "{")
        yield from _percent(latex, latex.rfind("\n", 0, fault.opened) + 1, fault.opened)
        yield Change("a closing brace too many", fault.opened, fault.opened + 1, "")
    elif fault.what == "open {":
        yield from _percent(latex, fault.opened, fault.noticed)
        at = _end_of_argument(latex, fault.opened, fault.noticed)
        yield Change("a missing closing brace", at, at, "}")
        yield Change("an opening brace too many", fault.opened, fault.opened + 1, "")
    elif fault.what == "open $":
        yield from _dollars(latex, fault)
    elif fault.what == "open environment":
        yield from _close_environment(latex, fault)
    elif fault.what == "stray end":
        yield from _stray_end(latex, fault)
    else:
        text = "\n\\end{document}\n"
        yield Change("the missing end of the document", len(latex), len(latex), text)


def _percent(latex: str, start: int, stop: int) -> Iterator[Change]:
    """A percent sign in text hides the rest of its line, closing braces too."""
    for match in _PERCENT.finditer(latex, start, stop):
        line_end = latex.find("\n", match.start())
        if "}" in latex[match.start() : line_end if line_end >= 0 else len(latex)]:
            yield Change("an unescaped %", match.start(), match.start() + 1, r"\%")


def _end_of_argument(latex: str, opened: int, noticed: int) -> int:
    """Where a brace was probably meant to close, judged by the macro before it."""
    before, inside = latex[max(0, opened - 200) : opened], opened + 1
    if _KEY_MACRO.search(before):
        pattern = _KEY
    elif _NUMBER_MACRO.search(before):
        pattern = _NUMBER
    else:
        pattern = _SHORT
    match = pattern.match(latex, inside, noticed)
    at = match.end() if match else inside
    depth = latex.count("{", inside, at) - latex.count("}", inside, at)
    if at == inside or depth:  # it opens with markup, or a part of that would be torn
        stop = latex.find("\n", opened)
        at = min(noticed, stop if stop >= 0 else noticed)
    while at > inside and latex[at - 1] in " \t\n":
        at -= 1
    return at


def _dollars(latex: str, fault: Fault) -> Iterator[Change]:
    """One dollar of a paragraph has no partner: find the one whose removal leaves no prose in math."""
    start, _ = paragraph(latex, fault.opened)
    found = [
        match.start()
        for match in _TOKEN.finditer(latex, start, fault.noticed)
        if match["dollar"] and len(match[0]) == 1
    ]
    for at in sorted(
        found, key=lambda one: _prose_in_math(latex, [other for other in found if other != one])
    ):
        after = _MATH_AFTER.match(latex, at + 1)
        before = _MATH_BEFORE.search(latex, max(start, at - 40), at)
        if after and not (before and before[0]):
            yield Change("a missing $", after.end(), after.end(), "$")
        if before and before[0] and not latex[at + 1 : at + 2].isdigit():
            yield Change("a missing $", before.start(), before.start(), "$")
        yield Change("a lone $", at, at + 1, r"\$")


def _prose_in_math(latex: str, dollars: list[int]) -> int:
    pairs = zip(dollars[::2], dollars[1::2], strict=False)
    return sum(len(_PROSE.findall(latex[start + 1 : stop])) for start, stop in pairs)


def _close_environment(latex: str, fault: Fault) -> Iterator[Change]:
    """Close it after its last row or item, else where that was noticed."""
    name, places = fault.name, []
    body = latex[fault.opened : fault.noticed]
    if "tabular" in name or name in ("longtable", "array"):
        rows = list(re.finditer(r"\\\\[^\n]*\n", body))
        if rows:
            places.append(_end_of_run(body, fault.opened))
            places.append(fault.opened + rows[-1].end())
    gap = re.compile(r"\n[ \t]*\n").search(latex, fault.opened)
    if gap and (gap.start() < fault.noticed or name in OPAQUE):
        places.append(gap.start() + 1)
    places.append(fault.noticed)
    for place in dict.fromkeys(places):
        before = "" if latex[:place].endswith("\n") else "\n"
        yield Change(f"a missing end of {name}", place, place, f"{before}\\end{{{name}}}\n")
    opening = re.compile(rf"\\begin\s*\{{{re.escape(name)}\}}(?:\[[^\]]*\])?").match(latex, fault.opened)
    if opening:
        yield Change(f"a lone beginning of {name}", fault.opened, opening.end(), "")


def _end_of_run(body: str, opened: int) -> int:
    """The end of the first run of table rows."""
    position, seen = 0, False
    for line in body.splitlines(keepends=True):
        if seen and r"\\" not in line and "&" not in line and r"\midrule" not in line:
            break
        seen = seen or r"\\" in line
        position += len(line)
    return opened + position


def _stray_end(latex: str, fault: Fault) -> Iterator[Change]:
    """Open the environment where its content begins; else take the end away."""
    stop = fault.opened
    ending = re.compile(r"\\end\s*\{[^{}]*\}\n?").match(latex, stop)
    after = ending.end() if ending else stop
    if fault.inner:
        yield Change(f"a misspelt end of {fault.inner}", stop, after, f"\\end{{{fault.inner}}}\n")
    if fault.name in LISTS:
        start, _ = _block_before(latex, stop)
        item = latex.find(r"\item", start, stop)
        if item >= 0:
            yield Change(f"a missing beginning of {fault.name}", item, item, f"\\begin{{{fault.name}}}\n")
    if "tabular" in fault.name:
        start, rows = _rows_before(latex, stop)
        if rows:
            columns = max(row.count("&") - row.count(r"\&") for row in rows) + 1
            kind = "L" if fault.name == "shoaltabular" else "l"
            spec = kind + "r" * (columns - 1)
            text = f"\\begin{{{fault.name}}}{{{spec}}}\n"
            yield Change(f"a missing beginning of {fault.name}", start, start, text)
    if fault.name in ("figure", "table"):
        start, _ = _block_before(latex, stop)
        yield Change(f"a missing beginning of {fault.name}", start, start, f"\\begin{{{fault.name}}}[htbp]\n")
    yield Change(f"a lone end of {fault.name}", stop, after, "")


def _block_before(latex: str, stop: int) -> tuple[int, int]:
    """From the blank line, heading or end of an environment before an offset, to it."""
    edges = [m.end() for m in re.finditer(r"\n[ \t]*\n|\\section[^\n]*\n|\\end\{[^{}]*\}\n", latex[:stop])]
    return (edges[-1] if edges else 0), stop


def _rows_before(latex: str, stop: int) -> tuple[int, list[str]]:
    """Start and lines of the table rows that end at an offset."""
    start, rows = stop, []
    for line in reversed(latex[:stop].splitlines(keepends=True)):
        if r"\\" not in line and "&" not in line:
            break
        start -= len(line)
        rows.append(line)
    return start, rows
