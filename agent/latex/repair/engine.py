"""From a paper that TeX refuses to one that it sets.

Promises that every change is tried by TeX, kept only if it helps, and recorded; that rules and models
change markup and never digits, facts, claims or citations that exist; and that there is an end. What no
rule and no model mends is left out with a visible note, so the text must be audited again afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from agent.latex.compile import MAIN, Compiled
from agent.latex.diagnose import Problem, causes, gave_up
from agent.latex.repair.blocks import NOTE, left_out, parts, pieces, says_something
from agent.latex.repair.commands import PACKAGE
from agent.latex.repair.edit import Change, line_at, locate
from agent.latex.repair.references import in_bibliography, undefined, unknown_bibliographies
from agent.latex.repair.rules import changes, fitting
from agent.latex.repair.text import ends_early, hides_text
from agent.prompts.substance import changed

BIBLIOGRAPHY = "references.bib"
MOST_TRIALS = 60
"""Runs of TeX that a paper's repair may take."""
PER_PROBLEM = 8
"""Changes by rule that are tried against one error."""
ROUNDS = 8
"""Repairs of what the whole compilation still says: references, citations, widths."""
CONTEXT, EXCERPT = 20, 400
"""Characters around a change that its record shows, and characters of it at most."""
STICKS_OUT_PT = 12.0
"""Points that a box may stick out before it is made smaller."""

How = Literal["rule", "model", "left out"]
Ask = Callable[[str, Problem], Change | None]
"""A model's change to a text against one error; None where it has none."""
Tex = Callable[[Mapping[str, bytes], bool], Compiled]
"""Compiles files; True for a draft that finds errors only."""


@dataclass(frozen=True)
class Repair:
    """One change that was kept."""

    how: How
    rule: str
    line: int
    """Of the change in `paper.tex` as it then was, from 1."""
    problem: str
    """TeX's message."""
    before: str
    after: str

    def __str__(self) -> str:
        return f"{MAIN}:{self.line}: {self.rule} ({self.how}): {self.problem}"


@dataclass(frozen=True)
class Mended:
    """A paper after its repair."""

    files: Mapping[str, bytes]
    compiled: Compiled
    repairs: tuple[Repair, ...]
    trials: int
    """Runs of TeX, the first one included."""


@dataclass
class _Work:
    """A paper under repair."""

    files: dict[str, bytes]
    tex: Tex
    ask: Ask | None
    may_load: bool
    repairs: list[Repair] = field(default_factory=list)
    trials: int = 0
    tried: set[str] = field(default_factory=set)

    @property
    def latex(self) -> str:
        return self.files[MAIN].decode("utf-8", errors="replace")

    def run(self, latex: str, *, draft: bool) -> Compiled:
        self.trials += 1
        return self.tex({**self.files, MAIN: latex.encode()}, draft)

    def keep(self, how: How, change: Change, problem: Problem) -> None:
        latex = self.latex
        after = change.apply(latex)
        self.files[MAIN] = after.encode()
        start = max(0, change.start - CONTEXT)
        said = Repair(
            how=how,
            rule=change.rule,
            line=line_at(latex, change.start),
            problem=problem.message[:200],
            before=latex[start : change.stop + CONTEXT][:EXCERPT],
            after=after[start : change.start + len(change.text) + CONTEXT][:EXCERPT],
        )
        self.repairs.append(said)

    @property
    def left(self) -> bool:
        return self.trials < MOST_TRIALS


def repair(files: Mapping[str, bytes], tex: Tex, ask: Ask | None = None, *, may_load: bool = True) -> Mended:
    """Compile a paper, mending what keeps TeX from setting it.

    Args:
        tex: Compiles files, as a draft or wholly.
        ask: A model that proposes a change to the text around an error.
        may_load: Whether a further package may be loaded, of those that rules know.

    Raises:
        ValueError: there is no `paper.tex`.
        SandboxUnavailable: the engine itself failed.
    """
    if MAIN not in files:
        raise ValueError(f"there is no {MAIN} to repair")
    work = _Work(dict(files), tex, ask, may_load)
    for silent in (ends_early, hides_text):
        for change in silent(work.latex):
            work.keep("rule", change, Problem("error", MAIN, 0, "TeX would skip the text that follows"))
    whole = work.run(work.latex, draft=False)
    if whole.pdf is None:
        elsewhere = any(one.file.endswith(".bbl") or "TeX failed" in one.message for one in whole.errors)
        _mend_errors(work, work.run(work.latex, draft=True).errors if elsewhere else whole.errors)
        whole = work.run(work.latex, draft=False)
    for _ in range(ROUNDS):
        better = _mend_rest(work, whole)
        if better is None:
            break
        whole = better
    return Mended(work.files, whole, tuple(work.repairs), work.trials)


# -------------------------------------------------------------------------------------------- errors


def _mend_errors(work: _Work, errors: tuple[Problem, ...]) -> None:
    """Mend the first cause until a draft has none, by rule, model and at last by leaving a block out."""
    while errors and work.left:
        found = causes(errors)
        first = next((one for one in found if one.file == MAIN), found[0])
        after = _by_rule(work, first, errors)
        if after is None:
            after = _by_model(work, first, errors)
        if after is None:
            after = _by_leaving_out(work, first, errors)
        if after is None:
            return
        errors = after


def _by_rule(work: _Work, problem: Problem, errors: tuple[Problem, ...]) -> tuple[Problem, ...] | None:
    """The errors after the first rule's change that helps; None where none does."""
    latex, count = work.latex, 0
    for change in changes(latex, problem):
        if change.rule == PACKAGE and not work.may_load:
            continue
        after = change.apply(latex)
        if after == latex or after in work.tried or changed(latex, after, words=False):
            continue
        if count == PER_PROBLEM or not work.left:
            return None
        count += 1
        work.tried.add(after)
        now = work.run(after, draft=True).errors
        if _helped(errors, now, latex, after):
            work.keep("rule", change, problem)
            return now
    return None


def _by_model(work: _Work, problem: Problem, errors: tuple[Problem, ...]) -> tuple[Problem, ...] | None:
    """The errors after a model's change, if it keeps every word and helps."""
    change = work.ask(work.latex, problem) if work.ask is not None and work.left else None
    if change is None:
        return None
    after = change.apply(work.latex)
    if after in work.tried or changed(work.latex, after):
        return None
    work.tried.add(after)
    now = work.run(after, draft=True).errors
    if not _helped(errors, now, work.latex, after):
        return None
    work.keep("model", change, problem)
    return now


def _by_leaving_out(work: _Work, problem: Problem, errors: tuple[Problem, ...]) -> tuple[Problem, ...] | None:
    """The errors after the smallest block that helps is gone; blocks elsewhere come last."""
    latex = work.latex
    near = list(left_out(latex, problem)) if problem.line else []
    for change in (*near, *_elsewhere(latex)):
        if not says_something(latex[change.start : change.stop]):
            continue
        if not work.left:
            return None
        after = change.apply(latex)
        now = work.run(after, draft=True).errors
        if _helped(errors, now, latex, after):
            smaller, now = _smaller(work, change, now, errors)
            work.keep("left out", smaller, problem)
            return now
    return None


def _elsewhere(latex: str) -> list[Change]:
    """Each section's body left out: the damage was done far from where it was noticed."""
    return [Change("a block left out", start, stop, f"{NOTE}\n\n") for start, stop in pieces(latex)]


def _smaller(
    work: _Work, change: Change, now: tuple[Problem, ...], errors: tuple[Problem, ...]
) -> tuple[Change, tuple[Problem, ...]]:
    """The smallest part of a block whose leaving out does as well, down to a sentence or a line."""
    latex = work.latex
    left = list(parts(latex, change))
    while left and work.left:
        part = left.pop(0)
        if not says_something(latex[part.start : part.stop]):
            continue
        text = part.apply(latex)
        after = work.run(text, draft=True).errors
        if len(after) <= len(now) and _helped(errors, after, latex, text):
            change, now = part, after
            left = list(parts(latex, change))
    return change, now


def _helped(before: tuple[Problem, ...], after: tuple[Problem, ...], old: str, new: str) -> bool:
    """Fewer errors, or TeX gets further than it did."""
    stopped = gave_up(before)
    if gave_up(after) and not stopped:
        return False
    if len(after) < len(before):
        return True
    one, two = causes(before), causes(after)
    if not one or not two:
        return not two
    if one[0].kind == "resource" or two[0].kind == "resource":
        return two[0].kind != "resource"
    if stopped and not gave_up(after):
        return True
    if not one[0].file == two[0].file == MAIN or (len(two) > len(one) and not stopped):
        return False
    was, now = locate(old, one[0]), locate(new, two[0])
    same = next(
        (at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
    )
    if was > same:  # the change lies before the error and moved it
        was += len(new) - len(old)
    return bool(one[0].line and two[0].line) and now > was


# ----------------------------------------------------------------------------------- what is left over


def _mend_rest(work: _Work, whole: Compiled) -> Compiled | None:
    """One repair of what the whole compilation complains of; None where nothing more helps."""
    bibliography = next((one for one in whole.errors if one.file.endswith(".bbl")), None)
    if bibliography is not None and BIBLIOGRAPHY in work.files:
        text = work.files[BIBLIOGRAPHY].decode("utf-8", errors="replace")
        mended = in_bibliography(text)
        if mended != text and work.left:
            work.files[BIBLIOGRAPHY] = mended.encode()
            said = Repair("rule", "special characters in the bibliography", 0, bibliography.message, "", "")
            work.repairs.append(said)
            return work.run(work.latex, draft=False)
    failed = next((one for one in whole.errors if "ibtex errors" in one.message), None)
    absent = next(unknown_bibliographies(work.latex, work.files), None) if failed is not None else None
    if failed is not None and absent is not None and work.left:
        work.keep("rule", absent, failed)
        return work.run(work.latex, draft=False)
    for problem in whole.problems:
        if problem.kind == "undefined" and not problem.message.startswith("link"):
            proposed = list(undefined(work.latex, problem))
        elif problem.kind == "overfull" and _points(problem) > STICKS_OUT_PT and problem.file == MAIN:
            proposed = list(fitting(work.latex, problem))
        else:
            continue
        better = _first_better(work, proposed, problem, whole)
        if better is not None:
            return better
    return None


def _first_better(work: _Work, proposed: list[Change], problem: Problem, whole: Compiled) -> Compiled | None:
    latex, unknown = work.latex, frozenset({problem.macro})
    for change in proposed:
        after = change.apply(latex)
        lost = changed(latex, after, words=False, may_go=unknown)
        if after == latex or after in work.tried or lost or not work.left:
            continue
        work.tried.add(after)
        now = work.run(after, draft=False)
        if len(now.errors) <= len(whole.errors) and _weight(now) < _weight(whole):
            work.keep("rule", change, replace(problem, message=str(problem)))
            return now
    return None


def _weight(compiled: Compiled) -> float:
    """What a reader would see of the problems left: dead references, and points that stick out."""
    dead = sum(problem.kind == "undefined" for problem in compiled.problems)
    return 1000.0 * dead + sum(_points(problem) for problem in compiled.problems)


def _points(problem: Problem) -> float:
    """How far a box sticks out, in points; 0 for other problems."""
    if problem.kind != "overfull":
        return 0.0
    return float(problem.message.removeprefix("a box is ").partition("pt")[0])
