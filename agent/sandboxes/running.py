"""The jobs under way in one sandbox, so that all of them can be ended at once.

Promises that `stop_all` marks and ends every job that has entered, and returns when the last has gone.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass(eq=False)
class Running:
    """A job under way; `stopped` is set by `stop_all` before it is ended."""

    end: Callable[[], None]
    """Ends the job from another thread; returns at once."""
    stopped: bool = False
    gone: threading.Event = field(default_factory=threading.Event)


class Roll:
    """Who is running."""

    def __init__(self) -> None:
        """Nobody yet."""
        self._running: set[Running] = set()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def job(self, end: Callable[[], None]) -> Iterator[Running]:
        """Enter a job while the block lasts; it has gone when the block is left."""
        running = Running(end)
        with self._lock:
            self._running.add(running)
        try:
            yield running
        finally:
            with self._lock:
                self._running.discard(running)
            running.gone.set()

    def stop_all(self) -> None:
        """End every job, and wait until each has gone."""
        with self._lock:
            running = list(self._running)
        for one in running:
            one.stopped = True
            one.end()
        for one in running:
            one.gone.wait()
