"""How many digits a number may be printed with: as many as its uncertainty allows."""

from __future__ import annotations

import math

MOST = 6
"""Digits after the point, at most."""


def digits_of(error: float) -> int:
    """Digits after the point that leave two significant digits of a standard error.

    An error that is zero or not finite says nothing; then 3.
    """
    if not (math.isfinite(error) and error > 0):
        return 3
    exponent = int(f"{error:.1e}".split("e")[1])  # after rounding, so that 0.0996 counts as 0.10
    return min(max(0, 1 - exponent), MOST)


def exact_digits(value: float) -> int:
    """Digits after the point that print a declared value as it was declared, six at most."""
    return next((d for d in range(MOST) if math.isclose(round(value, d), value, abs_tol=1e-12)), MOST)


def p_digits(p: float) -> int:
    """Three digits of a p-value, four below 0.01."""
    return 4 if p < 0.01 else 3
