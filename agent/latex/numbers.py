"""How numbers are printed: facts with the digits that their uncertainty allows, settings as they were set.

Promises LaTeX that can stand in text, in a table cell and in math. Does not decide how many digits a fact
has.
"""

from __future__ import annotations

import math

from agent.artifacts import Fact, Scalar
from agent.latex.escape import escape

SILENT_UNITS = frozenset({"", "fraction", "replicates", "trials", "probability", "count", "items"})
"""Units that the sentence or the table's heading says, not the number."""
SMALLEST_P = 0.001
"""Smaller p values print as below it."""


def _math(text: str) -> str:
    return rf"\ensuremath{{{text}}}"


def is_effect(fact: Fact) -> bool:
    """Whether the number is a difference or a change, whose sign is printed even when it is plus."""
    parts = fact.name.split(".")
    return parts[0] == "effect" or (parts[0], parts[-1]) == ("change", "relative")


def is_p(fact: Fact) -> bool:
    """Whether the number is a p value."""
    last = fact.name.split(".")[-1]
    return last in ("p", "holm") or last.startswith("p_")


def decimal(value: float, digits: int, *, signed: bool = False) -> str:
    """`value` with `digits` decimals, grouped from 1,000 on, with a true minus sign; for text and math."""
    text = f"{abs(value):,.{digits}f}"
    is_zero = not any(c in "123456789" for c in text)
    sign = "-" if value < 0 and not is_zero else "+" if signed and not is_zero else ""
    return _math(sign + text.replace(",", "{,}"))


def fact_cell(fact: Fact) -> str:
    """The value alone, for a table whose heading says what it is."""
    if is_p(fact):
        return _math(f"{{<}}{SMALLEST_P}") if fact.value < SMALLEST_P else decimal(fact.value, fact.digits)
    return decimal(fact.value, fact.digits, signed=is_effect(fact))


def fact_text(fact: Fact) -> str:
    """The value as prose says it: with its unit where the sentence does not say the noun."""
    unit = "" if fact.unit in SILENT_UNITS else rf"\,\mbox{{{escape(fact.unit)}}}"
    return fact_cell(fact) + unit


def interval_text(fact: Fact) -> str:
    """`[low, high]` with the fact's digits; an em dash where there is no interval."""
    if fact.low is None or fact.high is None:
        return "---"
    low, high = (decimal(end, fact.digits) for end in (fact.low, fact.high))
    return f"[{low}, {high}]"


def scalar(value: Scalar) -> str:
    """A setting as LaTeX: words escaped, whole numbers grouped, small and large ones as powers of ten."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, int):
        return decimal(value, 0)
    if value == 0 or not math.isfinite(value):
        return _math("0" if value == 0 else str(value))
    if 1e-4 <= abs(value) < 1e6:
        return _math(f"{value:.4g}") if abs(value) < 1000 else decimal(value, 0 if value == int(value) else 1)
    mantissa, exponent = f"{value:.3g}".split("e") if "e" in f"{value:.3g}" else (f"{value:.3g}", "0")
    power = rf"10^{{{int(exponent)}}}"
    return _math(power if mantissa == "1" else rf"{mantissa} \times {power}")
