"""Holds a finished study against its own record: what follows from what is derived again, and compared.

Promises that nothing is asked of a model, run in a sandbox or written. Each check is a row that names what it
found; one that cannot be done says why and is no pass. Cannot see a record of which every part was made up
together, results and all: only `shoal reproduce` can.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.deps import Deps
from agent.stages.verify.paper import paper_rows
from agent.stages.verify.record import plans, record_rows
from agent.stages.verify.rows import NotChecked, Row, row

__all__ = ["NotChecked", "Row", "idea_rows", "plans", "row"]


def idea_rows(idea: str, number: int, deps: Deps) -> Iterator[Row]:
    """The checks of one idea and its paper's round `number`."""
    yield from record_rows(idea, deps)
    yield from paper_rows(idea, number, deps)
