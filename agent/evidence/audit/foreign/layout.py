"""Which cells of a table are headers, and which headers a cell has."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from agent.evidence.audit.foreign.numerals import numbers
from agent.evidence.audit.foreign.reading import Cell, Table
from agent.evidence.audit.foreign.roles import setting_words

_SIGNS = r"[\s$\\*†‡()\[\]<>≈~±+%％.,\d×^{}eEkKMsx/↑↓_ \u2063\u2009=:–−-]*"
_NUMERIC = re.compile(rf"^{_SIGNS}\d{_SIGNS}$")


@dataclass(frozen=True)
class Placed:
    """A data cell with the words of its headers."""

    cell: Cell
    row: str
    """Its row's labels."""
    column: str
    """Its column's labels, from the nearest up."""
    group: str
    """The heading line of its part of the table."""


def is_numeric(text: str) -> bool:
    """Whether a cell shows numbers and no words."""
    return bool(_NUMERIC.match(text.strip()))


def placed(table: Table) -> tuple[list[Placed], list[Cell]]:
    """The data cells with their headers, and the header cells."""
    rows: dict[int, list[Cell]] = defaultdict(list)
    for cell in table.cells:
        rows[cell.row].append(cell)
    top = _header_rows(table, rows)
    labels = _label_columns(rows, top)
    spans = _spanning(table.cells, top)
    data: list[Placed] = []
    heads = [cell for cell in table.cells if cell.row < top]
    group = ""
    for number in sorted(rows):
        cells = rows[number]
        shown = [cell for cell in cells if cell.block.text.strip()]
        if number < top or not shown:
            continue
        if (
            len(shown) == 1
            and not numbers(shown[0].block.text, words=False)
            and (shown[0].across > 1 or len(cells) > 2)
        ) and shown[0].down == 1:
            group = _clean(shown[0].block.text)
            heads.append(shown[0])
            continue
        label = " ; ".join(text for column in sorted(labels) if (text := _label(spans, number, column)))
        for cell in cells:
            if cell.column in labels:
                heads.append(cell)
            elif cell.block.text.strip():
                data.append(Placed(cell, label, _above(rows, top, cell), group))
    return data, heads


def _header_rows(table: Table, rows: dict[int, list[Cell]]) -> int:
    first = min(rows, default=0)
    inner = [
        rule
        for rule in table.rules
        if rule > first and any(c.block.text.strip() for r in rows if r < rule for c in rows[r])
    ]
    body = max(rows, default=0)
    if inner and inner[0] <= body:
        head = [cell for row in rows if row < inner[0] for cell in rows[row]]
        share = sum(is_numeric(cell.block.text) for cell in head) / max(
            1, sum(bool(c.block.text.strip()) for c in head)
        )
        if share < 0.5 or inner[0] == 1:
            return _all_headers(rows, inner[0], table)
    for row in sorted(rows):
        if any(is_numeric(cell.block.text) for cell in rows[row][1:]):
            return row if row > first else first
    return first


def _all_headers(rows: dict[int, list[Cell]], top: int, table: Table) -> int:
    """A second header row behind a partial rule belongs to the head."""
    while top in rows and top + 1 in rows and not any(is_numeric(cell.block.text) for cell in rows[top]):
        if len([cell for cell in rows[top] if cell.block.text.strip()]) < 2 or not any(
            r == top + 1 for r in table.rules
        ):
            break
        top += 1
    return top


def _label_columns(rows: dict[int, list[Cell]], top: int) -> set[int]:
    columns: dict[int, list[str]] = defaultdict(list)
    heads: dict[int, str] = {}
    for number, cells in rows.items():
        for cell in cells:
            text = cell.block.text.strip()
            if number < top:
                heads[cell.column] = text
            elif text and cell.across == 1:
                columns[cell.column].append(text)
    labels: set[int] = set()
    for column in sorted(columns):
        share = sum(is_numeric(text) for text in columns[column]) / len(columns[column])
        if share < 0.34 or (
            column == 0 and len(columns) > 1 and setting_words("", " " + heads.get(0, "") + ".")
        ):
            labels.add(column)
    if not labels and columns:
        first = min(columns)
        if not all(is_numeric(text) for text in columns[first]):
            labels.add(first)
    return labels


def _spanning(cells: tuple[Cell, ...], top: int) -> dict[tuple[int, int], str]:
    """The label that stands in a row and column, also where it spans from above."""
    spans: dict[tuple[int, int], str] = {}
    for cell in cells:
        text = _clean(cell.block.text)
        if text and cell.row >= top:
            for row in range(cell.row, cell.row + cell.down):
                spans[row, cell.column] = text
    return spans


def _label(spans: dict[tuple[int, int], str], row: int, column: int) -> str:
    while row >= 0:
        if (row, column) in spans:
            return spans[row, column]
        row -= 1
    return ""


def _above(rows: dict[int, list[Cell]], top: int, cell: Cell) -> str:
    found = []
    for number in sorted((row for row in rows if row < top), reverse=True):
        for head in rows[number]:
            if head.column <= cell.column < head.column + head.across and head.block.text.strip():
                found.append(_clean(head.block.text))
    return " ; ".join(found)


def _clean(text: str) -> str:
    return " ".join(text.split())
