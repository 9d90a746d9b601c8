"""A paper that is no longer than its run allows: set by TeX, counted, and shortened until it fits.

Promises that fonts and margins stay, that results, limitations, conclusion and abstract lose nothing by rule,
that the audit accepts every text which TeX sets, and that the paper says what was shortened. Its pages are
those of the main text: up to and including the conclusion and the floats before it, without what follows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from agent.deps import Deps, Tex
from agent.errors import PaperRefused
from agent.evidence.audit.cutting import Cut, sentences_in, without
from agent.latex.render import TEXT_END
from agent.prompts.refine import TooLong
from agent.prompts.section import SectionName
from agent.stages.manuscript import Omitted, Texts, audited, figure_files
from agent.stages.revise import refined
from agent.stages.study import Study
from agent.stages.typeset import Typeset, typeset

ROUNDS = 2
"""Times that the writer is asked to shorten the text."""
STEPS = 4
"""How many times as much goes out while a version is too long, before the longest that fits is looked for."""
FIRST_TO_GO: tuple[SectionName, ...] = ("related_work", "exploration", "introduction", "setup", "method")
"""Sections that sentences are taken out of, the least important one first; each keeps its first sentence."""
PRIMARY_FIGURE = "effects"
"""The figure of the primary comparison, which stays in the text."""

_FLOAT = re.compile(r"\\label\{((?:fig|tab):[^{}]+)\}")


@dataclass(frozen=True)
class Version:
    """The texts at one length, and what they lost on the way."""

    texts: Texts
    omitted: Omitted


def fitted(study: Study, texts: Texts, omitted: Omitted, deps: Deps, tex: Tex) -> Typeset:
    """The paper as TeX sets it, within the pages that the run allows.

    Args:
        texts: The sections, which the audit accepts.
        omitted: What went out of them before.

    Raises:
        PaperRefused: TeX makes no PDF of it, or it is too long at its shortest.
        Stopped: the run is to end.
    """
    first = Version(texts, omitted)
    set_ = set_in_type(study, first, deps, tex)
    limit = deps.run.max_pages
    if limit is None or not set_.report.passed or pages_of_text(set_) <= limit:
        return set_
    before = pages_of_text(set_)
    repairs = set_.repairs
    version = Version(set_.texts, omitted)
    for number in range(1, ROUNDS + 1):
        shorter = _by_its_writer(study, version, number, pages_of_text(set_), limit, deps)
        if shorter is None:
            break
        version, set_ = shorter, set_in_type(study, shorter, deps, tex)
        repairs += set_.repairs
        if pages_of_text(set_) <= limit:
            break
    if pages_of_text(set_) > limit:
        found = _by_rule(study, version, limit, lambda one: set_in_type(study, one, deps, tex), deps)
        set_, repairs = found, repairs + found.repairs
    deps.say("note", study.idea.id, f"the main text had {before} pages and was shortened to fit {limit}")
    return replace(set_, repairs=repairs)


def set_in_type(study: Study, version: Version, deps: Deps, tex: Tex) -> Typeset:
    """One version of the paper, as TeX sets it.

    Raises:
        PaperRefused: TeX makes no PDF of it.
    """
    deps.check_stop()
    omitted = version.omitted
    rendered, report = audited(study, version.texts, deps, omitted)
    files = {**rendered.files(), **figure_files(study, deps), **omitted.files()}
    return typeset(
        study.idea, version.texts, rendered, report, files,
        lambda mended: audited(study, mended, deps, omitted), deps, tex,
    )  # fmt: skip


def pages_of_text(set_: Typeset) -> int:
    """Pages of a paper's main text: up to the end of the conclusion, and of the floats that belong before it.

    Raises:
        PaperRefused: its style does not number its pages so that they can be counted.
    """
    floats = set(_FLOAT.findall(set_.rendered.tex.partition(rf"\label{{{TEXT_END}}}")[0]))
    unknown = {TEXT_END, *floats} - set(set_.labels)
    if unknown:
        raise PaperRefused(
            f"the pages of the main text cannot be counted: the style gives {min(unknown)} no page number; "
            "start the study again without --max-pages (known trials are not run again)"
        )
    return max(set_.labels[label] for label in (TEXT_END, *floats))


def _by_its_writer(
    study: Study, version: Version, number: int, pages: int, limit: int, deps: Deps
) -> Version | None:
    """The text as its writer shortens it; None where nothing is proposed or nothing holds."""
    asked = TooLong(pages=pages, limit=limit)
    texts, changes = refined(study, version.texts, deps, site=f"shorten/{number}", too_long=asked)
    if not changes:
        return None
    told = version.omitted.shortened
    shortened = replace(told, pages=limit, changes=(*told.changes, *changes))
    return Version(texts, replace(version.omitted, shortened=shortened))


def _by_rule(
    study: Study, version: Version, limit: int, set_: Callable[[Version], Typeset], deps: Deps
) -> Typeset:
    """The longest version that fits, of those that go ever further; TeX runs a few times only.

    Raises:
        PaperRefused: not even the shortest one fits.
    """
    versions: list[Version] = [version]
    more = _ever_shorter(study, version, limit, deps)
    low, tried = 0, 1
    best: Typeset | None = None
    while best is None:
        while len(versions) <= tried and (further := next(more, None)) is not None:
            versions.append(further)
        at = min(tried, len(versions) - 1)
        found = set_(versions[at])
        pages = pages_of_text(found)
        if pages <= limit:
            best, high = found, at
        elif at < tried:
            raise PaperRefused(
                f"the main text has {pages} pages at its shortest and may have {limit}: start the study "
                f"again with --max-pages {pages}, or with another style (known trials are not run again)"
            )
        else:
            low, tried = at, STEPS * tried
    while high - low > 1:
        middle = (low + high) // 2
        found = set_(versions[middle])
        if pages_of_text(found) <= limit:
            best, high = found, middle
        else:
            low = middle
    return best


def _ever_shorter(study: Study, version: Version, limit: int, deps: Deps) -> Iterator[Version]:
    """Versions that each lose one thing more: figures go to the appendix, then sentences, the last first."""
    texts, told = version.texts, replace(version.omitted.shortened, pages=limit)

    def now() -> Version:
        return Version(texts, replace(version.omitted, shortened=told))

    for figure in reversed(study.figures.items):
        if figure.id != PRIMARY_FIGURE:
            told = replace(told, figures=(*told.figures, figure.id))
            yield now()
    for name in FIRST_TO_GO:
        for index in reversed(range(1, len(sentences_in(texts[name])))):
            spans = sentences_in(texts[name])
            if index >= len(spans):
                continue
            start, stop = spans[index]
            shorter = {**texts, name: without(texts[name], (start, stop))}
            if audited(study, shorter, deps, version.omitted)[1].passed:
                gone = Cut(name, texts[name][start:stop].strip(), ())
                texts, told = shorter, replace(told, sentences=(*told.sentences, gone))
                yield now()
