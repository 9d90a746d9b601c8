"""Styles through the real TeX, and folders that cannot be used."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import SandboxMissing, SandboxUnavailable, UserError
from agent.latex.compile import compile_pdf
from agent.latex.render import render
from agent.latex.styles import style_named
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


@pytest.fixture
def venue(tmp_path: Path) -> Path:
    """A venue's folder: a package that sets the page and loads natbib and hyperref its own way."""
    lines = [
        r"\ProvidesPackage{toyconf}",
        r"\RequirePackage[margin=30mm]{geometry}",
        r"\RequirePackage{natbib}",
    ]
    (tmp_path / "toyconf.sty").write_text("\n".join([*lines, r"\RequirePackage{hyperref}", ""]))
    (tmp_path / "style.toml").write_text(
        'documentclass = "article"\noptions = ["10pt"]\npackages = [{ name = "toyconf" }]\n'
    )
    return tmp_path


@pytest.mark.parametrize("name", ["twocolumn", "venue"])
def test_a_paper_in_another_style_has_no_line_that_sticks_out_and_says_who_made_it(
    sandbox: Bubblewrap, venue: Path, name: str
) -> None:
    import pypdfium2

    study = sample.code_study()
    figures = {path: data for path, data in sample.sources(study).items() if path.startswith("figures/")}
    style = style_named(str(venue) if name == "venue" else name)
    files = {**render(study, style).files(), **figures}
    made = compile_pdf(files, sandbox, sandbox.host_environment())
    assert made.problems == ()
    assert made.pdf is not None
    with pypdfium2.PdfDocument(made.pdf) as document:
        first = document[0].get_textpage().get_text_range()
        metadata = document.get_metadata_dict()
    assert "Machine-made paper" in first
    assert "Machine-made paper" in metadata["Subject"]
    assert metadata["CreationDate"].startswith("D:2000")
    assert compile_pdf(files, sandbox, sandbox.host_environment()).pdf == made.pdf


def test_a_folder_brings_its_own_files_of_known_kinds(venue: Path) -> None:
    (venue / "notes.txt").write_text("x")
    assert set(style_named(str(venue)).files) == {"toyconf.sty", "shoal-venue.sty"}


@pytest.mark.parametrize("name", ["link.sty", "toyconf.sty", "style.toml"])
def test_a_folder_with_a_link_in_it_is_refused(
    venue: Path, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "secret"
    elsewhere.write_text((venue / "style.toml").read_text())
    (venue / name).unlink(missing_ok=True)
    (venue / name).symlink_to(elsewhere)
    with pytest.raises(UserError, match=f"{name} is a link"):
        style_named(str(venue))


def test_settings_that_are_no_file_are_refused_and_not_waited_for(venue: Path) -> None:
    (venue / "style.toml").unlink()
    os.mkfifo(venue / "style.toml")
    with pytest.raises(UserError, match="is no file"):
        style_named(str(venue))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (None, "cannot be read"),
        ('documentclass = "article"', "among its files"),
        ('documentclass = "article"\ncolour = "red"', "colour"),
        ('documentclass = "art}icle"', "no name"),
        ('documentclass = "article"\noptions = ["a]{b}"]', "no option"),
        ("documentclass =", "style.toml"),
    ],
)
def test_a_folder_that_cannot_be_used_is_one_line_that_says_why(
    venue: Path, settings: str | None, says: str
) -> None:
    (venue / "style.toml").unlink()
    if settings is not None:
        (venue / "style.toml").write_text(settings)
    with pytest.raises(UserError, match=says) as refused:
        style_named(str(venue))
    assert "\n" not in str(refused.value).strip()


def test_a_style_that_nobody_knows_names_those_there_are() -> None:
    with pytest.raises(UserError, match="use plain, twocolumn"):
        style_named("threecolumn")
