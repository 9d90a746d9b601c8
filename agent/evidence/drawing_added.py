"""Draws the series of an added figure in the house style.

Promises that the picture holds no words but names of arms, the metric's label with its unit, and what Shoal
says of the axes; that it reads in grey; and the same bytes for the same series.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.artifacts import Axes, Plan, Series
from agent.evidence.drawing import TEXT_IN, Look, canvas_of, look_of, pdf_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Canvas


def draw(
    axes: Axes, found: Sequence[Series], plan: Plan, *, metric_label: str, unit: str = "", step_name: str = ""
) -> bytes:
    """The figure as a vector PDF.

    Args:
        step_name: What the curves of the results count, such as `epoch`.
    """
    replicates = sorted({x for one in found for x in one.x}) if axes.x == "replicate" else []
    names = list(dict.fromkeys(_name(one) for one in found))
    with canvas_of(TEXT_IN, 2.6) as (canvas, drawn):
        if axes.y == "difference":
            drawn.axhline(0, color="0.2", linewidth=0.8)
        seen: set[str] = set()
        for one in found:
            look, name = _look(one, plan), _name(one)
            off = names.index(name) - (len(names) - 1) / 2
            x = _places(axes, one, replicates, names)
            x = [place + 0.12 * off for place in x] if axes.x == "replicate" else x
            _series(drawn, axes, one, x, look, label=name if name not in seen else "")
            seen.add(name)
        _horizontal(drawn, axes, replicates, names, metric_label, unit, step_name)
        what = f"test {metric_label}{_unit(unit)}"
        drawn.set_ylabel(f"difference in {what}" if axes.y == "difference" else what)
        drawn.margins(y=0.08)
        if axes.x != "arm":
            columns = 4 if axes.y == "level" else 3
            canvas.legend(loc="outside upper center", ncols=min(len(names), columns), handlelength=3.2)
        return pdf_of(canvas)


def _series(drawn: Canvas, axes: Axes, one: Series, x: list[float], look: Look, *, label: str) -> None:
    if axes.marks == "line":
        order = sorted(range(len(x)), key=x.__getitem__)
        x, y = [x[i] for i in order], [one.y[i] for i in order]
        if one.low:
            low, high = [one.low[i] for i in order], [one.high[i] for i in order]
            drawn.fill_between(x, low, high, color=look.color, alpha=0.25, linewidth=0)
        every = max(1, -(-len(x) // 6))
        drawn.plot(
            x,
            y,
            color=look.color,
            linestyle=look.line,
            marker=look.marker,
            markevery=every,
            label=label or None,
        )
        return
    if one.low:
        errors = [
            [y - low for y, low in zip(one.y, one.low, strict=True)],
            [high - y for y, high in zip(one.y, one.high, strict=True)],
        ]
        drawn.errorbar(
            x, one.y, yerr=errors, linestyle="none", ecolor=look.color, elinewidth=0.9, capsize=1.5
        )
    drawn.plot(
        x,
        one.y,
        color=look.color,
        marker=look.marker,
        linestyle="none",
        markeredgecolor="0.2",
        markeredgewidth=0.4,
        label=label or None,
    )


def _places(axes: Axes, one: Series, replicates: list[float], names: list[str]) -> list[float]:
    """Where the points stand; those over arms are spread in the order of their values' places."""
    if axes.x == "replicate":
        return [float(replicates.index(x)) for x in one.x]
    if axes.x != "arm":
        return list(one.x)
    middle = float(names.index(_name(one)))
    return [
        middle + (((number * 7) % 11 - 5) * 0.035 if len(one.y) > 1 else 0.0) for number in range(len(one.y))
    ]


def _horizontal(
    drawn: Canvas, axes: Axes, replicates: list[float], names: list[str], metric: str, unit: str, step: str
) -> None:
    if axes.x == "arm":
        drawn.set_xticks(range(len(names)), names)
        drawn.set_xlim(-0.5, len(names) - 0.5)
    elif axes.x == "replicate":
        every = max(1, -(-len(replicates) // 24))
        drawn.set_xticks(range(0, len(replicates), every), [f"{r:g}" for r in replicates[::every]])
        drawn.set_xlabel("replicate")
    elif axes.x == "step":
        drawn.set_xlabel(step.replace("_", " "))
    else:
        if axes.y == "level":
            ends = [
                max(drawn.get_xlim()[0], drawn.get_ylim()[0]),
                min(drawn.get_xlim()[1], drawn.get_ylim()[1]),
            ]
            if ends[0] < ends[1]:
                drawn.plot(ends, ends, color="0.6", linewidth=0.8, zorder=0)
        drawn.set_xlabel(f"test {metric}{_unit(unit)} of {axes.x_arm}")


def _look(one: Series, plan: Plan) -> Look:
    """An arm's own look; of a difference that of the arm that was subtracted, as in the figure of effects."""
    return look_of(plan, one.against or one.arm)


def _name(one: Series) -> str:
    return f"{one.arm} − {one.against}" if one.against else one.arm


def _unit(unit: str) -> str:
    return f" ({unit})" if unit and unit != "fraction" else ""
