"""Rule `commands`: a section uses only the commands that its writer may, and names only what exists.

So nothing can hide digits or text: no definitions, counters, character codes, included files, tables or
conditionals, and no macro of the bound paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from agent.artifacts import Finding
from agent.evidence.audit.context import AuditContext, finding
from agent.evidence.audit.source import argument_text, children, kind_of, name_of, parse
from agent.prompts.macros import ACCENTS, ENVIRONMENTS, ESCAPES, MATHS, NAMED, STYLES, SYMBOLS
from agent.prompts.section import SECTIONS

RULE = "commands"
TABLES = ("tab:results", "tab:exploration", "tab:knobs")
"""The tables that the renderer makes."""
PLACES = ("app:code", "app:evidence", "sec:made", *(f"sec:{name}" for name in SECTIONS))
_TEXT = STYLES | ESCAPES | ACCENTS | SYMBOLS | NAMED | {"verdict", "conjecture", "item"}
_REASON = "is not one of the commands that a section may use"


def unknown_commands(name: str, latex: str, context: AuditContext) -> Iterator[Finding]:
    """Commands and environments beyond the macro language, and names that nothing has.

    Raises:
        Unreadable: the text is not balanced LaTeX.
    """
    file = f"{name}.tex"
    for position, said, reason in _found(parse(latex), latex, _known(context), math=False):
        yield finding(RULE, file, latex, position, said, reason)


def _known(context: AuditContext) -> dict[str, frozenset[str]]:
    facts = context.facts.items
    return {
        "fact": frozenset(fact.name for fact in facts),
        "interval": frozenset(fact.name for fact in facts if fact.low is not None),
        "claim": frozenset(claim.id for claim in context.claims.items),
        "setting": frozenset(context.settings),
        "ref": frozenset({*TABLES, *PLACES, *(f"fig:{figure.id}" for figure in context.figures)}),
    }


def _found(
    nodes: Iterable[Any], latex: str, known: dict[str, frozenset[str]], *, math: bool
) -> Iterator[tuple[int, str, str]]:
    for node in nodes:
        kind, name = kind_of(node), name_of(node)
        said = latex[node.pos : node.pos + min(node.len, 60)]
        if kind == "macro" and name not in _TEXT and not (math and name in MATHS):
            yield node.pos, said, f"\\{name} {_REASON}"
        elif kind == "macro" and name in known:
            argument = argument_text(node, latex).strip()
            if argument not in known[name]:
                yield node.pos, said, f"{argument} names nothing that \\{name} could print"
        elif kind == "environment" and name not in ENVIRONMENTS:
            yield node.pos, said, f"the environment {name} {_REASON}"
        elif kind == "math" and node.displaytype != "inline":
            yield node.pos, said, "displayed maths is not for sections"
        elif kind == "chars" and "^^" in said:
            yield node.pos, said, "a character code hides text"
        if kind != "macro" or name not in NAMED:
            yield from _found(children(node), latex, known, math=math or kind == "math")
