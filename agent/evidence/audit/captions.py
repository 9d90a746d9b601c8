"""Rule `captions`: a caption that the paper's author wrote says no more than a section of the paper may.

Captions of Shoal's own figures are computed and not looked at here. A caption describes what is drawn and
need not be backed sentence by sentence; for what it does say the rules of sections hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agent.artifacts import Figure, Finding
from agent.evidence.audit import beside, commands, numbers, recorded, statements, wording
from agent.evidence.audit.context import AuditContext, finding
from agent.evidence.audit.source import Unreadable

RULE = "captions"
NAME = "captions"
"""How the rules of sections call them: no section of the paper."""


def authored_captions(figures: Iterable[Figure], context: AuditContext) -> Iterator[Finding]:
    """What the rules find in captions that an author wrote."""
    for figure in figures:
        yield from caption_findings(figure.caption, context)


def caption_findings(latex: str, context: AuditContext) -> tuple[Finding, ...]:
    """What the rules find in one caption; one that cannot be parsed is a finding."""
    try:
        found = [
            *numbers.typed_numbers(f"{NAME}.tex", latex),
            *commands.unknown_commands(NAME, latex, context),
            *statements.unbacked(NAME, latex, context),
            *wording.wording_findings(NAME, latex, context),
            *beside.misplaced_facts(NAME, latex, context),
            *recorded.unrecorded(NAME, latex, context),
        ]
    except Unreadable as error:
        reason = f"the caption is not balanced LaTeX: {error.message}"
        return (finding(RULE, f"{NAME}.tex", latex, 0, latex, reason),)
    return tuple(one.model_copy(update={"rule": RULE}) for one in found)
