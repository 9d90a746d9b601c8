"""Answers prompts from a journal alone: no network, no budget, nothing written.

Promises that a request which the journal holds gets the recorded answer, and that one which it holds
otherwise is a miss that names the prompt, the site and each part of the request that differs. Settings of
the sampling are taken as recorded: they are no part of what a study asks.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from agent.errors import AnswerRejected, Stopped, StudyError
from agent.models.journal import Entry, entry_paths, read_entry
from agent.models.wire import Reply, Request
from agent.prompts.render import Message

SHOWN = 60
"""Characters of a line that a difference shows."""


class Miss(StudyError):
    """The journal holds another question at this place: a prompt changed, or what it was made of."""


class RecordEnds(Stopped):
    """The run that is replayed never came to this question."""


@dataclass(frozen=True)
class Replayed:
    """A `Client` that knows the calls of one run."""

    entries: Mapping[str, Entry]
    """By key; of equal places the later entry stands last."""
    misses: list[str] = field(default_factory=list)
    """Every miss so far, for the report."""
    used: set[str] = field(default_factory=set)
    """Keys of the entries that answered."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def read(cls, folder: Path) -> Replayed:
        """The client of a journal's folder.

        Raises:
            WorkspaceCorrupt: an entry is damaged; the text names it.
        """
        paths = sorted(entry_paths(folder), key=lambda path: path.stat().st_mtime_ns)
        return cls({path.stem: read_entry(path) for path in paths})

    def complete(self, request: Request) -> Reply:
        """The recorded answer.

        Raises:
            Miss: another question stands at this place.
            AnswerRejected: the record of this question ends with an answer that was rejected.
            RecordEnds: nothing was asked here.
        """
        entry = self._find(request)
        with self._lock:
            self.used.add(entry.key)
        return entry.reply

    def _find(self, request: Request) -> Entry:
        if (exact := self.entries.get(request.key)) is not None:
            return exact
        place = (request.site, request.sample, request.turn)
        here = [entry for entry in self.entries.values() if (entry.site, entry.sample, entry.turn) == place]
        told = {entry.key: differences(entry, request) for entry in reversed(here)}
        for key, parts in told.items():
            if not parts:
                return self.entries[key]
        if told:
            parts = min(told.values(), key=len)
            text = f"prompt {request.prompt} v{request.version} at {_where(request)}: {'; '.join(parts)}"
            with self._lock:
                self.misses.append(text)
            raise Miss(text)
        if request.turn:
            raise AnswerRejected(f"the record of {request.prompt} at {request.site} ends with this answer")
        raise RecordEnds(f"the run did not come to prompt {request.prompt} at {_where(request)}")


def differences(entry: Entry, request: Request) -> list[str]:
    """In which parts a request differs from a recorded one, settings left out; empty where in none."""
    found = []
    if (entry.prompt, entry.version) != (request.prompt, request.version):
        found.append(f"recorded for {entry.prompt} v{entry.version}")
    if entry.model != request.model:
        found.append(f"model was {entry.model}, is {request.model}")
    for number, (old, new) in enumerate(zip_longest(entry.messages, request.messages)):
        if old != new:
            found.append(f"messages[{number}] {_difference(old, new)}")
    if changed := next(_changed("schema", entry.schema, request.schema), None):
        found.append(changed)
    if not found and dict(entry.settings) == asdict(request.sampling):
        found.append("the pictures differ")
    return found


def _where(request: Request) -> str:
    sample = f", sample {request.sample}" if request.sample else ""
    turn = f", turn {request.turn + 1}" if request.turn else ""
    return f"{request.site}{sample}{turn}"


def _difference(old: Message | None, new: Message | None) -> str:
    if old is None or new is None:
        return "is new" if old is None else "is gone"
    if old.role != new.role:
        return f"was from {old.role}, is from {new.role}"
    lines = zip_longest(old.text.split("\n"), new.text.split("\n"))
    number, (before, after) = next(
        (number, pair) for number, pair in enumerate(lines, start=1) if pair[0] != pair[1]
    )
    return f"differs at line {number}: was {_shown(before, after)}, is {_shown(after, before)}"


def _shown(line: str | None, other: str | None) -> str:
    """A line from a little before its first difference to another one."""
    if line is None:
        return "nothing"
    same = next((i for i, (a, b) in enumerate(zip_longest(line, other or "")) if a != b), len(line))
    start = max(0, same - SHOWN // 3)
    return repr(("…" if start else "") + line[start : start + SHOWN])


def _changed(where: str, old: Any, new: Any) -> Iterator[str]:
    """The places at which two JSON values differ, with both sides."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from _changed(f"{where}.{key}", old.get(key), new.get(key))
    elif json.dumps(old) != json.dumps(new):
        yield f"{where}: was {str(old)[:SHOWN]!r}, is {str(new)[:SHOWN]!r}"
