"""The evidence appendix: for each fact that a paper prints, the row that a reader's click leads to.

Promises a row for every fact of the text and its tables, in one order, and every trial behind them by its
id. Trials that stand behind several facts are listed once, as a numbered set.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.artifacts import Fact
from agent.latex.escape import breakable, escape
from agent.latex.numbers import fact_cell, interval_text
from agent.latex.paper_in import PaperIn

ID_DIGITS = 10
"""Hex digits printed of a trial's id or a hash."""
_SPLIT = {"dev": "dev split", "test": "test split", "none": ""}


@dataclass(frozen=True)
class Evidence:
    """The appendix as LaTeX."""

    rows: str
    sets: tuple[tuple[int, int, str], ...]
    """Number, count and printed ids of each set of trials."""


def evidence(paper: PaperIn, names: Iterable[str]) -> Evidence:
    """The rows of the named facts, in the order that the study holds them."""
    wanted = frozenset(names)
    used = [fact for fact in paper.facts.items if fact.name in wanted]
    distinct = sorted(dict.fromkeys(fact.trials for fact in used if fact.trials), key=len)
    sets = {trials: number for number, trials in enumerate(distinct, 1)}
    return Evidence(
        rows="\n".join(_row(paper, fact, sets) for fact in used),
        sets=tuple((number, len(trials), _members(trials, sets)) for trials, number in sets.items()),
    )


def _members(trials: tuple[str, ...], sets: dict[tuple[str, ...], int]) -> str:
    """The ids of a set, or the smaller sets that it is made of."""
    left, parts = set(trials), []
    for other, number in sets.items():
        if len(other) < len(trials) and left.issuperset(other):
            left -= set(other)
            parts.append(rf"\hyperlink{{trials:{number}}}{{T{number}}}")
    if parts and not left:
        return r"{\normalfont\footnotesize " + " and ".join(parts) + "}"
    return r"\hspace{0.7em plus 0.4em}".join(trial[:ID_DIGITS] for trial in trials)


def _row(paper: PaperIn, fact: Fact, sets: dict[tuple[str, ...], int]) -> str:
    """One fact as `\\shoalrow{link}{name}{value}{interval}{n}{source}`."""
    value = fact_cell(fact)
    if fact.unit:
        value += rf"~{{\footnotesize {escape(fact.unit)}}}"
    interval = interval_text(fact)
    if fact.level is not None and fact.low is not None:
        interval += rf" {{\footnotesize ({scalar_percent(fact.level)})}}"
    n = str(fact.n) if fact.n is not None else ""
    cells = (fact.name, breakable(fact.name), value, interval, n, _source(paper, fact, sets))
    return r"\shoalrow" + "".join(f"{{{cell}}}" for cell in cells)


def scalar_percent(share: float) -> str:
    """A share as a percentage, such as `95 \\%`."""
    return rf"{100 * share:.4g}\,\%"


def _source(paper: PaperIn, fact: Fact, sets: dict[tuple[str, ...], int]) -> str:
    """What the number is, how it follows, and from which trials of which plan."""
    parts = [f"{escape(fact.label)}: {breakable(fact.formula)}" if fact.label else breakable(fact.formula)]
    if _SPLIT[fact.split]:
        parts.append(_SPLIT[fact.split])
    if fact.trials:
        number = sets[fact.trials]
        parts.append(rf"trials \hyperlink{{trials:{number}}}{{T{number}}}")
    if fact.plan_hash is not None:
        registered = fact.plan_hash == paper.registration.plan_hash
        if registered and fact.n is not None and fact.split == "test":
            parts.append("registered replicates")
        parts.append(rf"plan \texttt{{{fact.plan_hash[:ID_DIGITS]}}}")
    return "; ".join(parts) + "."
