"""The tables of a paper, from the plan and the names of the facts.

Promises that every measured number in them is a `\\factcell{}` or `\\intervalcell{}`, so that the binder
sets and links it; a fact that the study does not have is an em dash. The text is macro language, to be
bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.artifacts import Arm, Comparison, Fact, Scalar
from agent.latex.escape import escape
from agent.latex.numbers import scalar
from agent.latex.paper_in import PaperIn

_NONE = "---"
_HASH_DIGITS = 8


class _Cells:
    """Cells that name facts, for those that exist."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self.facts = {fact.name: fact for fact in facts}

    def value(self, name: str) -> str:
        return rf"\factcell{{{name}}}" if name in self.facts else _NONE

    def interval(self, name: str) -> str:
        fact = self.facts.get(name)
        return rf"\intervalcell{{{name}}}" if fact is not None and fact.low is not None else _NONE


def rows(cells: Iterable[Sequence[str]]) -> str:
    """Table rows from cells that are LaTeX already."""
    return "\n".join(" & ".join(row) + r" \\" for row in cells)


def comparison_name(paper: PaperIn, comparison: Comparison) -> str:
    """What the facts of a comparison are named by: the comparator, after any other treatment."""
    if comparison.treatment == paper.treatment.name:
        return comparison.comparator
    return f"{comparison.treatment}.{comparison.comparator}"


def arm_rows(paper: PaperIn) -> str:
    """A row an arm: label, role, mean, interval, SD, failed trials, configurations tried."""
    cell = _Cells(paper.facts.items)
    return rows(
        [
            escape(paper.arm_label(arm.name)),
            arm.role,
            cell.value(f"arm.{arm.name}.mean"),
            cell.interval(f"arm.{arm.name}.mean"),
            cell.value(f"arm.{arm.name}.sd"),
            cell.value(f"arm.{arm.name}.failures"),
            cell.value(f"arm.{arm.name}.tuning"),
        ]
        for arm in paper.plan.arms
    )


def comparison_rows(paper: PaperIn) -> str:
    """A row a comparison: pair, family, mean difference, interval, sign-flip p, Holm's p if any."""
    cell = _Cells(paper.facts.items)
    found = []
    for comparison in paper.plan.comparisons:
        name = comparison_name(paper, comparison)
        pair = (paper.arm_label(comparison.treatment), paper.arm_label(comparison.comparator))
        found.append([
            " $-$ ".join(escape(label) for label in pair),
            comparison.family,
            cell.value(f"effect.{name}.mean"),
            cell.interval(f"effect.{name}.mean"),
            cell.value(f"comparison.{name}.p"),
            *([cell.value(f"comparison.{name}.holm")] if has_ablations(paper) else []),
        ])  # fmt: skip
    return rows(found)


def has_ablations(paper: PaperIn) -> bool:
    """Whether the plan has an ablation family, whose p values are adjusted."""
    return any(comparison.family == "ablation" for comparison in paper.plan.comparisons)


def exploration_rows(paper: PaperIn) -> str:
    """A row an explored arm: label, configurations, trials, failures, dev score of the chosen one."""
    cell = _Cells(paper.facts.items)
    arms = dict.fromkeys(candidate.arm for candidate in paper.tree.candidates)
    return rows(
        [
            escape(paper.arm_label(arm)),
            *(cell.value(f"explore.{arm}.{what}") for what in ("candidates", "trials", "failures", "best")),
        ]
        for arm in arms
    )


def knob_rows(paper: PaperIn) -> str:
    """A row a knob: label, default and the value in each arm; the row is bold where the arms differ."""
    found = []
    for knob in paper.knobs:
        values = [arm.change.values().get(knob.name, knob.default) for arm in knob_arms(paper)]
        cells = [escape(knob.label or knob.name), scalar(knob.default)]
        for arm, value in zip(knob_arms(paper), values, strict=True):
            cells.append(_knob_cell(paper, arm.name, knob.name, value))
        if any(value != values[0] for value in values):
            cells = [rf"\textbf{{{cells[0]}}}", *cells[1:]]
        found.append(cells)
    hashes = [rf"\texttt{{{arm.code_hash[:_HASH_DIGITS]}}}" for arm in knob_arms(paper)]
    return rows([*found, ["hash of the code", _NONE, *hashes]])


def knob_arms(paper: PaperIn) -> tuple[Arm, ...]:
    """The arms whose configurations are printed: ablations share the treatment's knobs."""
    return tuple(arm for arm in paper.plan.arms if arm.role != "ablation")


def _knob_cell(paper: PaperIn, arm: str, knob: str, value: Scalar) -> str:
    name = f"knob.{arm}.{knob}"
    return rf"\setting{{{name}}}" if name in paper.settings else scalar(value)
