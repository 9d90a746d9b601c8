"""What a clause asserts, as against denies, asks or supposes; and which statements the intervals license.

One rule for all lists of words, so that a denial is read alike everywhere.
"""

from __future__ import annotations

import re

from agent.evidence.audit.context import BACKED_SECTIONS, AuditContext
from agent.evidence.audit.reading import CITE, FACT, SETTING, Clause
from agent.evidence.audit.verbatim import is_verbatim
from agent.evidence.audit.words import whole, words

_FREE = ("introduction", "related_work")
"""Sections that may say what others found, with a citation."""
_NEAR = 70
"""Characters before a word in which a denial reaches it."""
_ONLY = re.compile(
    r"\b(?:not|nothing) (?:only|merely|just|simply|solely|but)\b|\bbut\b|\bno doubt\b|\bwithout doubt\b", re.I
)
_LEAD = re.compile(
    r"^(?:and|but|since|that|so that|which|thus|therefore|although|so|because|while|whereas|as|in this scope|"
    r"here)\b[\s,]*",
    re.I,
)
_INTERVAL = r"the (?:whole )?interval(?: of the (?:mean )?difference)?"
_MEAN = r"(?:its|the) mean(?: difference)?"
_GAIN = r"(?:a gain|an effect|an improvement)"
_OF_SIZE, _SO = r"(?: of(?: interest| this size)?)?", r"(?: thus| therefore)?"
_HERE = r"(?: (?:here|there|too|as well|in this scope))*"
_SESOI = "the smallest effect of interest"
_LICENSED: tuple[tuple[str, str], ...] = (
    (rf"{_INTERVAL} (?:lies|is|stays)(?: wholly| entirely)? above zero", "above"),
    (rf"{_INTERVAL} (?:lies|is|stays)(?: wholly| entirely)? below zero", "below"),
    (rf"{_INTERVAL} (?:includes|contains|covers|crosses|spans) zero", "around"),
    (rf"{_MEAN} is at least as large as {_SESOI}", "reached"),
    (rf"{_MEAN} reaches {_SESOI}", "reached"),
    (rf"{_MEAN} (?:is smaller than|stays below|does not reach) {_SESOI}", "missed"),
    (rf"{_GAIN} as large as {_SESOI} is ruled out", "ruled_out"),
    (rf"{_GAIN}{_OF_SIZE} (?:is|was){_SO} (?:ruled out|excluded){_HERE}", "all_ruled_out"),
    (rf"the interval rules out {_GAIN} as large as {_SESOI}", "ruled_out"),
    (rf"the (?:corrected )?upper limit(?: of the difference)? (?:lies|is|stays) below {_SESOI}", "ruled_out"),
    (rf"the interval rules out neither {_GAIN} as large as {_SESOI} nor a smaller one", "open"),
    (r"so is no effect at all", "below"),
    (r"the (?:mean )?difference is negative", "negative"),
    (r"(?:no|none of the) (?:registered |confirming )*trials? (?:failed|crashed)", "no_failures"),
    (r"a registered rule does not allow a stronger word here", "capped"),
)  # fmt: skip


def is_supposed(clause: Clause, section: str) -> bool:
    """Whether a clause asks, supposes or sets a rule instead of reporting."""
    sentence = clause.sentence.text
    if sentence.rstrip("'\"”’)]").endswith("?") or words("supposed").search(clause.text):
        return True
    if section in BACKED_SECTIONS:
        return False
    return bool(words("supposed", "possible").search(sentence))


def is_of_others(clause: Clause, section: str) -> bool:
    """Whether a clause tells what a cited work says, where that belongs."""
    return section in _FREE and CITE in clause.sentence.text


def is_denied(text: str, position: int) -> bool:
    """Whether the word at a position is denied by what stands before it."""
    before = text[max(0, position - _NEAR) : position]
    denials = list(words("denial").finditer(before))
    return bool(denials) and not _ONLY.search(before[denials[-1].start() :])


def is_disclaimer(clause: Clause) -> bool:
    """Whether a clause says that the study does not show, decide or know something."""
    if _ONLY.search(clause.text):
        return False
    denials = [m.start() for m in words("denial").finditer(clause.text)]
    said = [m.start() for m in words("telling").finditer(clause.text)]
    if not denials or not said:
        return False
    return denials[0] < said[-1] or bool(whole("nothing", "nor").search(clause.text))


def licence(clause: Clause, context: AuditContext) -> bool | None:
    """Whether the record bears a statement out; None where the clause is none that can be told.

    That is a statement about the intervals, or a passage of the record word for word.
    """
    plain = "".join(c for c in clause.text if c not in (FACT, SETTING))
    text = " ".join(plain.replace(",", " ").strip(" .").split())
    text = _LEAD.sub("", text)
    known = _known(context)
    for form, name in _LICENSED:
        if re.fullmatch(form, text, re.IGNORECASE):
            return known[name]
    return True if is_verbatim(clause, context) else None


def _known(context: AuditContext) -> dict[str, bool]:
    deciding = [c for c in context.verdict.comparisons if c.family == "verdict"]
    sesoi = context.plan.sesoi
    ruled_out = any(c.high_corrected < sesoi for c in deciding)
    above, reached = all(c.low > 0 for c in deciding), all(c.mean >= sesoi for c in deciding)
    return {
        "above": above,
        "below": any(c.high_corrected < 0 for c in deciding),
        "around": any(c.low <= 0 <= c.high for c in deciding),
        "reached": reached,
        "missed": not reached,
        "ruled_out": ruled_out,
        "all_ruled_out": all(c.high_corrected < sesoi for c in deciding),
        "open": not ruled_out and not (above and reached),
        "negative": any(c.mean < 0 for c in deciding),
        "no_failures": not any(
            f.value for f in context.facts.items if f.name.endswith("failures") and f.split != "dev"
        ),
        "capped": bool(context.verdict.caps),
    }
