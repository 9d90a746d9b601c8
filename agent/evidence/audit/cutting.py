"""What the audit still holds against a text at the end goes out with its sentence.

Promises to take out the smallest unit around each finding, a sentence or an item of a list, and to tell what
went. What is missing cannot be cut, nor what stands in no section: such findings stay. The rest has to be
audited again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from agent.artifacts import Finding, SectionText
from agent.evidence.audit import completeness
from agent.evidence.audit.reading import Sentence, read
from agent.evidence.audit.source import Unreadable

_EMPTY_ITEM = re.compile(r"\\item\s*(?=\\item\b|\\end\{)")
_EMPTY_LIST = re.compile(r"\\begin\{(itemize|enumerate|description)\}\s*\\end\{\1\}\s*")
_LIST = re.compile(r"\\(?:begin|end|item)\b")
_SPACE = re.compile(r"(?<=\S) {2,}(?=\S)")


@dataclass(frozen=True)
class Cut:
    """A sentence that was taken out."""

    section: str
    latex: str
    reasons: tuple[str, ...]


def without_findings(
    sections: Iterable[SectionText], findings: Iterable[Finding]
) -> tuple[tuple[SectionText, ...], tuple[Cut, ...]]:
    """The sections without the sentences that findings stand in, and these sentences in their order."""
    by_file: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.rule != completeness.RULE:
            by_file.setdefault(finding.file, []).append(finding)
    kept: list[SectionText] = []
    cuts: list[Cut] = []
    for section in sections:
        latex, gone = _cut(section, by_file.get(f"{section.name}.tex", []))
        kept.append(section.model_copy(update={"latex": latex}))
        cuts += gone
    return tuple(kept), tuple(cuts)


def told(cuts: Iterable[Cut]) -> str:
    """What was taken out, in one sentence for the paper; empty where nothing was."""
    gone = tuple(cuts)
    if not gone:
        return ""
    number, listed = len(gone), by_section(gone)
    was = "sentence was" if number == 1 else "sentences were"
    return f"{number} {was} taken out because the audit found no evidence behind what was said ({listed})."


def by_section(cuts: Iterable[Cut]) -> str:
    """How many went out of each section, such as `2 in method, 1 in conclusion`."""
    places = Counter(cut.section.replace("_", " ") for cut in cuts)
    return ", ".join(f"{count} in {name}" for name, count in places.items())


def sentences_in(latex: str) -> tuple[tuple[int, int], ...]:
    """Start and stop of each sentence or item that can go out by itself, in order.

    Raises:
        Unreadable: the text is not balanced LaTeX.
    """
    spans = [(one.start, _end(latex, one)) for one in read(latex)]
    return tuple(span for span in spans if _balanced(latex, *span) == span)


def without(latex: str, span: tuple[int, int]) -> str:
    """The text without a part of it, nor a list that this leaves empty."""
    start, stop = span
    return _tidied(latex[:start] + latex[stop:])


def _cut(section: SectionText, findings: list[Finding]) -> tuple[str, list[Cut]]:
    latex = section.latex
    try:
        sentences = read(latex)
    except Unreadable:
        return latex, []
    spans: dict[tuple[int, int], list[str]] = {}
    for finding in findings:
        place = _offset(latex, finding)
        inside = [s for s in sentences if s.start <= place < s.stop]
        if inside:
            span = _balanced(latex, inside[0].start, _end(latex, inside[0]))
            if span is not None:
                spans.setdefault(span, []).append(finding.reason)
    cuts = []
    for (start, stop), reasons in sorted(spans.items(), reverse=True):
        cuts.append(Cut(section.name, latex[start:stop].strip(), tuple(dict.fromkeys(reasons))))
        latex = latex[:start] + latex[stop:]
    return _tidied(latex) if cuts else latex, cuts[::-1]


def _end(latex: str, sentence: Sentence) -> int:
    """Where a sentence ends, or the list item that it stands in."""
    ends = _LIST.search(latex, sentence.start, sentence.stop)
    return ends.start() if ends else sentence.stop


def _tidied(latex: str) -> str:
    latex = _EMPTY_LIST.sub("", _EMPTY_ITEM.sub("", latex))
    return _SPACE.sub(" ", latex).strip()


def _offset(latex: str, finding: Finding) -> int:
    lines = latex.splitlines(keepends=True)
    return sum(map(len, lines[: finding.line - 1])) + finding.column - 1


def _balanced(latex: str, start: int, stop: int) -> tuple[int, int] | None:
    """The span, widened to its paragraph where it holds half of a group; None where that does not help."""
    low = latex.rfind("\n\n", 0, start) + 2
    high = latex.find("\n\n", stop)
    for first, last in ((start, stop), (low if low > 1 else 0, high if high >= 0 else len(latex))):
        part = latex[first:last].replace(r"\{", "").replace(r"\}", "")
        if part.count("{") == part.count("}") and r"\begin" not in part and r"\end" not in part:
            return first, last
    return None
