"""`events.jsonl`: what happened in a run, with times; nothing is computed from it.

Promises that lines are whole, whichever threads they come from. A line lost in a crash is no loss.
"""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TextIO

from agent.ports import Event
from agent.workspace import storage_failed

FILE = "events.jsonl"
BEGAN = "began"


class EventLog:
    """Appends the events of one run."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._lock = threading.Lock()
        self._file: TextIO | None = None

    def __enter__(self) -> EventLog:
        with self._path.open("a+b") as file:
            file.seek(max(file.tell() - 1, 0))
            if file.read() not in (b"", b"\n"):  # a crash tore the last line
                file.write(b"\n")
        self._file = self._path.open("a", encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def began(self, template: str) -> None:
        """Note that a run began, with the template as the user named it: resuming looks there first."""
        self.add(Event("note", "", BEGAN, {"template": template}))

    def add(self, event: Event) -> None:
        """Append one event.

        Raises:
            StorageFailed: the disk is full.
        """
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        row = {"at": at, "kind": event.kind, "idea": event.idea, "text": event.text, **event.data}
        line = json.dumps(row, ensure_ascii=False, default=str)
        if self._file is None:
            raise ValueError("the event log is not open")
        try:
            with self._lock:
                self._file.write(line + "\n")
                self._file.flush()
        except OSError as error:
            raise storage_failed(self._path, error) from error


def template_argument(folder: Path) -> str | None:
    """How the user named the template when the run began; None where that is not known."""
    try:
        lines = (folder / FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:  # a line torn by a crash
            continue
        if event.get("text") == BEGAN and isinstance(event.get("template"), str):
            return str(event["template"])
    return None
