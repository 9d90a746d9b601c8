"""Where ideas wait for a person's answer while other ideas of the same process still work.

Promises that a wait ends: with the answer, with the reason to stop, or as soon as nobody works any more, for
then the process need not stay. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Condition
from typing import TypeVar

AnswerT = TypeVar("AnswerT")

POLL_S = 0.3
"""Seconds between two looks for an answer that another process leaves on disk."""


class Desk:
    """The ideas of one process that still work, seen by those that wait."""

    def __init__(self) -> None:
        self._working: set[str] = set()
        self._changed = Condition()

    def works(self, ideas: Iterable[str]) -> None:
        """Enter ideas that work."""
        with self._changed:
            self._working.update(ideas)

    def rests(self, idea: str) -> None:
        """Note that an idea waits, has ended or broke off."""
        with self._changed:
            self._working.discard(idea)
            self._changed.notify_all()

    def wait(
        self,
        idea: str,
        look: Callable[[], AnswerT | None],
        *,
        tell: Callable[[], None],
        check_stop: Callable[[], None],
    ) -> AnswerT | None:
        """The answer that `look` finds; None once no other idea works. `tell` is called if it takes long.

        Raises:
            Stopped: `check_stop` says so.
        """
        self.rests(idea)
        told = False
        while True:
            check_stop()
            if (found := look()) is not None:
                self.works((idea,))
                return found
            with self._changed:
                if not self._working:
                    return None
                others_go_on = not self._changed.wait(POLL_S)
            if others_go_on and not told:
                tell()
                told = True
