"""Stopping a run: `shoal stop` leaves a request in the run's folder, Ctrl-C and SIGTERM set a flag.

Promises that the first signal ends the running trials in order and that the second one ends the process at
once; either way the run can be resumed, since everything recorded is on disk.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from agent.errors import Stopped, UserError
from agent.workspace import Workspace, write_durably

REQUEST = "stop"
"""Name of the request's file in the run's folder."""
SHOW_CURSOR = b"\x1b[?25h\n"
STOPPING = (
    b"stopping: running trials are ended, a call to a model, which is paid for, is waited for; a second "
    b"signal ends at once (resumable either way)\n"
)


class StopRequests:
    """What asks a run to end: its request file and the process's signals."""

    def __init__(self, folder: Path, run: str) -> None:
        self._request = folder / REQUEST
        self._run = run
        self._signalled = False

    def asked(self) -> Stopped | None:
        """The reason to stop, or None."""
        again = f"`shoal resume {self._run}` goes on"
        if self._signalled:
            return Stopped(f"interrupted; {again}", interrupted=True)
        if self._request.exists():
            return Stopped(f"stopped by `shoal stop`; {again}")
        return None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Listen to SIGINT and SIGTERM; the second one ends the process.

        An old request is forgotten, and an answered one removed.
        """
        self._request.unlink(missing_ok=True)

        def handle(_number: int, _frame: FrameType | None) -> None:
            if self._signalled:
                if os.isatty(2):
                    os.write(2, SHOW_CURSOR)
                os._exit(130)
            self._signalled = True
            if not os.isatty(2):  # the live board says it itself
                os.write(2, STOPPING)

        before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            self._request.unlink(missing_ok=True)


def request_stop(run: str, root: Path, *, json: bool) -> int:
    """Ask the process that works on `run` to stop.

    Raises:
        UserError: there is no such run, or nobody is working on it.
    """
    from agent.cli.look import known_name, print_json

    workspace = Workspace(root)
    known_name(workspace, run)
    if not is_running(workspace, run):
        raise UserError(f"run {run} is not running; `shoal resume {run}` goes on with it")
    write_durably(workspace.run_folder(run) / REQUEST, b"")
    print(f"{run} was asked to stop", file=sys.stderr)
    if json:
        print_json({"schema": 1, "command": "stop", "run": run})
    return 0


def is_running(workspace: Workspace, run: str) -> bool:
    """Whether a process holds the run's lock; looks without making or changing a file."""
    try:
        with (workspace.run_folder(run) / "lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
