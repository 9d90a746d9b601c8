"""SECTION: one section of the paper, in the macro language that cannot state an unrecorded number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from agent.artifacts import Goal, Word
from agent.ports import Prompt
from agent.prompts.brief import Given, Written
from agent.prompts.macros import (
    Allowed,
    conjecture_problems,
    macro_problems,
    unbacked_sentences,
    unlicensed_words,
    used,
    word_count,
)

SectionName = Literal[
    "abstract",
    "introduction",
    "related_work",
    "method",
    "setup",
    "results",
    "exploration",
    "limitations",
    "conclusion",
]


@dataclass(frozen=True)
class Task:
    """What belongs into a section."""

    belongs: str
    min_words: int
    max_words: int
    backed: bool = False
    """Every declarative sentence needs a fact, a claim, a citation, the verdict or a conjecture."""
    verdict: bool = False
    """It must state the verdict, and the scope where that is given as a setting."""
    reports: bool = False
    """It is told what the test showed; the others are written without knowing it."""


SECTIONS: dict[SectionName, Task] = {
    "abstract": Task(
        "One paragraph: the question, how it was tested, the verdict with the number that decided it, the "
        "scope, and what this does not show.",
        *(40, 220),
        backed=True,
        verdict=True,
        reports=True,
    ),
    "introduction": Task(
        "Why the question matters, the hypothesis, what was predicted and what would have refuted it. "
        "No results.",
        *(50, 450),
    ),
    "related_work": Task(
        "What the listed works are about, by title and topics, each cited; what the design says of searching "
        "and comparing. No results of this study.",
        *(15, 400),
    ),
    "method": Task(
        "What treatment and comparators are; how the arms were tuned and what was frozen; how the comparison "
        "was registered, its interval computed, and how the verdict follows from it. For a code idea, what "
        "the change does, with the step that prints its constants. Data, metric, splits and limits belong to "
        "the set-up. No results.",
        *(60, 550),
    ),
    "setup": Task(
        "Data, metric and who scores it, what varies between replicates, splits, numbers of trials and "
        "replicates, limits, packages: what a repetition needs beside the method. No results.",
        *(40, 450),
    ),
    "results": Task(
        "The outcome of every registered comparison, the primary one first, with reference to table and "
        "figures; failures; the verdict and why it follows. Nothing from exploring.",
        *(20, 550),
        backed=True,
        verdict=True,
        reports=True,
    ),
    "exploration": Task(
        "What was tried on the dev split and how the arms were chosen; of several edits, which step went on. "
        "Say plainly that these numbers served to choose and are no results.",
        *(20, 350),
    ),
    "limitations": Task(
        "Every limitation that is listed, in your own order, and any other that you see in what is given. "
        "No excuses.",
        *(30, 400),
        reports=True,
    ),
    "conclusion": Task(
        "The answer to the question in the words of the verdict, within its scope; what it does not show; "
        "which experiment should come next.",
        *(25, 220),
        backed=True,
        verdict=True,
        reports=True,
    ),
}
"""The sections in the order of the paper."""
WRITTEN: tuple[SectionName, ...] = (
    *(name for name, task in SECTIONS.items() if not task.reports),
    *("results", "limitations", "conclusion", "abstract"),
)
"""The sections in the order of writing: first those that need no outcome, last the one that sums up."""


HEAD = frozenset({"question", "hypothesis", "prediction", "refuted_if", "scope", "treated", "metric"})
"""Settings that repeat a line of the study's head."""
OWN_SETTINGS = ("step.", "ablation-")
"""First letters of settings that few sections need: they are listed where the section's own task stands."""
EXPLORED = "explore."
COMMON = ("plan.", "ledger.", "power.", "count.", "code.")
"""First letters of facts that were known before the test, and may be stated anywhere."""


def is_common(fact: str) -> bool:
    """Whether every section may state a fact: it was known before the test."""
    return fact.startswith(COMMON) and fact != "count.failures"


class ClaimLine(Given):
    """A statement that the facts license."""

    id: str
    text: str
    """As it will be printed, numbers set."""


class FactLine(Given):
    """A number that may be stated."""

    name: str
    label: str
    printed: str
    """Value with unit and interval."""


class SettingLine(Given):
    """A declared value or phrase, fixed before anything was measured."""

    name: str
    text: str
    """As it will be printed."""
    about: str = ""
    """What it says, with its unit, where the name does not."""


class WorkLine(Given):
    """A work that may be cited."""

    key: str
    title: str
    authors: tuple[str, ...]
    year: int
    topics: tuple[str, ...] = ()


class FloatLine(Given):
    """A figure or table of the paper."""

    label: str
    """As in `\\ref{label}`."""
    caption: str


class Previous(Given):
    """A section that is written already."""

    name: SectionName
    latex: str


class SectionIn(Given):
    """What a section may be made of."""

    section: SectionName
    title: str
    question: str
    hypothesis: str
    prediction: str
    refuted_if: str
    scope: str
    treated_label: str
    metric_label: str
    goal: Goal
    verdict: Word
    qualifier: str
    reason: str
    caps: tuple[str, ...] = ()
    """Why the verdict could not be better than inconclusive."""
    novelty: str
    claims: tuple[ClaimLine, ...]
    facts: tuple[FactLine, ...]
    settings: tuple[SettingLine, ...]
    references: tuple[WorkLine, ...]
    figures: tuple[FloatLine, ...]
    tables: tuple[FloatLine, ...]
    limitations: tuple[str, ...]
    design: tuple[str, ...] = ()
    """How the study was made, in sentences that may be used as they stand."""
    experiment: str = ""
    """What the template's code says of itself."""
    code_diff: str = ""
    previous: tuple[Previous, ...] = ()
    last_version: str = ""
    """The text that `findings` speaks of."""
    findings: tuple[str, ...] = ()
    """What an audit held against the last version of this section."""

    @property
    def task(self) -> Task:
        """What belongs into it."""
        return SECTIONS[self.section]

    @property
    def settles(self) -> bool:
        """Whether it can say how many replicates the next experiment needs."""
        return self.section == "conclusion" and "verdict.n_to_settle" in self.allowed().facts

    @property
    def repeated(self) -> tuple[str, ...]:
        """The settings whose text stands in the study's head already."""
        return tuple(line.name for line in self.settings if line.name in HEAD)

    @property
    def knobs(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """Name and value of the listed knobs by arm."""
        found: dict[str, list[tuple[str, str]]] = {}
        for line in self.settings:
            if line.name.startswith("knob."):
                _, arm, knob = line.name.split(".", 2)
                found.setdefault(arm, []).append((knob, line.text))
        return {arm: tuple(lines) for arm, lines in found.items()}

    @property
    def common_settings(self) -> tuple[SettingLine, ...]:
        """The settings that every section may print, but for those in the head and the knobs."""
        return tuple(
            line
            for line in self.settings
            if line.name not in HEAD and not line.name.startswith(("knob.", *OWN_SETTINGS))
        )

    @property
    def own_settings(self) -> tuple[SettingLine, ...]:
        """The settings of this section alone."""
        return tuple(line for line in self.settings if line.name.startswith(OWN_SETTINGS))

    @property
    def common_facts(self) -> tuple[FactLine, ...]:
        """The facts that every section may state."""
        return tuple(fact for fact in self.facts if is_common(fact.name))

    @property
    def outcome_facts(self) -> tuple[FactLine, ...]:
        """The facts that the test brought."""
        return tuple(
            fact for fact in self.facts if not is_common(fact.name) and not fact.name.startswith(EXPLORED)
        )

    @property
    def explored_facts(self) -> tuple[FactLine, ...]:
        """The facts about exploring."""
        return tuple(fact for fact in self.facts if fact.name.startswith(EXPLORED))

    def allowed(self) -> Allowed:
        """The names that the section may use."""
        return Allowed(
            facts=frozenset(fact.name for fact in self.facts),
            claims=frozenset(claim.id for claim in self.claims),
            settings=frozenset(setting.name for setting in self.settings),
            cites=frozenset(work.key for work in self.references),
            labels=frozenset(line.label for line in (*self.figures, *self.tables)),
        )


class SectionOut(Written):
    """The answer to SECTION."""

    latex: str


def section_is_licensed(data: SectionIn, answer: SectionOut) -> tuple[str, ...]:
    """Problems with names, commands, digits, length and sentences that nothing backs."""
    allowed, task = data.allowed(), data.task
    problems = list(macro_problems(answer.latex, allowed))
    if any(problem.startswith("The LaTeX is not balanced") for problem in problems):
        return tuple(problems)
    unseen = [
        line.label for line in (*data.figures, *data.tables) if line.label not in used(answer.latex).labels
    ]
    problems += [
        f"The text does not refer to \\ref{{{label}}}, which stands in this section." for label in unseen
    ]
    words = word_count(answer.latex)
    if not task.min_words <= words <= task.max_words:
        problems.append(f"It has {words} words; {task.min_words} to {task.max_words} are wanted.")
    if task.backed:
        problems += [
            f"Nothing backs this sentence: {sentence!r}. Give it a \\fact, \\claim or \\cite, put it in "
            "\\conjecture{}, or leave it out."
            for sentence in unbacked_sentences(answer.latex)
        ]
    problems += conjecture_problems(answer.latex)
    if task.verdict:
        problems += [
            f"{word!r} is typed: \\verdict prints the verdict's word, and no stronger word is licensed."
            for word in unlicensed_words(answer.latex)
        ]
        names = used(answer.latex)
        if not names.verdict:
            problems.append(r"The verdict is missing: state it with \verdict.")
        if data.section != "results" and "scope" in allowed.settings and "scope" not in names.settings:
            problems.append(r"The scope is missing: state it with \setting{scope}.")
    return tuple(problems)


SECTION = Prompt("section", 6, SectionIn, SectionOut, role="write", check=section_is_licensed)
