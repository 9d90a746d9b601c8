"""The journal of model calls: audit trail and resume in one.

Promises that a reply is on disk before it is used, that a request which stands in the journal is answered
from there and spends nothing, and that no key or address of a server is written.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from agent.errors import WorkspaceCorrupt
from agent.models.wire import Client, Reply, Request
from agent.ports import Usage
from agent.workspace import write_durably


@dataclass(frozen=True)
class Journaled:
    """A `Client` that files every reply of another one under its request's key."""

    inner: Client
    folder: Path
    """`experiments/<run>/calls`."""

    def complete(self, request: Request) -> Reply:
        """Answer from the journal, or ask and file the reply.

        Raises:
            WorkspaceCorrupt: the entry cannot be read.
            StorageFailed: the reply cannot be written.
        """
        key = request.key
        path = self.folder / f"{key}.json"
        if path.exists():
            return read_reply(path, key)
        reply = self.inner.complete(request)
        write_durably(path, _entry(request, key, reply))
        if reply.reservation is not None:
            reply.reservation.unlink(missing_ok=True)
        return replace(reply, reservation=None)


def read_reply(path: Path, key: str) -> Reply:
    """The reply in a journal's file.

    Raises:
        WorkspaceCorrupt: it cannot be read, or belongs to another key.
    """
    try:
        entry = json.loads(path.read_text(encoding="utf-8"))
        if entry["key"] != key:
            raise ValueError(f"it belongs to {entry['key']}")
        reply = entry["reply"]
        return Reply(
            text=reply["text"],
            finish=reply["finish"],
            mode=reply["mode"],
            usage=Usage(**reply["usage"]),
            cost_usd=reply["cost_usd"],
            recorded=True,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorkspaceCorrupt(
            f"{path} is damaged: {error}; remove it, and the call is made again"
        ) from error


def _entry(request: Request, key: str, reply: Reply) -> bytes:
    content = {
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
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
