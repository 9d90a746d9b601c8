"""A run against an OpenAI-compatible server goes all the way, and is asked once for each answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from pytest_httpserver import HTTPServer

from tests.served_model import serve

MICRO = Path(__file__).parent / "templates" / "micro"


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
        "review": 3,
        "meta": 1,
    }
    assert all(body["model"] == "x" for body in seen)
