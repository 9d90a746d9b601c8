"""The ledger of registrations: append-only, hash-chained, one a workspace.

Promises that a registered plan is counted once per run, whatever crashes in between: a run's own lines
come first, and those missing in the workspace's chain are taken up at the next start. Does not keep
anybody from deleting the whole file; it only makes a change inside it visible.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from agent.artifacts import Artifact, canonical_json, sha256_of
from agent.errors import WorkspaceCorrupt
from agent.workspace import Workspace, append_durably, file_lock

GENESIS = "0" * 64
RESTORE = "put the file back from a copy; what was registered must stay known"


Kind = Literal["primary", "additional", "replicate", "reproduce"]


class Entry(Artifact):
    """One registration, as the run states it."""

    run: str
    plan: str
    """Hash of the plan."""
    pool: str
    """Hash of the test inputs and answers."""
    kind: Kind

    @property
    def counted(self) -> bool:
        """Whether it uses up the pool: everything but running the same plan's replicates again."""
        return self.kind != "reproduce"


class Link(Artifact):
    """One line of the workspace's chain."""

    entry: Entry
    previous: str
    """Link hash of the line before; 64 zeros for the first."""


class Ledger:
    """The registrations of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.path = workspace.root / "experiments" / "ledger.jsonl"
        self._lock = workspace.store / "locks" / "ledger.lock"

    def entries(self) -> list[Entry]:
        """All registrations, oldest first.

        Raises:
            WorkspaceCorrupt: a line is damaged or the chain is broken; the text names the line.
        """
        return [link.entry for link in self._links()]

    def count(self, pool: str) -> int:
        """Counted registrations on a pool of test data."""
        return sum(1 for entry in self.entries() if entry.pool == pool and entry.counted)

    def append(self, entry: Entry) -> None:
        """Register durably; the same run, plan and kind a second time adds nothing."""
        own = self._own(entry.run)
        with file_lock(self._lock):
            if entry not in read_entries(own):
                append_durably(own, canonical_json(entry.model_dump(mode="json")))
            self._chain(entry)

    def take_up(self) -> int:
        """Enter the lines of runs that a crash kept out of the chain; returns how many there were."""
        with file_lock(self._lock):
            known = self.entries()
            missing = [
                entry
                for run in self._workspace.runs()
                for entry in read_entries(self._own(run))
                if entry not in known
            ]
            for entry in missing:
                self._chain(entry)
        return len(missing)

    def _own(self, run: str) -> Path:
        return self._workspace.run_folder(run) / "ledger.jsonl"

    def _chain(self, entry: Entry) -> None:
        links = self._links()
        if any(link.entry == entry for link in links):
            return
        link = Link(entry=entry, previous=links[-1].hash if links else GENESIS)
        line = {**link.model_dump(mode="json"), "hash": link.hash}
        append_durably(self.path, canonical_json(line))

    def _links(self) -> list[Link]:
        links: list[Link] = []
        previous = GENESIS
        for number, text in enumerate(_whole_lines(self.path), start=1):
            try:
                raw = json.loads(text)
                stated = raw.pop("hash")
                link = Link.model_validate(raw)
            except (ValueError, KeyError, AttributeError, TypeError, ValidationError) as error:
                raise WorkspaceCorrupt(f"{self.path}:{number}: damaged line; {RESTORE}") from error
            if link.previous != previous or sha256_of(link.model_dump(mode="json")) != stated:
                raise WorkspaceCorrupt(f"{self.path}:{number}: the chain is broken here; {RESTORE}")
            links.append(link)
            previous = link.hash
        return links


def read_entries(path: Path) -> list[Entry]:
    """The entries of a run's own ledger file.

    Raises:
        WorkspaceCorrupt: a line is damaged.
    """
    entries = []
    for number, text in enumerate(_whole_lines(path), start=1):
        try:
            entries.append(Entry.model_validate_json(text))
        except ValidationError as error:
            raise WorkspaceCorrupt(f"{path}:{number}: damaged line; {RESTORE}") from error
    return entries


def _whole_lines(path: Path) -> list[bytes]:
    """Lines that end in a newline; a torn last one is an append that never happened."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    return content[: content.rfind(b"\n") + 1].splitlines()
