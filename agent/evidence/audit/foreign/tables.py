"""The cells of a table environment, with what spans several rows or columns."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from agent.evidence.audit.foreign.reading import Block, Cell, Table
from agent.evidence.audit.source import argument_text, arguments, children, kind_of, name_of, walk

if TYPE_CHECKING:
    from agent.evidence.audit.foreign.reading import _Reader

_RULES = frozenset(
    {"midrule", "hline", "cmidrule", "toprule", "bottomrule", "cline", "specialrule", "Xhline"}
)
_PARTIAL = frozenset({"cmidrule", "cline"})


def table_of(reader: _Reader, node: Any) -> Table:
    """Read a table environment."""
    rows: list[list[list[Any]]] = [[[]]]
    rules: list[int] = []
    whole: list[int] = []
    for inner in node.nodelist:
        if kind_of(inner) == "specials" and inner.specials_chars == "&":
            rows[-1].append([])
        elif kind_of(inner) == "macro" and inner.macroname in ("\\", "tabularnewline"):
            rows.append([[]])
        else:
            if name_of(inner) in _RULES:
                rules.append(len(rows) - 1)
                if name_of(inner) not in _PARTIAL:
                    whole.append(len(rows) - 1)
            rows[-1][-1].append(inner)
    cells: list[Cell] = []
    for row, columns in enumerate(rows):
        column = 0
        for nodes in columns:
            across, down = _spans(reader, nodes)
            cells.append(Cell(_block(reader, nodes), row, column, across, down))
            column += across
    heading = " / ".join(reader.headings.values())
    return Table(tuple(cells), reader.caption, heading, tuple(rules), tuple(whole))


def _spans(reader: _Reader, nodes: list[Any]) -> tuple[int, int]:
    across = down = 1
    for node in walk(nodes):
        if kind_of(node) == "macro" and node.macroname in ("multicolumn", "multirow"):
            groups = [given for given in arguments(node) if kind_of(given) != "chars" or given.chars.strip()]
            size = 1
            with contextlib.suppress(ValueError, IndexError):
                size = int(reader.written(groups[0]))
            if node.macroname == "multicolumn":
                across = max(1, min(size, 100))
            else:
                down = max(1, min(abs(size), 500))
    return across, down


def _block(reader: _Reader, nodes: list[Any]) -> Block:
    kept = reader.text, reader.at, reader.kind
    reader.text, reader.at, reader.kind = [], [], "cell"
    reader.nodes(nodes)
    block = Block("".join(reader.text), tuple(reader.at), "cell", " / ".join(reader.headings.values()))
    reader.text, reader.at, reader.kind = kept
    return block


__all__ = ["argument_text", "children", "table_of"]
