"""What the tests of models share: a small prompt-like question and clients over a loopback server."""

from __future__ import annotations

import json
from typing import Any

from agent.models.ask import Asked
from agent.models.openai import OpenAIClient
from agent.models.retry import Patience, Persistent
from agent.models.wire import Client, Request, Sampling
from agent.prompts import EDIT, answer_schema, render
from tests.models.server import ChatServer
from tests.prompts import samples

KEY = "sk-very-secret-0123456789"
DATA = samples.edit_in()
GOOD = json.dumps({"description": "", "edits": [], "none_because": "nothing is left"})
BAD_CHECK = json.dumps({"description": "", "edits": [], "none_because": ""})


def client(server: ChatServer, **settings: Any) -> OpenAIClient:
    """A client of the loopback server, with a key; it makes one attempt."""
    return OpenAIClient({"OPENAI_API_KEY": KEY}, server.base_url, **settings)


def persistent(server: ChatServer, attempts: int = 3, **settings: Any) -> Client:
    """The same with retries after short waits."""
    return Persistent(client(server, **settings), Patience(attempts=attempts, first_s=0.001))


def asked(
    server: ChatServer, model: str = "openai:m", sampling: Sampling | None = None, **settings: Any
) -> Asked:
    """A model over the loopback server."""
    return Asked(persistent(server, **settings), {"default": model}, sampling or Sampling())


def request(**changes: Any) -> Request:
    """A request as `ask` makes it."""
    given: dict[str, Any] = {
        "prompt": "edit",
        "version": 1,
        "messages": render(EDIT, DATA),
        "schema": answer_schema(EDIT.Out),
        "model": "openai:m",
        "sampling": Sampling(),
        "site": "a/explore/1",
        "sample": 0,
        "turn": 0,
        "data": DATA,
    }
    return Request(**{**given, **changes})
