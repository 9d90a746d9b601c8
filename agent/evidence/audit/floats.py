"""Rule `floats`: every figure and table is spoken of, and every reference leads somewhere.

Reads the bound paper, in which figures, tables and their labels stand.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.artifacts import Figure, Finding
from agent.evidence.audit.context import finding
from agent.evidence.audit.source import (
    REFERENCE_MACROS,
    argument_text,
    body_of,
    children,
    keys_of,
    macros,
    name_of,
    walk,
)

RULE = "floats"
_FLOATS = ("fig:", "tab:")


def float_findings(file: str, bound: str, figures: tuple[Figure, ...]) -> Iterator[Finding]:
    """Floats that no sentence refers to, references to nothing, figures that the paper leaves out.

    Raises:
        Unreadable: the paper is not balanced LaTeX.
    """
    labels = {label: node.pos for node, label in macros(bound, ("label",))}
    references = [
        (key, node.pos) for node, argument in macros(bound, REFERENCE_MACROS) for key in keys_of(argument)
    ]
    named = {key for key, _ in references}
    for label, position in labels.items():
        if label.startswith(_FLOATS) and label not in named:
            yield finding(RULE, file, bound, position, label, "no sentence refers to this figure or table")
    for key, position in references:
        if key not in labels:
            yield finding(RULE, file, bound, position, key, "the reference leads to nothing in the paper")
    yield from _fed_by_nothing(file, bound, figures)
    for figure in figures:
        if f"fig:{figure.id}" not in labels:
            yield finding(RULE, file, bound, 0, figure.id, "a figure of the study is not in the paper")


def _fed_by_nothing(file: str, bound: str, figures: tuple[Figure, ...]) -> Iterator[Finding]:
    """Pictures that no figure of the study is, and tables without a fact."""
    known = {f"figures/{figure.file}" for figure in figures}
    seen: set[str] = set()
    for node in walk(body_of(bound)):
        name = name_of(node)
        if name == "includegraphics":
            path = argument_text(node, bound)
            if path not in known or path in seen:
                yield finding(RULE, file, bound, node.pos, path, "no figure of the study is drawn here")
            seen.add(path)
        elif name in ("table", "table*", "tabular", "tabularx", "longtable") and not any(
            name_of(inner) in ("shoalfact", "shoalsetting") for inner in walk(children(node))
        ):
            yield finding(RULE, file, bound, node.pos, name, "no fact feeds this table")
        elif name in ("figure", "figure*") and not any(
            name_of(inner) == "includegraphics" for inner in walk(children(node))
        ):
            yield finding(RULE, file, bound, node.pos, name, "no picture stands in this figure")
