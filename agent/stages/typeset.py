"""A paper through TeX: compiled, repaired where TeX refuses it, and audited again as it was repaired."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.artifacts import Audit, Idea
from agent.deps import Deps, Tex
from agent.errors import AnswerRejected, BindError, PaperRefused
from agent.latex.compile import DRAFT_LIMITS, MAIN, TEX_LIMITS, Compiled, compile_pdf
from agent.latex.diagnose import Problem
from agent.latex.read_back import sections
from agent.latex.render import Rendered
from agent.latex.repair.edit import Change, line_at, line_bounds, locate
from agent.latex.repair.engine import Ask, Mended, repair
from agent.prompts.repair import REPAIR, RepairIn
from agent.prompts.section import SECTIONS, SectionName

NEIGHBOURHOOD = 3000
"""Characters around an error that a model sees, about."""

Texts = dict[SectionName, str]
Again = Callable[[Texts], tuple[Rendered, Audit]]
"""Renders texts and audits the paper that they make."""


@dataclass(frozen=True)
class Typeset:
    """A paper that TeX has set."""

    texts: Texts
    rendered: Rendered
    report: Audit
    files: dict[str, bytes]
    pdf: bytes
    labels: Mapping[str, int]
    """The page of each label."""
    repairs: tuple[str, ...]
    """One line for each change that was needed."""


def typeset(
    idea: Idea, texts: Texts, rendered: Rendered, report: Audit, files: Mapping[str, bytes],
    again: Again, deps: Deps, tex: Tex,
) -> Typeset:  # fmt: skip
    """Compile a paper whose audit passed, with as small a repair as TeX asks for.

    Raises:
        PaperRefused: no repair ends in a PDF, or the repair touched more than the sections' texts.
        Stopped: the run is to end; TeX that runs is let finish.
    """
    compile_there = compiler(tex)

    def compile_unless_stopped(files: Mapping[str, bytes], draft: bool) -> Compiled:
        deps.check_stop()
        return compile_there(files, draft)

    mended = repair(files, compile_unless_stopped, _asking(idea, deps), may_load=False)
    if mended.compiled.pdf is None:
        told = "; ".join(str(problem) for problem in mended.compiled.errors[:3])
        raise PaperRefused(f"TeX made no PDF of {MAIN}, nor of what repairs made of it: {told}")
    pdf, labels = mended.compiled.pdf, mended.compiled.labels
    if not mended.repairs:
        return Typeset(texts, rendered, report, dict(files), pdf, labels, ())
    repaired, shown, report = _read_back(rendered, mended, again)
    for one in mended.repairs:
        deps.say("note", idea.id, f"repaired the paper's LaTeX: {one}")
    repairs = tuple(map(str, mended.repairs))
    return Typeset(repaired, shown, report, dict(mended.files), pdf, labels, repairs)


def compiler(tex: Tex) -> Callable[[Mapping[str, bytes], bool], Compiled]:
    """What compiles files there, wholly or as a draft."""

    def compile_there(files: Mapping[str, bytes], draft: bool) -> Compiled:
        limits = DRAFT_LIMITS if draft else TEX_LIMITS
        return compile_pdf(files, tex.sandbox, tex.environment, limits, draft=draft)

    return compile_there


def _read_back(rendered: Rendered, mended: Mended, again: Again) -> tuple[Texts, Rendered, Audit]:
    """The repaired texts, rendered and audited again.

    Raises:
        PaperRefused: they do not make the paper that TeX set, so that its audit would be that of another.
    """
    latex = mended.files[MAIN].decode()
    found = sections(rendered.tex, rendered.sections, latex)
    refused = f"the repair of {MAIN} touched more than its sections: {mended.repairs[0]}"
    if found is None:
        raise PaperRefused(refused)
    texts: Texts = dict(zip(SECTIONS, found, strict=True))
    try:
        shown, report = again(texts)
    except BindError as error:
        raise PaperRefused(f"the repaired {MAIN} cannot be bound again: {error}") from error
    if shown.tex != latex:
        raise PaperRefused(refused)
    return texts, shown, report


def _asking(idea: Idea, deps: Deps) -> Ask:
    """The model as a mender of markup, each question under a site of its own."""
    asked = 0

    def ask(latex: str, problem: Problem) -> Change | None:
        nonlocal asked
        asked += 1
        start, stop = _neighbourhood(latex, problem)
        at = locate(latex, problem)
        line = line_at(latex, at) - line_at(latex, start) + 1 if start <= at <= stop else 0
        data = RepairIn(
            message=problem.message, line=line, near=problem.near, neighbourhood=latex[start:stop]
        )
        try:
            answer = deps.model.ask(REPAIR, data, site=f"{idea.id}/write/repair/{asked}").value
        except AnswerRejected:  # the block goes out instead, which is recorded
            return None
        if not answer.search:
            return None
        place = start + data.neighbourhood.index(answer.search)
        return Change("a model's repair", place, place + len(answer.search), answer.replace)

    return ask


def _neighbourhood(latex: str, problem: Problem) -> tuple[int, int]:
    """Whole lines around an error; of a very long line, the characters around the place itself."""
    at = locate(latex, problem)
    first, last = line_bounds(latex, line_at(latex, at))
    start = max(0, latex.rfind("\n", 0, max(0, first - NEIGHBOURHOOD // 4)) + 1)
    stop = latex.find("\n", last + NEIGHBOURHOOD // 4)
    stop = len(latex) if stop < 0 else stop
    if stop - start <= 2 * NEIGHBOURHOOD:
        return start, stop
    return max(0, at - NEIGHBOURHOOD), min(len(latex), at + NEIGHBOURHOOD // 2)
