"""Rule `bound`: the bound paper says what its audited sections say, and nothing else.

Promises to name each sentence of the prose that is in no section or caption, commands that could hide text,
and claims, settings and verdicts whose printed text is not theirs. Captions of tables and the card are the
renderer's; in them words are held against the evidence as in a section.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from agent.artifacts import Finding, SectionText
from agent.evidence.audit.beside import misplaced_facts
from agent.evidence.audit.context import AuditContext, finding
from agent.evidence.audit.reading import Sentence, read
from agent.evidence.audit.recorded import unrecorded
from agent.evidence.audit.source import arguments, kind_of, name_of, parse, walk
from agent.evidence.audit.wording import wording_findings

RULE = "bound"
_HIDING = frozenset({
    "newcommand", "renewcommand", "providecommand", "DeclareRobustCommand", "def", "edef", "gdef", "xdef",
    "let",
    "input", "include", "subfile", "import", "char", "romannumeral", "number", "value", "arabic", "roman",
    "Roman",
    "alph", "Alph", "setcounter", "addtocounter", "stepcounter", "csname", "catcode", "numexpr", "num",
    "SI", "qty",
    "si", "ang", "numlist", "numrange", "verb", "lstinline", "footnote", "footnotetext", "thanks",
    "marginpar",
    "directlua", "expandafter", "scantokens", "loop", "ifnum", "ifx", "nocite", "newcounter",
    "newenvironment",
    "lstinputlisting", "verbatiminput", "csvreader", "pgfmathparse", "pgfmathprintnumber", "fpeval",
    "inteval",
})  # fmt: skip
"""What could print digits or text that no rule reads."""
_OURS = r"\shoalbyline"
_OUTSIDE = re.compile(r"\\begin\{(table|figure|shoalcard)\*?\}.*?\\end\{\1\*?\}", re.DOTALL)
_END = re.compile(r"\\section\*\{|\\FloatBarrier|\\appendix")


def bound_findings(
    file: str, bound: str, sections: tuple[SectionText, ...], context: AuditContext
) -> Iterator[Finding]:
    """Where the bound paper and its sections differ.

    Raises:
        Unreadable: the paper is not balanced LaTeX.
    """
    yield from _hidden(file, bound)
    yield from _printed(file, bound, context)
    known = {_signature(s) for section in sections for s in read(section.latex, context.closing)}
    for sentence in read(_prose(bound), context.closing):
        signature = _signature(sentence)
        if signature and signature not in known:
            quotation = bound[sentence.start : sentence.stop]
            yield finding(RULE, file, bound, sentence.start, quotation, "no audited section says this")
    yield from _outside(file, bound, context)


def _prose(bound: str) -> str:
    """The paper with all but its sections blanked, everything where it was."""
    start = bound.find(r"\maketitle") + len(r"\maketitle")
    end = _END.search(bound, start)
    stop = end.start() if end else len(bound)
    inner = _OUTSIDE.sub(lambda match: _blank(match[0]), bound[start:stop])
    return _blank(bound[:start]) + inner


def _blank(text: str) -> str:
    return "".join("\n" if character == "\n" else " " for character in text)


def _signature(sentence: Sentence) -> str:
    """Letters, digits and names of a sentence, without what binding may change."""
    names = {mark.at: "" if mark.macro == "conjecture" else f"<{mark.name}>" for mark in sentence.marks}
    text = "".join(names.get(i, c) for i, c in enumerate(sentence.text))
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if c.isascii() and (c.isalnum() or c in "<>."))


def _hidden(file: str, bound: str) -> Iterator[Finding]:
    for node in walk(parse(bound)):
        name = name_of(node)
        if kind_of(node) != "macro" or not (
            name in _HIDING or (name.startswith("the") and name[3:] in _COUNTERS)
        ):
            continue
        after = bound[node.pos : node.pos + node.len + 20]
        if name != "renewcommand" or _OURS not in after:
            yield finding(RULE, file, bound, node.pos, after, f"\\{name} could print what no rule reads")


_COUNTERS = ("page", "section", "figure", "table", "equation", "footnote", "enumi")


def _printed(file: str, bound: str, context: AuditContext) -> Iterator[Finding]:
    claims = {claim.id: claim.text for claim in context.claims.items}
    word = context.verdict.word
    for node in walk(parse(bound)):
        if kind_of(node) != "macro":
            continue
        given = [bound[a.pos + 1 : a.pos + a.len - 1] for a in arguments(node)]
        reason = ""
        if node.macroname == "shoalclaim" and len(given) == 2 and given[0] in claims:
            if _letters(given[1]) != _letters(claims[given[0]]):
                reason = f"this is not the text of the claim {given[0]}"
        elif node.macroname == "shoalverdict" and given and not re.match(rf"{word}\b", given[0]):
            reason = f"the computed verdict is {word}"
        elif node.macroname == "shoalsetting" and len(given) == 2 and given[0] in context.settings:
            value = context.settings[given[0]]
            if not _same(given[1], value):
                reason = f"this is not the value of the setting {given[0]}"
        if reason:
            yield finding(RULE, file, bound, node.pos, bound[node.pos : node.pos + node.len], reason)


_SHOWN = re.compile(
    r"\\shoalfact\{[^{}]*\}\{(?:[^{}]|\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\})*\}|\\(?:fact|interval)\{[^{}]*\}"
)


def _letters(latex: str) -> str:
    text = re.sub(r"\\[A-Za-z]+", "", _SHOWN.sub("", latex))
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if c.isascii() and c.isalpha())


def _same(printed: str, value: Any) -> bool:
    if isinstance(value, bool):
        return True
    if isinstance(value, (int, float)):
        number = re.search(r"-?\d[\d.]*(?:e-?\d+)?", printed.replace("{,}", "").replace(r"\,", ""))
        scaled = re.search(r"\^\{(-?\d+)\}", printed)
        if number is None:
            return False
        shown = float(number[0].rstrip(".")) * 10.0 ** (int(scaled[1]) if scaled else 0)
        return abs(shown - value) <= 1e-3 * max(abs(value), 1e-12) or shown == value
    return _letters(printed) == _letters(str(value)) and _digits(printed) == _digits(str(value))


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isascii() and c.isdigit())


def _outside(file: str, bound: str, context: AuditContext) -> Iterator[Finding]:
    """Captions and the paper's own notes, whose words are held against the evidence."""
    captions = {_caption_signature(figure.caption, context) for figure in context.figures}
    for node in walk(parse(bound)):
        if name_of(node) != "caption" or not arguments(node):
            continue
        inner = arguments(node)[-1]
        text = bound[inner.pos + 1 : inner.pos + inner.len - 1]
        if _caption_signature(text, context) in captions:
            continue
        yield from _moved(file, bound, inner.pos + 1, text, context)
    made = re.search(r"\\section\*\{.*?\\FloatBarrier", bound, re.DOTALL)
    if made is not None:
        yield from _moved(file, bound, made.start(), made[0].removesuffix(r"\FloatBarrier"), context)


def _caption_signature(latex: str, context: AuditContext) -> str:
    return "".join(map(_signature, read(latex, context.closing)))


def _moved(file: str, bound: str, start: int, text: str, context: AuditContext) -> Iterable[Finding]:
    """What the rules of a section find in a part of the paper, at its place in the paper."""
    lines, column = bound.count("\n", 0, start), start - bound.rfind("\n", 0, start) - 1
    for rule in (wording_findings, misplaced_facts, unrecorded):
        for found in rule("captions", text, context):
            place = {"file": file, "line": found.line + lines}
            moved = found.column + (column if found.line == 1 else 0)
            yield found.model_copy(update={**place, "column": moved})
