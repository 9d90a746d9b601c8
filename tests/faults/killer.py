"""Runs a `shoal` command and ends it with SIGKILL just before or after one chosen write.

    python killer.py KIND STAGE WHEN COMMAND…

KIND is put, journal, ledger or checkpoint, WHEN is before or after. Nothing in the program knows of it:
writes are seen through the interpreter's audit events (renames and opens), checkpoints by standing around
the saver's own `put`.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import PurePath
from typing import Any

STAGE_AFTER = {
    "ideas.json": "explore",
    "tree.json": "register",
    "registration-1.json": "confirm",
    "figures.json": "write",
    "paper.json": "review",
}
"""The stage that is under way once a file has been put."""
FIRST_PUT = {
    "archive": "archive.json",
    "start": "run.json",
    "ideate": "ideas.json",
    "explore": "tree.json",
    "register": "plan-1.json",
    "confirm": "results",
    "analyse": "facts.json",
    "write": "paper.tex",
    "review": "review-0.json",
    "lines": "executed.json",
}
"""The put by which a stage is hit: a file's name, or its folder's."""


class Killer:
    """Watches the writes of this process and ends it at one of them."""

    def __init__(self, kind: str, stage: str, when: str) -> None:
        self.kind, self.target, self.when = kind, stage, when
        self.stage = "ideate"
        self.armed: int | None = None
        """The thread whose next event comes after the chosen write."""

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.armed == threading.get_ident():
            self.armed = None  # os.kill is an event too
            os.kill(os.getpid(), signal.SIGKILL)
        if event == "os.rename":
            self._renamed(PurePath(os.fsdecode(arguments[1])))
        elif event == "open" and isinstance(arguments[0], str | os.PathLike):
            self._opened(PurePath(os.fspath(arguments[0])), str(arguments[1]))

    def _renamed(self, path: PurePath) -> None:
        if ".store" in path.parts:
            return
        if self.kind == "journal" and path.parent.name == "calls" and self.stage == self.target:
            self._hit()
        wanted = FIRST_PUT[self.target]
        in_stage = self.target != "confirm" or self.stage == "confirm"
        if self.kind == "put" and in_stage and wanted in (path.name, path.parent.name):
            self._hit()
        self.stage = STAGE_AFTER.get(path.name, self.stage)

    def _opened(self, path: PurePath, mode: str) -> None:
        own = path.parent.name != "experiments"
        if self.kind == "ledger" and path.name == "ledger.jsonl" and "a" in mode and own:
            self._hit()

    def around_checkpoints(self) -> None:
        """Stand around the saver's `put`."""
        from langgraph.checkpoint.sqlite import SqliteSaver

        put = SqliteSaver.put

        def watched(*arguments: Any) -> Any:
            if self.stage == self.target and self.when == "before":
                self._hit()
            saved = put(*arguments)
            if self.stage == self.target:
                os.kill(os.getpid(), signal.SIGKILL)
            return saved

        SqliteSaver.put = watched  # type: ignore[method-assign]

    def _hit(self) -> None:
        if self.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        self.armed = threading.get_ident()


if __name__ == "__main__":
    kind, stage, when, *command = sys.argv[1:]
    sys.argv = ["shoal", *command]
    from agent.cli import main

    killer = Killer(kind, stage, when)
    if kind == "checkpoint":
        killer.around_checkpoints()
    sys.addaudithook(killer)
    main()
