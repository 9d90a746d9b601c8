"""Rule `recorded`: what was run, on what, with what, and by whom is told only as far as it was recorded.

Promises to name hardware, run times, data sizes, experiments beside the registered ones, parts of a system
that neither code nor knobs have, findings of others without a citation, and what is called by a name that the
code has only where no traced trial executed it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from agent.artifacts import Finding
from agent.evidence.audit.asserted import is_denied, is_disclaimer, is_of_others, is_supposed
from agent.evidence.audit.context import AuditContext, finding
from agent.evidence.audit.reading import CITE, SETTING, Clause, read
from agent.evidence.audit.verbatim import is_verbatim
from agent.evidence.audit.words import whole, words

RULE = "recorded"
_LISTS = {
    "hardware": "no manifest of the study records this hardware or software",
    "run_time": "no manifest of the study records this time or size",
    "data_size": "no setting of the study says this about data",
    "unrecorded": "no registered trial or computation records this",
}
_FREE = ("introduction", "related_work")
_OF_LIMITS = frozenset({
    "seconds", "cores", "core", "memory", "cpu", "cpus", "processor", "processors",
    "wall-clock", "wall clock", "wall-clock time", "wall clock time",
})  # fmt: skip
"""Words that a declared limit of a trial is told in."""


def unrecorded(name: str, latex: str, context: AuditContext) -> Iterator[Finding]:
    """What a section tells that nothing recorded.

    Raises:
        Unreadable: the text is not balanced LaTeX.
    """
    for sentence in read(latex, context.closing):
        for clause in sentence.clauses:
            for position, word, reason in _problems(clause, name, context):
                yield finding(RULE, f"{name}.tex", latex, clause.place(position), word, f"{word!r}: {reason}")


def _problems(clause: Clause, section: str, context: AuditContext) -> Iterator[tuple[int, str, str]]:
    if is_verbatim(clause, context):
        return
    yield from _attributions(clause)
    if is_of_others(clause, section):
        return
    for name, reason in _LISTS.items():
        for match in words(name).finditer(clause.text):
            if not (is_denied(clause.text, match.start()) or _is_declared(clause, match[0], context)):
                yield match.start(), match[0], reason
    if not is_supposed(clause, section):
        yield from _components(clause, section, context)
        yield from _never_ran(clause, section, context)


def _is_declared(clause: Clause, word: str, context: AuditContext) -> bool:
    """Whether the words are the study's own: of a label, a setting, or the unit of one beside it."""
    if any(mark.kind == SETTING and mark.name.startswith("limit.") for mark in clause.marks):
        return word.lower() in _OF_LIMITS
    if any(mark.kind == SETTING and mark.name.startswith("knob.") for mark in clause.marks):
        return word.lower() in _vocabulary(context)
    return word.lower() in _names(context)


def _attributions(clause: Clause) -> Iterator[tuple[int, str, str]]:
    if CITE in clause.sentence.text:
        return
    for match in words("attributions").finditer(clause.text):
        told = is_denied(clause.text, match.start()) or is_disclaimer(clause)
        if not told and not whole("whether").search(clause.sentence.text):
            yield match.start(), match[0], "speaks for others and cites no work"


def _components(clause: Clause, section: str, context: AuditContext) -> Iterator[tuple[int, str, str]]:
    if section in _FREE and not whole("treatment", "our", "we", "this study").search(clause.sentence.text):
        return
    known = _vocabulary(context)
    for match in words("components").finditer(clause.text):
        parts = re.findall(r"[a-z]+", match[0].lower())
        if CITE in clause.text or is_denied(clause.text, match.start()):
            continue
        if not all(any(word.startswith(part[:6]) for word in known) for part in parts):
            yield match.start(), match[0], "neither the code nor a knob of the study has this"


def _never_ran(clause: Clause, section: str, context: AuditContext) -> Iterator[tuple[int, str, str]]:
    """Names of code that did not run, told as if it had; a name of one word may mean anything."""
    if section not in _ABOUT_THE_CODE or not context.never_ran or words("denial").search(clause.text):
        return
    knobs = {key.rpartition(".")[2] for key in context.settings if key.startswith("knob.")}
    for name in sorted(context.never_ran - knobs):
        parts = _PARTS.findall(name)
        forms = {re.escape(name), r"[ _-]".join(map(re.escape, parts))} if len(parts) > 1 else set()
        for match in whole(*forms).finditer(clause.text) if forms else ():
            yield match.start(), match[0], "no traced trial executed the code that has this name"


_ABOUT_THE_CODE = ("abstract", "method", "results", "conclusion")
_PARTS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


@lru_cache(maxsize=16)
def _words_of(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]+", text.lower()))


def _names(context: AuditContext) -> frozenset[str]:
    """The words of labels, of the scope and of declared phrases."""
    texts = [*context.arm_labels.values(), *(str(v) for v in context.settings.values() if isinstance(v, str))]
    return _words_of(" ".join(texts))


def _vocabulary(context: AuditContext) -> frozenset[str]:
    """The words of code, knobs, settings and claims."""
    knobs = " ".join(
        name.rsplit(".", 1)[1].replace("_", " ") for name in context.settings if name.startswith("knob.")
    )
    claims = " ".join(claim.text for claim in context.claims.items)
    own = [line[1:] for line in context.code_diff.splitlines() if line.startswith("+")]
    code = " ".join(own).replace("_", " ")
    return _names(context) | _words_of(knobs) | _words_of(claims) | _words_of(code)
