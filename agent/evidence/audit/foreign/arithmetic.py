"""Cells that a table computes from its other cells: averages, differences to a row, ratios to a row.

Promises that such a cell stands only if the results behind its operands make it, and, for differences and
ratios, that one row is the reference of most of the column. Which rows and columns are computed is said by
their headers; a planted operand does not drag its average along, for operands are taken from the results.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.evidence.audit.foreign.dimensions import Dimension, Family
from agent.evidence.audit.foreign.evidence import Evidence
from agent.evidence.audit.foreign.layout import Placed
from agent.evidence.audit.foreign.printing import central, scales, tolerance
from agent.evidence.audit.foreign.results import Quantity

if TYPE_CHECKING:
    from agent.evidence.audit.foreign.finding import Verdict

AVERAGE = re.compile(r"\b(?:avg|averages?|means?|overall|macro)\b", re.IGNORECASE)
DELTA = re.compile(
    r"Δ|\b(?:delta|diff(?:erence)?s?|gains?|drops?|changes?|improvements?|deltas?|reduction)\b", re.IGNORECASE
)
RATIO = re.compile(r"\b(?:speed-?\s?ups?|ratios?|factors?|relative|rel|faster|slowdown)\b|×", re.IGNORECASE)
SHARE = 0.6
"""Of a column's numbers that must agree on one reference row."""
Path = tuple[str, ...]
Table = dict[tuple[int, int], "Operand"]


@dataclass(frozen=True)
class Operand:
    """A cell's first number, and what the results give for it, as it would be printed."""

    verdict: Verdict
    value: float | None
    family: Family | None = None
    path: Path = ()

    @property
    def printed(self) -> float:
        """Its value as printed."""
        return self.verdict.found.number.value

    @property
    def placed(self) -> Placed:
        """Its cell and headers."""
        placed = self.verdict.found.placed
        assert placed is not None
        return placed

    @property
    def stands(self) -> bool:
        """Whether the results support it as printed."""
        return self.verdict.judged.status == "supported"

    @property
    def computed(self) -> bool:
        """Whether its headers say that it is computed from others."""
        return any(
            pattern.search(label)
            for pattern in (AVERAGE, DELTA, RATIO)
            for label in (self.placed.column, self.placed.row)
        )


def with_computed(verdicts: list[Verdict], evidence: Evidence) -> tuple[list[Verdict], list[Family]]:
    """The verdicts of tables with computed cells judged, and the averages found, to be named in the text."""
    tables: dict[int, Table] = defaultdict(dict)
    for verdict in verdicts:
        item = verdict.found
        if item.placed is not None and not item.number.spread:
            tables[item.table].setdefault(
                (item.placed.cell.row, item.placed.cell.column), _operand(verdict, evidence)
            )
    made: dict[int, Verdict] = {}
    averages: dict[tuple[int, Path], tuple[Family, Quantity]] = {}
    for table in tables.values():
        _fill(table, evidence)
        _averages(table, made, averages)
        for column in {column for _, column in table}:
            _against_row(table, column, made)
    return [made.get(id(verdict), verdict) for verdict in verdicts], _families(averages)


def _operand(verdict: Verdict, evidence: Evidence) -> Operand:
    item = verdict.found
    if verdict.support is not None and len(verdict.support.quantities) == 1 and verdict.pair is None:
        family, path = verdict.support.quantities[0]
        value = central(family.by_path[path])
        return Operand(verdict, value * verdict.support.scale if value is not None else None, family, path)
    meant = evidence.meant(item.words)
    if meant is None:
        return Operand(verdict, None)
    family, path = meant
    value = central(family.by_path[path])
    if value is None:
        return Operand(verdict, None)
    made = [value * scale for scale in scales(item.number, item.words)]
    return Operand(verdict, min(made, key=lambda one: abs(one - item.number.value)), family, path)


def _fill(table: Table, evidence: Evidence) -> None:
    """Give cells without a known value, or with one from other results than most of their column, what their
    row's names make of a neighbour's path.
    """
    for column in {column for _, column in table}:
        cells = {row: cell for (row, c), cell in table.items() if c == column and not cell.computed}
        sure = [cell for cell in cells.values() if cell.value is not None and cell.stands]
        owners = Counter(id(cell.family) for cell in sure if cell.family is not None)
        main = owners.most_common(1)[0][0] if owners else None
        for row, cell in cells.items():
            if cell.value is not None and (main is None or id(cell.family) == main):
                continue
            filled = (_like(cell, known, evidence) for known in sure if id(known.family) == main)
            made = next((operand for operand in filled if operand is not None), None)
            if made is not None:
                table[row, column] = made


def _like(cell: Operand, known: Operand, evidence: Evidence) -> Operand | None:
    """A cell with the value at the path of another cell of its column, its own names put in."""
    family = known.family
    if family is None or known.value is None:
        return None
    sets = evidence.sets(
        next(f for f, own in enumerate(evidence.families) if own is family), cell.verdict.found.words
    )
    path = list(known.path)
    for d, names in zip(family.telling, sets, strict=True):
        if names is not None and len(names) == 1:
            path[d] = next(iter(names))
    quantity = family.by_path.get(tuple(path))
    value = central(quantity) if quantity is not None else None
    stored = central(family.by_path[known.path])
    if value is None or not stored:
        return None
    return Operand(cell.verdict, value * known.value / stored, family, tuple(path))


def _averages(
    table: Table, made: dict[int, Verdict], averages: dict[tuple[int, Path], tuple[Family, Quantity]]
) -> None:
    missed: list[tuple[Operand, list[Operand]]] = []
    found = 0
    for (row, column), cell in table.items():
        across = bool(AVERAGE.search(cell.placed.column))
        if cell.stands or not (across or AVERAGE.search(cell.placed.row)):
            continue
        lines = _beside(table, row, column) if across else _above(table, row, column, cell)
        for operands in lines:
            if len(operands) >= 2 and _is_mean(cell, operands):
                _stand(cell, f"the mean of {len(operands)} values beside it", operands, made)
                _keep(operands, averages)
                found += 1
                break
        else:
            missed.append((cell, lines[0]))
    for _, operands in missed if found >= len(missed) else []:
        if len(operands) >= 2 and all(operand.value is not None for operand in operands):
            _keep(operands, averages)


def _beside(table: Table, row: int, column: int) -> list[list[Operand]]:
    """What an average at the end of a row may be over: the whole row, or what stands before it."""
    line = sorted(
        ((other, cell) for (r, other), cell in table.items() if r == row and not cell.computed),
        key=lambda item: item[0],
    )
    return [[cell for _, cell in line], [cell for other, cell in line if other < column]]


def _above(table: Table, row: int, column: int, average: Operand) -> list[list[Operand]]:
    """What an average under a column may be over: the rows that share its first label, those since the
    average before it, all above it, or all of its part of the table.
    """
    own = average.placed
    line = sorted(((r, cell) for (r, c), cell in table.items() if c == column), key=lambda item: item[0])
    part = [(other, cell) for other, cell in line if cell.placed.group == own.group]
    before = max((other for other, cell in part if other < row and cell.computed), default=-1)
    values = [(other, cell) for other, cell in part if not cell.computed]
    first = own.row.split(" ; ")
    alike = [cell for _, cell in values if len(first) > 1 and cell.placed.row.split(" ; ")[0] == first[0]]
    since = [cell for other, cell in values if before < other < row]
    ranges = [alike, since, [cell for other, cell in values if other < row], [cell for _, cell in values]]
    return [cells for cells in ranges if len(cells) >= 2] or [[]]


def _is_mean(cell: Operand, operands: Sequence[Operand]) -> bool:
    values = [operand.value for operand in operands]
    reach = tolerance(cell.verdict.found.number)
    if any(value is None for value in values):
        return False
    exact = sum(value for value in values if value is not None) / len(values)
    printed = sum(operand.printed for operand in operands) / len(operands)
    true = all(operand.stands for operand in operands)
    return abs(exact - cell.printed) <= reach or (true and abs(printed - cell.printed) <= reach)


def _keep(operands: Sequence[Operand], averages: dict[tuple[int, Path], tuple[Family, Quantity]]) -> None:
    """Remember an average by what its operands have in common."""
    family = operands[0].family
    if family is None or any(operand.family is not family for operand in operands):
        return
    common = tuple(
        operands[0].path[d] if len({operand.path[d] for operand in operands}) == 1 else ""
        for d in range(len(operands[0].path))
    )
    values = [operand.value for operand in operands if operand.value is not None]
    place = (
        f"mean of {len(values)} values such as {next(iter(family.by_path[operands[0].path].places.values()))}"
    )
    quantity = Quantity(common, {"mean": sum(values) / len(values)}, {"mean": place})
    averages.setdefault((id(family), common), (family, quantity))


def _families(averages: dict[tuple[int, Path], tuple[Family, Quantity]]) -> list[Family]:
    """Averages as quantities that the text may name, told apart by what is the same in all their operands."""
    shapes: dict[tuple[int, tuple[int, ...]], list[tuple[Family, Quantity]]] = defaultdict(list)
    for (owner, common), (family, quantity) in averages.items():
        shapes[owner, tuple(d for d in family.telling if common[d])].append((family, quantity))
    made = []
    for (_, kept), items in shapes.items():
        family = items[0][0]
        dimensions: tuple[Dimension, ...] = tuple(family.dimensions[d] for d in kept)
        paths = [tuple(quantity.path[d] for d in kept) for _, quantity in items]
        if kept and len(set(paths)) == len(paths) > 1:
            quantities = [quantity for _, quantity in items]
            made.append(
                Family(
                    quantities, paths, dimensions, dict(zip(paths, quantities, strict=True)), averaged=True
                )
            )
    return made


def _against_row(table: Table, column: int, made: dict[int, Verdict]) -> None:
    """Judge a column of differences or ratios to one row of another column."""
    cells = {row: cell for (row, c), cell in table.items() if c == column}
    label = next(iter(cells.values())).placed.column.split(" ; ")[0]
    if DELTA.search(label):
        bases, how = [column - 1], "the difference to another row"
    elif RATIO.search(label):
        bases, how = sorted({c for _, c in table if c != column}), "the ratio to another row"
    else:
        return
    best: tuple[int, int, int] = (0, 0, 0)
    for base in bases:
        for reference in {row for row, c in table if c == base}:
            hits = sum(_fits(table, row, cell, base, reference, how) for row, cell in cells.items())
            best = max(best, (hits, -base, -reference))
    hits, base, reference = best[0], -best[1], -best[2]
    others = sum(row != reference for row in cells)
    if hits < 2 or hits < SHARE * others:
        return
    for row, cell in cells.items():
        fits = _fits(table, row, cell, base, reference, how)
        if fits and not cell.stands:
            _stand(cell, how, [table[row, base], table[reference, base]], made)
        elif not fits and cell.stands:
            _fall(cell, f"not {how}, as the rest of its column", made)


def _fits(table: Table, row: int, cell: Operand, base: int, reference: int, how: str) -> bool:
    one, other = table.get((row, base)), table.get((reference, base))
    if one is None or other is None:
        return False
    read: list[Callable[[Operand], float | None]] = [lambda operand: operand.value, _printed_if_true]
    reach, number = tolerance(cell.verdict.found.number), abs(cell.printed)
    for of in read:
        x, y = of(one), of(other)
        if x is None or y is None:
            continue
        if how.startswith("the difference"):
            wanted = [abs(x - y), *([abs(x - y) / abs(y) * 100] if y else [])]
        else:
            wanted = [x / y, y / x] if x and y else []
        if any(abs(value - number) <= reach for value in wanted):
            return True
    return False


def _printed_if_true(operand: Operand) -> float | None:
    """The printed value, if the results support it: authors subtract what they have printed."""
    return operand.printed if operand.stands else None


def _stand(cell: Operand, how: str, operands: Sequence[Operand], made: dict[int, Verdict]) -> None:
    proof = " and ".join(operand.verdict.judged.literal for operand in operands[:4])
    judged = replace(cell.verdict.judged, status="supported", evidence=proof, how=how, nearest="")
    made[id(cell.verdict)] = replace(cell.verdict, judged=judged)


def _fall(cell: Operand, why: str, made: dict[int, Verdict]) -> None:
    judged = replace(cell.verdict.judged, status="unsupported", evidence="", how=why)
    made[id(cell.verdict)] = replace(cell.verdict, judged=judged, support=None, pair=None)
