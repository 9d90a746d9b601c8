"""Which cells of a table are headers, and which headers a cell has."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

from agent.evidence.audit.foreign.numerals import numbers
from agent.evidence.audit.foreign.reading import Cell, Table
from agent.evidence.audit.foreign.roles import setting_words

_SIGNS = r"[\s$\\*†‡()\[\]<>≈~±+%％.,\d×^{}eEkKMsx/↑↓_ \u2063\u2009=:–−-]*"
_NUMERIC = re.compile(rf"^{_SIGNS}\d{_SIGNS}$")

_WHOLE = re.compile(r"^\D{0,3}\d[\d,\u2009\u202f]*\s?[kKM%]?\D{0,2}$")


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
    spans = _spanning(table.cells, top)
    labels = _with_levels(_label_columns(rows, top), rows, top, spans)
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
    if (top := _ruled(table, rows, first)) is not None:
        return top
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


def _ruled(table: Table, rows: dict[int, list[Cell]], first: int) -> int | None:
    """Where the head ends that a partial rule and levels of a factor (`10 & 20 & 50`) are part of."""
    partial = [rule for rule in table.rules if rule > first and rule not in table.whole]
    below = [rule for rule in table.whole if first < rule <= max(rows, default=0)]
    if not below or not any(rule < below[0] for rule in partial):
        return None
    for row in (row for row in rows if row < below[0]):
        shown = [text for cell in rows[row] if (text := cell.block.text.strip())]
        if any(is_numeric(text) for text in shown) and not _are_levels([t for t in shown if is_numeric(t)]):
            return None
    return below[0]


def _are_levels(texts: list[str]) -> bool:
    """Whether numbers rise or fall, perhaps the same ones again and again, and are whole."""
    count = len(dict.fromkeys(texts))
    once = texts[:count]
    if count < 2 or texts != once * (len(texts) // count) or not all(_WHOLE.match(text) for text in once):
        return False
    values = [float(re.sub(r"\D", "", text)) for text in once]
    return all(a < b for a, b in pairwise(values)) or all(a > b for a, b in pairwise(values))


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


def _with_levels(
    labels: set[int], rows: dict[int, list[Cell]], top: int, spans: dict[tuple[int, int], str]
) -> set[int]:
    """The label columns with the column of whole numbers behind them, or in front of all, that alone tells
    apart the rows that they leave alike.
    """
    body = [number for number, cells in rows.items() if number >= top and _filled(cells)]
    columns = {cell.column for number in body for cell in rows[number]}
    free = min(columns - labels, default=0)
    if len(columns - labels) < 2 or any(column > free for column in labels):
        return labels
    keys = [tuple(_label(spans, number, column) for column in sorted(labels)) for number in body]
    values = [spans.get((number, free), "") for number in body]
    told = len(set(zip(keys, values, strict=True)))
    if len(set(keys)) == len(keys) or told < len(keys):
        return labels
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for key, value in zip(keys, values, strict=True):
        groups[key].append(value)
    whole = [[text for text in group if is_numeric(text)] for group in groups.values()]
    if all(_are_levels(group) for group in whole if group):
        return labels | {free}
    return labels


def _filled(cells: list[Cell]) -> bool:
    return sum(bool(cell.block.text.strip()) for cell in cells) > 1


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
