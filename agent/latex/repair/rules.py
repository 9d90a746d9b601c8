"""Which rules answer which of TeX's errors.

Promises that structure is mended before anything is guessed from a message, since one lost brace brings
many messages. The model and the last resort stand elsewhere (`agent.latex.repair.engine`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from agent.latex.diagnose import Problem
from agent.latex.repair.commands import given_twice, missing_file, unknown_command, unknown_environment
from agent.latex.repair.edit import Change, line_bounds
from agent.latex.repair.structure import Fault, faults, mend
from agent.latex.repair.tables import column_letters, fit_width, missing_picture, more_columns
from agent.latex.repair.text import (
    blank_in_argument,
    definitions,
    delimiters,
    display,
    double_script,
    extra_token,
    lonely_item,
    loose_caption,
    math_in_text,
    missing_number,
    not_ascii,
    nothing_to_end,
    only_in_preamble,
    outside_paragraph,
    plain_heading,
    special_in_text,
    too_deep,
    unprintable,
    unverbatim,
)

Rule = Callable[[str, Problem], Iterator[Change]]
"""From a text and what TeX says of it to changes that may mend it, the likeliest first."""

MOST_FAULTS = 3
"""Mismatches that are tried for one error."""


def _structure(latex: str, problem: Problem) -> Iterator[Change]:
    """Mismatched braces, environments and dollars, those before the error and nearest to it first."""
    _, stop = line_bounds(latex, problem.line or 1)
    found = faults(latex)

    def distance(fault: Fault) -> tuple[bool, int]:
        return fault.opened > stop, abs(stop - fault.opened)

    for fault in sorted(found, key=distance)[:MOST_FAULTS]:
        yield from mend(latex, fault)


_TABLE: tuple[tuple[str, tuple[Rule, ...]], ...] = (
    (r"Undefined control sequence", (unknown_command,)),
    (r"Environment \S+ undefined", (unknown_environment,)),
    (r"Too deeply nested|Incomplete .if", (too_deep,)),
    (r"Paragraph ended before", (blank_in_argument,)),
    (r"[Cc]an be used only in preamble|Two \\documentclass|Option clash", (only_in_preamble,)),
    (r"Unable to load picture|Unknown graphics|BoundingBox|PDF inclusion|reading image file|xpdf|libpng",
     (missing_picture,)),
    (r"File `[^']+' not found", (missing_picture, missing_file)),
    (r"Unicode character|Invalid UTF-8|not set up for use|Missing character", (not_ascii,)),
    (r"Double (super|sub)script", (double_script,)),
    (r"Extra alignment tab|Extra alignment", (more_columns,)),
    (r"Misplaced alignment tab", (special_in_text,)),
    (r"Illegal (character in array|pream-token)|Missing @|array arg", (column_letters,)),
    (r"macro parameter character|Illegal parameter", (special_in_text, definitions)),
    (r"\\verb|verb ended|verb illegal", (unverbatim,)),
    (r"Missing \$|allowed only in math mode", (special_in_text, math_in_text)),
    (r"Missing delimiter|Missing \\right|Extra \\right|Bad math|Missing \} inserted",
     (delimiters, double_script)),
    (r"Display math should end", (display,)),
    (r"Missing number|Illegal unit|Dimension too large|undefined keyval|Missing = ", (missing_number,)),
    (r"no line here to end", (nothing_to_end,)),
    (r"Lonely \\item|missing \\item", (lonely_item,)),
    (r"aption outside float", (loose_caption,)),
    (r"Not in outer par mode|Float\(s\) lost|aption outside float", (outside_paragraph,)),
    (r"already defined", (definitions, given_twice)),
    (r"Extra \\(else|fi|or|endgroup|end)|forgotten \\endgroup|Misplaced \\noalign", (extra_token,)),
    (r"capacity exceeded|ended at a limit|Interruption", (definitions,)),
)  # fmt: skip

_SPECIFIC = re.compile(
    r"Undefined control|Paragraph ended|Environment \S+ undefined|Unicode|not found|at a limit|capacity"
)
"""Errors that name their cause themselves."""
_MESSAGES = tuple((re.compile(pattern), rules) for pattern, rules in _TABLE)


def changes(latex: str, problem: Problem) -> Iterator[Change]:
    """What the rules propose against one error of `paper.tex`, the likeliest first."""
    specific = [rule for pattern, rules in _MESSAGES if pattern.search(problem.message) for rule in rules]
    first = not _SPECIFIC.search(problem.message)
    yield from unprintable(latex, problem)
    for rule in [_structure, *specific] if first else [*specific, _structure]:
        yield from rule(latex, problem)
    yield from plain_heading(latex, problem)


def fitting(latex: str, problem: Problem) -> Iterator[Change]:
    """What the rules propose against something that sticks out of its column."""
    yield from fit_width(latex, problem)
