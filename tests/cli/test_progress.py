"""Progress: what is said, and how often."""

import io

import pytest
from rich.console import Console

from agent.cli.progress import Board, Live, Plain, clock_text
from agent.ports import Event


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def stage(idea: str, name: str, phase: str = "start", **data: object) -> Event:
    return Event("stage", idea, name, {"phase": phase, **data})


def trial(idea: str, name: str, done: int, total: int, best: float | None = None) -> Event:
    data = {"stage": name, "status": "ok", "done": done, "total": total, "best": best}
    return Event("trial", idea, "", data)


def test_plain_progress_says_about_every_tenth_of_the_trials() -> None:
    stream = io.StringIO()
    plain = Plain(stream, Clock())
    plain.see(stage("idea", "explore"))
    for done in range(1, 201):
        plain.see(trial("idea", "explore", done, 200, 0.5))
    plain.see(stage("idea", "explore", "end"))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 12
    assert "explore: 100/200 trials, best dev 0.5" in lines[5]


def test_no_score_is_shown_while_confirming() -> None:
    board = Board(Clock())
    board.take(stage("idea", "confirm"))
    board.take(trial("idea", "confirm", 1, 2, 0.7))
    assert board.rows["idea"].best is None


def test_time_left_follows_from_the_trials_done() -> None:
    clock = Clock()
    board = Board(clock)
    board.take(stage("idea", "explore"))
    assert board.rows["idea"].left_s(0.0) is None
    clock.now = 10.0
    board.take(trial("idea", "explore", 5, 20))
    assert board.rows["idea"].left_s(clock.now) == pytest.approx(30.0)


def test_a_new_stage_starts_counting_anew() -> None:
    board = Board(Clock())
    board.take(stage("idea", "explore"))
    board.take(trial("idea", "explore", 20, 20))
    board.take(stage("idea", "register"))
    assert (board.rows["idea"].done, board.rows["idea"].total) == (0, 0)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (65.4, "1:05"), (3600, "1:00:00"), (7325, "2:02:05")]
)
def test_clock_texts(seconds: float, text: str) -> None:
    assert clock_text(seconds) == text


@pytest.mark.parametrize("width", [60, 120])
def test_a_narrow_terminal_keeps_the_words_of_the_board(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    live = Live(lambda: "$0.00", lambda: False)
    live.see(stage("attention", "explore", total=300))
    live.see(trial("attention", "explore", 150, 300, 0.9254))
    stream = io.StringIO()
    Console(file=stream, width=width).print(live._table())
    for word in ("attention", "explore", "150/300", "0.9254"):
        assert word in stream.getvalue()
    assert ("━" in stream.getvalue()) is (width > 60)
