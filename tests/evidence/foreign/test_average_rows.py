"""Average rows under groups of rows: each is held against the mean of its own group."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.evidence.audit.foreign import audit_paper

ERRORS = {
    "weather": {"patchmix": (0.151, 0.197, 0.249, 0.324), "dline": (0.176, 0.221, 0.268, 0.345)},
    "traffic": {"patchmix": (0.367, 0.386, 0.402, 0.438), "dline": (0.411, 0.424, 0.439, 0.472)},
}
HORIZONS = (96, 192, 336, 720)
MULTIROW = {True: r"\multirow{5}{*}{%s} & ", False: "%s & "}


def mean(data: str, arm: str) -> str:
    return f"{sum(ERRORS[data][arm]) / 4:.3f}"


def paper(averages: dict[str, str], *, spans: bool) -> str:
    """A table of two data sets, an average row under each; `averages` stand in place of right ones."""
    lines = []
    for data, arms in ERRORS.items():
        for place, horizon in enumerate(HORIZONS):
            name = data.title() if place == 0 or not spans else ""
            label = MULTIROW[spans] % name if name else " & "
            cells = [f"{arm[place]:.3f}" for arm in arms.values()]
            lines.append(f"{label}{horizon} & " + " & ".join(cells))
        own = [averages.get(f"{data} {arm}", mean(data, arm)) for arm in arms]
        lines += [f"{'' if spans else data.title()} & Avg & " + " & ".join(own)]
    body = " \\\\\n".join(lines)
    return (
        "\\documentclass{article}\n\\begin{document}\n\\begin{tabular}{llcc}\n\\toprule\n"
        f"Data & Horizon & PatchMix & DLine \\\\\n\\midrule\n{body} \\\\\n\\bottomrule\n"
        "\\end{tabular}\n\\end{document}\n"
    )


def flagged(folder: Path, text: str) -> list[str]:
    """The literals that the audit does not believe."""
    (folder / "results").mkdir()
    kept = {
        data: {
            arm: {f"horizon_{h}": {"mse": x} for h, x in zip(HORIZONS, values, strict=True)}
            for arm, values in arms.items()
        }
        for data, arms in ERRORS.items()
    }
    (folder / "results" / "all.json").write_text(json.dumps(kept))
    (folder / "paper.tex").write_text(text)
    return [number.literal for number in audit_paper(folder / "paper.tex", folder / "results").unsupported]


@pytest.mark.parametrize("spans", [True, False])
def test_the_average_of_every_group_of_rows_stands(tmp_path: Path, spans: bool) -> None:
    assert flagged(tmp_path, paper({}, spans=spans)) == []


@pytest.mark.parametrize("spans", [True, False])
def test_an_invented_average_of_a_later_group_is_found(tmp_path: Path, spans: bool) -> None:
    assert flagged(tmp_path, paper({"traffic dline": "0.451"}, spans=spans)) == ["0.451"]


def test_the_average_of_another_group_is_found(tmp_path: Path) -> None:
    other = mean("weather", "dline")
    assert flagged(tmp_path, paper({"traffic dline": other}, spans=True)) == [other]


def test_a_planted_value_does_not_drag_its_average_along(tmp_path: Path) -> None:
    text = paper({}, spans=True).replace("0.424", "0.524")
    assert flagged(tmp_path, text) == ["0.524"]
