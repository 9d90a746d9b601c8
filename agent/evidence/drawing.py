"""The house style of figures, and how a canvas becomes bytes.

Promises the same bytes for the same drawing, whatever the user's own matplotlib settings are.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from agent.artifacts import Plan

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

TEXT_IN = 5.5
"""Width of a text column of a one-column paper, in inches."""
STYLE: dict[str, Any] = {
    "font.size": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.3,
    "lines.markersize": 4,
    "hatch.linewidth": 0.4,
    "pdf.fonttype": 42,
}


@dataclass(frozen=True)
class Look:
    """How one arm looks in every figure."""

    color: str
    line: Any
    marker: str


LOOKS = {
    "treatment": Look("#D55E00", "-", "o"),
    "baseline": Look("#000000", (0, (4, 1.5)), "s"),
    "control": Look("#56B4E9", (0, (4, 1.2, 1, 1.2)), "^"),
}
MORE_LOOKS = (
    Look("#009E73", (0, (1, 1)), "D"),
    Look("#CC79A7", (0, (6, 1, 1, 1, 1, 1)), "v"),
    Look("#E69F00", (0, (2, 1)), "P"),
)
_DRAWING = Lock()  # matplotlib's settings are one for the process, and ideas run side by side


def look_of(plan: Plan, arm: str) -> Look:
    """The look of an arm: fixed for the usual roles, in the plan's order for the others."""
    roles = {a.name: a.role for a in plan.arms}
    role = roles.get(arm, arm)
    if role in LOOKS:
        return LOOKS[role]
    others = [a.name for a in plan.arms if a.role not in LOOKS]
    return MORE_LOOKS[others.index(arm) % len(MORE_LOOKS) if arm in others else 0]


@contextmanager
def canvas_of(width_in: float, height_in: float) -> Iterator[tuple[Canvas, Axes]]:
    """An empty figure in the house style, of that printed size."""
    from matplotlib import style
    from matplotlib.figure import Figure as Canvas

    with _DRAWING, style.context(["default", STYLE]):
        drawn = Canvas(figsize=(width_in, height_in), layout="constrained")
        yield drawn, drawn.subplots()


def pdf_of(canvas: Canvas) -> bytes:
    """The figure as a vector PDF without a date."""
    buffer = io.BytesIO()
    canvas.savefig(buffer, format="pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None})
    return buffer.getvalue()
