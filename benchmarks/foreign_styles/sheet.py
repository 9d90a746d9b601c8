"""What the styles of this folder share: cells of seeded results, and marks for the numbers that print them.

Promises that an invented number has the size and form of the right one, and that the right one is what a
careful author would print. Knows nothing of the audit.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterable, Sequence

from foreign_papers import CLOSE, OPEN, Mark

Form = Callable[[float], str]
Cell = tuple[str, str, str]
"""Arm, data set and metric, by the keys of the results."""

TRUTHS = ("setting", "structural")
"""Kinds of numbers that no result decides: never replaced, and never to be flagged."""


def fixed(digits: int) -> Form:
    """`1234.5` with that many digits behind the point."""
    return lambda value: f"{value:.{digits}f}"


def grouped(value: float) -> str:
    """`4,812`."""
    return f"{value:,.0f}"


def thin(value: float) -> str:
    r"""`4\,812`, as LaTeX writes thousands."""
    return f"{value:,.0f}".replace(",", r"\,")


class Sheet:
    """The results of one paper, and the marks made so far."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.marks: list[Mark] = []
        self.raw: dict[Cell, list[float]] = {}

    def fill(self, cell: Cell, centre: float, noise: float, seeds: int) -> None:
        """Draw the values of a cell, one a seed."""
        self.raw[cell] = [self.rng.gauss(centre, noise) for _ in range(seeds)]

    def mean(self, cell: Cell) -> float:
        """The mean over seeds."""
        return statistics.fmean(self.raw[cell])

    def std(self, cell: Cell) -> float:
        """The sample standard deviation over seeds."""
        return statistics.stdev(self.raw[cell])

    def error(self, cell: Cell) -> float:
        """The standard error over seeds."""
        return float(self.std(cell) / len(self.raw[cell]) ** 0.5)

    def put(
        self,
        value: float,
        form: Form,
        kind: str,
        others: Iterable[float] = (),
        *,
        low: float | None = None,
        high: float | None = None,
    ) -> str:
        """A mark for `value`; what is invented lies between `low` and `high` (default: 0.6 to 1.4 times)."""
        right = form(value)
        wrong = tuple(dict.fromkeys(text for text in map(form, others) if text != right))
        floor = value * 0.6 if low is None else low
        ceiling = value * 1.4 if high is None else high
        if form(floor) == form(ceiling):
            ceiling = floor + 10 * abs(floor) + 1

        def invent(rng: random.Random) -> str:
            while True:
                drawn = form(rng.uniform(floor, ceiling))
                if drawn != right:
                    return drawn

        return self._mark(Mark(right, kind, wrong, invent))

    def fact(self, text: str, kind: str) -> str:
        """A mark for a number that no result decides: `setting` or `structural`."""
        return self._mark(Mark(text, kind, (), lambda rng: text))

    def _mark(self, mark: Mark) -> str:
        self.marks.append(mark)
        return f"{OPEN}{len(self.marks) - 1}{CLOSE}"


def listed(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
