"""What a PDF prints and links is held against its LaTeX: each number, each row, no number besides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.latex.printed import (
    Link,
    Printed,
    UnreadablePdf,
    bound_numbers,
    link_problems,
    read_pdf,
    signs,
    stray_decimals,
)

PAPERS = Path(__file__).parents[2] / "papers"
(PAPER,) = PAPERS.glob("example-supported/*/round-0")
TEX = (
    r"The mean is \shoalfact{arm.mean}{\ensuremath{0.918}}, "
    r"\shoalfact{arm.mean}{[\ensuremath{-0.1}, \ensuremath{1{,}200.5}]}."
)
PRINTED = Printed(
    text="The mean is 0.918, [−0.1, 1,200.5]. 0.918",
    links=(
        Link(1, "fact:arm.mean", "0.918, "),
        Link(1, "fact:arm.mean", "[−0.1,"),
        Link(2, "fact:arm.mean", "1,200.5]."),
    ),
    places=frozenset({"fact:arm.mean"}),
)
"""The interval's link is broken over two pages."""


@pytest.fixture(scope="module")
def committed() -> tuple[str, Printed]:
    return (PAPER / "paper.tex").read_text(), read_pdf((PAPER / "paper.pdf").read_bytes())


def test_every_number_of_a_paper_leads_to_its_row(committed: tuple[str, Printed]) -> None:
    tex, printed = committed
    numbers = bound_numbers(tex)
    assert list(link_problems(tex, printed)) == []
    assert (
        sum(link.target.startswith("fact:") for link in printed.links) >= sum(map(len, numbers.values())) > 40
    )


def test_a_digit_that_the_pdf_prints_otherwise_is_named_with_its_fact(committed: tuple[str, Printed]) -> None:
    tex, printed = committed
    links = list(printed.links)
    place = next(i for i, link in enumerate(links) if link.target == "fact:arm.treatment.mean")
    forged = links[place].text.replace("0.", "1.", 1)
    links[place] = replace(links[place], text=forged)
    problems = list(link_problems(tex, replace(printed, links=tuple(links))))
    assert problems
    assert all(problem.startswith("arm.treatment.mean: ") for problem in problems)
    assert signs(forged) in problems[0]


def test_a_link_that_breaks_over_lines_is_one_number() -> None:
    assert list(link_problems(TEX, PRINTED)) == []


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        (replace(PRINTED, links=PRINTED.links[1:]), "0.918 is not printed with a link"),
        (replace(PRINTED, links=PRINTED.links[:2]), "is not printed with a link"),
        (replace(PRINTED, places=frozenset()), "no row of the evidence"),
        (replace(PRINTED, links=(*PRINTED.links, PRINTED.links[0])), "paper's LaTeX does not have it"),
        (replace(PRINTED, links=(*PRINTED.links, Link(1, "fact:other", "1"))), "does not print it"),
        (replace(PRINTED, links=(*PRINTED.links, Link(3, "", "0.5"))), "leads nowhere"),
    ],
)
def test_what_is_missing_or_besides_is_said(printed: Printed, said: str) -> None:
    (problem,) = link_problems(TEX, printed)
    assert said in problem


def test_a_decimal_number_that_the_latex_does_not_have_is_stray() -> None:
    assert stray_decimals(TEX, ["0.918"], PRINTED) == ()
    assert stray_decimals(TEX, [], PRINTED) == ("0.918",)
    assert stray_decimals(TEX, ["0.918"], replace(PRINTED, text="0.918 97.31")) == ("97.31",)


def test_a_file_that_is_no_pdf_is_said_to_be_none() -> None:
    with pytest.raises(UnreadablePdf):
        read_pdf(b"no PDF")
