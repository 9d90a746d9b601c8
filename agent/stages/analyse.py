"""Facts, claims, figures and the verdict, all computed from the registered trials."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.artifacts import Claims, Facts, Figures, Idea, Plan, Registration, Tree, Verdict
from agent.deps import Deps
from agent.evidence import claims as claim_rules
from agent.evidence import facts as fact_rules
from agent.evidence import figures as drawing
from agent.evidence.verdict import Results, judge
from agent.stages.confirm import confirmed
from agent.stages.study import executed_lines, figure_path
from agent.stages.words import metric_label, phrases


@dataclass(frozen=True)
class Evidence:
    """What follows from a registered plan and its results."""

    verdict: Verdict
    facts: Facts
    claims: Claims


def analyse(plan: Plan, registration: Registration, tree: Tree, deps: Deps) -> Evidence:
    """Judge the plan and store what may be said about it.

    Raises:
        KeyError: a registered trial has no Result.
        Stopped: the run is to end before every figure is drawn.
    """
    key = f"{deps.run.name}/{plan.idea}"
    results = confirmed(plan, registration, deps)
    evidence = derive(plan, registration, tree, results, deps)
    deps.workspace.put(key, evidence.verdict)
    deps.workspace.put(key, evidence.facts)
    deps.workspace.put(key, evidence.claims)
    deps.workspace.put(key, _draw(plan, registration, tree, results, evidence, deps))
    deps.say("verdict", plan.idea, evidence.verdict.word, reason=evidence.verdict.reason)
    return evidence


def derive(plan: Plan, registration: Registration, tree: Tree, results: Results, deps: Deps) -> Evidence:
    """Verdict, facts and claims from recorded results; the same input gives the same hashes."""
    name, metric = deps.setup.template.primary
    idea = deps.workspace.get(Idea, f"{deps.run.name}/{plan.idea}")
    verdict = judge(plan, registration, results)
    facts = fact_rules.facts(
        plan,
        registration,
        results,
        verdict,
        tree,
        unit=metric.unit,
        metric_label=metric_label(name, metric),
        executed=executed_lines(f"{deps.run.name}/{plan.idea}", deps.workspace),
    )
    words = phrases(idea, deps.setup.template) | ({"baseline": "the baseline"} if tree.brought else {})
    claims = claim_rules.claims(plan, verdict, facts, deps.setup.scope, phrases=words)
    return Evidence(verdict, facts, claims)


def drawings(
    plan: Plan, registration: Registration, tree: Tree, results: Results, evidence: Evidence, deps: Deps
) -> tuple[drawing.Drawn, ...]:
    """The figures of a study; the same input gives the same bytes under the same matplotlib.

    Raises:
        Stopped: the run is to end; a figure that is being drawn is finished.
    """
    return tuple(_drawn(plan, registration, tree, results, evidence, deps))


def _drawn(
    plan: Plan, registration: Registration, tree: Tree, results: Results, evidence: Evidence, deps: Deps
) -> Iterator[drawing.Drawn]:
    """The figures, one after another as they are drawn."""
    name, metric = deps.setup.template.primary
    label, unit = metric_label(name, metric), metric.unit
    draw: tuple[Callable[[], drawing.Drawn | None], ...] = (
        lambda: drawing.learning_curves(plan, registration, results, evidence.facts, metric_label=label),
        lambda: drawing.effects(plan, evidence.verdict, evidence.facts, metric_label=label, unit=unit),
        lambda: drawing.exploration(tree, plan, metric_label=label, unit=unit),
    )
    for each in draw:
        deps.check_stop()
        if (one := each()) is not None:
            yield one


def _draw(
    plan: Plan, registration: Registration, tree: Tree, results: Results, evidence: Evidence, deps: Deps
) -> Figures:
    figures = []
    for one in _drawn(plan, registration, tree, results, evidence, deps):
        deps.workspace.put_file(figure_path(deps.run.name, plan.idea, one.figure), one.pdf)
        figures.append(one.figure)
    return Figures(items=tuple(figures), parents=(evidence.facts.hash,))
