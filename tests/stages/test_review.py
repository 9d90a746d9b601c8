"""What a reviewer is given to read."""

from __future__ import annotations

from agent.artifacts import Review
from agent.stages.review import quoted, readable

TEX = r"""\documentclass{article}
\begin{document}
The text.
\appendix
\section{Configurations and code}
The knobs.
\begin{shoalcode}
+ added
\end{shoalcode}
\section{Evidence}
A row.
\end{document}"""


def test_a_reviewer_reads_text_and_configurations_without_code_and_evidence() -> None:
    text = readable(TEX)
    assert "The text." in text
    assert "The knobs." in text
    assert not any(part in text for part in ("documentclass", "+ added", "A row."))


def test_a_paper_without_code_is_read_to_its_evidence() -> None:
    without = TEX.replace("\\begin{shoalcode}\n+ added\n\\end{shoalcode}\n", "")
    assert "The knobs." in readable(without)
    assert "A row." not in readable(without)


def test_a_reviewer_reads_numbers_and_words_as_they_are_printed() -> None:
    bound = (
        r"\shoalclaim{primary}{It gains \shoalfact{effect.mean}{\ensuremath{+0.04}}, interval "
        r"\shoalfact{effect.mean}{[\ensuremath{0.02}, \ensuremath{0.06}]}}. "
        r"p \shoalfact{p}{\ensuremath{{<}0.001}}. It is \shoalverdict{supported}{} on "
        r"\shoalsetting{scope}{8{\texttimes}8 digits}; \conjecture{why}."
    )
    assert readable(TEX.replace("The text.", bound)).splitlines()[0] == (
        r"It gains +0.04, interval [0.02, 0.06]. p {<}0.001. It is supported on 8{\texttimes}8 digits; "
        r"\conjecture{why}."
    )


def test_layout_and_the_bibliography_are_left_out_and_captions_stay() -> None:
    figure = (
        "\\begin{figure}\n\\centering\n\\includegraphics{a.pdf}\n\\caption{Curves.}\n\\end{figure}\n"
        "\\begingroup\n\\bibliography{references}\n\\endgroup"
    )
    text = readable(TEX.replace("The text.", figure))
    assert "\\caption{Curves.}" in text
    assert not any(part in text for part in ("centering", "includegraphics", "bibliography"))


def test_the_chair_reads_the_paragraphs_that_a_review_quotes_and_no_others() -> None:
    paper = "The gain is\n+0.04 here.\n\nIt was tuned fairly.\n\nNothing else was tried."
    weakness = 'It says "the gain is +0.04" and “was tuned fairly.” but not "something it never says".'
    review = Review(
        reviewer="r", summary="s", strengths=(), weaknesses=(weakness.replace("the gain", "The gain"),),
        questions=(), checks=(), scores=(), decision="none",
    )  # fmt: skip
    assert quoted(paper, [review]) == ("The gain is\n+0.04 here.", "It was tuned fairly.")
