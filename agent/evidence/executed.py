"""What the traced trials of a study's arms say: facts, settings, limitations and a check.

Promises that a changed line which did not run, a trace that was cut short and programs that noted nothing
each have a setting `code.….<arm>` that the limitations print: a paper without it is not complete.
"""

from __future__ import annotations

import ast
import io
import keyword
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import pairwise

from agent.artifacts import ArmLines, Check, Executed, Fact, Plan

FIRST_NAME = "code."
"""What the names of these facts and settings begin with."""
SHOWN = 8
"""Stretches of missed lines that a text names; the rest are counted."""


def code_facts(plan: Plan, executed: Executed) -> list[Fact]:
    """How many changed statements each arm has, and how many its traced trial did not execute."""
    return [fact for arm in _arms(plan, executed) for fact in _counts(plan, arm)]


def _counts(plan: Plan, arm: ArmLines) -> Iterator[Fact]:
    if arm.trace is None:
        return
    count = partial(
        Fact, split="none", unit="", digits=0, arms=(arm.arm,), trials=(arm.trial,), plan_hash=plan.hash
    )
    yield count(
        name=f"{FIRST_NAME}{arm.arm}.changed_lines",
        label=f"changed lines of code of {arm.arm}",
        value=arm.trace.changed,
        formula="count of statements that the template does not have, each by its first line",
    )
    yield count(
        name=f"{FIRST_NAME}{arm.arm}.missed_lines",
        label=f"changed lines of code of {arm.arm} that did not run",
        value=arm.trace.missed,
        formula="count of those that the arm's traced trial on the dev split did not execute",
    )


def code_settings(plan: Plan, executed: Executed) -> dict[str, str]:
    """What is to be told of each arm, as plain text; nothing of an arm of which every changed line ran."""
    found = {}
    for arm in _arms(plan, executed):
        if arm.trace is None:
            found[f"{FIRST_NAME}untraced.{arm.arm}"] = _words(arm.status)
            continue
        if arm.trace.missed:
            found[f"{FIRST_NAME}missed.{arm.arm}"] = missed_text(arm)
        if not arm.trace.whole:
            how = _words(arm.status) if arm.status != "ok" else "left without an end"
            found[f"{FIRST_NAME}cut.{arm.arm}"] = how
        if arm.trace.others:
            found[f"{FIRST_NAME}others.{arm.arm}"] = f"{arm.trace.others} started"
    return found


def code_limitations(plan: Plan, executed: Executed) -> tuple[str, ...]:
    """A sentence in macro language for each of these settings."""
    found = []
    for name in code_settings(plan, executed):
        _, what, arm = name.split(".")
        found.append(_SENTENCES[what].replace("ARM", arm).replace("NAME", name))
    return tuple(found)


_SENTENCES = {
    "untraced": (
        r"Which changed lines of code of ARM run is not known: the trial that was to note it ended as "
        r"\setting{NAME}."
    ),
    "missed": (
        r"Of \fact{code.ARM.changed_lines} changed lines of code of ARM, \fact{code.ARM.missed_lines} did "
        r"not run in the trial that noted which lines run, so that nothing shows what they do: "
        r"\setting{NAME}."
    ),
    "cut": (
        r"The trial that noted which lines of ARM run was cut short (\setting{NAME}), so that lines which it "
        r"did not reach may run."
    ),
    "others": (r"What runs in other programs that the code of ARM starts (\setting{NAME}) was not noted."),
}


def code_checks(plan: Plan, executed: Executed | None) -> tuple[Check, ...]:
    """Whether every changed line of code ran in a trial; no check for a study that changes no code."""
    arms = _arms(plan, executed) if executed else ()
    if not arms:
        return ()
    return (
        Check(
            question="Did every changed line of code run in the trial that noted it?",
            passed=not any(is_incomplete(arm) for arm in arms),
            evidence="; ".join(told(arm) for arm in arms) + ".",
        ),
    )


def told(arm: ArmLines) -> str:
    """One arm's traced trial in words."""
    if arm.trace is None:
        return f"{arm.arm}: not known, the traced trial ended as {_words(arm.status)}"
    ran = arm.trace.changed - arm.trace.missed
    text = f"{arm.arm}: {ran} of {arm.trace.changed} changed lines ran"
    text += f", not {missed_text(arm)}" if arm.trace.missed else ""
    text += "" if arm.trace.whole else "; cut short"
    return text + (f"; {arm.trace.others} other programs noted nothing" if arm.trace.others else "")


def is_incomplete(arm: ArmLines) -> bool:
    """Whether something is to be told of an arm."""
    return arm.trace is None or not arm.trace.whole or bool(arm.trace.missed or arm.trace.others)


def missed_text(arm: ArmLines) -> str:
    """The missed lines by file, as `lines 3 and 7 to 9 of experiment.py`."""
    files = arm.trace.files if arm.trace else ()
    return "; ".join(f"{_stretches(file.missed)} of {file.file}" for file in files if file.missed)


def _stretches(lines: tuple[int, ...]) -> str:
    """Line numbers in words, neighbours together."""
    starts = [lines[0], *(b for a, b in pairwise(lines) if b != a + 1)]
    ends = [*(a for a, b in pairwise(lines) if b != a + 1), lines[-1]]
    texts = [str(a) if a == b else f"{a} to {b}" for a, b in zip(starts, ends, strict=True)]
    if len(texts) > SHOWN:
        left = sum(1 for line in lines if line >= starts[SHOWN])
        texts = [*texts[:SHOWN], f"{left} more"]
    joined = " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)
    return ("line " if len(lines) == 1 else "lines ") + joined


def _arms(plan: Plan, executed: Executed) -> tuple[ArmLines, ...]:
    """The records of the plan's arms, in their order: a person may have taken some out since."""
    found = (executed.of(arm.name) for arm in plan.arms)
    return tuple(one for one in found if one is not None)


def _words(status: str) -> str:
    return status.replace("_", " ")


# ----------------------------------------------------------------------- what occurs in dead code only


def unexecuted_names(code: Mapping[str, str], arm: ArmLines) -> frozenset[str]:
    """The names that occur in an arm's code, but only where it did not run.

    A function of which no changed statement ran did not run, though its definition did.
    """
    dead: set[str] = set()
    alive: set[str] = set()
    missed = {file.file: set(file.missed) for file in arm.trace.files} if arm.trace else {}
    changed = {file.file: set(file.changed) for file in arm.trace.files} if arm.trace else {}
    for name in (name for name in code if name.endswith(".py")):
        lines = _dead_lines(ast.parse(code[name]), missed.get(name, set()), changed.get(name, set()))
        for word, line in _names(code[name]):
            (dead if line in lines else alive).add(word)
    return frozenset(dead - alive)


def _dead_lines(tree: ast.AST, missed: set[int], changed: set[int]) -> set[int]:
    """The lines of missed statements and of functions that never ran."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt | ast.ExceptHandler):
            continue
        first = _first(node)
        inside = _firsts(getattr(node, "body", [])) & changed if isinstance(node, _FUNCTIONS) else set()
        if first in missed or (inside and inside <= missed):
            found.update(range(first, (node.end_lineno or first) + 1))
    return found


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _first(node: ast.stmt | ast.ExceptHandler) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])


def _firsts(body: Iterable[ast.stmt]) -> set[int]:
    return {_first(node) for part in body for node in ast.walk(part) if isinstance(node, ast.stmt)}


def _names(source: str) -> Iterator[tuple[str, int]]:
    """Every identifier with its line."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
            yield token.string, token.start[0]
