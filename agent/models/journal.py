"""The journal of model calls: audit trail, resume and replay in one.

Promises that a reply is on disk before it is used, that a request which stands in the journal is answered
from there and spends nothing, that no key or address of a server is written, and that an entry which is not
what was written is named with what to do. Times are no part of it: `heard` passes them on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from agent.artifacts import sha256_of
from agent.errors import WorkspaceCorrupt
from agent.models.wire import SCRIPTED, Client, Reply, Request
from agent.ports import Usage
from agent.prompts.render import Message
from agent.workspace import write_durably


@dataclass(frozen=True)
class Entry:
    """One filed call."""

    key: str
    prompt: str
    version: int
    model: str
    settings: Mapping[str, Any]
    site: str
    sample: int
    turn: int
    messages: tuple[Message, ...]
    schema: Mapping[str, Any]
    reply: Reply


@dataclass(frozen=True)
class Called:
    """A call that a model was asked for just now."""

    request: Request
    key: str
    reply: Reply
    seconds: float
    """Of wall-clock time, waits and repeated attempts included."""


def _nobody_hears(_called: Called) -> None:
    """Where nobody wants to know."""


@dataclass(frozen=True)
class Journaled:
    """A `Client` that files every reply of another one under its request's key."""

    inner: Client
    folder: Path
    """`experiments/<run>/calls`."""
    heard: Callable[[Called], None] = _nobody_hears
    """Told of each call to a model once it is filed; not of answers from the journal or of rules."""
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    def complete(self, request: Request) -> Reply:
        """Answer from the journal, or ask and file the reply.

        Raises:
            WorkspaceCorrupt: the entry cannot be read.
            StorageFailed: the reply cannot be written.
        """
        key = request.key
        path = self.folder / f"{key}.json"
        if path.exists():
            return read_entry(path).reply
        began = self.clock()
        reply = self.inner.complete(request)
        seconds = self.clock() - began
        write_durably(path, _content(request, key, reply))
        if reply.reservation is not None:
            reply.reservation.unlink(missing_ok=True)
        if request.model != SCRIPTED:
            self.heard(Called(request, key, reply, seconds))
        return replace(reply, reservation=None)


def entry_paths(folder: Path) -> list[Path]:
    """The files of a journal that hold calls; notes of reservations are left out."""
    return [path for path in sorted(folder.glob("*.json")) if "." not in path.stem]


def read_entry(path: Path) -> Entry:
    """The call in a journal's file.

    Raises:
        WorkspaceCorrupt: it cannot be read, or it is not what was written.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["key"] != path.stem:
            raise ValueError(f"it belongs to {content['key']}")
        if content.pop("hash", None) not in (None, sha256_of(content)):  # early runs wrote none
            raise ValueError("its hash does not fit")
        reply = content["reply"]
        return Entry(
            key=content["key"],
            prompt=content["prompt"],
            version=content["version"],
            model=content["model"],
            settings=content["settings"],
            site=content["site"],
            sample=content["sample"],
            turn=content["turn"],
            messages=tuple(Message(**message) for message in content["messages"]),
            schema=content["answer_schema"],
            reply=Reply(
                text=reply["text"],
                finish=reply["finish"],
                mode=reply["mode"],
                usage=Usage(**reply["usage"]),
                cost_usd=reply["cost_usd"],
                recorded=True,
            ),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise damaged(path, error) from error


def damaged(path: Path, error: Exception) -> WorkspaceCorrupt:
    """The error of a file of a run's journal that is not what was written."""
    run = path.absolute().parents[1].name
    return WorkspaceCorrupt(
        f"{path} is damaged ({error}): put it back from a copy, or `shoal resume {run} --remake` makes the "
        "call again and keeps counting what this one cost"
    )


def _content(request: Request, key: str, reply: Reply) -> bytes:
    content: dict[str, Any] = {
        "schema": 1,
        "key": key,
        "prompt": request.prompt,
        "version": request.version,
        "model": request.model,
        "settings": asdict(request.sampling),
        "site": request.site,
        "sample": request.sample,
        "turn": request.turn,
        "messages": [asdict(message) for message in request.messages],
        "answer_schema": request.schema,
        "reply": {
            "text": reply.text,
            "finish": reply.finish,
            "mode": reply.mode,
            "usage": asdict(reply.usage),
            "cost_usd": reply.cost_usd,
        },
    }
    content["hash"] = sha256_of(content)
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
