"""A figure that the paper's author adds by code over the results, where the run allows one.

The author does not see the results. Promises that a figure which stands in the paper was computed twice alike
in the sandbox, follows the results (`agent.evidence.added`), and has a caption that the audit lets pass; that
what does not come to that is left out, with the reason, and ends no study. The code lies beside the picture.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from agent.artifacts import AddedFigure, Axes, Calculation, Figure, Plan, Series
from agent.artifacts.added import ADDED
from agent.deps import Deps
from agent.errors import AnswerRejected
from agent.evidence.added import (
    PERMUTATIONS,
    Given,
    Unfit,
    check_moved,
    check_permuted,
    check_series,
    given,
    move_of,
    moved,
    permuted,
    read_series,
    results_hash,
    text_of,
)
from agent.evidence.audit.captions import caption_findings
from agent.evidence.drawing_added import draw
from agent.ports import Calculator
from agent.prompts.figure import FIGURE, ArmLine, FigureIn, FigureOut, MetricLine
from agent.prompts.macros import used
from agent.spec import Metric
from agent.stages.confirm import confirmed
from agent.stages.manuscript import held_against
from agent.stages.sections import section_in
from agent.stages.study import Study, figure_path
from agent.stages.words import metric_label, treated_label

ASKED = 3
"""Times that an author is asked: once, and twice with what the trial of the last answer found."""
FACTS = ("plan.n", "plan.level", "plan.sesoi", "count.items")
"""Facts that a caption may print: known before the test."""
SETTINGS = ("scope", "metric", "treated", "varies")
"""Settings that a caption may print."""
Metrics = dict[str, Metric]


def add_figure(study: Study, deps: Deps) -> AddedFigure | None:
    """What comes of asking for a figure, or came of it before; None where the run allows none.

    Raises:
        SandboxUnavailable: the machinery broke; the run can be resumed.
        Stopped: the run is to end here.
    """
    if not deps.run.figures:
        return None
    key = f"{deps.run.name}/{study.idea.id}"
    return deps.workspace.once(AddedFigure, key, lambda: _asked_for(study, deps))


def recorded_results(study: Study, deps: Deps) -> Given:
    """The results of the registered trials, as the code of a figure gets them.

    Raises:
        KeyError: a registered trial has no Result.
    """
    return given(study.plan, study.registration, confirmed(study.plan, study.registration, deps))


def _asked_for(study: Study, deps: Deps) -> AddedFigure:
    results = recorded_results(study, deps)
    data = figure_in(study, results, deps)
    why = ""
    for number in range(ASKED):
        deps.check_stop()
        site = f"{study.idea.id}/write/figure" + (f"/{number}" if number else "")
        try:
            answer = deps.model.ask(FIGURE, data, site=site).value
        except AnswerRejected as error:
            return _none(study, number + 1, str(error), deps)
        if answer.none_because.strip():
            return _none(study, number + 1, f"its author gave none: {answer.none_because.strip()}", deps)
        held = caption_findings(captioned(answer, deps), held_against(study, deps))
        problems = [f"Caption: {one.quotation!r}: {one.reason}" for one in held]
        try:
            computed = compute(answer.code, answer.as_axes(), results, metrics_of(deps), deps)
        except Unfit as error:
            problems.append(str(error))
        else:
            if not problems:
                return _made(study, answer, results, computed, number + 1, deps)
        why = " ".join(problems[0].split())
        deps.say("note", study.idea.id, f"an added figure did not pass its trial: {why}")
        data = data.model_copy(update={"last": answer, "problems": tuple(problems)})
    return _none(study, ASKED, f"none passed its trial: {why}", deps)


def _none(study: Study, asked: int, why: str, deps: Deps) -> AddedFigure:
    deps.say("note", study.idea.id, f"the paper gets no added figure; {why}")
    return AddedFigure(
        idea=study.idea.id, why_none=why, asked=asked, parents=(study.plan.hash, study.facts.hash)
    )


def _made(
    study: Study, answer: FigureOut, results: Given, computed: Computed, asked: int, deps: Deps
) -> AddedFigure:
    axes, caption = answer.as_axes(), captioned(answer, deps)
    pdf = drawn(axes, computed.series, study.plan, results, metrics_of(deps))
    figure = Figure(
        id=ADDED,
        file=f"{ADDED}.pdf",
        caption=caption,
        sha256=hashlib.sha256(pdf).hexdigest(),
        facts=used(caption).facts,
    )
    deps.workspace.put_file(figure_path(deps.run.name, study.idea.id, figure), pdf)
    return AddedFigure(
        idea=study.idea.id,
        figure=figure,
        asked=asked,
        axes=axes,
        series=computed.series,
        code=answer.code,
        results_hash=results_hash(results),
        calculations=computed.calculations,
        parents=(study.plan.hash, study.facts.hash),
    )


def captioned(answer: FigureOut, deps: Deps) -> str:
    """A caption as the paper prints it: with who wrote the code."""
    text = answer.caption.strip()
    return f"{text}{'' if text.endswith('.') else '.'} {closing(deps)}"


def closing(deps: Deps) -> str:
    """The caption's last sentence, which is Shoal's own."""
    author = "the scripted author" if deps.run.model == "scripted" else "a model"
    return rf"Drawn by code that {author} wrote, from the recorded results of \fact{{plan.n}} replicates."


def drawn(axes: Axes, series: tuple[Series, ...], plan: Plan, results: Given, metrics: Metrics) -> bytes:
    """The picture of the series, as a vector PDF."""
    metric = metrics[axes.metric]
    label = metric_label(axes.metric, metric)
    return draw(
        axes, series, plan, metric_label=label, unit=metric.unit, step_name=_curves(results, axes.metric)[0]
    )


# ------------------------------------------------------------------------------------------ computing


@dataclass(frozen=True)
class Computed:
    """What code computed from the results."""

    series: tuple[Series, ...]
    calculations: tuple[str, ...]
    """Hashes of its runs."""


def compute(code: str, axes: Axes, results: Given, metrics: Metrics, deps: Deps) -> Computed:
    """Run code over the results twice, then over moved and permuted ones, and hold the series to them.

    Raises:
        Unfit: the series may not be drawn; the text says why, for its author.
        SandboxUnavailable: the machinery broke.
        Stopped: the run is to end here.
    """
    runs = _Runs(code, deps.calculator, deps.check_stop)
    found = runs.series(results)
    check_series(found, axes, results)
    if runs.series(results, turn=2) != found:
        raise Unfit("Two runs over the same results differ: the code is not deterministic.")
    moves = {name: move_of(results, name, metric.bounds) for name, metric in metrics.items()}
    check_moved(found, runs.series(moved(results, moves)), axes, moves[axes.metric])
    check_permuted(found, [runs.series(permuted(results, number)) for number in range(PERMUTATIONS)])
    return Computed(found, tuple(runs.hashes))


class _Runs:
    """The runs of one program, noted as they are made."""

    def __init__(self, code: str, calculator: Calculator, check_stop: Callable[[], None]) -> None:
        self._code = code
        self._calculator = calculator
        self._check_stop = check_stop
        self.hashes: list[str] = []

    def series(self, results: Given, turn: int = 1) -> tuple[Series, ...]:
        """The series over some results."""
        self._check_stop()
        run = self._calculator.calculate(self._code, text_of(results), turn)
        self.hashes.append(run.hash)
        if run.status != "ok":
            which = "the" if len(self.hashes) <= 2 else "other"
            raise Unfit(f"Over {which} results of this form the code {_ended(run)}")
        if not run.output:
            raise Unfit("The code wrote over what it should return.")
        return read_series(run.output)


def _ended(run: Calculation) -> str:
    how = {"timeout": "ran out of time", "out_of_memory": "ran out of memory", "crashed": "failed"}
    printed = f":\n{run.printed.strip()}" if run.printed.strip() else ""
    return f"{how.get(run.status, run.status)} ({run.reason}){printed}"


# ---------------------------------------------------------------------------------------- the question


def figure_in(study: Study, results: Given, deps: Deps) -> FigureIn:
    """What the author of a figure is given: the form of the results, and no value of them."""
    template, metrics = deps.setup.template, metrics_of(deps)
    known = section_in("introduction", study, {}, deps)  # which knows no outcome either
    names = sorted(metrics, key=lambda name: name != study.plan.metric)
    return FigureIn(
        title=study.idea.title,
        question=template.spec.question,
        hypothesis=study.idea.hypothesis,
        scope=deps.setup.scope,
        treated_label=treated_label(study.idea, template),
        metrics=tuple(_metric_line(name, metrics[name], results) for name in names),
        arms=tuple(ArmLine(name=arm.name, role=arm.role) for arm in study.plan.arms),
        replicates=len(study.registration.replicates),
        packages=template.spec.requirements.experiment,
        facts=tuple(line for line in known.common_facts if line.name in FACTS),
        settings=tuple(line for line in known.settings if line.name in SETTINGS),
    )


def _metric_line(name: str, metric: Metric, results: Given) -> MetricLine:
    curves, steps = _curves(results, name)
    return MetricLine(
        name=name,
        label=metric_label(name, metric),
        unit=metric.unit,
        goal=metric.goal,
        curves=curves,
        steps=steps,
    )


def _curves(results: Given, metric: str) -> tuple[str, int]:
    """What the curves of a metric count, and their recorded steps; empty and 0 where there are none."""
    found = [c for trial in results["trials"] for c in trial["curves"] if c["metric"] == metric]
    return (found[0]["x_name"], len({x for curve in found for x in curve["x"]})) if found else ("", 0)


def metrics_of(deps: Deps) -> Metrics:
    """The metrics of the template by name."""
    return dict(deps.setup.template.spec.metrics)
