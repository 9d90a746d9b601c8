"""Two whole studies of the micro template, made once for the tests that look at what runs leave behind.

The study `served` asks a server on loopback that tells everybody the key it was sent: in its first reply, an
error, and in the text of an answer. The study `rules` asks no model.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.cli.support import MICRO, in_folder, small
from tests.served_model import answer_to

KEY = "sk-fake-0123456789-abcdef"
MODEL = "openai:gpt-4o-mini"
SERVED, RULES = "served", "rules"
IDEA = "a-bonus-for-careful-guessing-variant"
STUDY = (
    *("run", MICRO, "--sandbox", "bubblewrap", "--no-pdf", "--explore", "2", "--replicates", "8"),
    "--allow-uninformative",
)


@dataclass(frozen=True)
class Recorded:
    """What the two studies left."""

    workspace: Path
    bodies: list[dict[str, Any]]
    """The requests that the server got, in their order; the first one was refused."""
    told: str
    """What `served` printed."""


class Telltale:
    """Answers chat completions, and repeats the key wherever it can."""

    def __init__(self, server: HTTPServer) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.base_url = server.url_for("/v1")
        server.expect_request("/v1/models").respond_with_json({"object": "list", "data": []})
        server.expect_request("/v1/chat/completions", method="POST").respond_with_handler(self._handle)

    def _handle(self, request: Request) -> Response:
        body = json.loads(request.data)
        self.bodies.append(body)
        sent = request.headers["Authorization"]
        if len(self.bodies) == 1:
            error = {"error": {"message": f"overloaded; you sent {sent}"}}
            return Response(json.dumps(error), 500, {"retry-after-ms": "2"}, content_type="application/json")
        answer = answer_to(body)
        for idea in answer.get("ideas", ()):
            idea["prediction"] += f" You sent {sent}."
        text = json.dumps(answer)
        details = {"cached_tokens": len(request.data) // 8}
        return Response(
            json.dumps({
                "id": "x", "object": "chat.completion", "created": 0, "model": body["model"],
                "choices": [{
                    "index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text},
                }],
                "usage": {
                    "prompt_tokens": len(request.data) // 4, "completion_tokens": len(text) // 4,
                    "total_tokens": 0, "prompt_tokens_details": details,
                },
            }),
            content_type="application/json",
        )  # fmt: skip


def record(folder: Path) -> Recorded:
    """Run the two studies below a folder."""
    here = folder / "here"
    here.mkdir()
    shoal = in_folder(here)
    with HTTPServer() as server:
        telltale = Telltale(server)
        done = shoal(
            *STUDY, *("--name", SERVED, "--model", MODEL, "--base-url", telltale.base_url),
            env={"OPENAI_API_KEY": KEY},
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    ruled = shoal(*small(RULES))
    assert ruled.returncode == 0, ruled.stderr
    return Recorded(here, telltale.bodies, done.stdout + done.stderr)
