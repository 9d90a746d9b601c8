"""What is said of speed: `1.2 times faster` compares times, `114 images per second` is measured.

Promises to look at names and at the words that touch a number only. A sentence that itself names what is
compared is left alone: what is `faster to the threshold` need not be counted in seconds.
"""

from __future__ import annotations

import re

from agent.evidence.audit.foreign.dimensions import Dimension
from agent.evidence.audit.foreign.scopes import Scope
from agent.evidence.audit.foreign.words import name_tokens

_FASTER = re.compile(
    r"\b(?:faster|slower|quicker|speed-?\s?ups?|slow-?\s?downs?|speeds?\s+up|sped\s+up|accelerat\w+)\b",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"^\s*(?:[A-Za-z-]+\s+){0,2}[A-Za-z-]+\s*(?:/\s*|\b(?:per|an?|each|every)\s+)"
    r"(?:seconds?|secs?|s|ms|milliseconds?|minutes?|mins?|hours?|h|days?)\b",
    re.IGNORECASE,
)
_REACH = 60
"""Characters between a number and the word that makes it one of speed, at most."""
_RATED = re.compile(
    r"throughput|fps|speed|[_/ ]per[_/ ]?(?:s|sec|seconds?|min|hour)\b|/s$|[a-z]_s$", re.IGNORECASE
)
_TIMES_TEXT = """
time times timing runtime walltime wallclock wall clock duration latency throughput speed fps second seconds
sec secs ms millisecond milliseconds minutes mins hours
"""
_TIMES = frozenset(_TIMES_TEXT.split())


def is_rate(after: str) -> bool:
    """Whether what follows a number makes it one of things per unit of time."""
    return bool(_RATE.match(after))


def meant_by_speed(scope: Scope, dimension: Dimension) -> frozenset[str] | None:
    """The times among a dimension's names, or its rates for a rate, where a number is said to be of speed."""
    if scope.index < 0:
        return None
    number = scope.numbers[scope.index]
    behind = scope.text[number.stop :]
    near = scope.text[max(0, number.start - _REACH) : number.stop + _REACH]
    if is_rate(behind):
        return _rates(dimension) or _times(dimension) or None
    fast = _FASTER.search(near) if number.factor else number.percent and _FASTER.match(behind.lstrip(" %"))
    return (_times(dimension) or None) if fast else None


def _times(dimension: Dimension) -> frozenset[str]:
    """The names that are times or speeds: `latency_ms`, `train_time`, `elapsed_s`."""
    return frozenset(
        name for name in dimension.names if set(name_tokens(name)) & _TIMES or re.search(r"[a-z]_s$", name)
    )


def _rates(dimension: Dimension) -> frozenset[str]:
    """The names that are things per unit of time: `throughput`, `tokens_per_second`, `img_s`."""
    return frozenset(name for name in dimension.names if _RATED.search(name))
