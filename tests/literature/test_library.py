"""The template's library.bib as literature."""

from pathlib import Path

import pytest

from agent.errors import TemplateError
from agent.literature.library import Library

ENTRIES = r"""
@article{frenay2014,
  author = {Beno{\^\i}t Fr{\'e}nay and Michel Verleysen},
  title = {Classification in the Presence of Label Noise},
  journal = {Some Journal}, year = {2014}, keywords = {label_noise, survey}
}
@inproceedings{srivastava2014,
  author = {Nitish Srivastava and Geoffrey Hinton},
  title = {Dropout}, year = {2014}, keywords = {dropout; label_noise}
}
@misc{data, author = {Someone}, title = {Data}, year = {1998}}
"""


def library(folder: Path, text: str = ENTRIES) -> Library:
    path = folder / "library.bib"
    path.write_text(text, encoding="utf-8")
    return Library.read(path)


def test_works_with_most_shared_topics_come_first(tmp_path: Path) -> None:
    works = library(tmp_path).works(("dropout", "label_noise"), 5)
    assert [work.key for work in works] == ["srivastava2014", "frenay2014"]
    assert [work.key for work in library(tmp_path).works(("label_noise",), 1)] == ["frenay2014"]


def test_an_entry_is_read_in_plain_words(tmp_path: Path) -> None:
    work = library(tmp_path).find("frenay2014")
    assert work.authors == ("Benoît Frénay", "Michel Verleysen")
    assert (work.year, work.venue, work.status) == (2014, "Some Journal", "found")
    assert work.topics == ("label_noise", "survey")


def test_the_entry_is_printed_without_its_keywords(tmp_path: Path) -> None:
    bibtex = library(tmp_path).find("frenay2014").bibtex
    assert bibtex.startswith("@article{frenay2014,\n")
    assert r"Beno{\^\i}t" in bibtex
    assert "keywords" not in bibtex


def test_an_unknown_key_is_not_found(tmp_path: Path) -> None:
    assert library(tmp_path).find("ghost").status == "not_found"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("@misc{a, title={x}, author={B}, year={1}\n\n@misc{c, title={y}, author={D}}", ":1: "),
        (2 * "@misc{a, title={x}, author={B}, year={1}}\n", ":2: .*key 'a'"),
        ("\n@misc{a, title={x}, year={2001}}", ":2: a has no author"),
        ("@misc{a, title={x}, author={B}, year={soon}}", ":1: a: year is 'soon'"),
    ],
)  # fmt: skip
def test_a_broken_entry_is_named_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(TemplateError, match=f"library.bib{told}"):
        library(tmp_path, text)


def test_a_missing_file_is_a_fault_of_the_template(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="cannot be read"):
        Library.read(tmp_path / "library.bib")


def test_every_work_of_the_digits_template_can_be_read() -> None:
    path = Path(__file__).parents[2] / "templates" / "digits" / "library.bib"
    assert all(work.topics and work.authors for work in Library.read(path).references)
