"""Problems in TeX's log."""

from agent.latex.diagnose import Problem, diagnose

LOG = r"""This is pdfTeX, Version 3
(./paper.tex
LaTeX2e
(/usr/share/texmf-dist/tex/latex/base/article.cls
) (./shoal.sty)
./paper.tex:12: Undefined control sequence.
l.12 some text \nosuch
                       more text
Overfull \hbox (15.2pt too wide) in paragraph at lines 20--22
[]\T1/ptm/m/n/10 text
Overfull \hbox (0.4pt too wide) in paragraph at lines 30--31

LaTeX Warning: Reference `fig:x' on page 1 undefined on input line 33.

Package natbib Warning: Citation `ghost' on page 1 undefined on input line 34.

LaTeX Warning: There were undefined references.

LaTeX Warning: Label(s) may have changed. Rerun to get cross-references right.
(./paper.bbl
Overfull \hbox (3.0pt too wide) in paragraph at lines 4--5
)
! LaTeX Error: File `nosuch.sty' not found.

l.40 \usepackage{nosuch}
)
"""


def test_errors_carry_file_line_and_the_input_where_tex_stopped() -> None:
    assert diagnose(LOG)[0] == Problem(
        "error", "paper.tex", 12, r"Undefined control sequence. (after: some text \nosuch)"
    )


def test_a_box_is_told_in_the_file_that_was_being_read() -> None:
    boxes = [(p.file, p.line) for p in diagnose(LOG) if p.kind == "overfull"]
    assert boxes == [("paper.tex", 20), ("paper.tex", 30), ("paper.bbl", 4)]


def test_undefined_references_and_citations_are_named() -> None:
    found = [(p.message, p.line) for p in diagnose(LOG) if p.kind == "undefined"]
    assert found == [("reference fig:x is undefined", 33), ("citation ghost is undefined", 34)]


def test_an_error_without_a_file_takes_its_line_from_the_input_shown() -> None:
    last = diagnose(LOG)[-1]
    assert (last.kind, last.line, last.message) == ("error", 40, "LaTeX Error: File `nosuch.sty' not found.")


def test_a_clean_log_has_no_problems() -> None:
    assert diagnose("(./paper.tex (./shoal.sty) [1] [2])\nOutput written on paper.pdf (2 pages).") == ()
