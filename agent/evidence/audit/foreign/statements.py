"""Statements of direction and significance that the numbers beside them contradict.

Promises to speak only where the sentence's own numbers were matched, or where it prints both of them; what a
metric's better side is, is known for common names only. Does not judge wording beyond that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from agent.evidence.audit.foreign.finding import Verdict
from agent.evidence.audit.foreign.report import Remark
from agent.evidence.audit.foreign.results import Results
from agent.evidence.audit.foreign.words import name_tokens

_LOWER_TEXT = """
loss error time perplexity ppl divergence kl mse mae rmse latency memory wer cer fid steps step
regret cost
"""
_LOWER = frozenset(_LOWER_TEXT.split())
_HIGHER_TEXT = """
acc accuracy f1 auc auroc reward return bleu rouge precision recall success score throughput map iou
dice r2
"""
_HIGHER = frozenset(_HIGHER_TEXT.split())
_UP = re.compile(r"\b(?:increas\w*|rais\w*|rises?|rose|gains?|grows?|grew)\b", re.IGNORECASE)
_DOWN = re.compile(r"\b(?:reduc\w*|decreas\w*|drop(?:s|ped)?|declin\w*|lower(?:s|ed|ing))\b", re.IGNORECASE)
_BETTER = re.compile(r"\b(?:improv\w*)\b", re.IGNORECASE)
_WORSE = re.compile(r"\b(?:degrad\w*|worsen\w*|deteriorat\w*)\b", re.IGNORECASE)
_FROM_TO = re.compile(r"\bfrom\b[^.;]{0,60}?$")
_SIGNIFICANT = re.compile(
    r"\bstatistically\s+significant|\bsignifican(?:t|tly)\b[^.]{0,40}\(?p\s*[<=]", re.IGNORECASE
)
_NOT = re.compile(r"\b(?:not|no|without|never|rather than|instead of)\b", re.IGNORECASE)


def statement_remarks(verdicts: Sequence[Verdict], results: Results) -> list[Remark]:
    """The statements of a paper that its matched numbers contradict."""
    remarks: list[Remark] = []
    told = [verdict for verdict in verdicts if verdict.found.placed is None]
    for _, group in groupby(told, key=lambda v: (id(v.found.block), v.found.offset)):
        sentence = list(group)
        remarks += _from_to(sentence)
        remarks += _significance(sentence, results)
    return remarks


def _from_to(sentence: list[Verdict]) -> Iterator[Remark]:
    """`a 3 % improvement (from 0.090 to 0.093)` of a metric whose low values are good."""
    text = sentence[0].found.text
    for one, two in pairwise(sentence):
        between = text[one.found.number.stop : two.found.number.start]
        if not (
            _FROM_TO.search(text[: one.found.number.start])
            and re.search(r"\bto\s+$", between)
            and len(between) < 60
        ):
            continue
        clause = text[max(0, one.found.number.start - 90) : one.found.number.start]
        rose = two.judged.value > one.judged.value
        if two.judged.value == one.judged.value or _NOT.search(clause):
            continue
        side = _better_side(two) or _better_side(one)
        wrong = (
            (_UP.search(clause) and not rose and not _DOWN.search(clause))
            or (_DOWN.search(clause) and rose and not _UP.search(clause))
            or (side and _BETTER.search(clause) and not _DOWN.search(clause) and (rose != (side == "higher")))
            or (side and _WORSE.search(clause) and (rose == (side == "higher")))
        )
        if wrong:
            word = next(m[0] for p in (_BETTER, _DOWN, _UP, _WORSE) if (m := p.search(clause)))
            reason = f"says {word}, but it goes from {one.judged.literal} to {two.judged.literal}"
            reason += (
                f", and {side} is better"
                if side and (_BETTER.search(clause) or _WORSE.search(clause))
                else ""
            )
            yield _remark("direction", two, reason)


def _better_side(verdict: Verdict) -> str:
    """`higher` or `lower`, by the names in the supporting paths; nothing where they say neither or both."""
    if verdict.support is None:
        return ""
    words = {word for _, path in verdict.support.quantities for word in name_tokens(path[-1] if path else "")}
    low, high = bool(words & _LOWER), bool(words & _HIGHER)
    return "" if low == high else ("lower" if low else "higher")


def _significance(sentence: list[Verdict], results: Results) -> Iterator[Remark]:
    """A significance statement while the results' own p-values for these names are large."""
    found = _SIGNIFICANT.search(sentence[0].found.text)
    if not found or _NOT.search(sentence[0].found.text[: found.start()][-25:]):
        return
    matched = [v for v in sentence if v.support is not None]
    names = {name for v in matched if v.support for _, path in v.support.quantities for name in path}
    for quantity in results.quantities:
        last = quantity.path[-1].lower() if quantity.path else ""
        value = quantity.stats.get("value")
        related = set(quantity.path[:-1]) & names or not quantity.path[:-1]
        if re.search(r"(?:^|_)p(?:_?val(?:ue)?)?$", last) and value is not None and value > 0.05 and related:
            place = quantity.places.get("value", "")
            yield _remark("significance", sentence[0], f"says significant, but {place} = {value:.3g}")
            return


def _remark(kind: str, verdict: Verdict, reason: str) -> Remark:
    judged = verdict.judged
    return Remark(kind, judged.file, judged.line, judged.column, judged.quotation, reason)
