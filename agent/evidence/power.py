"""What a plan can show before it runs, and how many replicates would settle one that did not.

Promises probabilities under normal differences with a known SD, over replicates alone: the two-way variance
of a verdict is a little wider (docs/how-a-study-works.md, Limits). Does not choose n (`registration`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.evidence.statistics import Spread, t_quantile

if TYPE_CHECKING:
    import numpy as np

STEPS = 4_000
"""Points of the integral over s: right to four decimals."""
N_LIMIT = 10_000
"""More replicates than that settle nothing in practice."""


def p_supported(effect: float, sd: float, n: int, *, sesoi: float, alpha: float) -> float:
    """P(L > 0 and mean ≥ Δ) for one comparator, where the differences are normal with mean `effect`.

    Mean and SD of a normal sample are independent, so the probability is
    ∫ Φ((effect − max(Δ, t·s/√n))·√n/σ) dF(s), with (n−1)s²/σ² chi-squared with n−1 degrees of freedom.
    Without the condition on Δ it is the power of the one-sided t test, a noncentral t.

    Raises:
        ValueError: `sd` is negative or n < 2.
    """
    import numpy as np
    from scipy import stats

    if sd == 0:
        return float(effect > 0 and effect >= sesoi)
    error, halves = _half_widths(sd, n, alpha)
    return float(stats.norm.sf((np.maximum(sesoi, halves) - effect) / error).mean())


def p_refuted(effect: float, sd: float, n: int, *, sesoi: float, alpha: float) -> float:
    """P(U < Δ) for one comparator at the one-sided level `alpha`; equals a noncentral t's tail.

    Raises:
        ValueError: `sd` is negative or n < 2.
    """
    from scipy import stats

    if sd == 0:
        return float(effect < sesoi)
    error, halves = _half_widths(sd, n, alpha)
    return float(stats.norm.cdf((sesoi - effect - halves) / error).mean())


def _half_widths(sd: float, n: int, alpha: float) -> tuple[float, np.ndarray]:
    """σ/√n, and the interval's half-width t·s/√n at midpoints of equal probability of s."""
    import numpy as np
    from scipy import stats

    if not sd > 0:
        raise ValueError(f"{sd} is not an SD")
    error = sd / math.sqrt(n)
    steps = (np.arange(STEPS) + 0.5) / STEPS
    return error, t_quantile(alpha, n) * error * np.sqrt(stats.chi2.ppf(steps, n - 1) / (n - 1))


def plan_powers(sds: Sequence[float], n: int, *, sesoi: float, alpha: float) -> tuple[float, float]:
    """(P(supported) if every true effect is 2Δ, P(refuted) if every one is 0), over C = len(sds) comparators.

    Supported needs all comparators: the product, as if they were independent; sharing the treatment they
    are positively correlated, and the truth is larger. Refuted needs one, at alpha/C: the largest of the
    single probabilities; again the truth is larger.

    Raises:
        ValueError: there is no comparator.
    """
    if not sds:
        raise ValueError("a plan needs a verdict comparator")
    supported = math.prod(p_supported(2 * sesoi, sd, n, sesoi=sesoi, alpha=alpha) for sd in sds)
    corrected = alpha / len(sds)
    return supported, max(p_refuted(0.0, sd, n, sesoi=sesoi, alpha=corrected) for sd in sds)


def smallest_n(sds: Sequence[float], *, sesoi: float, alpha: float, least: int, most: int) -> int | None:
    """The smallest n from `least` to `most` at which one of the two powers reaches one half; None if none."""
    for n in range(least, most + 1):
        if max(plan_powers(sds, n, sesoi=sesoi, alpha=alpha)) >= 0.5:
            return n
    return None


def n_to_settle(spreads: Sequence[Spread], *, sesoi: float, alpha: float) -> int | None:
    """The smallest n that would give a verdict if means and variance components stayed as observed.

    One comparator's spread each. None where no n up to 10,000 would: the uncertainty of the test items does
    not shrink with more replicates.
    """
    first = max(2, *(parts.n for parts in spreads))
    if not _settled(spreads, N_LIMIT, sesoi, alpha):
        return None
    below, settled = first, N_LIMIT
    if _settled(spreads, below, sesoi, alpha):
        return below
    while settled - below > 1:
        middle = (below + settled) // 2
        if _settled(spreads, middle, sesoi, alpha):
            settled = middle
        else:
            below = middle
    return settled


def _settled(spreads: Sequence[Spread], n: int, sesoi: float, alpha: float) -> bool:
    half = t_quantile(alpha, n)
    corrected = t_quantile(alpha / len(spreads), n)
    errors = [math.sqrt(parts.variance(n)) for parts in spreads]
    pairs = list(zip(spreads, errors, strict=True))
    supported = all(s.mean >= sesoi and s.mean - half * error > 0 for s, error in pairs)
    return supported or any(s.mean + corrected * error < sesoi for s, error in pairs)
