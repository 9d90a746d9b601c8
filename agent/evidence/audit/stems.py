"""Words by their stems, so that `tuned` and `tuning` are one word.

Promises the Snowball stemmer of English, and the families of irregular forms that `support.toml` lists.
Digits, marks of macros and single letters are no words. Does not know what a word means.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

_WORD = re.compile(r"[^\W\d_]{2,}")


def stems(text: str) -> tuple[tuple[str, int, int], ...]:
    """Stem, start and end of each word of a text, in order."""
    plain = text.replace("’", "'")
    return tuple((stem(match[0]), match.start(), match.end()) for match in _WORD.finditer(plain))


def stem_set(*texts: str) -> frozenset[str]:
    """The stems of texts."""
    return frozenset(word for text in texts for word, _, _ in stems(text))


def is_called(text: str, label: str) -> bool:
    """Whether a text ends in the words that a label begins with, three at least, but for function words."""
    said, name = [word for word, _, _ in stems(text)], [word for word, _, _ in stems(label)]
    while said and said[-1] in listed("neutral"):
        said.pop()
    starts = range(max(0, len(said) - len(name)), len(said) - 2)
    return any(said[start:] == name[: len(said) - start] for start in starts)


@cache
def stem(word: str) -> str:
    """The stem of one word; of a family of forms, that of the first."""
    form = word.lower()
    return _families().get(form) or _families().get(_snowball(form)) or _snowball(form)


@cache
def listed(name: str) -> frozenset[str]:
    """The stems of a list of `support.toml`."""
    return stem_set(str(_table()[name]))


@cache
def _families() -> dict[str, str]:
    found: dict[str, str] = {}
    for family in _table()["same"]:
        first, *_ = forms = family.split()
        for form in forms:
            found[form] = found[_snowball(form)] = _snowball(first)
    return found


def _snowball(form: str) -> str:
    return str(_stemmer().stemWord(form))


@cache
def _stemmer() -> Any:
    from snowballstemmer import stemmer

    return stemmer("english")


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((files("agent.evidence.audit") / "support.toml").read_text(encoding="utf-8"))


def words_of(name: str) -> str:
    """The words of the table that may stand beside a fact, a setting (`setting.NAME`) or the verdict."""
    return " ".join(entry["words"] for entry in _table()["about"] if re.fullmatch(entry["name"], name))
