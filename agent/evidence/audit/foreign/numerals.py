"""The numbers in a block of printed text: digits in any script, with what is attached to them, and words.

Promises the value and the last printed place of each. Whether a number needs evidence is decided elsewhere
(`agent.evidence.audit.foreign.roles`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agent.evidence.audit.foreign.reading import LOST_PERCENT

_NUMBER = re.compile(
    r"(?P<digits>\d{1,3}(?:[,\u2009\u202f]\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|(?<![\w.])\.\d+)"
    r"(?P<exp>[eE][-−+]?\d+(?![\w]))?"
)
_TIMES_TEN = re.compile(r"\s*[×·x]\s*10\s*\^?\s*\{?([-−]?\s?\d+)\}?")
_POWER = re.compile(r"\^\s*\{?([-−]\s?\d+|\d+)\}?")
_PERCENT = re.compile(rf"\s?(?:%|{LOST_PERCENT}|percent\b|per cent\b)")
_FACTOR = re.compile(
    r"\s?(?:×(?!\s*[\w(])|×(?=\s*[a-z]{3})|x\b(?!\s*[=\d])|[-–\s]?fold\b|\s+times\b(?!\s+10))"
)
_MANY = re.compile(r"(?:\u2009| )?([kKMB])(?![\w])")
_UNIT = re.compile(
    r"[\s\u2009-]?(ms|milliseconds?|secs?|seconds?|s|minutes?|mins?|hours?|hrs?|h|MB|GB|KB|MiB|GiB|points?|pp)\b"
)
_WORDS = [
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
    "hundred",
    "thousand",
]
_WORTH = dict(zip(_WORDS, (*range(2, 21), 30, 40, 50, 60, 70, 80, 90, 100, 1000), strict=True))
_WORDED = re.compile(
    r"\b(?P<tens>twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)?-?(?P<word>"
    + "|".join(["one", *_WORDS])
    + r")"
    r"(?P<fold>-?fold\b|\s+times\b|\s+percent\b|\s+per cent\b)?\b",
    re.IGNORECASE,
)
_RATIOS = re.compile(
    r"\b(?P<twice>twice|doubl(?:e|es|ed|ing))\b|\b(?P<thrice>tripl(?:e|es|ed|ing)|thrice|threefold)\b|"
    r"\b(?P<half>halv(?:e|es|ed|ing)|one half|half)\b|\b(?P<order>(?:an|one) order of magnitude)\b|"
    r"\b(?P<quadruple>quadrupl(?:e|es|ed|ing))\b",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"(?:≈|~|\b(?:about|around|roughly|approximately|approx\.?|nearly|almost|some|circa|over|more than|"
    r"less than|under|below|above|at least|close to))\s*$",
    re.IGNORECASE,
)


_LOWERED = re.compile(r"\d[\s\u2063]*_\s*\{?(?:±\s*)?$")
"""Behind a value, in its subscript."""


@dataclass(frozen=True)
class Number:
    """A number as it is printed."""

    start: int
    stop: int
    literal: str
    value: float
    """As printed, with its exponent and its k or M; a percentage is not divided."""
    unit_of_last_place: float
    percent: bool = False
    factor: bool = False
    """`×`, `-fold` or `times` stands behind it."""
    worded: bool = False
    hedged: bool = False
    spread: bool = False
    """Behind a plus-minus sign."""
    signed: bool = False
    unit: str = ""
    lost_percent: bool = False
    """Its percent sign was not escaped, and TeX drops what stands behind it on the line."""
    inside: bool = False
    """Part of a name, such as `F1`."""
    exact: bool = True
    """False for words such as `doubled`, which say about how much."""

    @property
    def significant(self) -> float:
        """How many steps of its last place its value is."""
        return abs(self.value) / self.unit_of_last_place if self.unit_of_last_place else 1.0


def numbers(text: str, *, words: bool = True) -> tuple[Number, ...]:
    """The numbers of a text, in order."""
    found = list(_digits(text))
    if words:
        taken = [(number.start, number.stop) for number in found]
        spelled = [*_ratios(text), *_spelled(text)]
        ratio_spans = [(n.start, n.stop) for n in spelled if not n.exact]
        for number in spelled:
            others = taken + ([] if not number.exact else ratio_spans)
            if not any(a < number.stop and number.start < b for a, b in others):
                found.append(number)
    return tuple(sorted(found, key=lambda number: number.start))


def _digits(text: str) -> Iterator[Number]:
    position = 0
    while match := _NUMBER.search(text, position):
        number = _read(text, match)
        position = max(number.stop if number else match.end(), match.start() + 1)
        if number is not None:
            yield number


def _read(text: str, match: re.Match[str]) -> Number | None:
    digits = re.sub(r"[,\u2009\u202f]", "", match["digits"])
    try:
        value = float(digits + (match["exp"] or "").replace("−", "-"))
    except ValueError:
        return None
    places = len(digits.split(".")[1]) if "." in digits else 0
    last = 10.0**-places
    if match["exp"]:
        last *= _ten(match["exp"][1:])
    stop = match.end()
    if times := _TIMES_TEN.match(text, stop):
        value, last, stop = value * _ten(times[1]), last * _ten(times[1]), times.end()
    elif digits == "10" and (power := _POWER.match(text, stop)):
        value, stop = _ten(power[1]), power.end()
        last = value
    start = match.start()
    before = text[max(0, start - 40) : start]
    sign = re.search(r"(?<![\w)\]%.–-])\s*([-−–])\s?$", before[-4:] if len(before) > 4 else before)
    signed = bool(sign)
    if sign:
        start -= len(before[-4:]) - sign.start(1) if len(before) > 4 else len(before) - sign.start(1)
        value = -value
    elif before.endswith("+") and not before[-2:-1].isalnum():
        start, signed = start - 1, True
    return _attached(text, start, stop, value, last, signed)


def _attached(text: str, start: int, stop: int, value: float, last: float, signed: bool) -> Number:
    percent = _PERCENT.match(text, stop)
    lost = percent is not None and LOST_PERCENT in percent[0]
    factor = None if percent else _FACTOR.match(text, stop)
    many = None if percent or factor else _MANY.match(text, stop)
    if many:
        scale = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9}[many[1]]
        value, last, stop = value * scale, last * scale, many.end()
    unit = None if percent else _UNIT.match(text, stop)
    shown = text[start:stop]
    if percent and "%" in percent[0]:
        stop = percent.end()
        shown = text[start:stop]
    before = text[max(0, start - 40) : start].rstrip()
    hedged = bool(_HEDGE.search(text[max(0, start - 30) : start]))
    if factor and factor[0].strip() == "x" and before[-1:] in ("x", "×"):
        factor = None
    return Number(
        start,
        stop,
        shown.strip(),
        value,
        last,
        percent=percent is not None,
        factor=factor is not None,
        hedged=hedged,
        spread=before.endswith(("±", "+-", "+/-")) or bool("." in shown and _LOWERED.search(before)),
        signed=signed,
        unit=unit[1] if unit else "",
        lost_percent=lost,
        inside=before[-1:].isalpha() and text[start - 1 : start].isalpha(),
    )


def _ten(exponent: str) -> float:
    power = int(exponent.replace("−", "-").replace(" ", "").replace("+", ""))
    return 10.0 ** max(-300, min(300, power))


def _ratios(text: str) -> Iterator[Number]:
    worth = {"twice": 2.0, "thrice": 3.0, "half": 0.5, "order": 10.0, "quadruple": 4.0}
    for match in _RATIOS.finditer(text):
        kind = match.lastgroup or "twice"
        hedged = bool(_HEDGE.search(text[max(0, match.start() - 30) : match.start()]))
        yield Number(
            match.start(),
            match.end(),
            match[0],
            worth[kind],
            0.5 * worth[kind],
            factor=True,
            worded=True,
            hedged=hedged,
            exact=False,
        )


def _spelled(text: str) -> Iterator[Number]:
    for match in _WORDED.finditer(text):
        word = match["word"].lower()
        fold = (match["fold"] or "").strip().lower()
        if word == "one" and not fold:
            continue
        value = float(_WORTH.get(word, 1)) + (_WORTH[match["tens"].lower()] if match["tens"] else 0)
        yield Number(
            match.start(),
            match.start() + len(match[0].rstrip()),
            match[0].strip(),
            value,
            1.0,
            percent="cent" in fold,
            factor="fold" in fold or "times" in fold,
            worded=True,
        )
