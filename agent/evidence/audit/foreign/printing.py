"""How a stored value may be printed (a percentage, another unit, rounded), and which statistic is meant."""

from __future__ import annotations

import re

from agent.evidence.audit.foreign.dimensions import Family
from agent.evidence.audit.foreign.numerals import Number
from agent.evidence.audit.foreign.results import Quantity
from agent.evidence.audit.foreign.scopes import Words

_SPREADS = {"std": ("std", "std0"), "stderr": ("stderr", "stderr0"), "ci": ("ci",)}


_EXTREMES = re.compile(
    r"\b(best|worst|max(?:imum)?|min(?:imum)?|highest|lowest|peak|rang(?:e|es|ing)|between|median)\b", re.I
)


_BYTES = ("GB", "MB", "KB")


_BRACKETED = re.compile(
    r"[(\[]\s*(?:in\s+)?(ms|milliseconds|s|secs?|seconds|mins?|minutes|h|hrs?|hours|k|M|[GMK]i?B|thousands?|millions?)"
    r"\s*[)\]]"
)


_POWER_OF_TEN = re.compile(r"[(\[]\s*(?:×|·|in units of)?\s*10\s*\^\s*([-−]?\s?\d+)")


_MANY = {"k": 1e-3, "thousand": 1e-3, "thousands": 1e-3, "M": 1e-6, "million": 1e-6, "millions": 1e-6}


_SECONDS = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}


def is_fraction(family: Family, q: int) -> bool:
    """Whether a quantity and its likes lie within -1 and 1."""
    quantity = family.quantities[q]
    own = next((value for _, value in quantity.central()), None)
    if own is None or abs(own) > 1.05:
        return False
    cache: dict[tuple[int, str], bool] = family.__dict__.setdefault("_fractions", {})
    path = family.paths[q]
    for d in family.telling:
        if (d, path[d]) not in cache:
            alike = [
                value
                for other, quantity in zip(family.paths, family.quantities, strict=True)
                if other[d] == path[d]
                for _, value in quantity.central()
            ]
            cache[d, path[d]] = all(abs(value) <= 1.05 for value in alike)
        if cache[d, path[d]]:
            return True
    return not family.telling


def says_percent(number: Number, words: Words) -> bool:
    """Whether the number is printed as a percentage."""
    return number.percent or "%" in words.near or "percent" in words.near.lower() or "point" in number.unit


def tolerance(number: Number) -> float:
    """How far the printed number may be from its value: rounding, and a whole step after `about` and the
    like.
    """
    last = number.unit_of_last_place
    if number.hedged and last == 1 and number.value:
        digits = f"{abs(number.value):.0f}"
        last = 10.0 ** (len(digits) - len(digits.rstrip("0")))
    return last * (1.0 if number.hedged else 0.5) * (1 + 1e-6) + abs(number.value) * 1e-12


def scales(number: Number, words: Words) -> tuple[float, ...]:
    """What a stored value may be multiplied with to be printed as it is."""
    made = [1.0]
    if not number.worded:
        made.append(100.0)
    headers, _, rest = words.near.partition("\0")
    unit = _unit(number.unit) or next((u for t in (headers, rest) if (u := _unit(_stated(t)))), "")
    if unit in _SECONDS:
        made += [one / _SECONDS[unit] for one in _SECONDS.values() if one != _SECONDS[unit]]
    elif unit in _BYTES:
        made += [base ** (-power) for base in (1000.0, 1024.0) for power in (-2, -1, 1, 2, 3)]
    power = next((found for t in (headers, rest) if (found := _POWER_OF_TEN.search(t))), None)
    if power is not None and words.table:
        made.append(10.0 ** -int(re.sub(r"\s", "", power[1]).replace("−", "-")))
    made += [
        scale for t in (headers, rest) for word, scale in _MANY.items() if words.table and _stated(t) == word
    ]
    return tuple(made)


def _stated(text: str) -> str:
    """The unit that headers or a caption state in brackets."""
    found = _BRACKETED.search(text)
    return found[1] if found else ""


def _unit(text: str) -> str:
    lower = text.lower()
    if lower.replace("i", "") in ("gb", "mb", "kb"):
        return lower.replace("i", "").upper()
    if lower == "ms" or lower.startswith("millis"):
        return "ms"
    if lower.startswith("s"):
        return "s"
    if lower.startswith("min"):
        return "min"
    return "h" if lower.startswith("h") else ""


def stats_of(number: Number, words: Words) -> tuple[str, ...]:
    """The statistics that a number may be, by the words around it."""
    near = words.near.lower()
    spread = number.spread or (
        words.table
        and re.search(r"\bstd\b|std\.|standard (deviation|error)|\bs\.?[de]\.?m?\b", near.split("\0")[0])
    )
    if spread:
        if re.search(r"standard errors?|std\.? err|stderr|\bsem\b|s\.e\.m?", near):
            return _SPREADS["stderr"]
        if re.search(r"standard deviations?|\bstd\b|std\.? dev|\bs\.?d\.", near):
            return _SPREADS["std"]
        if re.search(r"confidence|\bci\b", near):
            return _SPREADS["ci"]
        return ("std", "std0", "stderr", "stderr0", "ci")
    said = _EXTREMES.search(words.near.split("\0")[0])
    extreme = ("median",) if said and said[0].lower() == "median" else ("min", "max") if said else ()
    return ("mean", "value", *extreme)


def central(quantity: Quantity) -> float | None:
    """The value that a quantity is given as."""
    return next((value for _, value in quantity.central()), None)
