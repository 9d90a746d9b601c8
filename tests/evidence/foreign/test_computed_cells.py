"""Cells that a table computes from others, settings tables, and places inside the paper's own macros."""

from __future__ import annotations

import json
from pathlib import Path

from agent.evidence.audit.foreign import audit_paper

RESULTS = {
    "sst2": {"lora": 0.912, "bitfit": 0.884, "quill": 0.931},
    "rte": {"lora": 0.70, "bitfit": 0.66, "quill": 0.75},
}
PAPER = r"""\documentclass{article}
\newcommand{\best}[1]{\textbf{#1}}
\begin{document}
\begin{tabular}{lcccc}
\toprule
Method & SST-2 & $\Delta$ & RTE & Avg. \\
\midrule
LoRA & 91.2 & -- & 70.0 & 80.6 \\
BitFit & 88.4 & $-$2.8 & 66.0 & AVERAGE \\
Quill & \best{FIRST} & $+$DELTA & 75.0 & 84.0 \\
\bottomrule
\end{tabular}
\begin{tabular}{lc}
Hyperparameter & Value \\
\hline
Rank & 16 \\
\end{tabular}
\end{document}
"""


def unsupported(folder: Path, **printed: str) -> list[str]:
    """The literals that the audit does not believe."""
    text = PAPER
    for name, value in ({"AVERAGE": "77.2", "FIRST": "93.1", "DELTA": "1.9"} | printed).items():
        text = text.replace(name, value)
    (folder / "results").mkdir()
    (folder / "results" / "all.json").write_text(
        json.dumps(
            {
                data: {arm: {"accuracy": x, "loss": 1 - x / 3} for arm, x in arms.items()}
                for data, arms in RESULTS.items()
            }
        )
    )
    (folder / "paper.tex").write_text(text)
    report = audit_paper(folder / "paper.tex", folder / "results")
    lines = text.split("\n")
    for number in report.unsupported:
        assert (
            lines[number.line - 1][number.column - 1 :].lstrip("+-$").startswith(number.literal.lstrip("+-"))
        )
    return [number.literal for number in report.unsupported]


def test_right_averages_differences_and_settings_stand(tmp_path: Path) -> None:
    assert unsupported(tmp_path) == []


def test_a_wrong_average_is_found(tmp_path: Path) -> None:
    assert unsupported(tmp_path, AVERAGE="78.9") == ["78.9"]


def test_a_wrong_number_inside_a_macro_is_found_where_it_stands(tmp_path: Path) -> None:
    assert "95.4" in unsupported(tmp_path, FIRST="95.4")
