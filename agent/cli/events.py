"""`events.jsonl`: what happened in a run, with times; no result is computed from it.

Promises that lines are whole, whichever threads they come from, and that a run which works leaves one every
`BEAT_S` seconds. A line lost in a crash is no loss but of the time it took; other damage is named, since
the file alone knows a run's caps and its server.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from agent.cli.worked import Worked
from agent.errors import StorageFailed
from agent.ports import Event
from agent.workspace import storage_failed, write_durably

FILE = "events.jsonl"
BEGAN, WENT_ON = "began", "went on"
BEAT = "beat"
"""Kind of a line that says no more than that the run works; not shown."""
BEAT_S = 30.0
"""Seconds between two lines, at most, while a run works."""


class EventLog:
    """Appends the events of one run."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = folder / FILE
        self._clock = clock
        self._lock = threading.RLock()
        self._file: TextIO | None = None
        self._ending = threading.Event()
        self._beating = threading.Thread(target=self._beat, name="beat", daemon=True)
        self.worked = Worked()
        """How long the run has worked; guarded by the log's own lock, see `now`."""

    def __enter__(self) -> EventLog:
        self.worked = Worked.before(events(self._path.parent))
        self._before_s, self._began = self.worked.total_s, self._clock()
        self._written = self._began
        try:
            with self._path.open("a+b") as file:
                file.seek(max(file.tell() - 1, 0))
                if file.read() not in (b"", b"\n"):  # a crash tore the last line
                    file.write(b"\n")
            self._file = self._path.open("a", encoding="utf-8")
        except OSError as error:
            raise storage_failed(self._path, error) from error
        self._beating.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._ending.set()
            self._beating.join()
            self._file.close()

    def began(self, template: str, base_url: str | None, caps: Mapping[str, float]) -> None:
        """Note that a run began, with what only this machine knows and resuming needs again."""
        self.add(_began(template, base_url, caps))

    def went_on(self, caps: Mapping[str, float]) -> None:
        """Note that a run went on, with the caps that flags gave it, now or before."""
        self.add(Event("note", "", WENT_ON, {"starts": True, "caps": dict(caps)}))

    def now(self) -> Worked:
        """How long the run and its stages have worked until now; a copy."""
        with self._lock:
            self.worked.pass_to(self._worked_s())
            return deepcopy(self.worked)

    def add(self, event: Event) -> None:
        """Append one event.

        Raises:
            StorageFailed: the disk is full.
        """
        self._write(_row(event))

    def _write(self, row: Mapping[str, object]) -> None:
        at = _now()
        if self._file is None:
            raise ValueError("the event log is not open")
        with self._lock:
            timed = {"at": at, **row, "worked_s": round(self._worked_s(), 3)}
            self.worked.take(timed)
            self._written = self._clock()
            try:
                self._file.write(json.dumps(timed, ensure_ascii=False, default=str) + "\n")
                self._file.flush()
            except OSError as error:
                raise storage_failed(self._path, error) from error

    def _worked_s(self) -> float:
        return self._before_s + self._clock() - self._began

    def _beat(self) -> None:
        """Leave a line where nothing else did; a full disk is for whoever writes next to report."""
        while not self._ending.wait(BEAT_S / 2):
            if self._clock() - self._written >= BEAT_S / 2:
                with contextlib.suppress(StorageFailed):
                    self._write({"kind": BEAT})


def _began(template: str, base_url: str | None, caps: Mapping[str, float]) -> Event:
    note = {"starts": True, "template": template, "base_url": base_url, "caps": dict(caps)}
    return Event("note", "", BEGAN, note)


def _row(event: Event) -> dict[str, object]:
    return {"kind": event.kind, "idea": event.idea, "text": event.text, **event.data}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Beginning:
    """What a run was started with, as far as `run.json` does not say it; None where that is not known."""

    template: str | None = None
    """As the user named it."""
    base_url: str | None = None
    caps: Mapping[str, float] = field(default_factory=dict)
    """Caps that flags gave it at its latest start, by the name of their setting."""


def beginning(folder: Path) -> Beginning:
    """How the run in a folder began."""
    found = Beginning()
    for event in events(folder):
        if event.get("text") == BEGAN and "template" in event:
            found = replace(found, template=event["template"], base_url=event.get("base_url"))
        if event.get("starts") and isinstance(event.get("caps"), dict):
            found = replace(found, caps=event["caps"])
    return found


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


def calls_told(folder: Path) -> dict[str, dict[str, Any]]:
    """The events of calls to a model, by the call's key."""
    return {
        event["key"]: event
        for event in events(folder)
        if event.get("kind") == "call" and isinstance(event.get("key"), str)
    }


def events(folder: Path) -> Iterator[dict[str, Any]]:
    """The events of the run in a folder, oldest first; torn and damaged lines are left out."""
    return (row for row in _rows(folder) if row is not None)


def flaw(folder: Path) -> str:
    """What is wrong with the file of the run in a folder, such as "is missing"; empty where nothing is.

    A torn line is no flaw at the end, or where the run was started anew after it: a crash leaves that.
    """
    if not (folder / FILE).is_file():
        return "is missing"
    rows = list(_rows(folder))
    if not rows:
        return "is empty"
    if not _is_beginning(rows[0]):
        return "does not tell how the run began"
    for number, (row, after) in enumerate(pairwise(rows), start=1):
        if row is None and not (after or {}).get("starts"):
            return f"is damaged in line {number}"
    return ""


def begin_again(folder: Path, template: str, base_url: str | None, caps: Mapping[str, float]) -> None:
    """Keep what can be read of a damaged file, below how the run began, and set the damaged one aside.

    Args:
        folder: The run's.
        template: For the note that is written where the file does not tell how the run began; so the others.

    Raises:
        StorageFailed: the file cannot be written.
    """
    path = folder / FILE
    rows: list[Mapping[str, object]] = list(events(folder))
    if not rows or not _is_beginning(rows[0]):
        rows.insert(0, {"at": _now(), **_row(_began(template, base_url, caps)), "worked_s": 0.0})
    if path.exists():
        path.replace(path.with_name(f"{FILE}.damaged"))
    write_durably(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())


def _is_beginning(row: Mapping[str, object] | None) -> bool:
    return row is not None and row.get("text") == BEGAN and isinstance(row.get("template"), str)


def _rows(folder: Path) -> Iterator[dict[str, Any] | None]:
    """Every line of the file; None for one that is torn or damaged."""
    try:
        content = (folder / FILE).read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        return
    for line in content.removesuffix(b"\n").split(b"\n") if content else ():
        try:
            row = json.loads(line.decode())
        except (ValueError, RecursionError):
            row = None
        yield row if isinstance(row, dict) else None
