"""The words that a paper needs evidence for, read from `words.toml` beside this file.

Promises one regular expression for a list, matching whole words without case. Does not judge.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files


@cache
def words(*lists: str) -> re.Pattern[str]:
    """An expression for any word of the named lists."""
    return whole(*(word for name in lists for word in _table()[name]))


@cache
def whole(*forms: str) -> re.Pattern[str]:
    """An expression for any of the given forms as a whole word."""
    return re.compile(rf"(?<![\w-])(?:{'|'.join(forms)})(?!\w)", re.IGNORECASE)


@cache
def _table() -> dict[str, list[str]]:
    return tomllib.loads((files("agent.evidence.audit") / "words.toml").read_text(encoding="utf-8"))
