"""The figures of a study as vector PDFs, drawn from facts, curves and dev scores.

Promises the same bytes for the same artifacts, one style that reads in grey (line styles, markers, light
against dark) and for colour-blind readers (Okabe & Ito's palette), no type below 7 pt at the printed width,
and captions that say n and what the bands are. Does not decide which figures a paper shows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.artifacts import (
    Candidate,
    ComparisonResult,
    Facts,
    Figure,
    Plan,
    Registration,
    Tree,
    Verdict,
)
from agent.evidence.claims import plain
from agent.evidence.drawing import TEXT_IN, Look, canvas_of, look_of, pdf_of
from agent.evidence.facts import effect_name
from agent.evidence.statistics import mean_interval
from agent.evidence.verdict import Results
from agent.search import FIRST, SECOND, THIRD

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas


@dataclass(frozen=True)
class Drawn:
    """A figure with its file."""

    figure: Figure
    pdf: bytes


# --------------------------------------------------------------------------------------------- figures


def learning_curves(
    plan: Plan,
    registration: Registration,
    results: Results,
    facts: Facts,
    *,
    metric_label: str = "",
    width_in: float = TEXT_IN,
) -> Drawn | None:
    """Mean test metric of each arm over training, with bands; None where no arm has such curves.

    Ablations are left out: the figure of effects shows them.

    A band is the t interval of the mean over the arm's replicates that ended with a score, at the steps
    that all of them have.
    """
    label = metric_label or plan.metric.replace("_", " ")
    shown = [arm.name for arm in plan.arms if arm.role != "ablation"]
    arms = {name: _curves(plan, registration, results, name) for name in shown}
    arms = {name: curve for name, curve in arms.items() if curve}
    if not arms:
        return None
    x_names = [c.x_name for (result, _) in results.values() for c in result.curves if c.metric == plan.metric]
    with canvas_of(width_in, 2.5) as (canvas, axes):
        for number, (name, points) in enumerate(arms.items()):
            _learning_curve(axes, number, name, points, look_of(plan, name))
        axes.set_xlabel(x_names[0].replace("_", " "))
        axes.set_ylabel(f"test {label}")
        canvas.legend(loc="outside upper center", ncols=len(arms), handlelength=3.2)
        pdf = pdf_of(canvas)
    caption = (
        f"Mean test {plain(label)} while training. Bands are t intervals of the mean with a coverage of "
        r"\fact{arms.level} over \fact{count.replicates} replicates"
    )
    used = ["arms.level", "count.replicates"]
    if facts.named("count.failures").value:
        caption += r"; \fact{count.failures} trials failed and have no curve"
        used.append("count.failures")
    return _drawn("learning-curves", caption + ".", pdf, used)


def effects(
    plan: Plan,
    verdict: Verdict,
    facts: Facts,
    *,
    metric_label: str = "",
    unit: str = "",
    width_in: float = TEXT_IN,
) -> Drawn:
    """The effect against each comparator with its interval, a line at 0, and 0 to Δ shaded."""
    label = metric_label or plan.metric.replace("_", " ")
    rows = list(verdict.comparisons)
    with canvas_of(width_in, 1.05 + 0.3 * len(rows)) as (canvas, axes):
        axes.axvspan(
            0,
            plan.sesoi,
            facecolor="0.9",
            edgecolor="0.6",
            hatch="////",
            linewidth=0,
            label="below the smallest effect of interest",
        )
        axes.axvline(0, color="0.2", linewidth=0.8)
        for row, c in enumerate(rows):
            _effect(axes, row, c, look_of(plan, c.comparator))
        axes.set_yticks(range(len(rows)), [f"{c.treatment}\nagainst {c.comparator}" for c in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.margins(x=0.08)
        gain = "difference in" if plan.goal == "maximize" else "reduction of"
        axes.set_xlabel(f"{gain} test {label}{_unit(unit)}")
        canvas.legend(loc="outside upper right")
        pdf = pdf_of(canvas)
    names = [facts.named(f"effect.{effect_name(plan, c.treatment, c.comparator)}.mean").name for c in rows]
    both = any(c.variance == "two-way" for c in rows)
    over = ", their variance taken over replicates and test items" if both else ""
    caption = (
        f"Effects on test {plain(label)}; to the right the arm named first is better. Bars are t intervals "
        rf"with a coverage of \fact{{plan.level}} over \fact{{plan.n}} paired replicates{over}. "
        "Filled markers decide the verdict, open ones are descriptive. "
        r"Hatched: effects below the smallest one of interest, \fact{plan.sesoi}."
    )
    return _drawn("effects", caption, pdf, ["plan.level", "plan.n", "plan.sesoi"], names)


def exploration(
    tree: Tree, plan: Plan, *, metric_label: str = "", unit: str = "", width_in: float = TEXT_IN
) -> Drawn:
    """Dev scores of all candidates by arm: first looks, re-run means with standard errors, the winner."""
    label = metric_label or plan.metric.replace("_", " ")
    arms = list(dict.fromkeys(candidate.arm for candidate in tree.candidates))
    winners = {won.arm: won for won in tree.winners}
    with canvas_of(width_in, 2.5) as (canvas, axes):
        for place, arm in enumerate(arms):
            candidates = [candidate for candidate in tree.candidates if candidate.arm == arm]
            _first_looks(axes, place, candidates, look_of(plan, arm))
            for position, chosen in enumerate(_rerun(candidates)):
                won = arm in winners and winners[arm].index == chosen.index
                _rerun_mean(axes, place + 0.28 + 0.07 * position, chosen, plan.worst, won=won)
        axes.set_xticks(range(len(arms)), arms)
        axes.set_xlim(-0.5, len(arms) - 0.4)
        better = "higher" if plan.goal == "maximize" else "lower"
        axes.set_ylabel(f"dev {label}{_unit(unit)}\n({better} is better)")
        axes.margins(y=0.12)
        failed = any(s.score is None for c in tree.candidates for s in c.trials if s.replicate in FIRST)
        _exploration_legend(canvas, failed=failed, columns=4 if width_in > 4.5 else 2)
        pdf = pdf_of(canvas)
    caption = (
        f"Exploration on the dev split, \\fact{{explore.trials}} trials: {plain(label)} of every candidate "
        "in its first look, and means with standard errors over the replicates of the re-run for the best of "
        "each arm. Nothing here is a result."
    )
    return _drawn("exploration", caption, pdf, ["explore.trials"])


# ----------------------------------------------------------------------------------------------- parts


def _curves(
    plan: Plan, registration: Registration, results: Results, arm: str
) -> list[tuple[float, list[float]]]:
    """Values by step over the replicates that have a curve, at the steps that all of them have."""
    found = [
        dict(zip(curve.x, curve.y, strict=True))
        for r in registration.replicates
        for curve in results[arm, r][0].curves
        if curve.metric == plan.metric
    ]
    if len(found) < 2:
        return []
    steps = sorted(set(found[0]).intersection(*found[1:]))
    return [(step, [curve[step] for curve in found]) for step in steps]


def _learning_curve(
    axes: Axes, number: int, name: str, points: list[tuple[float, list[float]]], look: Look
) -> None:
    """The mean with its band; markers are set off by `number`, so that those of two arms do not meet."""
    x = [step for step, _ in points]
    bands = [mean_interval(values) for _, values in points]
    every = max(1, -(-len(x) // 6))
    low, high = [band.low for band in bands], [band.high for band in bands]
    axes.fill_between(x, low, high, color=look.color, alpha=0.25, linewidth=0)
    axes.plot(
        x,
        [band.mean for band in bands],
        color=look.color,
        linestyle=look.line,
        marker=look.marker,
        markevery=(min(number, every - 1), every),
        label=name,
    )


def _effect(axes: Axes, row: int, c: ComparisonResult, look: Look) -> None:
    decides = c.family == "verdict"
    axes.plot([c.low, c.high], [row, row], color="black", linewidth=1.6 if decides else 0.9)
    for end in (c.low, c.high):
        axes.plot([end, end], [row - 0.12, row + 0.12], color="black", linewidth=0.9)
    axes.plot(
        c.mean,
        row,
        marker=look.marker,
        markersize=6,
        color="black",
        markerfacecolor="black" if decides else "white",
        linestyle="none",
    )


def _rerun_mean(axes: Axes, x: float, chosen: Candidate, worst: float, *, won: bool) -> None:
    scores = [s.score for s in chosen.trials if s.replicate in SECOND + THIRD]
    band = mean_interval([worst if score is None else score for score in scores])
    axes.errorbar(
        x,
        band.mean,
        yerr=band.error,
        color="black",
        marker="*" if won else "d",
        markersize=8 if won else 4.5,
        markerfacecolor="black" if won else "white",
        elinewidth=0.9,
        capsize=1.5,
        linestyle="none",
    )


def _first_looks(axes: Axes, place: int, candidates: Sequence[Candidate], look: Look) -> None:
    scored = [(c.index, s.score) for c in candidates for s in c.trials if s.replicate in FIRST]
    spread = {index: ((index * 7) % 11 - 5) * 0.035 for index, _ in scored}
    points = [(place - 0.1 + spread[i], score) for i, score in scored if score is not None]
    axes.plot(
        [x for x, _ in points],
        [y for _, y in points],
        color=look.color,
        marker=look.marker,
        linestyle="none",
        markersize=3.5,
        markeredgecolor="0.2",
        markeredgewidth=0.4,
    )
    failed = [place - 0.1 + spread[i] for i, score in scored if score is None]
    axes.plot(
        failed,
        [0.02] * len(failed),
        color="black",
        marker="x",
        linestyle="none",
        transform=axes.get_xaxis_transform(),
        clip_on=False,
    )


def _rerun(candidates: Sequence[Candidate]) -> list[Candidate]:
    wanted = set(SECOND + THIRD)
    return [c for c in candidates if wanted <= {s.replicate for s in c.trials}]


def _exploration_legend(canvas: Canvas, *, failed: bool, columns: int) -> None:
    from matplotlib.lines import Line2D

    kinds = [
        ("o", "0.5", 4, "first look"),
        ("d", "white", 4.5, "re-run, mean ± SE"),
        ("*", "black", 8, "winner"),
        ("x", "black", 4, "failed"),
    ]
    handles = [
        Line2D([], [], color="black", marker=m, markerfacecolor=f, markersize=s, linestyle="none", label=text)
        for m, f, s, text in kinds
        if failed or text != "failed"
    ]
    canvas.legend(handles=handles, loc="outside upper center", ncols=columns)


def _unit(unit: str) -> str:
    return f" ({unit})" if unit and unit != "fraction" else ""


def _drawn(
    name: str, caption: str, pdf: bytes, in_caption: Sequence[str], drawn: Sequence[str] = ()
) -> Drawn:
    figure = Figure(
        id=name,
        file=f"{name}.pdf",
        caption=caption,
        sha256=hashlib.sha256(pdf).hexdigest(),
        facts=(*in_caption, *drawn),
    )
    return Drawn(figure, pdf)
