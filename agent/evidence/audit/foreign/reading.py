"""A foreign paper as blocks of printed text and tables of cells, every character with its place.

Promises that macros of the paper's own are expanded, so that a number cannot hide in one, and that a
formula's exponent is told from its value. Does not typeset: what a package draws is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from agent.evidence.audit.foreign.grammar import (
    CITING,
    DISPLAY,
    FIGURES,
    FILES,
    HEADINGS,
    LAST_ONLY,
    POINTING,
    SILENT,
    SYMBOLS,
    TABLES,
    context,
)
from agent.evidence.audit.foreign.source import Definition, Source, Unauditable, body, printed, too_deep
from agent.evidence.audit.source import argument_text, arguments, children, kind_of, name_of

Kind = Literal["prose", "caption", "heading", "item", "formula", "cell", "abstract", "note"]
POINTER, LOST_PERCENT, END = "\ufffc", "％", "\u2063"
"""A reference or citation; a percent sign that made a comment; the end of an exponent or index."""
MAX_EXPANSIONS = 5_000
"""Uses of the paper's own macros, each of which is parsed."""
MAX_CHARACTERS = 1_000_000
"""Of printed text after the paper's macros are expanded."""


@dataclass(frozen=True)
class Block:
    """Printed text that belongs together."""

    text: str
    at: tuple[int, ...]
    """The position of each character in the source."""
    kind: Kind
    heading: str = ""
    """The titles of the sections around it."""
    lead: str = ""
    """What was said just before: for a list item, the words that lead the list in."""


@dataclass(frozen=True)
class Cell:
    """A cell of a table with its headers."""

    block: Block
    row: int
    column: int
    across: int = 1
    down: int = 1


@dataclass(frozen=True)
class Table:
    """A table's cells, empty ones too."""

    cells: tuple[Cell, ...]
    caption: str
    heading: str
    rules: tuple[int, ...]
    """Rows before which a line is drawn."""
    whole: tuple[int, ...] = ()
    """Those of them whose line goes over all columns."""


@dataclass
class Reading:
    """What stands in a paper."""

    source: Source
    blocks: list[Block] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    cited: list[tuple[str, int]] = field(default_factory=list)
    """Keys with their positions."""
    graphics: list[tuple[str, int]] = field(default_factory=list)
    labels: list[tuple[str, int, str]] = field(default_factory=list)
    """Label, position, and the float that it stands in (`figure`, `table` or nothing)."""
    pointed: set[str] = field(default_factory=set)
    bibliographies: list[str] = field(default_factory=list)


def read(paper: Path) -> Reading:
    """Read a paper and the files that it takes in.

    Raises:
        Unauditable: a file is not balanced LaTeX, is no text, is too large or too deep.
    """
    try:
        source = Source(paper.resolve().parent)
        reading = Reading(source)
        reader = _Reader(reading)
        reader.file(paper.resolve(), ())
        reader.paragraph()
    except RecursionError as error:
        raise Unauditable(f"{paper}: macros or braces are nested too deeply") from error
    if not any(block.text.strip() for block in reading.blocks) and not reading.tables:
        raise Unauditable(f"{paper}: no text is printed by it")
    return reading


def parsed(latex: str, path: str) -> Sequence[Any]:
    """The nodes of balanced LaTeX.

    Raises:
        Unauditable: it is not balanced.
    """
    from pylatexenc.latexwalker import LatexWalker, LatexWalkerError

    try:
        nodes, _, _ = LatexWalker(latex, latex_context=context(), tolerant_parsing=False).get_latex_nodes(
            pos=0
        )
    except LatexWalkerError as error:
        position = getattr(error, "pos", None) or 0
        line = latex[:position].count("\n") + 1
        reason = str(getattr(error, "msg", error)).splitlines()[0]
        raise Unauditable(f"{path}:{line}: not balanced LaTeX ({reason})") from error
    return list(nodes)


def filled(body: str, given: Sequence[tuple[str, tuple[int, ...]]], own: int) -> tuple[str, tuple[int, ...]]:
    """A macro's text with what it was given put in, and the place of each character."""
    parts: list[str] = []
    places: list[int] = []
    last = 0
    for slot in re.finditer(r"#(\d)", body):
        index = int(slot[1]) - 1
        if not 0 <= index < len(given):
            continue
        before = body[last : slot.start()]
        parts += [before, given[index][0]]
        places += [*([own] * len(before)), *given[index][1]]
        last = slot.end()
    parts.append(body[last:])
    places += [own] * (len(body) - last)
    return "".join(parts), tuple(places)


class _Reader:
    """Walks the tree once and collects."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.source = reading.source
        self.text: list[str] = []
        self.at: list[int] = []
        self.kind: Kind = "prose"
        self.headings: dict[str, str] = {}
        self.lead = ""
        self.float = ""
        self.caption = ""
        self.pending: list[int] = []
        self.count = 0
        self.expansions = 0
        self.latex = ""
        self.base = 0
        self.expanding: tuple[str, ...] = ()
        self.places: tuple[int, ...] = ()
        """Where each character of an expanded macro comes from; empty outside of macros."""

    def file(self, path: Path, inside: tuple[Path, ...]) -> None:
        """Read a file in place."""
        index = self.source.add(path)
        raw = self.source.texts[index]
        start, text = body(raw)
        text = printed(text)
        if (deep := too_deep(text)) is not None:
            raise Unauditable(
                f"{path}:{raw[: start + deep].count(chr(10)) + 1}: nested too deeply to be read"
            )
        latex = "\n" * raw[:start].count("\n") + text
        nodes = parsed(latex, str(path))
        kept = self.latex, self.base
        self.latex = latex
        self.base = self.source.starts[index] + start - raw[:start].count("\n")
        self.inside = (*inside, path)
        self.nodes(nodes)
        self.latex, self.base = kept
        self.inside = inside

    def where(self, position: int) -> int:
        """The place in the source of a position in what is being read."""
        if self.places:
            return self.places[min(max(position, 0), len(self.places) - 1)]
        return self.base + position

    def emit(self, text: str, position: int) -> None:
        """Add printed characters, each with its place: what a macro prints has the place of its use, and what
        it was given its own.
        """
        self.count += len(text)
        if self.count > MAX_CHARACTERS:
            raise Unauditable("the paper's macros print too much to be read")
        self.text.append(text)
        self.at.extend(self.where(position + i) for i in range(len(text)))

    def mark(self, text: str, position: int) -> None:
        """Add characters that stand for one macro."""
        self.text.append(text)
        self.at.extend([self.where(position)] * len(text))

    def paragraph(self) -> None:
        """End the block that is being collected."""
        text = "".join(self.text)
        if text.strip():
            heading = " / ".join(self.headings.values())
            block = Block(text, tuple(self.at), self.kind, heading, self.lead)
            self.reading.blocks.append(block)
            if self.kind in ("prose", "abstract"):
                self.lead = text
        self.text, self.at = [], []

    def apart(self, nodes: Iterable[Any], kind: Kind) -> str:
        """Read nodes as a block of their own; returns its text."""
        kept = self.text, self.at, self.kind
        self.text, self.at, self.kind = [], [], kind
        self.nodes(nodes)
        text = "".join(self.text)
        self.paragraph()
        self.text, self.at, self.kind = kept
        return text

    def nodes(self, nodes: Iterable[Any]) -> None:
        """Read nodes in order; a macro of the paper's own takes the groups that follow it."""
        waiting = list(nodes)
        while waiting:
            node = waiting.pop(0)
            definition = self.source.definitions.get(name_of(node)) if kind_of(node) == "macro" else None
            if definition is None or node.macroname in SILENT:
                self.node(node)
                continue
            given = [self.argument(argument) for argument in arguments(node)]
            while len(given) < definition.arguments and waiting and kind_of(waiting[0]) == "group":
                given.append(self.argument(waiting.pop(0)))
            self.expand(node, definition, given)

    def written(self, node: Any) -> str:
        """A node as it stands in the file, without its braces."""
        text = self.latex[node.pos : node.pos + node.len]
        return text[1:-1] if kind_of(node) == "group" else text

    def argument(self, node: Any) -> tuple[str, tuple[int, ...]]:
        """What a macro is given, and where each character of it stands."""
        text = self.written(node)
        start = node.pos + (1 if kind_of(node) == "group" else 0)
        return text, tuple(self.where(start + i) for i in range(len(text)))

    def expand(self, node: Any, definition: Definition, given: list[tuple[str, tuple[int, ...]]]) -> None:
        """Print what a macro of the paper's own stands for."""
        if node.macroname in self.expanding or len(self.expanding) > 8:
            raise Unauditable(f"\\{node.macroname} stands for itself, or macros are nested too deeply")
        self.expansions += 1
        if self.expansions > MAX_EXPANSIONS:
            raise Unauditable(f"the paper uses its own macros more than {MAX_EXPANSIONS} times")
        own = self.where(node.pos)
        if definition.default is not None and len(given) < definition.arguments:
            default = definition.default
            given = [(default, (own,) * len(default)), *given]
        text, places = filled(definition.body, given, own)
        if len(text) > 20_000:
            raise Unauditable(f"\\{node.macroname} prints too much to be read")
        kept = self.latex, self.places, self.expanding
        self.latex, self.places = text, places or (own,)
        self.expanding = (*self.expanding, node.macroname)
        try:
            self.nodes(parsed(text, f"\\{node.macroname}"))
        except Unauditable:
            self.reading.source.unread.append((f"\\{node.macroname}", own, "its text is not balanced"))
        finally:
            self.latex, self.places, self.expanding = kept
        self.emit(node.macro_post_space or "", node.pos + len(node.macroname) + 1)

    def node(self, node: Any) -> None:
        """Read one node."""
        kind = kind_of(node)
        if kind == "chars":
            self.characters(node.chars, node.pos)
        elif kind == "specials":
            self.mark(
                {"~": " ", "--": "–", "---": "—"}.get(node.specials_chars, node.specials_chars), node.pos
            )
        elif kind == "comment":
            self.comment(node)
        elif kind == "group":
            self.group(node)
        elif kind == "math":
            self.math(node)
        elif kind == "environment":
            self.environment(node)
        else:
            self.macro(node)

    def characters(self, text: str, position: int) -> None:
        parts = text.split("\n\n") if "\n" in text else [text]
        if len(parts) == 1 and "\n" in text:
            found = list(re.finditer(r"\n[ \t]*\n\s*", text))
            last = 0
            for gap in found:
                self.emit(text[last : gap.start()], position + last)
                self.gap()
                last = gap.end()
            self.emit(text[last:], position + last)
            return
        offset = position
        for number, part in enumerate(parts):
            if number:
                self.gap()
            self.emit(part, offset)
            offset += len(part) + 2

    def gap(self) -> None:
        """An empty line."""
        if self.kind in ("prose", "abstract", "item"):
            self.paragraph()
            if self.kind == "item" and not self.float:
                self.kind = "item"
        else:
            self.mark(" ", 0)

    def comment(self, node: Any) -> None:
        before = "".join(self.text[-1:])
        if before and before[-1].isdigit() and node.comment[:1] in (" ", ",", ".", ")", ";"):
            self.mark(LOST_PERCENT, node.pos)
            said = re.split(r"\.\s|\.$", node.comment)[0]
            if said == node.comment or not re.search(r"\d", said):
                self.mark(re.sub(r"[\d\\{}$%]", "", said) + ("." if said != node.comment else ""), node.pos)
        self.mark(" ", node.pos)
        if "\n\n" in (node.comment_post_space or "") or (node.comment_post_space or "").count("\n") > 1:
            self.gap()

    def group(self, node: Any) -> None:
        before = self.text[-1][-1:] if self.text and self.text[-1] else ""
        self.nodes(node.nodelist)
        if before in ("^", "_"):
            self.mark(END, node.pos)

    def math(self, node: Any) -> None:
        if node.displaytype == "display":
            self.apart(node.nodelist, "formula")
            self.mark(" ", node.pos)
        else:
            self.nodes(node.nodelist)

    def environment(self, node: Any) -> None:
        name = node.environmentname
        if name in TABLES:
            from agent.evidence.audit.foreign.tables import table_of

            self.reading.tables.append(table_of(self, node))
            self.pending.append(len(self.reading.tables) - 1)
            self.mark(" ", node.pos)
        elif name in DISPLAY:
            self.apart(node.nodelist, "formula")
            self.mark(" ", node.pos)
        elif name.rstrip("*") in ("figure", "table", "wraptable", "wrapfigure", "sidewaystable", "longtable"):
            self.floating(node, "table" if "table" in name else "figure")
        elif name in ("itemize", "enumerate", "description", "abstract", "compactitem", "inparaenum"):
            kept = self.kind, self.lead
            self.paragraph()
            self.kind = "abstract" if name == "abstract" else "item"
            self.nodes(node.nodelist)
            self.paragraph()
            self.kind, self.lead = kept
        else:
            self.nodes(node.nodelist)

    def floating(self, node: Any, kind: str) -> None:
        kept = self.text, self.at, self.kind, self.float, self.caption, self.pending
        self.text, self.at, self.kind, self.float, self.caption, self.pending = [], [], "note", kind, "", []
        self.nodes(node.nodelist)
        self.paragraph()
        for index in self.pending:
            table = self.reading.tables[index]
            self.reading.tables[index] = replace(table, caption=self.caption or table.caption)
        self.text, self.at, self.kind, self.float, self.caption, self.pending = kept

    def macro(self, node: Any) -> None:
        name, given = node.macroname, arguments(node)
        after = node.macro_post_space or ""
        if name in SYMBOLS:
            self.mark(SYMBOLS[name], node.pos)
            self.mark(" " if after and name not in (",",) else "", node.pos)
        elif name in CITING or name in POINTING or name in FIGURES or name in FILES or name == "label":
            self.pointing(node)
        elif name in ("bibliography", "addbibresource"):
            self.reading.bibliographies += [key.strip() for key in argument_text(node, self.latex).split(",")]
        elif name in HEADINGS:
            self.heading(node)
        elif name in ("caption", "captionof", "subcaption") and given:
            self.caption = (self.caption + " " + self.apart(given[-1:], "caption")).strip()
        elif name in ("footnote", "footnotetext", "thanks") and given:
            self.apart(given[-1:], "note")
        elif name == "item":
            self.paragraph()
            self.nodes(given)
            self.mark(" ", node.pos)
        elif name in ("frac", "tfrac", "dfrac", "nicefrac", "sfrac") and len(given) == 2:
            self.nodes(given[:1])
            self.mark("/", node.pos)
            self.nodes(given[1:])
        elif name in SILENT:
            self.mark(" ", node.pos)
        else:
            self.other(node, name, given, after)

    def other(self, node: Any, name: str, given: tuple[Any, ...], after: str) -> None:
        """A macro that prints its arguments, or only a gap."""
        if name == "par":
            self.gap()
        shown = given[-1:] if name in LAST_ONLY else given
        if name in ("num", "SI", "qty", "SIrange", "numrange", "tablenum"):
            shown = tuple(
                argument
                for argument in given
                if kind_of(argument) == "group" and self.written(argument)[:1] != "["
            )
        for number, argument in enumerate(shown):
            if number:
                self.mark(" ", node.pos)
            self.nodes([argument])
        if not shown or after:
            self.mark(" ", node.pos)

    def pointing(self, node: Any) -> None:
        name, argument = node.macroname, argument_text(node, self.latex)
        position = self.where(node.pos)
        keys = [key.strip() for key in argument.split(",") if key.strip()]
        if name in CITING:
            self.reading.cited += [(key, position) for key in keys]
            self.mark(POINTER, node.pos)
        elif name in POINTING:
            self.reading.pointed.update(keys)
            self.mark(POINTER, node.pos)
        elif name == "label":
            self.reading.labels.append((argument.strip(), position, self.float))
        elif name in FIGURES:
            self.reading.graphics.append((argument.strip(), position))
        else:
            self.take_in(argument.strip(), position)

    def take_in(self, name: str, position: int) -> None:
        """An `\\input`."""
        path = self.source.find(name)
        if path is None or path in self.inside or len(self.inside) > 8:
            reason = "no such file in the paper's folder" if path is None else "it takes itself in"
            self.source.unread.append((name, position, reason))
            return
        self.file(path, self.inside)

    def heading(self, node: Any) -> None:
        self.paragraph()
        if self.kind == "item":
            self.kind = "prose"
        level = HEADINGS.index(node.macroname)
        given = arguments(node)
        text = self.apart(given[-1:], "heading") if given else ""
        self.headings = {name: shown for name, shown in self.headings.items() if HEADINGS.index(name) < level}
        self.headings[node.macroname] = " ".join(text.split())
        self.lead = ""


def all_children(node: Any) -> tuple[Any, ...]:
    """The nodes inside."""
    return children(node)
