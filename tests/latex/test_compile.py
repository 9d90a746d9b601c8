"""Papers through the real TeX in the real sandbox."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.artifacts import Limits
from agent.errors import SandboxMissing, SandboxUnavailable
from agent.latex.compile import TEX_LIMITS, Compiled, compile_pdf
from agent.latex.paper_in import PaperIn
from agent.sandboxes.bubblewrap import Bubblewrap
from tests.latex import sample


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bubblewrap]:
    if shutil.which("latexmk") is None:
        pytest.skip("latexmk is not installed")
    try:
        made = Bubblewrap(tmp_path_factory.mktemp("store"))
    except (SandboxUnavailable, SandboxMissing) as error:
        pytest.skip(f"bubblewrap does not work here: {error}")
    yield made
    made.stop_all()


def compiled(sandbox: Bubblewrap, body: str, limits: Limits = TEX_LIMITS) -> Compiled:
    tex = rf"\documentclass{{article}}\begin{{document}}{body}\end{{document}}"
    return compile_pdf({"paper.tex": tex.encode()}, sandbox, sandbox.host_environment(), limits)


def printed(pdf: bytes) -> list[str]:
    """The text of each page."""
    import pypdfium2

    with pypdfium2.PdfDocument(pdf) as document:
        return [page.get_textpage().get_text_range() for page in document]


@pytest.fixture(scope="module", params=["knob idea, A4", "code idea with ablations, letter"])
def paper(request: pytest.FixtureRequest) -> PaperIn:
    return sample.study() if request.param.startswith("knob") else sample.code_study()


@pytest.fixture(scope="module")
def result(sandbox: Bubblewrap, paper: PaperIn) -> Compiled:
    return compile_pdf(sample.sources(paper), sandbox, sandbox.host_environment())


def test_the_sample_compiles_without_an_error_a_dead_reference_or_a_line_that_sticks_out(
    result: Compiled,
) -> None:
    assert result.problems == ()
    assert result.pdf is not None


def test_no_page_is_empty_and_the_paper_is_short(result: Compiled) -> None:
    assert result.pdf is not None
    pages = printed(result.pdf)
    assert 5 <= len(pages) <= 10
    assert all(len(page) > 200 for page in pages)


def test_the_same_sources_give_the_same_pdf_in_another_folder_and_at_another_time(
    result: Compiled, paper: PaperIn, tmp_path: Path
) -> None:
    import pypdfium2

    began = int(time.time())
    elsewhere = Bubblewrap(tmp_path / "store")
    again = compile_pdf(sample.sources(paper), elsewhere, elsewhere.host_environment())
    assert again.pdf == result.pdf
    assert again.pdf is not None
    assert int(time.time()) > began, "the same second, so that equal bytes would say little"
    with pypdfium2.PdfDocument(again.pdf) as document:
        dates = {name: value for name, value in document.get_metadata_dict().items() if "Date" in name}
    assert set(dates.values()) == {"D:20000101000000Z"}


def test_the_pdf_prints_the_digits_of_the_facts(result: Compiled, paper: PaperIn) -> None:
    assert result.pdf is not None
    text = "".join(printed(result.pdf))
    fact = paper.facts.named("arm.baseline.mean")
    assert f"{fact.value:.{fact.digits}f}" in text


def test_tex_reads_no_file_of_the_machine(sandbox: Bubblewrap) -> None:
    result = compiled(sandbox, r"\input{/etc/hostname}")
    assert result.pdf is None
    assert result.errors[0].line == 1


def test_tex_runs_no_program(sandbox: Bubblewrap) -> None:
    result = compiled(sandbox, r"\immediate\write18{echo ran >ran.tex}\IfFileExists{ran.tex}{\ran}{not run}")
    assert result.pdf is not None
    assert "not run" in "".join(printed(result.pdf))


def test_an_endless_macro_is_ended_at_the_limit(sandbox: Bubblewrap) -> None:
    short = TEX_LIMITS.model_copy(update={"wall_s": 3.0})
    result = compiled(sandbox, r"\def\x{\x}\x", short)
    assert result.pdf is None
    assert [p.kind for p in result.errors] == ["resource"]


def test_an_error_is_told_with_its_line(sandbox: Bubblewrap) -> None:
    result = compiled(sandbox, "\n\nText \\nosuch text.\n")
    assert result.pdf is None
    assert (result.errors[0].file, result.errors[0].line) == ("paper.tex", 3)


@pytest.mark.parametrize("path", ["../x.tex", "/etc/x.tex"])
def test_a_file_outside_the_papers_folder_is_refused(sandbox: Bubblewrap, path: str) -> None:
    with pytest.raises(ValueError, match="does not lie"):
        compile_pdf({"paper.tex": b"", path: b""}, sandbox, sandbox.host_environment())
