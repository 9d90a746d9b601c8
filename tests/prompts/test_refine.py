"""What an edit of the whole paper may do to a section, and what it may not."""

from __future__ import annotations

import pytest

from agent.prompts import REFINE
from agent.prompts.refine import MOST_CHANGES, RefineOut, TextChange, TooLong
from agent.prompts.section import SectionName
from tests.prompts import samples

TOO_LONG = TooLong(pages=5, limit=4)


def problems(section: SectionName, search: str, replace: str, too_long: TooLong | None = None) -> str:
    change = TextChange(section=section, search=search, replace=replace)
    answer = RefineOut(changes=(change,))
    return " ".join(REFINE.check(samples.refine_in(too_long=too_long), answer))


def test_no_edit_at_all_is_a_good_answer() -> None:
    assert REFINE.check(samples.refine_in(), RefineOut(changes=())) == ()


def test_a_repeated_sentence_may_go_and_words_may_change() -> None:
    assert (
        problems(
            "introduction",
            " Labels are often wrong, as was said.",
            " Few of these labels are ever looked at.",
        )
        == ""
    )
    assert problems("method", "The arms differ in one thing.", "They differ in one thing alone.") == ""


@pytest.mark.parametrize(
    ("section", "search", "replace", "told"),
    [
        ("introduction", "Labels are often wrong", "Labels err", "occurs 2 times"),
        ("introduction", "Nobody wrote this", "", "occurs 0 times"),
        ("introduction", "as was said", "as was said", "are equal"),
        (
            "introduction",
            "as was said",
            r"with \fact{plan.n} replicates",
            "names nothing in the list of facts",
        ),
        ("introduction", "as was said", r"as \cite{one} says", "names nothing in the list of cites"),
        ("introduction", "as was said", "in 40 of 100 cases", "The number '40' is typed"),
        ("method", r"over \fact", r"over \fact{plan.n} and \fact", "may not be printed more often"),
        ("results", r"Table~\ref{tab:results}", "the table", "has to stay"),
        (
            "results",
            r"See Table~\ref{tab:results}.",
            r"See it. The table~\ref{tab:results} is there.",
            "backs",
        ),
        ("results", r"The verdict is \verdict.", r"\claim{primary}.", r"\verdict has to stay"),
        ("abstract", r" within \setting{scope}", "", r"\setting{scope} has to stay"),
        (
            "conclusion",
            r"\conjecture{It may",
            r"It is significant. \conjecture{It may",
            "'significant' is typed",
        ),
        ("method", r"\fact{plan.n}", r"\fact{plan.n", "not balanced"),
        ("exploration", r"\fact{explore.trials} trials ran", "some trials ran", "stand nowhere any more"),
        ("limitations", "One data set only.", "One.", "are wanted"),
    ],
)
def test_what_an_edit_may_not_do_is_told(section: SectionName, search: str, replace: str, told: str) -> None:
    assert told in problems(section, search, replace)


def test_what_is_too_long_may_lose_a_number_but_not_its_verdict() -> None:
    assert problems("exploration", r"; \fact{explore.trials} trials ran", " but a choice", TOO_LONG) == ""
    assert "has to stay" in problems("results", r"The verdict is \verdict.", "", TOO_LONG)


def test_another_paper_is_no_edit() -> None:
    one = TextChange(section="method", search="The arms", replace="Both arms")
    told = REFINE.check(samples.refine_in(), RefineOut(changes=(one,) * (MOST_CHANGES + 1)))
    assert "too many" in " ".join(told)
