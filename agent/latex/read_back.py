"""From a paper that was repaired back to the texts of its sections.

Promises that what it returns, rendered again, can be compared with the repaired paper byte by byte: the
text that is audited is then the text that is compiled. Reads nothing but Shoal's own papers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_BOUND = re.compile(r"\\shoal(fact|setting|claim)\{([^{}]*)\}(?=\{)|\\shoal(verdict)(?=\{)")


def sections(original: str, bound: Sequence[str], repaired: str) -> tuple[str, ...] | None:
    """The repaired sections in macro language, in the order of `bound`.

    Args:
        original: The paper as it was rendered.
        bound: Its sections as they stand in it, in the order of the paper.
        repaired: The paper after its repair.

    Returns:
        None where the repair touched more than the sections.
    """
    frame, rest = [], original
    for text in bound:
        before, found, rest = rest.partition(text)
        if not found:
            return None
        frame.append(before)
    frame.append(rest)
    texts, position = [], 0
    if not repaired.startswith(frame[0]):
        return None
    position = len(frame[0])
    for number, piece in enumerate(frame[1:], 1):
        stop = len(repaired) - len(piece) if number == len(bound) else repaired.find(piece, position)
        if stop < position or repaired[stop : stop + len(piece)] != piece:
            return None
        texts.append(unbound(repaired[position:stop]))
        position = stop + len(piece)
    return tuple(texts)


def unbound(latex: str) -> str:
    """A bound text in macro language again: `\\\\shoalfact{name}{digits}` becomes `\\\\fact{name}`."""
    pieces, position = [], 0
    while match := _BOUND.search(latex, position):
        stop = _end_of_group(latex, match.end())
        printed = latex[match.end() + 1 : stop - 1]
        if match[3]:
            macro = r"\verdict"
        elif match[1] == "fact":
            macro = rf"\interval{{{match[2]}}}" if printed.startswith("[") else rf"\fact{{{match[2]}}}"
        else:
            macro = rf"\{match[1]}{{{match[2]}}}"
        pieces += [latex[position : match.start()], macro]
        position = stop
    return "".join((*pieces, latex[position:]))


def _end_of_group(latex: str, start: int) -> int:
    """The offset after the brace that closes the one at `start`; the text's end where none does."""
    depth = 0
    for match in re.compile(r"\\.|[{}]", re.DOTALL).finditer(latex, start):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return match.end()
    return len(latex)
