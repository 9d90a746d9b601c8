"""REPAIR: markup that TeX refuses, mended without a change to what it says."""

from __future__ import annotations

from agent.ports import Prompt
from agent.prompts.brief import Given, Written
from agent.prompts.substance import changed

FORBIDDEN = (
    "\\input",
    "\\include{",
    "\\write",
    "\\def",
    "\\newcommand",
    "\\renewcommand",
    "\\catcode",
    "\\csname",
)
"""What a repair may not bring in."""


class RepairIn(Given):
    """One error and the text around it."""

    message: str
    """As TeX prints it."""
    line: int
    """In the neighbourhood, from 1; 0 where TeX does not say."""
    near: str
    """What TeX had read of the line when it stopped."""
    neighbourhood: str
    """The lines around the error, as they stand in the paper."""


class RepairOut(Written):
    """The answer to REPAIR: one replacement."""

    search: str
    replace: str
    none_because: str


def repair_keeps(data: RepairIn, answer: RepairOut) -> tuple[str, ...]:
    """Problems of a repair that can be seen without TeX."""
    if not answer.search:
        return () if answer.none_because.strip() else ("`search` is empty: say why in `none_because`.",)
    if answer.none_because.strip():
        return ("`none_because` must be empty when there is a replacement.",)
    count = data.neighbourhood.count(answer.search)
    if count != 1:
        return (f"`search` occurs {count} times in the text; it must occur exactly once.",)
    after = data.neighbourhood.replace(answer.search, answer.replace)
    problems = [] if after != data.neighbourhood else ["The replacement changes nothing."]
    if difference := changed(data.neighbourhood, after):
        problems.append(f"Only markup may change, but {difference}.")
    problems += [
        f"`{name}` may not be brought in."
        for name in FORBIDDEN
        if after.count(name) > data.neighbourhood.count(name)
    ]
    return tuple(problems)


REPAIR = Prompt("repair", 1, RepairIn, RepairOut, role="write", check=repair_keeps)
