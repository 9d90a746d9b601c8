"""Rule `wording`: no word says more than the computed claims license.

Promises to hold words of direction, degree, certainty, mechanism, generality and unmeasured quality against
the claims of the arms that a clause names. Denials, questions and suppositions are let pass; so is what a
cited work is said to have found. What may be right but is not licensed is a finding too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.artifacts import Finding
from agent.evidence.audit.arms import mentions
from agent.evidence.audit.asserted import is_denied, is_disclaimer, is_of_others, is_supposed, licence
from agent.evidence.audit.context import BACKED_SECTIONS, AuditContext, finding
from agent.evidence.audit.direction import direction_problem
from agent.evidence.audit.reading import FACT, VERDICT, Clause, read
from agent.evidence.audit.words import whole, words

RULE = "wording"
_EVERYWHERE = {
    "certain": "says more than an interval shows; let \\verdict and \\claim{} say it",
}
_OF_THE_STUDY = {
    "degree": "says how large an effect is; only a fact says that",
    "mechanism": "gives a reason, for which nothing was tested; put it in \\conjecture{}",
    "general": "goes beyond the scope; put it in \\conjecture{} or leave it out",
    "quality": "speaks of something that the study did not measure",
}
_ABOUT = (
    "effects?",
    "gains?",
    "differences?",
    "improvements?",
    "results?",
    "findings?",
    "this study",
    "our",
    "we",
)
_BE = r"(?:is|was|are|were|be|been|stands?|counts as|remains?)"


def wording_findings(name: str, latex: str, context: AuditContext) -> Iterator[Finding]:
    """The words of a section that nothing licenses.

    Raises:
        Unreadable: the text is not balanced LaTeX.
    """
    for sentence in read(latex, context.closing):
        for clause in sentence.clauses:
            for position, word, reason in _problems(clause, name, context):
                yield finding(RULE, f"{name}.tex", latex, clause.place(position), word, f"{word!r} {reason}")


def _problems(clause: Clause, section: str, context: AuditContext) -> Iterator[tuple[int, str, str]]:
    told = licence(clause, context)
    if told is False and not is_supposed(clause, section):
        yield 0, " ".join(clause.text.split()), "is not what was recorded"
    if told is not None or is_supposed(clause, section) or is_of_others(clause, section):
        return
    yield from _verdict_words(clause, section)
    about = section in BACKED_SECTIONS or _is_about_the_study(clause, context)
    lists = {**_EVERYWHERE, **(_OF_THE_STUDY if about else {})}
    text = _without_names(clause.text, context)
    if VERDICT in clause.sentence.text:
        lists.pop("mechanism", None)  # the registered rule is why
    for name, reason in lists.items():
        for match in words(name).finditer(text):
            absent = name == "quality" and not is_disclaimer(clause)
            if absent or not is_denied(text, match.start()):
                yield match.start(), match[0], reason
    if about and not is_disclaimer(clause):
        yield from direction_problem(clause, text, section, context)


def _is_about_the_study(clause: Clause, context: AuditContext) -> bool:
    sentence = clause.sentence.text
    return bool(mentions(sentence, context) or whole(*_ABOUT).search(sentence))


def _without_names(text: str, context: AuditContext) -> str:
    """The text with labels of arms and neutral phrases blanked, so that no name is read as a word."""
    patterns = [
        words("neutral"),
        *(whole(re.escape(label)) for label in context.arm_labels.values() if label),
    ]
    for pattern in patterns:
        text = pattern.sub(lambda match: " " * len(match[0]), text)
    return text


def _verdict_words(clause: Clause, section: str) -> Iterator[tuple[int, str, str]]:
    """The verdict typed as a report, not as what a probability is of."""
    if any(mark.kind == FACT and mark.name.startswith("power.") for mark in clause.sentence.marks):
        return
    for match in words("verdicts").finditer(clause.text):
        reported = whole(rf"{_BE} (?:\w+ )?{match[0]}").search(clause.text)
        if (section in BACKED_SECTIONS or reported) and not is_denied(clause.text, match.start()):
            yield match.start(), match[0], "is the verdict's to say; print it with \\verdict"
