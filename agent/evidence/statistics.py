"""The statistics of a verdict: intervals, p-values and limits for paired differences.

Promises closed formulas with their sources, and an answer for every degenerate case: no spread gives an
interval of width zero, ties count against the treatment, too few or non-finite values raise ValueError.
Does not decide anything (`verdict`). All differences are oriented: larger is better for the treatment.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

Matrix = Sequence[Sequence[float]]
"""Item-level differences d[r][i]: one row a replicate, one column a test item."""

ENUMERATED = 12
"""Largest n whose 2^n sign vectors are all looked at."""
ARM_LEVEL = 0.95
"""Coverage of the intervals of arm means and of the bands of curves; comparisons have that of their plan."""
DRAWS = 9_999
"""Random sign vectors above that."""


@dataclass(frozen=True)
class Spread:
    """Mean of paired differences and the parts of its variance."""

    n: int
    mean: float
    rep: float
    """s²_rep: sample variance of the n replicates' differences."""
    items: int = 0
    """m; 0 where the variance is over replicates alone."""
    item: float = 0.0
    """s²_item: sample variance of the m items' mean differences."""
    cell: float = 0.0
    """s²_cell: mean square of what neither replicate nor item explains."""

    @property
    def sd(self) -> float:
        """Sample SD of the replicates' differences."""
        return math.sqrt(self.rep)

    def variance(self, n: int | None = None) -> float:
        """V, the variance of the mean, with n replicates (those there are) and the same items.

        V = max(s²_rep/n + s²_item/m − s²_cell/(nm), s²_rep/n, s²_item/m): the estimate for crossed random
        replicates and items (Owen 2007), kept at least as large as either part alone. For an `n` other than
        that of the data the variance components are held at their estimates: s²_rep and s²_cell stay, and of
        s²_item the share s²_cell/n that is due to the replicates shrinks with them.
        """
        n = self.n if n is None else n
        one_way = self.rep / n
        if self.items == 0:
            return one_way
        item = self.item
        if n != self.n:
            item = max(item - self.cell / self.n, 0.0) + self.cell / n
        by_item = item / self.items
        return max(one_way + by_item - self.cell / (n * self.items), one_way, by_item)


@dataclass(frozen=True)
class Interval:
    """A two-sided t interval of a mean."""

    mean: float
    low: float
    high: float
    error: float
    """Standard error of the mean."""
    n: int


def spread(differences: Sequence[float], items: Matrix | None = None) -> Spread:
    """The parts of the variance of a mean of n paired differences.

    Without `items`, or with fewer than two of them, over replicates alone. With item-level differences
    d[r][i] (n × m), replicates and items are crossed: s²_item is the sample variance of the m column means,
    s²_cell = Σ (d[r][i] − row mean − column mean + grand mean)² / ((n−1)(m−1)).

    Raises:
        ValueError: n < 2, a number is not finite, or `items` is not an n × m table.
    """
    import numpy as np

    d = _finite(differences, least=2)
    n, mean, rep = len(d), float(np.mean(d)), _variance(d)
    if items is None:
        return Spread(n, mean, rep)
    m = len(items[0]) if len(items) else 0
    if len(items) != n or any(len(row) != m for row in items):
        raise ValueError(f"item-level differences must be {n} rows of equal length")
    if m < 2:
        return Spread(n, mean, rep)
    table = np.asarray(items, dtype=float)
    if not np.isfinite(table).all():
        raise ValueError("an item-level difference is not a finite number")
    rows, columns = table.mean(axis=1), table.mean(axis=0)
    rest = table - rows[:, None] - columns[None, :] + table.mean()
    cell = float((rest**2).sum() / ((n - 1) * (m - 1)))
    return Spread(n, mean, rep, m, _variance(columns), cell)


def t_interval(parts: Spread, tail: float) -> Interval:
    """The two-sided 1 − 2·tail interval: mean ± t(1 − tail, n−1)·√V (Student's paired t).

    Raises:
        ValueError: `tail` is not between 0 and one half.
    """
    error = math.sqrt(parts.variance())
    half = t_quantile(tail, parts.n) * error
    return Interval(parts.mean, parts.mean - half, parts.mean + half, error, parts.n)


def mean_interval(values: Sequence[float], level: float = ARM_LEVEL) -> Interval:
    """The t interval of the mean of n values, over replicates alone.

    Raises:
        ValueError: n < 2, a value is not finite, or `level` is not between 0 and 1.
    """
    return t_interval(spread(values), (1 - level) / 2)


def t_quantile(tail: float, n: int) -> float:
    """The upper `tail` quantile of Student's t with n−1 degrees of freedom.

    Raises:
        ValueError: `tail` is not between 0 and one half, or n < 2.
    """
    if not 0 < tail < 0.5:
        raise ValueError(f"a tail of {tail} is not between 0 and one half")
    if n < 2:
        raise ValueError(f"an interval needs at least 2 replicates, not {n}")
    return _t_isf(tail, n - 1)


@lru_cache(maxsize=4096)  # the search for an n that settles a study asks for the same few again and again
def _t_isf(tail: float, freedom: int) -> float:
    from scipy import stats

    return float(stats.t.isf(tail, freedom))


def t_test_p(parts: Spread) -> float:
    """Two-sided p of a mean of zero under the same t; without spread 0, or 1 where the mean is 0."""
    from scipy import stats

    error = math.sqrt(parts.variance())
    if error == 0:
        return 1.0 if parts.mean == 0 else 0.0
    return float(2 * stats.t.sf(abs(parts.mean) / error, parts.n - 1))


def sign_flip_p(differences: Sequence[float], rng: np.random.Generator) -> float:
    """One-sided p that signs flipped at random give a sum at least as large as the one observed.

    Up to n = 12 all 2^n sign vectors are counted, so the p is exact. Above, 9,999 are drawn and
    p = (b+1)/(m+1) (Phipson & Smyth 2010), which is never zero. Sums that differ by rounding only count as
    ties. The order of the differences does not matter.

    Raises:
        ValueError: there are no differences, or one is not finite.
    """
    import numpy as np

    d = np.sort(_finite(differences, least=1))
    n = len(d)
    if n <= ENUMERATED:
        signs = _all_signs(n)
    else:
        signs = 1 - 2 * rng.integers(0, 2, size=(DRAWS, n))
    reached = int((signs @ d >= d.sum() - 1e-12 * np.abs(d).sum()).sum())
    return reached / 2**n if n <= ENUMERATED else (reached + 1) / (DRAWS + 1)


@cache
def _all_signs(n: int) -> np.ndarray:
    """Every sign vector of length n, one a row."""
    import numpy as np

    signs = 1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
    signs.setflags(write=False)
    return signs


def sign_flip_rng(plan_hash: str, treatment: str, comparator: str) -> np.random.Generator:
    """The generator of a comparison's sign flips: derived from plan and arms, so a rerun gives the same p."""
    import numpy as np

    digest = hashlib.sha256(f"sign-flip/{plan_hash}/{treatment}/{comparator}".encode()).digest()
    return np.random.default_rng(list(digest))


def holm(ps: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p-values of a family, in the order given (Holm 1979).

    The i-th smallest of C is multiplied by C − i + 1; then none is smaller than one before it, nor above 1.

    Raises:
        ValueError: a p-value is not between 0 and 1.
    """
    if any(not 0 <= p <= 1 for p in ps):
        raise ValueError("a p-value is not between 0 and 1")
    adjusted, running = [0.0] * len(ps), 0.0
    for rank, index in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        running = max(running, min(1.0, (len(ps) - rank) * ps[index]))
        adjusted[index] = running
    return tuple(adjusted)


def upper_sd(sd: float, k: int, confidence: float = 0.8) -> float:
    """Upper limit of an SD from k values: s·√((k−1)/χ²), χ² the 1−confidence quantile (Browne 1995).

    Raises:
        ValueError: k < 2, or `sd` is negative or not finite.
    """
    from scipy import stats

    if k < 2:
        raise ValueError(f"the limit of an SD needs at least 2 values, not {k}")
    if not (math.isfinite(sd) and sd >= 0):
        raise ValueError(f"{sd} is not an SD")
    return sd * math.sqrt((k - 1) / float(stats.chi2.ppf(1 - confidence, k - 1)))


def _finite(values: Sequence[float], *, least: int) -> np.ndarray:
    import numpy as np

    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or len(array) < least:
        raise ValueError(f"needs at least {least} differences in one row, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError("a difference is not a finite number")
    return array


def _variance(values: np.ndarray) -> float:
    """Sample variance (n−1); exactly 0 for equal values, which rounding would otherwise miss."""
    import numpy as np

    return 0.0 if (values == values[0]).all() else float(np.var(values, ddof=1))
