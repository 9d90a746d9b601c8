"""`events.jsonl`: what happened in a run, with times; nothing is computed from it.

Promises that lines are whole, whichever threads they come from. A line lost in a crash is no loss.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

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
        try:
            with self._path.open("a+b") as file:
                file.seek(max(file.tell() - 1, 0))
                if file.read() not in (b"", b"\n"):  # a crash tore the last line
                    file.write(b"\n")
            self._file = self._path.open("a", encoding="utf-8")
        except OSError as error:
            raise storage_failed(self._path, error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def began(self, template: str, base_url: str | None) -> None:
        """Note that a run began, with what only this machine knows and resuming needs again."""
        self.add(Event("note", "", BEGAN, {"template": template, "base_url": base_url}))

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


@dataclass(frozen=True)
class Beginning:
    """What a run was started with, as far as `run.json` does not say it; None where that is not known."""

    template: str | None = None
    """As the user named it."""
    base_url: str | None = None


def beginning(folder: Path) -> Beginning:
    """How the run in a folder began."""
    for event in events(folder):
        if event.get("text") == BEGAN and "template" in event:
            return Beginning(event["template"], event.get("base_url"))
    return Beginning()


def failures(folder: Path) -> dict[str, str]:
    """Stage and reason of each idea's failure; a stage that was begun again since is none."""
    failed: dict[str, str] = {}
    for event in events(folder):
        idea = event.get("idea", "")
        if event.get("kind") == "stage":
            failed.pop(idea, None)
        elif event.get("kind") == "error":
            failed[idea] = f"{event.get('stage', 'run')}: {event.get('text')}"
    return failed


def events(folder: Path) -> Iterator[dict[str, Any]]:
    """The events of the run in a folder, oldest first; torn and damaged lines are left out."""
    try:
        lines = (folder / FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    except (FileNotFoundError, IsADirectoryError):
        return
    for line in lines:
        with contextlib.suppress(ValueError):
            event = json.loads(line)
            if isinstance(event, dict):
                yield event
