"""Levels of a factor in foreign papers: they are inputs, and they tell the values beside them apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.evidence.audit.foreign import audit_paper
from agent.evidence.audit.foreign.dimensions import Dimension
from agent.evidence.audit.foreign.levels import levels_of
from agent.evidence.audit.foreign.words import tokens

RESULTS = {
    "cifar10": {
        "heun": {"nfe_10": {"fid": 14.82}, "nfe_20": {"fid": 11.74}, "nfe_50": {"fid": 8.13}},
        "curve": {"nfe_10": {"fid": 9.61}, "nfe_20": {"fid": 6.27}, "nfe_50": {"fid": 4.55}},
    },
    "bedroom": {
        "heun": {"nfe_10": {"fid": 17.35}, "nfe_20": {"fid": 12.92}, "nfe_50": {"fid": 10.44}},
        "curve": {"nfe_10": {"fid": 12.18}, "nfe_20": {"fid": 8.86}, "nfe_50": {"fid": 5.79}},
    },
}
COLUMNS = r"""\begin{table}
\caption{FID by the number of evaluations.}
\begin{tabular}{llccc}
\toprule
& & \multicolumn{3}{c}{NFE} \\
\cmidrule(lr){3-5}
Data & Solver & 10 & 20 & 50 \\
\midrule
\multirow{2}{*}{CIFAR-10} & Heun & 14.82 & FIRST & 8.13 \\
& Curve & 9.61 & 6.27 & 4.55 \\
\midrule
\multirow{2}{*}{Bedroom} & Heun & 17.35 & 12.92 & 10.44 \\
& Curve & 12.18 & 8.86 & 5.79 \\
\bottomrule
\end{tabular}
\end{table}"""
ROWS = r"""\begin{tabular}{llcc}
\toprule
Data & NFE & Heun & Curve \\
\midrule
\multirow{3}{*}{CIFAR-10} & 10 & 14.82 & 9.61 \\
& 20 & FIRST & 6.27 \\
& 50 & 8.13 & 4.55 \\
\midrule
\multirow{3}{*}{Bedroom} & 10 & 17.35 & 12.18 \\
& 20 & 12.92 & 8.86 \\
& 50 & 10.44 & 5.79 \\
\bottomrule
\end{tabular} shows the FID."""


def flagged(folder: Path, body: str) -> list[str]:
    """The literals that the audit does not believe."""
    (folder / "results").mkdir()
    (folder / "results" / "all.json").write_text(json.dumps(RESULTS))
    (folder / "paper.tex").write_text(
        "\\documentclass{article}\n\\begin{document}\n" + body + "\n\\end{document}\n"
    )
    return [number.literal for number in audit_paper(folder / "paper.tex", folder / "results").unsupported]


@pytest.mark.parametrize("table", [COLUMNS, ROWS], ids=["columns", "rows"])
@pytest.mark.parametrize(
    ("first", "expected"), [("11.74", []), ("8.13", ["8.13"]), ("14.82", ["14.82"]), ("12.07", ["12.07"])]
)
def test_levels_in_headers_are_no_results_and_bind_their_values(
    tmp_path: Path, table: str, first: str, expected: list[str]
) -> None:
    assert flagged(tmp_path, table.replace("FIRST", first)) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The FID of Heun on CIFAR-10 is 14.82, 11.74 and 8.13 at 10, 20 and 50 evaluations.", []),
        ("The FID of Heun on CIFAR-10 is 14.82, 8.13 and 11.74 at 10, 20 and 50 evaluations.", 2),
        ("On CIFAR-10 at NFE 50, Heun has an FID of 8.13.", []),
        ("On CIFAR-10 at NFE 50, Heun has an FID of 14.82.", 1),
        ("With 20 evaluations, Curve has an FID of 8.86 on Bedroom.", []),
        ("With 20 evaluations, Curve has an FID of 5.79 on Bedroom.", 1),
        ("With 20 evaluations, Curve has an FID of 20 on Bedroom.", 1),
        ("We study 10, 20 and 50 function evaluations.", []),
        ("The FID of Curve on Bedroom is 50.", 1),
        ("Curve has an FID of 50 and of 20 on Bedroom.", 2),
    ],
)
def test_levels_in_sentences_bind_their_values(
    tmp_path: Path, sentence: str, expected: list[str] | int
) -> None:
    found = flagged(tmp_path, sentence)
    assert (len(found) if isinstance(expected, int) else found) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        r"Images have $64\times64$ pixels, split 7:1:2.",
        r"Cost is measured on one A100 (\SI{40}{\giga\byte}) and a Ryzen 7543.",
        "Our solver is of order 2.",
        "The data cover July 2016 to July 2018.",
        "We use 3 data sets.",
        r"\section{Implementation details} The mixture has 12 blobs.",
    ],
)
def test_what_a_study_was_given_is_no_result(tmp_path: Path, sentence: str) -> None:
    assert flagged(tmp_path, sentence) == []


@pytest.mark.parametrize("sentence", ["Heun takes 12 of them.", "It takes 12 hours.", "It solves 12%."])
def test_a_section_on_the_setup_hides_no_result(tmp_path: Path, sentence: str) -> None:
    assert len(flagged(tmp_path, r"\section{Implementation details} " + sentence.replace("%", r"\%"))) == 1


def test_a_measured_column_of_whole_numbers_is_no_label(tmp_path: Path) -> None:
    table = r"""\begin{tabular}{lcc}
Solver & Params & FID \\
\hline
Heun & 110 & 14.82 \\
Curve & 230 & 9.61 \\
\end{tabular} on CIFAR-10 at NFE 10."""
    assert {"110", "230"} <= set(flagged(tmp_path, table))


@pytest.mark.parametrize(
    ("names", "factor"),
    [
        (("nfe=10", "nfe=20"), ("nfe",)),
        (("horizon_96", "horizon_192", "mean"), ("horizon",)),
        (("96", "192"), ()),
        (("run_0", "run_1"), None),
        (("cifar10", "cifar100"), None),
        (("adam", "sgd"), None),
    ],
)
def test_names_are_levels_where_a_factor_is_numbered(
    names: tuple[str, ...], factor: tuple[str, ...] | None
) -> None:
    levels = levels_of(names)
    assert (levels.factor if levels else None) == factor


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("On CIFAR-10 NFE matters.", []),
        ("With 10 NFE it works.", ["nfe=10"]),
        ("At NFE 10 and 20 it works.", ["nfe=10", "nfe=20"]),
        ("It has 10 of them.", []),
        ("It reaches 10.", []),
    ],
)
def test_digits_of_another_name_are_no_level(text: str, said: list[str]) -> None:
    mentions = Dimension.of(["nfe=10", "nfe=20"]).mentions(tokens(text), text)
    assert [name for mention in mentions for name in mention.names] == said
