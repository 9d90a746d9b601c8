"""The checks of an idea's record: plan, registration, verdict, facts, claims, figures, replications."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from agent.artifacts import (
    AddedFigure,
    Claims,
    Executed,
    Facts,
    Figures,
    Idea,
    Plan,
    Registration,
    Replication,
    Tree,
    Verdict,
)
from agent.deps import Deps
from agent.evidence.executed import told
from agent.evidence.registration import registered_replicates
from agent.stages.analyse import Evidence, derive, drawings
from agent.stages.approvals import answered
from agent.stages.confirm import confirmed
from agent.stages.executed import noted
from agent.stages.figure_check import figure_again
from agent.stages.register import PRIMARY, plan_of, position_of
from agent.stages.reproduce import compared
from agent.stages.study import figure_path
from agent.stages.verify.differing import differing
from agent.stages.verify.rows import NotChecked, Row, row

_PROGRAM = re.compile(rb"Matplotlib pdf backend v[0-9.]+")


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
        yield from differing(plan, again)
        yield from differing(workspace.get(Registration, f"{key}/1").power, power)
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
    return f"as the recorded traced trials noted: {text}", differing(stored, again)


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
    return what[kind], differing(stored, again)


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
    return text, differing(stored, compared(key, version, deps))


def record_rows(idea: str, deps: Deps) -> Iterator[Row]:
    """The checks of what an idea's paper rests on, each resting on those before."""
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
