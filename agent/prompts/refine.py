"""REFINE: one look at the whole paper, and the few search/replace edits that it asks for.

Promises that no edit brings a fact, claim, setting, work or reference into a section that did not have it,
that what a paper prints stays printed unless the text is to be shortened, and that an empty answer is a good
one. Whether the audit holds more against the text than before is for its caller to see.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from agent.artifacts import Edit, Word
from agent.errors import EditFailed
from agent.ports import Prompt
from agent.prompts.brief import Given, Written
from agent.prompts.macros import (
    Allowed,
    conjecture_problems,
    macro_problems,
    named,
    unbacked_sentences,
    unlicensed_words,
    used,
    word_count,
)
from agent.prompts.section import SECTIONS, Previous, SectionName
from agent.templates import apply_edits

MOST_CHANGES = 20
"""Of one answer; more would be another paper."""


class TooLong(Given):
    """How far the main text is from its limit."""

    pages: int
    """That it has."""
    limit: int
    """That it may have."""


class RefineIn(Given):
    """The whole paper as it was written."""

    title: str
    verdict: Word
    sections: tuple[Previous, ...]
    """In the order of the paper."""
    too_long: TooLong | None = None
    """Set where the text has to be shortened."""

    @property
    def texts(self) -> dict[SectionName, str]:
        """The sections by name."""
        return {section.name: section.latex for section in self.sections}

    @property
    def bounds(self) -> Mapping[SectionName, tuple[int, int, int]]:
        """Words that each section has, at least needs, and at most may have."""
        counts = {section.name: word_count(section.latex) for section in self.sections}
        return {
            name: (words, min(words, SECTIONS[name].min_words), max(words, SECTIONS[name].max_words))
            for name, words in counts.items()
        }

    @property
    def words_over(self) -> int:
        """About how many words are too many, if all pages were alike; 0 where the text has its length."""
        if self.too_long is None:
            return 0
        words = sum(count for count, _, _ in self.bounds.values())
        return words * (self.too_long.pages - self.too_long.limit) // self.too_long.pages

    @property
    def longest(self) -> tuple[SectionName, ...]:
        """The three sections with the most words, the longest first."""
        words = {name: count for name, (count, _, _) in self.bounds.items()}
        return tuple(sorted(words, key=lambda name: -words[name])[:3])


class TextChange(Written):
    """One search/replace edit of a section."""

    section: SectionName
    search: str
    replace: str


class RefineOut(Written):
    """The answer to REFINE."""

    changes: tuple[TextChange, ...]


def changed_texts(
    texts: Mapping[SectionName, str], changes: tuple[TextChange, ...]
) -> dict[SectionName, str]:
    """`texts` after some edits, in order.

    Raises:
        EditFailed: a section is not there, or a search text does not occur exactly once in it.
    """
    edits = (Edit(file=one.section, search=one.search, replace=one.replace) for one in changes)
    changed = apply_edits({str(name): text for name, text in texts.items()}, edits)
    return {name: changed[name].strip() for name in texts}


def refinement_keeps(data: RefineIn, answer: RefineOut) -> tuple[str, ...]:
    """Problems of edits that can be seen without the audit."""
    if len(answer.changes) > MOST_CHANGES:
        return (f"{len(answer.changes)} edits are too many: choose the {MOST_CHANGES} that matter most.",)
    before = data.texts
    try:
        after = changed_texts(before, answer.changes)
    except EditFailed as error:
        return (f"{error}. Copy it exactly, with enough words to be unique in its section.",)
    problems = [
        f"edit {number}: search and replace are equal."
        for number, change in enumerate(answer.changes, start=1)
        if change.search == change.replace
    ]
    for section in data.sections:
        if after[section.name] != section.latex:
            _, least, most = data.bounds[section.name]
            found = _problems(section.name, section.latex, after[section.name], least, most)
            problems += [f"{section.name}: {problem}" for problem in found]
    if problems or data.too_long is not None:
        return tuple(problems)
    lost = set().union(*map(named, before.values())) - set().union(*map(named, after.values()))
    return tuple(
        f"\\{macro}{{{name}}} would stand nowhere any more: keep it in one place."
        for macro, name in sorted(lost)
    )


def _problems(name: SectionName, before: str, after: str, least: int, most: int) -> list[str]:
    """What the edits did to one section that they may not do."""
    had, task = used(before), SECTIONS[name]
    allowed = Allowed(
        *(frozenset(names) for names in (had.facts, had.claims, had.settings, had.cites, had.labels))
    )
    problems = list(macro_problems(after, allowed))
    if any(problem.startswith("The LaTeX is not balanced") for problem in problems):
        return problems
    has = used(after)
    gained = Counter(named(after)) - Counter(named(before))
    problems += [f"\\{macro}{{{key}}} may not be printed more often than before." for macro, key in gained]
    problems += [f"\\ref{{{label}}} has to stay." for label in had.labels if label not in has.labels]
    if not least <= word_count(after) <= most:
        problems.append(f"it would have {word_count(after)} words; {least} to {most} are wanted.")
    if had.verdict and not has.verdict:
        problems.append(r"\verdict has to stay.")
    if task.verdict and "scope" in had.settings and "scope" not in has.settings:
        problems.append(r"\setting{scope} has to stay.")
    if task.backed:
        backed = set(unbacked_sentences(before))
        problems += [
            f"nothing backs this sentence: {sentence!r}."
            for sentence in unbacked_sentences(after)
            if sentence not in backed
        ]
    if task.verdict:
        typed = set(unlicensed_words(before))
        problems += [f"{word!r} is typed." for word in unlicensed_words(after) if word not in typed]
    told = set(conjecture_problems(before))
    return [*problems, *(one for one in conjecture_problems(after) if one not in told)]


REFINE = Prompt("refine", 1, RefineIn, RefineOut, role="write", check=refinement_keeps)
