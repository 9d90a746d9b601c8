"""The audit: every rule over every section, and over the bound paper where there is one.

Promises findings with file, line and column from 1, in the order of the paper, and the names of the rules
that ran. A text that cannot be parsed is a finding, not an exception.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from agent.artifacts import Audit, Finding, SectionText
from agent.artifacts.added import ADDED
from agent.evidence.audit import (
    beside,
    binding,
    captions,
    commands,
    completeness,
    exact,
    numbers,
    recorded,
    references,
    statements,
    support,
    wording,
)
from agent.evidence.audit import sections as whole
from agent.evidence.audit.context import AuditContext
from agent.evidence.audit.source import Unreadable, parse

READABLE = "readable"
BOUND_FILE = "paper.tex"
_OF_A_SECTION: tuple[Callable[[str, str, AuditContext], Iterable[Finding]], ...] = (
    commands.unknown_commands,
    statements.unbacked,
    wording.wording_findings,
    beside.misplaced_facts,
    recorded.unrecorded,
)
_RULES = (commands.RULE, statements.RULE, wording.RULE, beside.RULE, recorded.RULE)


def audit(
    sections: tuple[SectionText, ...], context: AuditContext, rendered: str = "", bound: str | None = None
) -> Audit:
    """Audit the sections of a paper as written, and its bound LaTeX.

    Args:
        sections: In macro language; findings name `<section>.tex`.
        rendered: What the renderer makes of the study and its sections; empty leaves out the rules that read
            a whole paper.
        bound: The `paper.tex` that is audited; None is `rendered` itself.
    """
    readable, findings = _readable(sections)
    for section in readable:
        name, latex = section.name, section.latex
        findings += numbers.typed_numbers(f"{name}.tex", latex)
        for rule in _OF_A_SECTION:
            findings += rule(name, latex, context)
    findings += support.unsupported(readable, context)
    findings += references.reference_findings(readable, context.references)
    findings += completeness.missing_reports(readable, context)
    findings += whole.missing_sections(sections)
    findings += whole.section_findings(readable)
    rules = [READABLE, numbers.RULE, *_RULES, support.RULE, references.RULE, completeness.RULE, whole.RULE]
    if authored := [figure for figure in context.figures if figure.id == ADDED]:
        findings += captions.authored_captions(authored, context)
        rules.append(captions.RULE)
    if rendered:
        paper = rendered if bound is None else bound
        findings += _guarded(BOUND_FILE, paper, lambda: exact.differing_lines(BOUND_FILE, paper, rendered))
        findings += _guarded(BOUND_FILE, paper, lambda: numbers.unbound_numbers(BOUND_FILE, paper))
        findings += _guarded(BOUND_FILE, paper, lambda: binding.binding_findings(BOUND_FILE, paper, context))
        rules += [exact.RULE, binding.RULE]
    return Audit(
        passed=not findings,
        findings=tuple(_ordered(findings, sections)),
        checked=tuple(rules),
        parents=(context.facts.hash, context.claims.hash, context.verdict.hash, context.plan.hash),
    )


def _readable(sections: tuple[SectionText, ...]) -> tuple[tuple[SectionText, ...], list[Finding]]:
    """The sections that can be parsed, and a finding for each one that cannot."""
    good, findings = [], []
    for section in sections:
        problems = _guarded(f"{section.name}.tex", section.latex, partial(_parsed, section.latex))
        findings += problems
        if not problems:
            good.append(section)
    return tuple(good), findings


def _parsed(latex: str) -> Iterator[Finding]:
    parse(latex)
    return iter(())


def _guarded(file: str, latex: str, rule: Callable[[], Iterable[Finding]]) -> list[Finding]:
    try:
        return list(rule())
    except Unreadable as error:
        line = latex.splitlines()[error.place.line - 1 : error.place.line]
        return [
            Finding(
                rule=READABLE, file=file, line=error.place.line, column=error.place.column,
                quotation="".join(line)[:160], reason=f"the text is not balanced LaTeX: {error.message}",
            )
        ]  # fmt: skip


def _ordered(findings: Iterable[Finding], sections: tuple[SectionText, ...]) -> list[Finding]:
    order = {f"{section.name}.tex": number for number, section in enumerate(sections)}
    return sorted(
        dict.fromkeys(findings),
        key=lambda f: (order.get(f.file, len(order)), f.file, f.line, f.column, f.rule),
    )
