"""A run against an OpenAI-compatible server goes all the way, and is asked once for each answer."""

from __future__ import annotations

import json
import operator
import subprocess
import sys
from itertools import takewhile
from pathlib import Path
from typing import Any

from pytest_httpserver import HTTPServer

from tests.served_model import serve

MICRO = Path(__file__).parent / "templates" / "micro"
MOST_CHARACTERS, MOST_NEW_CHARACTERS = 189_400, 61_600
"""What this study may send, and how much of that behind starts that were sent before. They may only fall;
they rose when writers came to be told what they may retell (docs/decisions.md)."""


def test_a_study_with_a_served_model_goes_all_the_way(httpserver: HTTPServer, tmp_path: Path) -> None:
    seen = serve(httpserver)
    command = [
        *("run", str(MICRO), "--name", "served", "--workspace", str(tmp_path), "--sandbox", "bubblewrap"),
        *("--model", "vllm:x", "--base-url", httpserver.url_for("/v1"), "--explore", "4"),
        *("--replicates", "8", "--allow-uninformative", "--json"),
    ]
    ended = subprocess.run([sys.executable, "-m", "agent", *command], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    document = json.loads(ended.stdout)
    (idea,) = document["ideas"]
    assert idea["verdict"] in ("supported", "refuted", "inconclusive")
    assert Path(idea["pdf"]).read_bytes().startswith(b"%PDF")
    assert "Review 3" in Path(idea["review"]).read_text()
    names = [body["response_format"]["json_schema"]["name"] for body in seen]
    assert {name: names.count(name) for name in dict.fromkeys(names)} == {
        "ideate": 1,
        "edit": 2,
        "section": 9,
        "refine": 1,
        "review": 3,
        "meta": 1,
    }
    assert all(body["model"] == "x" for body in seen)
    sent, new = characters(seen)
    assert sent <= MOST_CHARACTERS
    assert new <= MOST_NEW_CHARACTERS


def characters(seen: list[dict[str, Any]]) -> tuple[int, int]:
    """Characters of all prompts, and those behind the longest start that an earlier prompt had too."""
    texts = ["".join(message["content"] for message in body["messages"]) for body in seen]
    sent = sum(map(len, texts))
    repeated = sum(
        max((sum(takewhile(bool, map(operator.eq, text, other))) for other in texts[:number]), default=0)
        for number, text in enumerate(texts)
    )
    return sent, sent - repeated
