"""A loopback server that speaks chat completions, with the answers that a test gives it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

PATH = "/v1/chat/completions"
Step = Response | Callable[[dict[str, Any]], Response]


def completion(
    text: str | None, *, finish: str = "stop", refusal: str | None = None, tokens: tuple[int, int] = (100, 20)
) -> Response:
    """One chat completion."""
    message = {"role": "assistant", "content": text, "refusal": refusal}
    usage = {
        "prompt_tokens": tokens[0],
        "completion_tokens": tokens[1],
        "total_tokens": sum(tokens),
        "prompt_tokens_details": {"cached_tokens": 40},
        "completion_tokens_details": {"reasoning_tokens": 5},
    }
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": usage,
    }
    return Response(json.dumps(body), content_type="application/json")


def refusal_of(status: int, message: str, **headers: str) -> Response:
    """An error as OpenAI-compatible servers send it."""
    body = {"error": {"message": message, "type": "invalid_request_error", "code": None}}
    return Response(json.dumps(body), status=status, content_type="application/json", headers=headers)


class ChatServer:
    """Answers each request with the next step; the last one stays."""

    def __init__(self, server: HTTPServer, *steps: Step) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self._steps: Iterator[Step] = iter(steps)
        self._last: Step = steps[-1]
        self.base_url = server.url_for("/v1")
        server.expect_request(PATH, method="POST").respond_with_handler(self._handle)

    def _handle(self, request: Request) -> Response:
        body = json.loads(request.get_data())
        self.requests.append(body)
        self.headers.append(dict(request.headers))
        step = next(self._steps, self._last)
        return step if isinstance(step, Response) else step(body)
