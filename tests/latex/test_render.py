"""The rendered paper, before TeX."""

import pytest
from pydantic import ValidationError

from agent.artifacts import SectionText
from agent.errors import BindError
from agent.evidence.audit.source import argument_text, arguments, macros
from agent.latex.paper_in import SECTIONS, PaperIn
from agent.latex.render import render
from tests.latex import sample


def with_section(name: str, latex: str) -> PaperIn:
    texts = {**sample.SECTIONS, name: latex}
    return sample.study(sections=tuple(SectionText(name=n, latex=t) for n, t in texts.items()))


def test_the_same_study_gives_the_same_bytes() -> None:
    assert render(sample.study()).files() == render(sample.study()).files()


def test_the_paper_has_every_part() -> None:
    tex = render(sample.study()).tex
    for heading in list(SECTIONS.values())[1:]:
        assert rf"\section{{{heading}}}" in tex
    for part in (
        r"\begin{abstract}",
        r"\bibliography{references}",
        r"\section{Evidence}",
        "How this paper was made",
    ):
        assert part in tex


def test_every_printed_fact_has_a_row_in_the_appendix() -> None:
    tex = render(sample.study()).tex
    rows = {
        tex[a.pos + 1 : a.pos + a.len - 1]
        for node, _ in macros(tex, ("shoalrow",))
        for a in arguments(node)[:1]
    }
    facts = {
        tex[arguments(node)[0].pos + 1 : arguments(node)[0].pos + arguments(node)[0].len - 1]
        for node, _ in macros(tex, ("shoalfact",))
    }
    assert facts == rows


def test_every_trial_behind_a_printed_fact_is_listed() -> None:
    paper = sample.study()
    tex = render(paper).tex
    for trial in paper.facts.named("arm.baseline.mean").trials:
        assert trial[:10] in tex


def test_only_cited_works_are_in_the_bibliography() -> None:
    rendered = render(with_section("related_work", r"One work \cite{wilson1972asymptotic} says so."))
    assert "wilson1972asymptotic" in rendered.bib
    assert "szegedy2016rethinking" not in rendered.bib
    assert set(rendered.cited) == {
        line.split("{")[1].rstrip(",") for line in rendered.bib.splitlines() if line[:1] == "@"
    }


def test_plain_text_cannot_become_a_command() -> None:
    tex = render(sample.study(title=r"100 % \input{x} of $a_b$")).tex
    assert r"100~\% {\textbackslash}input\{x\} of \$a\_b\$" in tex
    assert r"\input{x}" not in tex


def test_a_name_that_does_not_exist_is_told_with_its_section() -> None:
    with pytest.raises(BindError, match=r"results: .*\\fact\{no.such\}"):
        render(with_section("results", r"It is \fact{no.such}."))


def test_a_missing_section_is_refused() -> None:
    with pytest.raises(ValidationError, match="each of abstract"):
        sample.study(sections=())


def test_tables_hold_no_number_that_the_binder_did_not_set() -> None:
    tex = render(sample.study()).tex
    table = tex[tex.index(r"\label{tab:results}") : tex.index(r"\section{Exploration}")]
    names = [argument_text(node, tex) for node, _ in macros(tex, ("label",))]
    assert "tab:results" in names
    rows = [
        line for line in table.splitlines() if line.endswith(r"\\") and "&" in line and "midrule" not in line
    ]
    assert rows
    for row in rows:
        assert not any(c.isdigit() for cell in row.split("&") if "shoalfact" not in cell for c in cell)


def test_a_study_without_a_sandbox_says_so_in_the_paper() -> None:
    loose = sample.study().provenance.model_copy(update={"sandbox": "none"})
    assert r"\emph{without a sandbox}" in render(sample.study(provenance=loose)).tex


def test_the_paper_says_who_wrote_it_in_text_and_metadata() -> None:
    tex = render(sample.code_study()).tex
    assert tex.count("openai:gpt-5.5-mini") >= 3
    assert "pdfsubject={Machine-made paper" in tex
