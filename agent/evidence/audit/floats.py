"""Rule `floats`: every figure and table is spoken of, and every reference leads somewhere.

Reads the bound paper, in which figures, tables and their labels stand.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.artifacts import Figure, Finding
from agent.evidence.audit.context import finding
from agent.evidence.audit.source import REFERENCE_MACROS, keys_of, macros

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
    for figure in figures:
        if f"fig:{figure.id}" not in labels:
            yield finding(RULE, file, bound, 0, figure.id, "a figure of the study is not in the paper")
