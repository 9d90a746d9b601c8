"""Rule `tables`: each row of a bound table holds the facts of the arms that it names, under their columns.

Promises to name cells whose fact is another arm's or another kind than the column's, rows of no registered
arm, rows that stand twice, and registered arms and comparisons without a row. Reads the generated tables of
the paper's body; the table of knobs is the appendix's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agent.artifacts import Finding
from agent.evidence.audit.arms import mentions
from agent.evidence.audit.context import AuditContext, finding
from agent.evidence.audit.source import arguments, body_of, children, kind_of, name_of, walk

RULE = "tables"
_COLUMNS = {
    "mean": (".mean",), "interval": (".mean",), "sd": (".sd",), "failed": (".failures",),
    "tuned over": (".tuning",),
    "difference": (".mean",), "p": (".p",), "holm's p": (".holm",), "configurations": (".candidates",),
    "trials": (".trials",), "dev score": (".best",),
}  # fmt: skip
_TABULAR = "shoaltabular"


@dataclass
class _Cell:
    """A cell as it was printed."""

    text: str
    start: int
    facts: tuple[tuple[str, int], ...]


def table_findings(file: str, bound: str, context: AuditContext) -> Iterator[Finding]:
    """Rows and cells that are not what their table says.

    Raises:
        Unreadable: the paper is not balanced LaTeX.
    """
    told: set[tuple[str, ...]] = set()
    any_table = False
    for node in walk(body_of(bound)):
        if name_of(node) != _TABULAR:
            continue
        any_table = True
        header, *rows = _rows(node, bound) or [[]]
        seen: set[tuple[str, ...]] = set()
        for row in rows:
            arms = tuple(m.arm for m in mentions(row[0].text, context))
            label = row[0].text.strip()
            if not arms:
                yield finding(RULE, file, bound, row[0].start, label, "this row is of no registered arm")
            elif arms in seen:
                yield finding(RULE, file, bound, row[0].start, label, "this row stands twice")
            elif not _is_label(label, arms, context):
                yield finding(RULE, file, bound, row[0].start, label, "this is not the label of its arms")
            seen.add(arms)
            told.add(arms)
            yield from _cells(file, bound, header, row, arms, context)
    if any_table:
        yield from _missing(file, bound, told, context)


def _rows(node: Any, bound: str) -> list[list[_Cell]]:
    rows: list[list[_Cell]] = [[]]
    cell: list[Any] = []

    def close() -> None:
        text = "".join(_text(n, bound) for n in cell)
        start = cell[0].pos if cell else node.pos
        facts = tuple(
            (bound[arguments(n)[0].pos + 1 : arguments(n)[0].pos + arguments(n)[0].len - 1], n.pos)
            for n in walk(cell)
            if name_of(n) == "shoalfact"
        )
        start += len(text) - len(text.lstrip())
        rows[-1].append(_Cell(text.strip(), start, facts))
        cell.clear()

    for child in node.nodelist:
        if kind_of(child) == "specials" and child.specials_chars == "&":
            close()
        elif name_of(child) == "\\":
            close()
            rows.append([])
        elif name_of(child) not in ("midrule", "addlinespace", "toprule", "bottomrule", "cmidrule"):
            cell.append(child)
    if "".join(_text(n, bound) for n in cell).strip():
        close()
    return [row for row in rows if any(c.text for c in row)]


def _text(node: Any, bound: str) -> str:
    if kind_of(node) in ("chars", "specials"):
        return bound[node.pos : node.pos + node.len].replace("~", " ")
    if kind_of(node) == "math":
        return bound[node.pos : node.pos + node.len].strip("$")
    if name_of(node) in ("shoalfact", "shoalsetting"):
        return ""
    return "".join(_text(child, bound) for child in children(node))


def _is_label(label: str, arms: tuple[str, ...], context: AuditContext) -> bool:
    """Whether the words of a row's label are the arms' labels and no more."""
    rest = label.lower()
    for arm in arms:
        for name in (context.arm_labels.get(arm, ""), arm.replace("-", " ").replace("_", " "), arm):
            if name and name.lower() in rest:
                rest = rest.replace(name.lower(), " ", 1)
                break
    return not re.search(r"[a-z0-9]", rest)


def _cells(
    file: str, bound: str, header: list[_Cell], row: list[_Cell], arms: tuple[str, ...], context: AuditContext
) -> Iterator[Finding]:
    known = {fact.name: fact.arms for fact in context.facts.items}
    for number, cell in enumerate(row):
        heading = header[number].text.lower() if number < len(header) else ""
        ends = _COLUMNS.get(heading)
        if cell.facts and ends is None:
            yield finding(RULE, file, bound, cell.start, cell.facts[0][0], f"no column {heading!r} is known")
        for name, position in cell.facts:
            if name in known and known[name] and known[name] != arms:
                reason = (
                    f"this is of {' and '.join(known[name])}, and the row of {' and '.join(arms) or 'none'}"
                )
                yield finding(RULE, file, bound, position, name, reason)
            elif ends is not None and not name.endswith(ends):
                yield finding(RULE, file, bound, position, name, f"this does not belong under {heading!r}")


def _missing(file: str, bound: str, told: set[tuple[str, ...]], context: AuditContext) -> Iterator[Finding]:
    place = max(bound.find(rf"\begin{{{_TABULAR}}}"), 0)
    judged = {(c.treatment, c.comparator) for c in context.verdict.comparisons}
    for arm in context.plan.arms:
        if (arm.name,) not in told:
            yield finding(RULE, file, bound, place, arm.name, f"the arm {arm.name} has no row in any table")
    for pair in judged:
        if pair not in told:
            yield finding(
                RULE, file, bound, place, " − ".join(pair), "this comparison has no row in any table"
            )
