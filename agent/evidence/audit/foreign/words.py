"""Words of a paper beside the names in its results: tokens, abbreviations, and how well two agree.

Sources: rapidfuzz's normalised Levenshtein similarity for misspelt and inflected words; everything else is
exact, a prefix, or an abbreviation by first letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(r"\bw/o\b|[a-z]+|\d+(?:\.\d+)?", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_CUT = re.compile(r"[,;:()\[\]=±→≥≤<>—–]|[.!?]\s+(?=[A-Z])")
STOP = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "on",
        "in",
        "for",
        "with",
        "and",
        "or",
        "to",
        "by",
        "at",
        "from",
        "as",
        "is",
        "are",
        "was",
        "were",
        "be",
        "we",
        "our",
        "its",
        "it",
        "this",
        "that",
        "these",
        "than",
        "which",
        "each",
        "all",
        "both",
        "per",
        "via",
        "using",
        "use",
        "used",
        "under",
        "over",
        "into",
        "between",
        "while",
        "when",
        "where",
        "s",
    ]
)
_SHORT = {
    "acc": "accuracy",
    "val": "validation",
    "eval": "evaluation",
    "ppl": "perplexity",
    "avg": "average",
    "std": "deviation",
    "err": "error",
    "lr": "rate",
    "bs": "batch",
    "iter": "iteration",
    "params": "parameter",
    "mem": "memory",
    "config": "configuration",
    "temp": "temperature",
    "init": "initialization",
    "optim": "optimizer",
    "reg": "regularization",
    "aug": "augmentation",
    "norm": "normalization",
    "diff": "difference",
    "num": "number",
    "sec": "second",
    "secs": "second",
    "min": "minute",
    "ts": "timestep",
    "plus": "addition",
    "minus": "subtraction",
    "div": "division",
    "mult": "multiplication",
    "ft": "finetuning",
    "w/o": "without",
    "wo": "without",
    "no": "without",
}
"""Common short forms; both forms stay known."""


@dataclass(frozen=True)
class Token:
    """A word of a text."""

    word: str
    start: int
    stop: int
    cut: bool = False
    """Whether a comma, bracket or the like stands before it."""


def tokens(text: str) -> tuple[Token, ...]:
    """The words and numbers of a text in lower case, with their places."""
    plain = "".join(_plain(character) for character in text)
    made, last = [], 0
    for found in _TOKEN.finditer(plain):
        cut = bool(_CUT.search(plain[last : found.start()]))
        made.append(Token(found[0].lower(), found.start(), found.end(), cut))
        last = found.end()
    return tuple(made)


def _plain(character: str) -> str:
    decomposed = unicodedata.normalize("NFKD", character)
    return decomposed[0] if decomposed and decomposed[0].isascii() else character


@lru_cache(maxsize=100_000)
def name_tokens(name: str) -> tuple[str, ...]:
    """The words of a name in results: `best_val_loss`, `trainTime`, `Hopper-v4`."""
    return tuple(
        token.word for token in tokens(_CAMEL.sub(" ", name)) if token.word not in STOP or len(name) < 4
    )


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """A word without its plural."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is", "as")):
        return word[:-1]
    return word


@lru_cache(maxsize=400_000)
def agree(name: str, word: str) -> bool:
    """Whether a word of a paper means a word of a name."""
    from rapidfuzz.distance import Levenshtein

    a, b = stem(name), stem(word)
    if a == b:
        return True
    if a.isdigit() or b.isdigit() or a[0].isdigit() or b[0].isdigit():
        return False
    a_long, b_long = _SHORT.get(a, a), _SHORT.get(b, b)
    if (
        a_long == b_long
        or (a_long != a and b.startswith(a_long[:5]))
        or (b_long != b and a.startswith(b_long[:5]))
    ):
        return True
    short, long = sorted((a, b), key=len)
    if long.startswith(short) and short not in STOP:
        if len(short) >= 4:
            return True
        return len(short) == 3 and short == a and len(long) >= 6
    if len(short) >= 5 and short[:4] == long[:4] and _inflected(short, long):
        return True
    if len(short) >= 4 and short[-1] == "e" and long in (short[:-1] + "ing", short[:-1] + "ion"):
        return True
    return len(short) >= 6 and Levenshtein.normalized_similarity(a, b) >= 0.84


def _inflected(short: str, long: str) -> bool:
    """`smoothing` and `smoothed`, `initialise` and `initialization`."""
    ends = (
        "ing",
        "ed",
        "ion",
        "ation",
        "isation",
        "ization",
        "ise",
        "ize",
        "er",
        "or",
        "al",
        "ive",
        "e",
        "ment",
        "",
    )
    roots_a = {short[: len(short) - len(end)] for end in ends if short.endswith(end)}
    roots_b = {long[: len(long) - len(end)] for end in ends if long.endswith(end)}
    return any(len(root) >= 4 for root in roots_a & roots_b)


def initials(words: Sequence[str]) -> str:
    """First letters, as abbreviations are made."""
    return "".join(word[0] for word in words if word)
