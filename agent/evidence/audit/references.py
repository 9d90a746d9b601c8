"""Rules `references`: every cited work is known and exists, and no work stands in the list twice.

A work that no source could be asked about (`unavailable`) is not the paper's fault.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.artifacts import Finding, Reference, SectionText
from agent.evidence.audit.context import finding
from agent.evidence.audit.source import CITE_MACROS, keys_of, macros

RULE = "references"


def reference_findings(sections: tuple[SectionText, ...], known: tuple[Reference, ...]) -> Iterator[Finding]:
    """Citations of unknown works, works cited under two keys, related work that cites nothing.

    Raises:
        Unreadable: a section is not balanced LaTeX.
    """
    works = {reference.key: reference for reference in known}
    first_key: dict[tuple[str, int], str] = {}
    for section in sections:
        file = f"{section.name}.tex"
        citations = list(macros(section.latex, CITE_MACROS))
        if section.name == "related_work" and not citations and known:
            yield finding(RULE, file, section.latex, 0, section.latex[:80], "related work cites no work")
        for node, argument in citations:
            for key in keys_of(argument):
                work = works.get(key)
                reason = _reason(key, work) if work is None or work.status == "not_found" else ""
                if work is not None and not reason:
                    title = ("".join(c for c in work.title.lower() if c.isalnum()), work.year)
                    other = first_key.setdefault(title, key)
                    reason = f"the same work is cited as {other} too" if other != key else ""
                if reason:
                    yield finding(RULE, file, section.latex, node.pos, f"\\{node.macroname}{{{key}}}", reason)


def _reason(key: str, work: Reference | None) -> str:
    if work is None:
        return f"{key} is not in the bibliography"
    return f"no source knows {key} ({work.source})"
