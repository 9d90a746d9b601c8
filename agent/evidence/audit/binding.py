"""Rule `binding`: in the bound paper the printed digits are those of the facts that they are linked to.

Promises to read the digits back from the LaTeX and compare them with the fact, so that a fault of the
binder is seen, which makes the same paper twice. Independent of how numbers are formatted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from agent.artifacts import Fact, Finding
from agent.evidence.audit.context import AuditContext, finding
from agent.evidence.audit.source import arguments, kind_of, parse, walk

RULE = "binding"
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")


def binding_findings(file: str, bound: str, context: AuditContext) -> Iterator[Finding]:
    """Digits that are not their fact's, and facts without a row in the appendix.

    Raises:
        Unreadable: the paper is not balanced LaTeX.
    """
    facts = {fact.name: fact for fact in context.facts.items}
    used = [node for node in walk(parse(bound)) if kind_of(node) == "macro"]
    rows = {_argument(node, 0, bound) for node in used if node.macroname == "shoalrow"}
    for node in (node for node in used if node.macroname == "shoalfact"):
        name = _argument(node, 0, bound)
        reason = _reason(facts.get(name), _argument(node, 1, bound), name in rows)
        if reason:
            yield finding(RULE, file, bound, node.pos, bound[node.pos : node.pos + node.len], reason)


def _argument(node: Any, number: int, latex: str) -> str:
    given = arguments(node)
    if number >= len(given):
        return ""
    return latex[given[number].pos + 1 : given[number].pos + given[number].len - 1]


def _reason(fact: Fact | None, printed: str, has_row: bool) -> str:
    if fact is None:
        return "no such fact was computed"
    if not has_row:
        return f"{fact.name} has no row in the evidence appendix"
    text = printed.replace("{,}", "")
    literals = _NUMBER.findall(text)
    ends = (fact.low, fact.high) if text.lstrip().startswith("[") else (fact.value,)
    if len(literals) != len(ends):
        return f"{printed} is not {fact.name} as it is printed"
    for literal, value in zip(literals, ends, strict=True):
        if "<" in text and fact.value < float(literal):
            continue
        half_a_digit = 0.5 * 10.0 ** -len(literal.partition(".")[2])
        if value is None or abs(float(literal) - value) > half_a_digit * (1 + 1e-6) + 1e-12:
            return f"{literal} is not the value of {fact.name}"
    return ""
