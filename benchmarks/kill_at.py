"""Runs a `shoal` command and ends it with SIGKILL just before its n-th write.

    python kill_at.py N COUNT COMMAND…

Writes are renames and appends, seen through the interpreter's audit events, and what the checkpointer puts.
With N = 0 nothing is killed; the number of writes is left in the file COUNT. The program knows nothing of it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any


class Countdown:
    """Counts the writes of this process, in all its threads, and ends it before one of them."""

    def __init__(self, fatal: int) -> None:
        self.fatal = fatal
        self.count = 0
        self._lock = threading.Lock()

    def see(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An audit hook."""
        renames = event == "os.rename"
        appends = event == "open" and isinstance(arguments[1], str) and "a" in arguments[1]
        if renames or appends:
            self.write()

    def write(self) -> None:
        """One write is about to happen."""
        with self._lock:
            self.count += 1
            if self.count == self.fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    def around_checkpoints(self) -> None:
        """See what langgraph saves."""
        from langgraph.checkpoint.sqlite import SqliteSaver

        for name in ("put", "put_writes"):
            inner = getattr(SqliteSaver, name)

            def watched(*arguments: Any, _inner: Any = inner, **named: Any) -> Any:
                self.write()
                return _inner(*arguments, **named)

            setattr(SqliteSaver, name, watched)


if __name__ == "__main__":
    fatal, count, *command = sys.argv[1:]
    sys.argv = ["shoal", *command]
    from agent.cli import main

    countdown = Countdown(int(fatal))
    countdown.around_checkpoints()
    sys.addaudithook(countdown.see)
    try:
        main()
    finally:
        Path(count).write_text(str(countdown.count))
