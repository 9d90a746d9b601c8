"""IDEATE: which hypotheses are worth a study."""

from __future__ import annotations

import re
from typing import Literal

from agent.artifacts import Word
from agent.ports import Prompt
from agent.prompts.brief import Brief, CodeFile, Given, Written

Treats = Literal["knob", "code"]


class Earlier(Given):
    """An idea that an earlier run tested. Holds no number of the test split."""

    title: str
    hypothesis: str
    kind: Treats
    treated: str
    """Name of the knob, or what the code change does."""
    verdict: Word | Literal["none", "rejected"]
    """`none` where exploring found nothing to confirm, `rejected` where a person ended it."""
    observations: tuple[str, ...] = ()
    """What exploring showed, on the dev split."""


class IdeateIn(Given):
    """What is known before an idea exists."""

    brief: Brief
    code: tuple[CodeFile, ...]
    archive: tuple[Earlier, ...] = ()
    asked: tuple[str, ...] = ()
    """What the user wants to be studied: names of knobs, or sentences."""
    hints: tuple[str, ...] = ()
    """What the user said besides, in their order."""
    count: int
    """Number of ideas wanted."""
    explore: int
    """Configurations that each arm is tuned over."""


class IdeaText(Written):
    """One idea as its author wrote it."""

    title: str
    hypothesis: str
    kind: Treats
    knob: str
    what: str
    prediction: str
    refuted_if: str
    interest: int
    feasibility: int


class Ideas(Written):
    """The answer to IDEATE, best first."""

    ideas: tuple[IdeaText, ...]


def ideas_are_sound(data: IdeateIn, answer: Ideas) -> tuple[str, ...]:
    """Problems with number, distinctness, knobs, repetitions and ratings."""
    problems = []
    if len(answer.ideas) != data.count:
        problems.append(f"{data.count} idea(s) were asked for, {len(answer.ideas)} given.")
    seen: dict[str, str] = {}
    for idea in answer.ideas:
        problems += [f"Idea {idea.title!r}: {text}" for text in _problems_of(data, idea)]
        for key in (f"title {_plain(idea.title)}", f"treats {_treated(idea)}"):
            if key in seen:
                problems.append(f"Ideas {seen[key]!r} and {idea.title!r} are the same: {key}.")
            seen[key] = idea.title
    return tuple(problems)


def _problems_of(data: IdeateIn, idea: IdeaText) -> list[str]:
    problems = [
        f"`{name}` is empty."
        for name in ("title", "hypothesis", "prediction", "refuted_if")
        if not getattr(idea, name).strip()
    ]
    problems += [
        f"`{name}` is {value}; give a whole number from 1 to 10."
        for name, value in (("interest", idea.interest), ("feasibility", idea.feasibility))
        if not 1 <= value <= 10
    ]
    knobs = [knob.name for knob in data.brief.knobs if knob.treatable]
    if idea.kind == "knob" and idea.knob not in knobs:
        problems.append(f"`knob` is {idea.knob!r}; a knob idea needs one of {', '.join(knobs)}.")
    if idea.kind == "code" and idea.knob:
        problems.append("a code idea has an empty `knob`.")
    if idea.kind == "code" and not idea.what.strip():
        problems.append("a code idea says in `what` which mechanism is added.")
    return problems + _repetitions(data, idea)


def _repetitions(data: IdeateIn, idea: IdeaText) -> list[str]:
    decided = [earlier for earlier in data.archive if earlier.verdict in ("supported", "refuted")]
    for earlier in decided:
        asked = idea.knob in data.asked or earlier.title in data.asked
        same = _treated(idea) == f"{earlier.kind} {_plain(earlier.treated)}"
        if not asked and (same or _plain(idea.title) == _plain(earlier.title)):
            told = f"it repeats the earlier idea {earlier.title!r}, which is {earlier.verdict}"
            return [f"{told}; ask something else."]
    return []


def _treated(idea: IdeaText) -> str:
    return f"{idea.kind} {_plain(idea.knob if idea.kind == 'knob' else idea.what)}"


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


IDEATE = Prompt("ideate", 5, IdeateIn, Ideas, role="default", check=ideas_are_sound)
