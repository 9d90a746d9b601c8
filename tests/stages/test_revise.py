"""Which edits of a whole text are kept: those that the audit holds nothing more against."""

from __future__ import annotations

from agent.prompts.refine import TextChange
from agent.prompts.section import SECTIONS
from agent.stages.manuscript import Texts
from agent.stages.revise import accepted

TEXTS: Texts = {name: f"What the {name} says. One flaw." for name in SECTIONS}


def flaws(texts: Texts) -> int:
    return sum(text.count("flaw") for text in texts.values())


def changed(*changes: tuple[str, str]) -> tuple[str, tuple[TextChange, ...], list[str]]:
    """The method after these replacements, those that were kept, and why others were not."""
    dropped: list[str] = []
    asked = tuple(TextChange(section="method", search=old, replace=new) for old, new in changes)
    texts, kept = accepted(TEXTS, asked, flaws, lambda change, why: dropped.append(f"{change.search}: {why}"))
    assert {name: text for name, text in texts.items() if name != "method"} == {
        name: text for name, text in TEXTS.items() if name != "method"
    }
    return texts["method"], kept, dropped


def test_edits_that_leave_no_more_findings_are_all_kept() -> None:
    text, kept, dropped = changed(("What the method says.", "So it went."), ("flaw", "scratch"))
    assert text == "So it went. One scratch."
    assert (len(kept), dropped) == (2, [])


def test_an_edit_with_a_new_finding_is_dropped_and_the_others_stay() -> None:
    text, kept, dropped = changed(("What", "A flaw: what"), ("says", "tells"))
    assert text == "What the method tells. One flaw."
    assert [change.replace for change in kept] == ["tells"]
    assert dropped == ["What: as the audit holds more against it"]


def test_an_edit_that_rests_on_a_dropped_one_goes_with_it() -> None:
    text, kept, dropped = changed(("What", "A flaw: what"), ("A flaw: what", "Two flaws, one flaw: what"))
    assert text == TEXTS["method"]
    assert kept == ()
    assert [why.partition(": as ")[2] for why in dropped] == [
        "the audit holds more against it",
        "it rests on one that was dropped",
    ]


def test_what_one_edit_mends_another_may_not_use_up() -> None:
    text, kept, dropped = changed(("One flaw", "No fault"), ("says", "says, flaw after flaw,"))
    assert text == "What the method says. No fault."
    assert len(kept) == len(dropped) == 1
