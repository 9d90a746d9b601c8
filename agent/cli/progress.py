"""Progress on standard error: a live board on a terminal, plain lines elsewhere.

Promises that the board is a function of the events alone, and that no test score is ever shown: `best` is
the best dev score of an exploration.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, TextIO

from agent.ports import Event

if TYPE_CHECKING:
    from rich.table import Table

WORDS_WIDTH = 60
"""Columns that the board's words need; its bars get what is left."""
STEPS = 10
"""Plain progress says about one line for each tenth of a stage's trials."""


class Progress(Protocol):
    """Shows events while a run goes on."""

    def __enter__(self) -> Progress: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def see(self, event: Event) -> None:
        """Take up one event; may be called from several threads."""

    def say(self, text: str) -> None:
        """Show one line."""

    def paused(self) -> AbstractContextManager[None]:
        """Leave the terminal to a question."""


@dataclass
class Row:
    """How far one idea is."""

    stage: str
    started: float
    """Seconds of the monotonic clock."""
    done: int = 0
    total: int = 0
    best: float | None = None
    """Best dev score while exploring."""
    failures: int = 0
    ended: str = ""
    """The verdict's word, or why it failed."""

    def left_s(self, now: float) -> float | None:
        """Seconds that the stage's other trials may take, judged by those done; None before the first."""
        if not 0 < self.done < self.total:
            return None
        return (now - self.started) / self.done * (self.total - self.done)


@dataclass
class Board:
    """What is known from the events so far."""

    clock: Callable[[], float]
    rows: dict[str, Row] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Enter one event."""
        now = self.clock()
        row = self.rows.setdefault(event.idea, Row(stage="", started=now))
        if event.kind == "stage" and event.data.get("phase") == "start":
            total = event.data.get("total")
            self.rows[event.idea] = Row(event.text, now, total=total if isinstance(total, int) else 0)
        elif event.kind == "trial":
            row.done = int(event.data.get("done", row.done + 1))
            row.total = max(int(event.data.get("total", row.total)), row.done)
            best = event.data.get("best")
            row.best = best if event.data.get("stage") == "explore" and isinstance(best, float) else None
            row.failures += event.data.get("status") != "ok"
        elif event.kind in ("done", "error"):
            row.ended = event.text


class Plain:
    """One line at each stage's start and end and for about every tenth of its trials."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._began = clock()
        self._board = Board(clock)
        self._lock = threading.Lock()
        self._said: dict[str, int] = {}

    def __enter__(self) -> Plain:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def see(self, event: Event) -> None:
        """Print a line where the event is worth one."""
        with self._lock:
            self._board.take(event)
            if text := self._line(event):
                where = f"{event.idea} " if event.idea else ""
                elapsed = self._clock() - self._began
                print(f"[{clock_text(elapsed)}] {where}{text}", file=self._stream, flush=True)

    def say(self, text: str) -> None:
        """Print one line."""
        print(text, file=self._stream, flush=True)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing is drawn, so nothing is in the way."""
        yield

    def _line(self, event: Event) -> str:
        row = self._board.rows[event.idea]
        if event.kind == "stage":
            self._said[event.idea] = 0
            planned = f", {row.total} trials" if row.total else ""
            return event.text + (planned if event.data.get("phase") == "start" else " done")
        if event.kind == "trial":
            tenth = row.done * STEPS // max(row.total, 1)
            if tenth <= self._said.get(event.idea, 0):
                return ""
            self._said[event.idea] = tenth
            return trials_text(row)
        if event.kind == "note":
            return event.text
        return f"{event.kind}: {event.text}" if event.kind in ("verdict", "error") else ""


class Live:
    """A table on the terminal that is drawn anew a few times a second."""

    def __init__(
        self,
        cost: Callable[[], str],
        stopping: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        from rich.console import Console
        from rich.live import Live as RichLive

        self._clock = clock
        self._cost = cost
        self._stopping = stopping
        self._began = clock()
        self._board = Board(clock)
        self._lock = threading.Lock()
        self._console = Console(stderr=True)
        self._live = RichLive(
            console=self._console, get_renderable=self._table, refresh_per_second=4, transient=True,
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip

    def __enter__(self) -> Live:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def see(self, event: Event) -> None:
        """Enter the event; notes, verdicts and errors stay on the screen above the table."""
        with self._lock:
            self._board.take(event)
        if event.kind in ("note", "verdict", "error"):
            where = f"{event.idea} " if event.idea else ""
            word = "" if event.kind == "note" else f"{event.kind}: "
            self._console.print(f"{where}{word}{event.text}", markup=False, highlight=False)

    def say(self, text: str) -> None:
        """Print one line above the table."""
        self._console.print(text, markup=False, highlight=False)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take the table away while a question is asked."""
        self._live.stop()
        try:
            yield
        finally:
            self._live.start()

    def _table(self) -> Table:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        now = self._clock()
        stop = "stopping; Ctrl-C once more ends at once" if self._stopping() else "Ctrl-C stops, resumable"
        caption = f"{clock_text(now - self._began)} elapsed · cost {self._cost()} · {stop}"
        bar = min(24, max(0, self._console.width - WORDS_WIDTH))
        table = Table(box=None, pad_edge=False, caption=caption, caption_justify="left", caption_style="dim")
        for column in ("idea", "stage", "trials", "", "best dev", "left in stage"):
            table.add_column(column, header_style="dim", no_wrap=True)
        with self._lock:
            rows = [
                (idea, row) for idea, row in self._board.rows.items() if idea or len(self._board.rows) == 1
            ]
            for idea, row in rows:
                left = row.left_s(now)
                counted = f"{row.done}/{row.total}" if row.total else ""
                failed = f" ({row.failures} failed)" if row.failures else ""
                table.add_row(
                    idea or "–",
                    Text(row.ended or row.stage, overflow="ellipsis"),
                    counted + failed,
                    ProgressBar(total=row.total, completed=row.done, width=bar) if row.total and bar else "",
                    "" if row.best is None else f"{row.best:.4g}",
                    "" if left is None else clock_text(left),
                )
        return table


def trials_text(row: Row) -> str:
    """Trials done of how many, failures and the best dev score, in words."""
    failed = f", {row.failures} failed" if row.failures else ""
    best = "" if row.best is None else f", best dev {row.best:.4g}"
    return f"{row.stage}: {row.done}/{row.total} trials{failed}{best}"


def clock_text(seconds: float) -> str:
    """Minutes and seconds, such as 1:05; with hours from one hour on."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    text = f"{rest // 60}:{rest % 60:02d}"
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else text


def progress(cost: Callable[[], str], stopping: Callable[[], bool]) -> Progress:
    """The live board where standard error is a terminal, plain lines elsewhere."""
    return Live(cost, stopping) if sys.stderr.isatty() else Plain(sys.stderr)
