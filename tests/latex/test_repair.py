# ruff: noqa: E501
"""Broken papers through the rules and the real TeX."""

import re
import shutil
from collections.abc import Callable, Iterator, Mapping

import pytest

from agent.artifacts import SectionText
from agent.errors import SandboxMissing, SandboxUnavailable
from agent.latex.compile import DRAFT_LIMITS, TEX_LIMITS, Compiled, compile_pdf
from agent.latex.diagnose import Problem, causes, diagnose
from agent.latex.paper_in import SECTIONS
from agent.latex.read_back import sections, unbound
from agent.latex.render import render
from agent.latex.repair.edit import Change
from agent.latex.repair.engine import Mended, repair
from agent.latex.repair.structure import faults
from agent.latex.repair.text import plain_heading
from agent.prompts.repair import RepairIn, RepairOut, repair_keeps
from agent.prompts.substance import changed
from agent.sandboxes.bubblewrap import Bubblewrap
from tests.latex import sample

Tex = Callable[[Mapping[str, bytes], bool], Compiled]


@pytest.fixture(scope="module")
def tex(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tex]:
    if shutil.which("latexmk") is None:
        pytest.skip("latexmk is not installed")
    try:
        sandbox = Bubblewrap(tmp_path_factory.mktemp("store"))
    except (SandboxUnavailable, SandboxMissing) as error:
        pytest.skip(f"bubblewrap does not work here: {error}")
    there = sandbox.host_environment()

    def compiled(files: Mapping[str, bytes], draft: bool) -> Compiled:
        return compile_pdf(files, sandbox, there, DRAFT_LIMITS if draft else TEX_LIMITS, draft=draft)

    yield compiled
    sandbox.stop_all()


def small(body: str) -> dict[str, bytes]:
    tex = f"\\documentclass{{article}}\n\\begin{{document}}\n\\section{{One}}\n{body}\n\\end{{document}}\n"
    return {"paper.tex": tex.encode()}


def text(mended: Mended) -> str:
    return mended.files["paper.tex"].decode()


BROKEN = {
    "characters": (r"The R&D of weight_decay costs 5$ for run #3.", r"The R\&D of weight\_decay costs 5\$ for run \#3."),
    "a brace": ("It is \\emph{very well known.\n\nAnd so on.", r"It is \emph{very well known}."),
    "a list": ("\\begin{itemize}\n\\item one\n\nAnd so on.", "\\item one\n\\end{itemize}\n"),
    "a table": ("\\begin{tabular}{lr}\na & 1 & 2 \\\\\n\\end{tabular}", "{lrr}"),
    "a command": (r"It is \emhp{well} known.", r"\emph{well}"),
    "a blank line": ("It is \\emph{well\n\nknown} here.", "\\emph{well\nknown}"),
    "an open verbatim": ("\\begin{verbatim}\nx = {1}\n\nAnd so on.", "\\end{verbatim}\n\nAnd so on."),
    "math": (r"With $x_1^2^3$ and \alpha.", r"$x_1^2{}^3$ and \ensuremath{\alpha}."),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_rules_mend_markup_and_keep_what_it_says(tex: Tex, kind: str) -> None:
    body, expected = BROKEN[kind]
    mended = repair(small(body), tex)
    assert mended.compiled.pdf is not None
    assert expected in text(mended)
    assert {one.how for one in mended.repairs} == {"rule"}
    assert changed(small(body)["paper.tex"].decode(), text(mended)) == ""


def test_several_breakages_of_a_whole_paper_are_mended_at_once(tex: Tex) -> None:
    files = sample.sources(sample.study())
    whole = files["paper.tex"].decode()
    broken = whole.replace(r"\end{abstract}", "Weight_decay is {bold.\n\\end{abstract}", 1)
    broken = broken.replace(r"\begin{shoaltabular}{Llrl", r"\begin{shoaltabular}{Llr", 1)
    broken = broken.replace(r"\label{tab:results}", r"\labell{tab:results}", 1)
    mended = repair({**files, "paper.tex": broken.encode()}, tex)
    assert mended.compiled.pdf is not None
    assert [one.how for one in mended.repairs] == ["rule"] * len(mended.repairs)
    assert changed(broken, text(mended), words=False) == ""
    assert not [one for one in mended.compiled.problems if one.kind == "undefined"]


def test_an_error_that_hid_others_is_mended_before_them(tex: Tex) -> None:
    files = small("A \\nosuch, a_b, an R&D\n\nand x^2 and run #3 of \\emph{all.\n\nEnd.")
    broken = files["paper.tex"].replace(
        rb"\begin{document}", b"\\usepackage{nosuchpackage}\n\\begin{document}"
    )
    mended = repair({"paper.tex": broken}, tex)
    assert mended.compiled.pdf is not None
    assert {one.how for one in mended.repairs} == {"rule"}


def test_what_no_rule_mends_is_asked_of_a_model_and_its_words_must_stay(tex: Tex) -> None:
    body = "Before.\n\nIt is \\halign{a}known.\n\nAfter."

    def alters(latex: str, _: Problem) -> Change:
        at = latex.index(r"\halign{a}known")
        return Change("model", at, at + 15, "proven")

    def keeps(latex: str, _: Problem) -> Change:
        at = latex.index(r"\halign{a}known")
        return Change("model", at, at + 15, "{a}known")

    asked = repair(small(body), tex, keeps)
    assert [one.how for one in asked.repairs] == ["model"]
    refused = repair(small(body), tex, alters)
    assert refused.compiled.pdf is not None
    assert "proven" not in text(refused)


def test_what_nothing_mends_is_left_out_with_a_note_and_the_rest_stays(tex: Tex) -> None:
    mended = repair(small("Before.\n\nIt is \\halign{a}known.\n\nAfter."), tex)
    assert mended.compiled.pdf is not None
    assert [one.how for one in mended.repairs] == ["left out"]
    assert "could not set was left out" in text(mended)
    assert "Before." in text(mended)
    assert "After." in text(mended)


def test_only_the_sentence_that_breaks_goes_out_of_a_caption(tex: Tex) -> None:
    caption = "\\caption{One stays. Two \\halign{x}goes. Three stays too.}\\label{fig:it}"
    mended = repair(small(f"See \\ref{{fig:it}}.\n\n\\begin{{figure}}\n{caption}\n\\end{{figure}}"), tex)
    assert mended.compiled.pdf is not None
    assert [one.how for one in mended.repairs] == ["left out"]
    assert re.search(r"One stays\. \\textit\{\[[^\]]*\]\} Three stays too\.\}\\label", text(mended))


def test_commands_that_were_read_as_escapes_come_back_and_other_control_characters_go(tex: Tex) -> None:
    mended = repair(small("With $\beta = \frac{1}{2}$ and a \0word."), tex)
    assert mended.compiled.pdf is not None
    assert r"With $\beta = \frac{1}{2}$ and a word." in text(mended)


def test_a_heading_keeps_its_words_where_its_markup_cannot_stand() -> None:
    latex = r"\section{Why\footnote{\verb|a|} so}\label{sec:why}"
    change = next(
        plain_heading(latex, Problem("error", "paper.tex", 1, "Argument of \\@sect has an extra }"))
    )
    assert change.apply(latex) == r"\section{Why a so}\label{sec:why}"


def test_nothing_after_an_end_that_comes_too_early_is_lost(tex: Tex) -> None:
    mended = repair(small("Before.\n\\end{document}\nAfter."), tex)
    assert mended.compiled.pdf is not None
    assert text(mended).count(r"\end{document}") == 1
    assert text(mended).index("After.") < text(mended).index(r"\end{document}")
    assert [one.rule for one in mended.repairs] == ["an end before the end"]


def test_text_behind_a_percent_sign_is_not_lost_though_tex_does_not_complain(tex: Tex) -> None:
    mended = repair(
        small("It is 40% of them, \\verb|5 % y|.\n\\begin{verbatim}\n5% x\n\\end{verbatim}\n% a comment"), tex
    )
    assert mended.compiled.pdf is not None
    assert r"It is 40\% of them, \verb|5 % y|." in text(mended)
    assert "\n5% x\n" in text(mended)
    assert len(mended.repairs) == 1


def test_a_paper_without_a_mismatch_is_not_taken_for_one_with_it(tex: Tex) -> None:
    mended = repair(small("A weight_decay.\n\n\\par\n{\\small Small.\n\nStill small.\n\n}"), tex)
    assert [one.rule for one in mended.repairs] == ["an unescaped _"]


def test_a_bibliography_that_is_not_there_is_not_asked_for(tex: Tex) -> None:
    files = sample.sources(sample.study())
    broken = files["paper.tex"].replace(
        rb"\section{Method}", b"\\bibliography{refs_extra}\n\\section{Method}", 1
    )
    mended = repair({**files, "paper.tex": broken}, tex)
    assert mended.compiled.pdf is not None
    assert mended.files["paper.tex"] == files["paper.tex"]


def test_a_work_that_is_not_known_is_said_to_be_and_others_stay(tex: Tex) -> None:
    files = sample.sources(sample.study())
    whole = files["paper.tex"].decode()
    cited = whole.index(r"\citep{") if r"\citep{" in whole else whole.index(r"\cite{")
    broken = f"{whole[:cited]}\\citep{{ghost2031}} {whole[cited:]}"
    mended = repair({**files, "paper.tex": broken.encode()}, tex)
    assert mended.compiled.problems == ()
    assert text(mended) == broken.replace(r"\citep{ghost2031}", r"\textit{[a work that is not known]}")


def test_a_repaired_paper_reads_back_to_sections_that_make_it_again(tex: Tex) -> None:
    broken = {
        **sample.SECTIONS,
        "method": sample.SECTIONS["method"] + "\n\nThe knob weight_decay is \\alpha.",
    }
    study = sample.study(sections=tuple(SectionText(name=n, latex=broken[n]) for n in SECTIONS))
    rendered = render(study)
    mended = repair(sample.sources(study), tex, may_load=False)
    found = sections(rendered.tex, rendered.sections, text(mended))
    assert mended.compiled.pdf is not None
    assert found is not None
    texts = tuple(SectionText(name=n, latex=latex) for n, latex in zip(SECTIONS, found, strict=True))
    assert render(sample.study(sections=texts)).tex == text(mended)


def test_a_repair_outside_the_sections_is_not_read_back() -> None:
    rendered = render(sample.study())
    assert sections(rendered.tex, rendered.sections, rendered.tex) is not None
    other = rendered.tex.replace(r"\label{tab:results}", r"\label{tab:result}")
    assert sections(rendered.tex, rendered.sections, other) is None


def test_bound_macros_become_names_again() -> None:
    bound = r"\shoalclaim{primary}{It is \shoalfact{a}{0.5}} or \shoalfact{b.c}{[\ensuremath{1}, 2]}, \shoalverdict{x}."
    assert unbound(bound) == r"\claim{primary} or \interval{b.c}, \verdict."


@pytest.mark.parametrize(
    ("latex", "what"),
    [
        ("a {b", ["open {"]),
        ("a b}", ["stray }"]),
        ("\\emph{a\n\nb} c", ["open {", "stray }"]),
        ("$a", ["open $"]),
        ("\\begin{itemize}\\item a\n\\section{B}", ["open environment"]),
        ("\\end{itemize}", ["stray end"]),
        ("\\emph{\\begin{itemize}\\item a} b", ["open environment"]),
        ("\\emph{\\begin{center}a} b\\end{center}}", ["stray }"]),
        ("\\begin{verbatim}\na", ["open environment"]),
        ("\\{ $a$ 5\\$ {b} % {\n\\begin{center}a\\end{center} \\verb|{$|", []),
    ],
)
def test_mismatches_are_found_without_tex(latex: str, what: list[str]) -> None:
    assert [fault.what for fault in faults(latex)] == what


LOG = r"""(./paper.tex
./paper.tex:12: Missing $ inserted.
<inserted text>
                $
l.12 The knob weight_
                     decay is
./paper.tex:14: Missing $ inserted.
<inserted text>
                $
l.14

./paper.tex:40: Undefined control sequence.
<argument> ...is said to be \nosuch
                                   {very} good
l.40 ...is said to be \nosuch{very} good}

./paper.tex:41:  ==> Fatal error occurred, no output PDF file produced!
"""


def test_causes_are_told_apart_from_what_follows_from_them() -> None:
    assert [(one.line, one.macro) for one in causes(diagnose(LOG))] == [(12, "_"), (40, r"\nosuch")]


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (r"It is \fact{a.b}, 0.512 \cite{x}.", ""),
        (r"It is \fact{a.b}, 0.513 \cite{x}.", "digits"),
        (r"It is \fact{a.c}, 0.512 \cite{x}.", "fact"),
        (r"It is \fact{a.b}, 0.512.", "citations"),
        (r"It is not \fact{a.b}, 0.512 \cite{x}.", "words"),
        (r"\emph{It is} \fact{a.b}, $0.512$~\cite{x}.", ""),
    ],
)
def test_a_repair_may_change_markup_alone(after: str, says: str) -> None:
    assert says in changed(r"It is \fact{a.b}, 0.512 \cite{x}.", after)
    assert bool(says) == bool(changed(r"It is \fact{a.b}, 0.512 \cite{x}.", after))


def test_a_models_repair_brings_in_no_file_and_no_definition() -> None:
    data = RepairIn(message="Missing $ inserted.", line=1, near="a_", neighbourhood="The a_b is.")
    assert repair_keeps(data, RepairOut(search="a_b", replace=r"a\_b", none_because="")) == ()
    assert repair_keeps(data, RepairOut(search="a_b", replace=r"\input a\_b", none_because=""))
    assert repair_keeps(data, RepairOut(search="c", replace="d", none_because=""))
    assert repair_keeps(data, RepairOut(search="", replace="", none_because=""))
