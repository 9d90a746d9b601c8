"""Holds a finished study against its own record: what follows from what is derived again, and compared.

Promises that nothing is asked of a model, run in a sandbox or written. Each check is a row that names what it
found; one that cannot be done says why and is no pass. Cannot see a record of which every part was made up
together, results and all: only `shoal reproduce` can.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Literal

from agent.artifacts import (
    AddedFigure,
    Artifact,
    Audit,
    Claims,
    Executed,
    Facts,
    Figures,
    Finding,
    Idea,
    Paper,
    Plan,
    Registration,
    Replication,
    Tree,
    Verdict,
)
from agent.deps import Deps
from agent.errors import ShoalError
from agent.evidence.audit import exact
from agent.evidence.executed import told
from agent.evidence.registration import registered_replicates
from agent.latex.compile import MAIN
from agent.latex.printed import Printed, bound_numbers, link_problems, read_pdf, stray_decimals
from agent.latex.render import Rendered
from agent.prompts.section import SectionName
from agent.stages.analyse import Evidence, derive, drawings
from agent.stages.approvals import answered
from agent.stages.confirm import confirmed
from agent.stages.executed import noted
from agent.stages.figure_check import figure_again
from agent.stages.manuscript import Omitted, audited
from agent.stages.register import PRIMARY, plan_of, position_of
from agent.stages.reproduce import compared
from agent.stages.study import Study, figure_path

Status = Literal["ok", "wrong", "not checked"]
SHOWN = 12
"""Findings of one row that are named; the rest are counted."""
_PROGRAM = re.compile(rb"Matplotlib pdf backend v[0-9.]+")


@dataclass(frozen=True)
class Row:
    """One check of a run or of one idea of it."""

    idea: str
    """Empty for a check of the whole run."""
    check: str
    status: Status
    evidence: str
    """What was looked at, or why it was not."""
    findings: tuple[str, ...] = ()


def row(idea: str, check: str, look: Callable[[], tuple[str, Iterable[str]]]) -> Row:
    """The row of a check that gives its evidence and its findings; what keeps it from an answer is one."""
    try:
        evidence, found = look()
        findings = tuple(found)
    except NotChecked as reason:
        return Row(idea, check, "not checked", str(reason))
    except (ShoalError, KeyError, ValueError, StopIteration) as error:
        text = str(error.args[0]) if error.args else type(error).__name__
        return Row(idea, check, "wrong", "cannot be derived again", (text,))
    if len(findings) > SHOWN:
        findings = (*findings[:SHOWN], f"and {len(findings) - SHOWN} more")
    return Row(idea, check, "wrong" if findings else "ok", evidence, findings)


class NotChecked(Exception):
    """A check cannot be done here; the text says why."""


def idea_rows(idea: str, number: int, deps: Deps) -> Iterator[Row]:
    """The checks of one idea and its paper's round `number`, each resting on those before."""
    key = f"{deps.run.name}/{idea}"
    for check, look in (
        ("plan", partial(_plan, key, deps)),
        ("registration", partial(_registrations, key, deps)),
        *((("lines", partial(_lines, key, deps)),) if deps.workspace.has(Executed, key) else ()),
        ("verdict", partial(_same, key, deps, Verdict)),
        ("facts", partial(_same, key, deps, Facts)),
        ("claims", partial(_same, key, deps, Claims)),
        ("figures", partial(_figures, key, deps)),
    ):
        yield row(idea, check, look)
    if deps.workspace.has(AddedFigure, key):
        yield row(idea, "added figure", partial(_added, key, deps))
    for version in range(PRIMARY + 1, PRIMARY + len(plans(key, deps))):
        yield row(idea, f"replication {version}", partial(_replication, key, version, deps))
    at = f"{key}/{number}"
    again = cache(partial(_made_again, at, deps))
    for check, of_paper in (
        ("paper", partial(_paper, again)),
        ("audit", partial(_audit, again)),
        ("references", _references),
        ("numbers", _numbers),
        ("links", _links),
    ):
        yield row(idea, check, partial(_with_paper, of_paper, at, deps))


# ------------------------------------------------------------------------------- plan and registration


def plans(key: str, deps: Deps) -> list[tuple[Plan, Registration]]:
    """Every registered plan of an idea, the primary one first."""
    found = []
    version = 1
    while deps.workspace.has(Registration, f"{key}/{version}"):
        at = f"{key}/{version}"
        found.append((deps.workspace.get(Plan, at), deps.workspace.get(Registration, at)))
        version += 1
    return found


def _plan(key: str, deps: Deps) -> tuple[str, Iterator[str]]:
    workspace = deps.workspace
    idea, tree, plan = workspace.get(Idea, key), workspace.get(Tree, key), workspace.get(Plan, f"{key}/1")
    again, power = plan_of(idea, tree, deps, answered("plan", key, workspace))

    def findings() -> Iterator[str]:
        yield from _differing(plan, again)
        yield from _differing(workspace.get(Registration, f"{key}/1").power, power)
        for arm in plan.arms:
            if deps.setup.template.code_hash(arm.change.edits) != arm.code_hash:
                yield f"arm {arm.name}: the template's code with its edits is not the registered code"

    text = f"plan {plan.hash[:10]} follows from idea, exploration and template: "
    return text + f"{len(plan.arms)} arms, n = {plan.n}, Δ = {plan.sesoi:g}, α* = {plan.alpha:g}", findings()


def _registrations(key: str, deps: Deps) -> tuple[str, list[str]]:
    """Each registration against its plan, the order of replicates, and its place among those of the run."""
    findings: list[str] = []
    used: set[int] = set()
    template = deps.setup.template
    registered = plans(key, deps)
    for plan, registration in registered:
        name = f"registration-{plan.version}"
        if registration.plan_hash != plan.hash:
            findings.append(f"{name} is of plan {registration.plan_hash[:10]}, not of {plan.hash[:10]}")
        order = registered_replicates(plan, template.confirming)
        if registration.replicates != order:
            wrong = [r for r in registration.replicates if r not in order]
            which = f"replicate {wrong[0]} is not among them" if wrong else "their order is another"
            findings.append(f"{name}: its replicates do not follow from the plan's content: {which}")
        if set(plan.excluded) != used:
            findings.append(f"plan-{plan.version} leaves out {sorted(plan.excluded)}, not {sorted(used)}")
        if registration.pool != deps.run.pool:
            findings.append(f"{name} is of another test pool than the run")
        if registration.exhausted != (registration.number > registration.budget):
            findings.append(f"{name}: whether the pool is exhausted does not follow from its number")
        if registration.budget != template.spec.replicates.registrations:
            findings.append(f"{name}: the pool's budget is not the template's")
        used |= set(registration.replicates)
    plan, first = registered[0]
    number = deps.run.pool_count + 1 + position_of(deps.workspace.get(Idea, key), deps)
    if (first.number, first.total) != (number, deps.run.pool_count + deps.run.ideas):
        findings.append(f"registration-1 says it is {first.number} of {first.total}; it is {number}")
    text = f"{len(used)} replicates in the order that the plan's hash gives; "
    return text + f"registration {first.number} of {first.total} on pool {first.pool[:10]}", findings


# ----------------------------------------------------------------------------------------- evidence


def _lines(key: str, deps: Deps) -> tuple[str, Iterator[str]]:
    workspace = deps.workspace
    stored = workspace.get(Executed, key)
    again = noted(workspace.get(Idea, key), workspace.get(Tree, key), deps)
    text = "; ".join(told(arm) for arm in again.arms)
    return f"as the recorded traced trials noted: {text}", _differing(stored, again)


def _derived(key: str, deps: Deps) -> Evidence:
    workspace = deps.workspace
    plan, registration = workspace.get(Plan, f"{key}/1"), workspace.get(Registration, f"{key}/1")
    results = confirmed(plan, registration, deps)
    return derive(plan, registration, workspace.get(Tree, key), results, deps)


def _same(
    key: str, deps: Deps, kind: type[Verdict] | type[Facts] | type[Claims]
) -> tuple[str, Iterator[str]]:
    derived = _derived(key, deps)
    again = {Verdict: derived.verdict, Facts: derived.facts, Claims: derived.claims}[kind]
    stored = deps.workspace.get(kind, key)
    what = {
        Verdict: f"{derived.verdict.word}, computed again from the recorded trials",
        Facts: f"{len(derived.facts.items)} facts computed again from the recorded trials",
        Claims: f"{len(derived.claims.items)} claims computed again from the facts",
    }
    return what[kind], _differing(stored, again)


def _figures(key: str, deps: Deps) -> tuple[str, list[str]]:
    workspace = deps.workspace
    plan, registration = workspace.get(Plan, f"{key}/1"), workspace.get(Registration, f"{key}/1")
    tree, stored = workspace.get(Tree, key), workspace.get(Figures, key)
    results = confirmed(plan, registration, deps)
    evidence = derive(plan, registration, tree, results, deps)
    again = drawings(plan, registration, tree, results, evidence, deps)
    findings = []
    if [f.id for f in stored.items] != [one.figure.id for one in again]:
        findings.append(f"the study's figures are {', '.join(one.figure.id for one in again)}")
    for figure, drawn in zip(stored.items, again, strict=False):
        content = (workspace.root / figure_path(deps.run.name, plan.idea, figure)).read_bytes()
        if figure.caption != drawn.figure.caption or figure.facts != drawn.figure.facts:
            findings.append(f"{figure.id}: its caption or facts follow otherwise from the results")
        if _is_another(content, drawn.pdf):
            findings.append(f"{figure.file} is not what the recorded results draw")
    return f"{len(again)} drawn again from the recorded trials, byte for byte", findings


def _is_another(content: bytes, drawn: bytes) -> bool:
    """Whether a stored picture is not the one that is drawn.

    Raises:
        NotChecked: another program drew it.
    """
    ours, theirs = _PROGRAM.findall(drawn), _PROGRAM.findall(content)
    if content != drawn and ours != theirs and theirs:
        program = (theirs + ours)[0].decode(errors="replace")
        raise NotChecked(f"drawn by {program}, which is not the one here: bytes cannot be compared")
    return content != drawn


def _added(key: str, deps: Deps) -> tuple[str, list[str]]:
    added = deps.workspace.get(AddedFigure, key)
    text, findings, drawn = figure_again(added.idea, deps)
    if added.figure is not None and drawn is not None:
        stored = deps.workspace.root / figure_path(deps.run.name, added.idea, added.figure)
        if not findings and _is_another(stored.read_bytes(), drawn):
            findings.append(f"{added.figure.file} is not what its series draw")
    return text, findings


def _replication(key: str, version: int, deps: Deps) -> tuple[str, Iterator[str]]:
    at = f"{key}/{version}"
    if not deps.workspace.has(Replication, at):
        raise NotChecked("it is not finished; the command that began it goes on")
    stored = deps.workspace.get(Replication, at)
    word = "within" if stored.passed else "outside"
    text = f"{word} the limits of the study, computed again from the recorded trials"
    return text, _differing(stored, compared(key, version, deps))


# --------------------------------------------------------------------------------------------- paper


def _with_paper(
    look: Callable[[Paper, str, Deps], tuple[str, Iterable[str]]], at: str, deps: Deps
) -> tuple[str, Iterable[str]]:
    if not deps.workspace.has(Paper, at):
        raise NotChecked("there is no finished paper")
    return look(deps.workspace.get(Paper, at), at, deps)


MadeAgain = Callable[[], tuple[Rendered, Audit]]


def _made_again(at: str, deps: Deps) -> tuple[Rendered, Audit]:
    """What the stored parts make, and the audit of the stored `paper.tex` against it."""
    paper, folder = deps.workspace.get(Paper, at), deps.workspace.path(Paper, at).parent
    texts: dict[SectionName, str] = {section.name: section.latex for section in paper.sections}  # type: ignore[misc]
    stored = _text((folder / MAIN).read_bytes())
    return audited(Study.read(paper.idea, deps), texts, deps, Omitted.read(folder), stored)


def _paper(again: MadeAgain, paper: Paper, at: str, deps: Deps) -> tuple[str, list[str]]:
    """The paper's files against what its parts make."""
    folder = deps.workspace.path(Paper, at).parent
    rendered, _ = again()
    findings: list[str] = []
    for name, content in rendered.files().items():
        stored = (folder / name).read_bytes()
        if stored != content:
            told = [_told(one) for one in exact.differing_lines(name, _text(stored), _text(content))]
            findings += told or [f"{name} has other bytes than it is rendered with"]
    for figure in Study.read(paper.idea, deps).figures.items:
        drawn = (deps.workspace.root / figure_path(deps.run.name, paper.idea, figure)).read_bytes()
        if (folder / "figures" / figure.file).read_bytes() != drawn:
            findings.append(f"figures/{figure.file} is not the study's")
    return f"rendered again from {len(paper.sections)} sections, facts and claims, byte for byte", findings


def _text(content: bytes) -> str:
    return content.decode(errors="replace")


def _told(one: Finding) -> str:
    return f"{one.file}:{one.line}:{one.column}: {one.quotation!r}: {one.reason}"


def _audit(again: MadeAgain, _paper: Paper, at: str, deps: Deps) -> tuple[str, list[str]]:
    """What the audit finds in the stored paper beyond its differences, against what it found."""
    stored = deps.workspace.get(Audit, at)
    _, report = again()
    now = [one for one in report.findings if one.rule != exact.RULE]
    findings = [_told(one) for one in now if one not in stored.findings]
    gone = [one for one in stored.findings if one not in now]
    findings += [f"no longer found: {one.file}:{one.line}: {one.reason}" for one in gone]
    if stored.passed != (not stored.findings):
        findings.append("the stored audit says otherwise than its findings")
    new = sorted(set(report.checked) - set(stored.checked))
    rules = f"{len(report.checked)} rules" + (f", {', '.join(new)} younger than the paper" if new else "")
    return f"audited again: {rules}, {len(now)} findings", findings


def _references(paper: Paper, _at: str, deps: Deps) -> tuple[str, list[str]]:
    works = [deps.literature.find(key) for key in paper.references]
    findings = [f"{work.key} is not found in {work.source}" for work in works if work.status == "not_found"]
    unavailable = sum(work.status == "unavailable" for work in works)
    more = f", {unavailable} could not be looked up" if unavailable else ""
    sources = ", ".join(sorted({work.source for work in works})) or "nothing"
    return f"{len(works)} cited, looked up in {sources}{more}", findings


def _numbers(_paper: Paper, at: str, deps: Deps) -> tuple[str, Iterable[str]]:
    folder = deps.workspace.path(Paper, at).parent
    tex, printed = _tex_and_pdf(folder)
    others = [(folder / "references.bib").read_text(encoding="utf-8")]
    others += [read_pdf(path.read_bytes()).text for path in sorted((folder / "figures").glob("*.pdf"))]
    stray = stray_decimals(tex, others, printed)
    text = f"{len(printed.text)} characters of the PDF: every number with a decimal point is in paper.tex"
    return text, (f"paper.pdf prints {number}, which is not in paper.tex" for number in stray)


def _links(_paper: Paper, at: str, deps: Deps) -> tuple[str, Iterable[str]]:
    tex, printed = _tex_and_pdf(deps.workspace.path(Paper, at).parent)
    wanted = bound_numbers(tex)
    count = sum(map(len, wanted.values()))
    return f"{count} numbers of {len(wanted)} facts lead to their rows", link_problems(tex, printed)


def _tex_and_pdf(folder: Path) -> tuple[str, Printed]:
    if not (folder / "paper.pdf").is_file():
        raise NotChecked("there is no paper.pdf")
    tex = (folder / "paper.tex").read_text(encoding="utf-8")
    return tex, read_pdf((folder / "paper.pdf").read_bytes())


# ------------------------------------------------------------------------------------- what differs


def _differing(stored: Artifact, again: Artifact) -> Iterator[str]:
    """Where a stored record is not what follows again, innermost first."""
    return _between(stored.model_dump(mode="json"), again.model_dump(mode="json"), "")


def _between(stored: object, again: object, at: str) -> Iterator[str]:
    if stored == again:
        return
    if isinstance(stored, dict) and isinstance(again, dict):
        for name in dict.fromkeys((*stored, *again)):
            yield from _between(stored.get(name), again.get(name), f"{at}.{name}" if at else str(name))
    elif isinstance(stored, list) and isinstance(again, list) and len(stored) == len(again):
        for number, (one, other) in enumerate(zip(stored, again, strict=True)):
            name = one.get("name", one.get("id", number)) if isinstance(one, dict) else number
            yield from _between(one, other, f"{at}[{name}]")
    elif isinstance(stored, list) and isinstance(again, list):
        there, follow = _names(stored), _names(again)
        gone, more = ", ".join(sorted(follow - there)), ", ".join(sorted(there - follow))
        named = f"; missing: {gone}" * bool(gone) + f"; besides: {more}" * bool(more)
        yield f"{at} has {len(stored)} entries, and {len(again)} follow{named}"
    else:
        yield f"{at} is {_short(stored)}; computed again it is {_short(again)}"


def _names(entries: list[object]) -> set[str]:
    """The names of a list's entries that have one."""
    return {str(one.get("name", one.get("id"))) for one in entries if isinstance(one, dict)} - {"None"}


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"
