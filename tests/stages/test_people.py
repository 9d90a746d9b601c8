"""What waits for people, and when their wishes take effect."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from agent.artifacts import Steering
from agent.errors import Stopped, WorkspaceCorrupt
from agent.stages.desk import Desk
from agent.stages.steering import Steer, choices_path
from agent.workspace import Workspace


def ask(workspace: Workspace, number: int, text: str, idea: str | None = None) -> None:
    workspace.put(f"run/{number}", Steering(act="hint", idea=idea, text=text))


def test_a_wish_takes_effect_at_the_first_choice_that_was_not_made(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    steer = Steer(workspace, "run", "width")
    ask(workspace, 0, "first")
    steer.at(0)
    assert steer.hints == ("first",)
    ask(workspace, 1, "second")
    ask(workspace, 2, "not for this idea", idea="mode")
    assert steer.hints == ("first",)
    assert [wish.text for wish in steer.at(1)] == ["second"]
    assert steer.hints == ("first", "second")


def test_after_a_kill_every_choice_knows_what_it_knew_before(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    before = Steer(workspace, "run", "width")
    before.at(0)
    ask(workspace, 0, "early")
    before.at(1)
    before.at(2)
    ask(workspace, 1, "while nobody worked")

    again = Steer(workspace, "run", "width")
    known = []
    for choice in range(4):
        again.at(choice)
        known.append(again.hints)
    assert known == [(), ("early",), ("early",), ("early", "while nobody worked")]
    steered = again.steered(readers=3)
    assert [(one.choice, one.read) for one in steered] == [(1, True), (3, False)]
    assert again.late() == 0
    ask(workspace, 2, "too late")
    assert again.late() == 1


def test_a_damaged_record_of_choices_is_named(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    path = choices_path(workspace, "run", "width")
    path.parent.mkdir(parents=True)
    path.write_text("[1]")
    with pytest.raises(WorkspaceCorrupt, match=r"choices\.json is damaged"):
        Steer(workspace, "run", "width")


def no_stop() -> None:
    """Nobody asks to stop."""


def test_who_waits_alone_is_told_at_once() -> None:
    desk, told = Desk(), threading.Event()
    desk.works(["width"])
    assert desk.wait("width", lambda: None, tell=told.set, check_stop=no_stop) is None
    assert not told.is_set()


def test_who_waits_while_another_works_gets_the_answer_or_is_told_when_nobody_works() -> None:
    for answer in ("yes", None):
        desk, told, found = Desk(), threading.Event(), threading.Event()
        desk.works(["width", "mode"])
        got: list[str | None] = []

        def waits(
            desk: Desk = desk,
            told: threading.Event = told,
            found: threading.Event = found,
            got: list[str | None] = got,
        ) -> None:
            def look() -> str | None:
                return "yes" if found.is_set() else None

            got.append(desk.wait("width", look, tell=told.set, check_stop=no_stop))

        thread = threading.Thread(target=waits)
        thread.start()
        assert told.wait(30)
        if answer:
            found.set()
        else:
            desk.rests("mode")
        thread.join(30)
        assert got == [answer]


def test_a_stop_ends_the_waiting() -> None:
    desk = Desk()
    desk.works(["width", "mode"])

    def stop() -> None:
        raise Stopped("asked to")

    with pytest.raises(Stopped):
        desk.wait("width", lambda: None, tell=no_stop, check_stop=stop)
