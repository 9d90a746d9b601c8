"""A scripted paper keeps the page limit that its run sets, in both styles, or is refused with a way out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pypdfium2
import pytest

MICRO = Path(__file__).parent / "templates" / "micro"


def shoal(*command: str) -> tuple[int, str]:
    ended = subprocess.run([sys.executable, "-m", "agent", *command], capture_output=True, text=True)
    return ended.returncode, ended.stderr


def run(workspace: Path, limit: int, *more: str) -> tuple[int, str]:
    """One study; later ones find its trials known."""
    return shoal(
        *(
            "run",
            str(MICRO),
            "--idea",
            "attention",
            "--workspace",
            str(workspace),
            "--sandbox",
            "bubblewrap",
            "--explore",
            "4",
        ),
        *("--replicates", "8", "--allow-uninformative", "--max-pages", str(limit), *more),
    )


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("limits")


def pages(pdf: Path) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    found = [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    document.close()
    return found


@pytest.mark.parametrize(("style", "limit"), [("plain", 3), ("twocolumn", 2)])
def test_a_paper_that_is_too_long_is_shortened_by_rule_verifies_and_replays(
    workspace: Path, style: str, limit: int
) -> None:
    code, told = run(workspace, limit, "--style", style, "--name", style)
    assert code == 0, told
    (folder,) = (workspace / "papers" / style).glob("*/round-0")
    shown = pages(folder / "paper.pdf")
    end = next(number for number, text in enumerate(shown, 1) if "How this paper was made" in text)
    assert end <= limit + 1
    assert all("Conclusion" not in text for text in shown[limit:])
    shortened = json.loads((folder / "shortened.json").read_text(encoding="utf-8"))
    assert shortened["pages"] == limit
    assert shortened["figures"]
    assert "effects" not in shortened["figures"]
    assert f"The main text was shortened to {limit} pages" in " ".join(shown)
    behind = (folder / "paper.tex").read_text(encoding="utf-8").partition(r"\appendix")[2]
    assert all(rf"\label{{fig:{figure}}}" in behind for figure in shortened["figures"])
    for command in ("verify", "replay"):
        code, told = shoal(command, style, "--workspace", str(workspace))
        assert code == 0, told


def test_a_limit_that_no_text_can_keep_is_refused_with_the_pages_it_needs(workspace: Path) -> None:
    code, told = run(workspace, 1, "--name", "tight")
    assert code == 1
    (line,) = [text for text in told.splitlines() if text.startswith("shoal: ")]
    assert "pages at its shortest and may have 1" in line
    assert "--max-pages" in line
    assert not list((workspace / "papers" / "tight").glob("*/best.json"))
