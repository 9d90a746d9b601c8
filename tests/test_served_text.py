"""What becomes of a served model's text: shortened by its author or by rule, cut where unbacked, mended.

One study is analysed once; each test writes it up with another author.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from pytest_httpserver import HTTPServer

from tests.served_model import answer_to, serve, stage_of

MICRO = Path(__file__).parent / "templates" / "micro"
LIMIT = 4
NOUNS = (
    *("anchor", "basket", "candle", "drawer", "engine", "feather", "garden", "hammer", "island", "jacket"),
    *("kettle", "ladder", "mirror", "needle", "orchard", "pencil", "quarry", "ribbon", "saddle", "teapot"),
    *("umbrella", "valley", "window", "yard", "bridge", "copper", "dinner", "forest", "glove", "harbour"),
)
PADDED = {"introduction": 18, "related work": 14, "method": 22, "setup": 16}
"""Sections that a wordy author writes too much in, and how many sentences."""
Author = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Written:
    """A paper as one author left it."""

    code: int
    told: str
    folder: Path
    seen: list[dict[str, Any]]

    @property
    def paper(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "paper.json").read_text(encoding="utf-8"))["content"])

    def listed(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    @property
    def text(self) -> str:
        document = pypdfium2.PdfDocument(self.folder / "paper.pdf")
        pages = [" ".join(page.get_textpage().get_text_range().split()) for page in document]
        document.close()
        return "\f".join(pages)

    @property
    def pages(self) -> int:
        """Pages up to the last words of the conclusion."""
        before = self.text.partition("How this paper was made")[0]
        return 1 + before.rstrip("\f ").count("\f")


def shoal(*command: str) -> tuple[int, str]:
    ended = subprocess.run([sys.executable, "-m", "agent", *command], capture_output=True, text=True)
    return ended.returncode, ended.stderr


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a study that waits for its paper, of at most `LIMIT` pages."""
    workspace = tmp_path_factory.mktemp("analysed")
    with HTTPServer() as server:
        serve(server)
        code, told = shoal(
            *(
                "run",
                str(MICRO),
                "--name",
                "served",
                "--workspace",
                str(workspace),
                "--sandbox",
                "bubblewrap",
            ),
            *(
                "--model",
                "vllm:x",
                "--base-url",
                server.url_for("/v1"),
                "--explore",
                "2",
                "--replicates",
                "8",
            ),
            *("--allow-uninformative", "--max-pages", str(LIMIT), "--until", "analyse"),
        )
    assert code == 3, told
    return workspace


@pytest.fixture
def written(analysed: Path, tmp_path: Path, httpserver: HTTPServer) -> Callable[[Author], Written]:
    """What an author makes of the study."""

    def write(author: Author) -> Written:
        workspace = tmp_path / "workspace"
        shutil.copytree(analysed, workspace, symlinks=True)
        seen = serve(httpserver, author)
        code, told = shoal(
            *("resume", "served", "--workspace", str(workspace), "--until", "write"),
            *("--base-url", httpserver.url_for("/v1")),
        )
        (idea,) = (workspace / "papers" / "served").iterdir()
        return Written(code, told, idea / "round-0", seen)

    return write


def text_of(body: dict[str, Any]) -> str:
    return "\n".join(message["content"] for message in body["messages"])


def section_of(body: dict[str, Any]) -> str:
    """The section that is asked for; empty where none is."""
    found = re.search(r"# Your section: ([a-z ]+)", text_of(body))
    return found[1] if stage_of(body) == "section" and found else ""


def padding(section: str) -> str:
    """Sentences that say nothing of the study, no two of them alike."""
    chance = random.Random(section)
    lines = []
    for _ in range(PADDED[section]):
        a, b, c, d, e, f = chance.sample(NOUNS, 6)
        lines.append(
            rf"\conjecture{{The {a} may know the {b}, {c} and {d} could meet, or a {e} lose its {f}.}}"
        )
    return " ".join(lines)


def wordy(body: dict[str, Any]) -> dict[str, Any]:
    answer = answer_to(body)
    if section_of(body) in PADDED:
        return {"latex": f"{answer['latex']} {padding(section_of(body))}"}
    return answer


def is_too_long(body: dict[str, Any]) -> bool:
    return stage_of(body) == "refine" and "The main text has" in text_of(body)


def test_a_text_that_is_too_long_is_shortened_by_its_author(written: Callable[[Author], Written]) -> None:
    def author(body: dict[str, Any]) -> dict[str, Any]:
        if not is_too_long(body):
            return wordy(body)
        cuts = [{"section": one.replace(" ", "_"), "search": padding(one), "replace": ""} for one in PADDED]
        return {"changes": cuts}

    made = written(author)
    assert made.code == 3, made.told
    assert made.pages <= LIMIT
    assert [is_too_long(body) for body in made.seen].count(True) == 1
    shortened = made.listed("shortened.json")
    assert len(shortened["changes"]) == 4
    assert shortened["sentences"] == []
    assert f"The main text was shortened to {LIMIT} pages" in made.text.replace("\f", " ")


def test_a_text_whose_author_leaves_it_too_long_is_shortened_by_rule(
    written: Callable[[Author], Written],
) -> None:
    made = written(lambda body: {"changes": []} if stage_of(body) == "refine" else wordy(body))
    assert made.code == 3, made.told
    assert made.pages <= LIMIT
    assert [is_too_long(body) for body in made.seen].count(True) == 1
    shortened = made.listed("shortened.json")
    assert shortened["changes"] == []
    assert {one["section"] for one in shortened["sentences"]} >= {"related_work"}
    texts = {section["name"]: section["latex"] for section in made.paper["sections"]}
    assert all(one["latex"] not in texts[one["section"]] for one in shortened["sentences"])
    told = made.text.replace("\f", " ")
    assert f"{len(shortened['sentences'])} sentences went out by rule" in told


def test_what_no_revision_backs_is_cut_and_the_paper_says_so(written: Callable[[Author], Written]) -> None:
    unbacked = r"The treatment is \fact{plan.n} times faster on every machine."

    def author(body: dict[str, Any]) -> dict[str, Any]:
        answer = answer_to(body)
        if section_of(body) == "limitations":
            return {"latex": f"{answer['latex']} {unbacked}"}
        return answer

    made = written(author)
    assert made.code == 3, made.told
    assert [section_of(body) for body in made.seen].count("limitations") == 3
    (gone,) = made.listed("taken-out.json")
    assert (gone["section"], gone["latex"]) == ("limitations", unbacked)
    assert gone["reasons"]
    assert "faster" not in made.text
    assert "1 sentence was taken out because the audit found no evidence" in made.text.replace("\f", " ")
    assert "taken-out.json" in {file["path"] for file in made.paper["files"]}


def test_latex_that_only_tex_refuses_is_mended_and_the_paper_lists_it(
    written: Callable[[Author], Written],
) -> None:
    def author(body: dict[str, Any]) -> dict[str, Any]:
        answer = answer_to(body)
        if section_of(body) == "setup":
            return {"latex": rf"{answer['latex']} It is $\frac{{a}}b^c^d$ here."}
        return answer

    made = written(author)
    assert made.code == 3, made.told
    assert made.paper["repairs"]
    assert (made.folder / "paper.pdf").read_bytes().startswith(b"%PDF")


def test_an_author_who_cannot_edit_leaves_the_text_as_it_was(written: Callable[[Author], Written]) -> None:
    nothing = {"changes": [{"section": "method", "search": "nobody wrote this", "replace": "\\fact{x}"}]}
    made = written(lambda body: nothing if stage_of(body) == "refine" else answer_to(body))
    assert made.code == 3, made.told
    assert "the text stays as it was written" in made.told
