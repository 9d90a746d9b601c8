"""Rule `numbers`: what a writer may not type, because only facts and settings may print it.

Promises the place of each number in the prose; what counts as one is `agent.prompts.amounts`' to say, for
writers and audit alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from agent.artifacts import Finding
from agent.evidence.audit.context import finding
from agent.evidence.audit.source import arguments, body_of, children, name_of, parse, prose, walk
from agent.prompts.amounts import Typed, typed_amounts, typed_digits

RULE = "numbers"
_BOUND = frozenset({"shoalfact", "shoalsetting", "shoaldeclared"})
_REASON = (
    "a number in the text is neither a fact nor a registered setting; name one with \\fact{} or \\setting{}"
)


def typed_numbers(file: str, latex: str) -> Iterator[Finding]:
    """The literal numbers in a section's prose, in order.

    Raises:
        Unreadable: the text is not balanced LaTeX.
    """
    for node in prose(parse(latex)):
        yield from _found(file, latex, node, typed_digits(_text(node, latex)))
        yield from _found(file, latex, node, typed_amounts(_text(node, latex)))


def unbound_numbers(file: str, bound: str) -> Iterator[Finding]:
    """Digits and amounts of the bound paper, up to its appendix, that neither binder nor renderer vouch for.

    Raises:
        Unreadable: the paper is not balanced LaTeX.
    """
    for node in prose(_without_claim_ids(body_of(bound)), _BOUND):
        yield from _found(file, bound, node, typed_digits(_text(node, bound)))
        yield from _found(file, bound, node, typed_amounts(_text(node, bound)))


def _without_claim_ids(nodes: Iterable[Any]) -> Iterator[Any]:
    """The nodes with a bound claim replaced by its text, wherever it stands."""
    for node in nodes:
        if name_of(node) == "shoalclaim":
            yield arguments(node)[-1]
        elif any(name_of(inner) == "shoalclaim" for inner in walk(children(node))):
            yield from _without_claim_ids(children(node))
        else:
            yield node


def _found(file: str, latex: str, node: Any, numbers: Iterable[Typed]) -> Iterator[Finding]:
    for number in numbers:
        yield finding(RULE, file, latex, node.pos + number.start, number.text, _REASON)


def _text(node: Any, latex: str) -> str:
    return latex[node.pos : node.pos + node.len]
