"""Goes through a study without a model, a sandbox and data, to see what it would ask and run.

Promises that prompts are made by the real stages from made-up results of realistic form, so that their
sizes are the real ones, and that nothing of it is kept.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from agent.artifacts import (
    Archive,
    BroughtPlan,
    Change,
    FileTrace,
    Idea,
    Measure,
    Result,
    Run,
    Trace,
    Trial,
)
from agent.cli import build
from agent.cli.caps import STAGE_OF
from agent.deps import Deps
from agent.errors import Stopped, StudyError
from agent.ledger import Ledger
from agent.ports import Finished
from agent.spec import Metric
from agent.store import Recorder
from agent.templates import Setup, Template
from agent.workspace import Workspace

if TYPE_CHECKING:
    from agent.cli.settings import Settings
    from agent.models.rehearsal import Asked

NAME = "rehearsal"
PANEL = 3
"""Reviewers where the settings name no number, as in agent.cli.run; a scripted checklist is one."""


@dataclass(frozen=True)
class Rehearsed:
    """What one idea of a study would ask and run."""

    asked: tuple[Asked, ...]
    trials: Counter[str]
    """By stage."""
    ended: str
    """Why it did not come to its end; empty where it did."""


class MadeUp:
    """An executor that makes up results: around the middle of the metric's range, a little apart."""

    def __init__(self, template: Template, workspace: Workspace) -> None:
        self._template = template
        self._recorder = Recorder(workspace, NAME, shared=False)
        self.trials: dict[str, str] = {}
        """Trials to their stage."""

    def submit(self, trial: Trial, change: Change, *, queue: str = "") -> Future[Finished]:
        """A made-up result (see `agent.ports.Executor`)."""
        future: Future[Finished] = Future()
        if trial.id not in self.trials:
            self.trials[trial.id] = STAGE_OF[trial.split]
        known = self._recorder.known(trial)
        future.set_result(known or self._recorder.record(trial, self._result(trial), None, []))
        return future

    def close(self) -> None:
        """Nothing runs."""

    def _result(self, trial: Trial) -> Result:
        if trial.watched:
            return Result(trial=trial.id, status="ok", trace=_all_ran(trial))
        chance = hashlib.sha256(trial.id.encode()).digest()[0] / 255 - 0.5
        metrics = tuple(
            Measure(name=name, value=_value(metric, chance))
            for name, metric in sorted(self._template.spec.metrics.items())
        )
        return Result(trial=trial.id, status="ok", metrics=metrics)


@dataclass(frozen=True)
class Question:
    """What a study is asked to find out."""

    template: Template
    regime: str
    asked: str | None = None
    """A knob to ask about."""
    brought: Idea | None = None
    plan: BroughtPlan | None = None
    archive: Archive = field(default_factory=Archive)
    """What ideation may know of earlier runs."""


def rehearse(question: Question, settings: Settings) -> Rehearsed:
    """Go through the study of one idea.

    Raises:
        UserError: a study of this kind could not even begin.
    """
    from agent.models.rehearsal import Rehearsal

    models = build.models_of(settings)
    model = Rehearsal({"default": models.default, **models.others})
    with tempfile.TemporaryDirectory(prefix="shoal-estimate-") as folder:
        workspace = Workspace(Path(folder))
        template, run = question.template, _run(question, settings)
        workspace.put(NAME, question.archive)
        workspace.put(NAME, run)
        executor = MadeUp(template, workspace)
        deps = Deps(
            run=run,
            setup=Setup(template, run.regime, run.scope, NAME, NAME, NAME, NAME),
            workspace=workspace,
            ledger=Ledger(workspace),
            model=model,
            executor=executor,
            calculator=build.calculations(run, workspace, workspace),
            literature=build.literature(template),
            tex=None,
            unenforced=(),
            stop=lambda: None,
            consent=lambda _consent, _why: True,
            emit=lambda _event: None,
        )
        ended = ""
        try:
            build.run_graph(deps, until=None)
        except (StudyError, Stopped) as error:
            ended = str(error)
    return Rehearsed(tuple(model.asked), Counter(executor.trials.values()), ended)


def _run(question: Question, settings: Settings) -> Run:
    """The run of one idea; on all confirming replicates where the settings leave their number open."""
    template, models = question.template, build.models_of(settings)
    return Run(
        name=NAME,
        graph_version=build.graph_version(),
        template=template.name,
        regime=question.regime,
        scope=template.spec.scope,
        model=models.text,
        seed=settings.run.seed,
        ideas=1,
        asked=question.asked,
        brought=question.brought,
        explore=settings.run.explore,
        replicates=settings.run.replicates or len(template.confirming),
        lag=settings.run.lag,
        reviewers=settings.run.reviewers or (1 if models.scripted else PANEL),
        pdf=False,
        fresh=False,
        sandbox="docker",
        data_hash=NAME,
        pool=NAME,
        pool_count=0,
        template_hash=NAME,
        environment_hash=NAME,
        archive_hash=question.archive.hash,
        plan=question.plan,
        figures=settings.run.figures,
    )


def _all_ran(trial: Trial) -> Trace:
    files = [FileTrace(file=one.file, changed=one.lines, executed=one.lines) for one in trial.watched]
    return Trace(files=tuple(files), whole=True, others=0)


def _value(metric: Metric, chance: float) -> float:
    """A value in the middle of the metric's range, off by up to half of the smallest effect of interest."""
    low, high = metric.bounds or (0.0, 2.0)
    return (low + high) / 2 + chance * (metric.sesoi or 0.01 * (high - low))
