"""Rule `statements`: in abstract, results and conclusion every clause that asserts carries its own evidence.

Promises to name each clause without a fact, claim, verdict or citation in it; evidence elsewhere in the
sentence does not count. Let pass are questions, suppositions, disclaimers, clauses that point at a figure
or table, and the statements about an interval that it bears out. A conjecture must be worded as one and
stands only for itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from agent.artifacts import Finding
from agent.evidence.audit.asserted import is_disclaimer, is_supposed, licence
from agent.evidence.audit.context import BACKED_SECTIONS, AuditContext, finding
from agent.evidence.audit.reading import CONJECTURE, REF, SETTING, Clause, Sentence, conjectures, read
from agent.evidence.audit.source import FACT_MACROS, macros
from agent.evidence.audit.words import whole, words
from agent.prompts.sentences import is_declarative

RULE = "statements"
_SENTENCE = "a declarative sentence without a fact, claim, citation or conjecture behind it"
_CLAUSE = "this part of the sentence asserts something and has no fact, claim or citation in it"
_UNHEDGED = "a conjecture is worded as a finding; say that it may be so"
_EVIDENCE = "a conjecture holds no facts, claims or verdicts; state them outside it"
_FEW_WORDS = 4


def unbacked(name: str, latex: str, context: AuditContext) -> Iterator[Finding]:
    """The statements of a section that nothing backs, and conjectures that are none.

    Raises:
        Unreadable: the text is not balanced LaTeX.
    """
    file = f"{name}.tex"
    yield from _conjectures(file, latex)
    if name not in BACKED_SECTIONS:
        return
    for sentence in read(latex, context.closing):
        if not is_declarative(sentence.text) or sentence.text.strip(f". {CONJECTURE}") == "":
            continue
        quotation = latex[sentence.start : sentence.stop]
        if not any(clause.is_backed or licence(clause, context) for clause in sentence.clauses):
            if not _passes(sentence):
                yield finding(RULE, file, latex, sentence.start, quotation, _SENTENCE)
            continue
        for clause, following in zip_longest(sentence.clauses, sentence.clauses[1:]):
            if (
                not clause.is_backed
                and not _is_subject(clause, following)
                and not _leads_in(clause, following)
                and _asserts(clause, name, context)
            ):
                yield finding(RULE, file, latex, clause.place(_first(clause.text)), clause.text, _CLAUSE)


def _passes(sentence: Sentence) -> bool:
    """Whether all words of a sentence stand in conjectures."""
    rest = sentence.text.replace(CONJECTURE, " ")
    return not is_declarative(rest)


def _is_subject(clause: Clause, following: Clause | None) -> bool:
    """Whether a clause is only what a relative clause is about; its verb comes after that."""
    relative = following is not None and following.text.lstrip().lower().startswith(("which", "who", "where"))
    return relative and clause.low == 0 and not words("saying").search(clause.text)


def _leads_in(clause: Clause, following: Clause | None) -> bool:
    """Whether a clause only leads up, with a colon, to the evidence that follows."""
    colon = clause.sentence.text[clause.high : clause.high + 1] == ":"
    return colon and following is not None and following.is_backed


def _asserts(clause: Clause, section: str, context: AuditContext) -> bool:
    text = clause.text.replace(CONJECTURE, " ")
    count = len(text.split())
    if count < _FEW_WORDS - 1 or (count < _FEW_WORDS and not words("saying").search(text)):
        return False
    if clause.is_inserted and not words("saying").search(text):
        return False
    if is_supposed(clause, section) or is_disclaimer(clause) or licence(clause, context) is not None:
        return False
    if REF in text and words("showing").search(text):
        return False
    if any(mark.kind == SETTING and mark.name == "scope" for mark in clause.marks):
        return False
    return not whole("next experiment", "only that can tell").search(text)


def _first(text: str) -> int:
    return len(text) - len(text.lstrip())


def _conjectures(file: str, latex: str) -> Iterator[Finding]:
    for conjecture in conjectures(latex):
        if not words("hedges").search(conjecture.text):
            yield finding(RULE, file, latex, conjecture.start, conjecture.text, _UNHEDGED)
    evidence = (*FACT_MACROS, "claim", "verdict")
    for node, inner in macros(latex, ("conjecture",)):
        if any(True for _ in macros(inner, evidence)):
            yield finding(RULE, file, latex, node.pos, inner, _EVIDENCE)
