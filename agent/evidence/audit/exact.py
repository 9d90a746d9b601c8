"""Rule `exact`: the bound paper is, byte for byte, what the renderer makes of the study's parts.

Promises a finding for every line that differs, at its first character that does, with what should stand
there; lines that are missing are found where they belong. Rendering is the caller's, and whether the parts
themselves are right is the other rules' to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import accumulate, zip_longest

from agent.artifacts import Finding
from agent.evidence.audit.context import finding

RULE = "exact"
_BEFORE, _AFTER = 25, 60
"""Characters that are shown before and after the first one that differs."""


def differing_lines(file: str, bound: str, rendered: str) -> Iterator[Finding]:
    """Where a text is not the rendered one, in the order of its lines.

    Args:
        bound: The text as it stands in the file.
        rendered: What the study's parts make.
    """
    found, expected = bound.split("\n"), rendered.split("\n")
    starts = (0, *accumulate(len(line) + 1 for line in found))
    for tag, low, high, first, last in SequenceMatcher(None, found, expected, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        for number, wanted in zip_longest(range(low, high), range(first, last)):
            if number is None:
                at, reason = (
                    min(starts[high], len(bound)),
                    f"a line is missing here: {_shown(expected[wanted])}",
                )
                yield finding(RULE, file, bound, at, "", reason)
            elif wanted is None:
                reason = "the study's parts make no such line"
                yield finding(RULE, file, bound, starts[number], _shown(found[number]), reason)
            else:
                line, other = found[number], expected[wanted]
                at = _first_difference(line, other)
                start = max(0, at - _BEFORE)
                reason = f"the study's parts make: {_shown(other[start:])}"
                yield finding(RULE, file, bound, starts[number] + at, _shown(line[start:]), reason)


def _first_difference(line: str, other: str) -> int:
    pairs = enumerate(zip(line, other, strict=False))
    return next((i for i, (one, two) in pairs if one != two), min(len(line), len(other)))


def _shown(text: str) -> str:
    return text if len(text) <= _BEFORE + _AFTER else text[: _BEFORE + _AFTER] + "…"
