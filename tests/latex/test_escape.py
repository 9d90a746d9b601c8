"""Plain text in LaTeX."""

import pytest

from agent.latex.escape import ascii_only, breakable, escape


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        (r"a_b & \x{y}", r"a\_b \& {\textbackslash}x\{y\}"),
        (r"50% #1 $2 ~ ^", r"50\% \#1 \$2 {\textasciitilde} {\textasciicircum}"),
        ("40 % noise", r"40~\% noise"),
        ("Frénay", r"Fr\'enay"),
        ("x̄", r"\={x}"),
        ("t·√V", r"t{\textperiodcentered}\ensuremath{\sqrt{V}}"),
        ("日", r"{\bfseries ?}"),
    ],
)  # fmt: skip
def test_text_prints_as_itself(text: str, latex: str) -> None:
    assert escape(text) == latex


def test_latex_stays_latex_when_only_its_letters_are_encoded() -> None:
    assert ascii_only(r"\emph{é} $α$ 5\%") == r"\emph{\'e} $\ensuremath{\alpha}$ 5\%"


def test_the_dashes_of_an_option_stay_two() -> None:
    assert breakable("run --seed") == "run -{}-seed"
