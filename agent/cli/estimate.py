"""`shoal estimate`: the calls, tokens, cost and time that a study will take, before anything is spent.

Promises prompts of their real sizes (`agent.cli.rehearse`), and to say where each figure comes from. Does not
count answers that have to be given again, nor what a model reasons before it answers; and takes an idea of a
model's own for one that changes code, which is the dearer kind.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.artifacts import Run
from agent.cli import build, checks
from agent.cli.calls import rows_of
from agent.cli.look import print_json, print_table
from agent.cli.progress import clock_text
from agent.cli.rehearse import Question, Rehearsed, rehearse
from agent.cli.template import named_template
from agent.errors import UserError
from agent.templates import Template
from agent.workspace import Workspace

if TYPE_CHECKING:
    from agent.cli.settings import Settings
    from agent.models.rehearsal import Asked

TOKENS_A_SECOND = 40.0
FIRST_TOKEN_S = 1.5
"""Assumed of a model that this workspace has no calls of."""
FEWEST = 5
"""Calls or trials of earlier runs from which a mean is taken."""


@dataclass(frozen=True)
class Stage:
    """What one stage will take."""

    stage: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    """None where no price is known."""
    trials: int
    seconds: float


@dataclass(frozen=True)
class Estimate:
    """What a study will take, by stage."""

    stages: tuple[Stage, ...]
    unpriced: tuple[str, ...]
    """Models of which no price is known."""
    trial_s: float
    trial_from: str
    """Where the seconds of a trial come from."""
    call_from: str
    """Where the seconds of a call come from; empty without a language model."""
    notes: tuple[str, ...]

    @property
    def total(self) -> Stage:
        """All stages together."""
        costs = [stage.cost_usd for stage in self.stages]
        return Stage(
            stage="all",
            calls=sum(stage.calls for stage in self.stages),
            prompt_tokens=sum(stage.prompt_tokens for stage in self.stages),
            completion_tokens=sum(stage.completion_tokens for stage in self.stages),
            cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
            trials=sum(stage.trials for stage in self.stages),
            seconds=sum(stage.seconds for stage in self.stages),
        )

    def line(self) -> str:
        """All of it in one line."""
        total = self.total
        cost = "cost not known" if total.cost_usd is None else f"about ${total.cost_usd:.2f}"
        tokens = f"{total.prompt_tokens / 1e3:.0f}k + {total.completion_tokens / 1e3:.0f}k tokens"
        return (
            f"estimate: {cost}, {total.calls} calls, {tokens}, up to {total.trials} trials, "
            f"{clock_text(total.seconds)} (`shoal estimate` shows more)"
        )


def show_estimate(
    template: str,
    flags: Mapping[str, Mapping[str, Any]],
    idea: str | None,
    regime: str | None,
    root: Path,
    *,
    json: bool,
) -> int:
    """Print the estimate of a study.

    Raises:
        UserError: the study could not begin.
    """
    from agent.cli.idea import read_idea
    from agent.cli.settings import load
    from agent.models.providers import parse_spec
    from agent.models.wire import SCRIPTED

    settings = load(flags, Path(), os.environ)
    found = named_template(template)
    name, _ = found.regime(regime)
    checks.enough_replicates(settings.run.replicates, found)
    for model in build.model_settings(settings).models.values():
        if model != SCRIPTED:
            parse_spec(model)
    scripted = build.models_of(settings).scripted
    asked, brought = read_idea(idea, found, scripted=scripted)
    workspace = Workspace(root)
    question = Question(found, name, asked, brought, None, build.archive(workspace, found.name, name, ""))
    made = estimate(question, settings, workspace)
    if json:
        print_json(
            {
                "schema": 1, "command": "estimate", "template": found.name,
                "model": build.models_of(settings).text,
                "stages": [asdict(stage) for stage in made.stages],
                "sum": asdict(made.total), "unpriced": made.unpriced,
                "trial_seconds": made.trial_s, "trial_seconds_from": made.trial_from,
                "call_seconds_from": made.call_from, "notes": made.notes,
            }
        )  # fmt: skip
        return 0
    head = ("stage", "calls", "prompt tok", "answer tok", "USD", "trials", "time")
    print_table([head, *(_cells(stage) for stage in (*made.stages, made.total))])
    for note in made.notes:
        print(note)
    return 0


def estimate(question: Question, settings: Settings, workspace: Workspace) -> Estimate:
    """What a study will take.

    Raises:
        UserError: a study of this kind could not begin.
    """
    from agent.models.caps import stage_of

    template = question.template
    rehearsed = rehearse(question, settings)
    ideas = settings.run.ideas
    prices = build.model_settings(settings).prices
    trial_s, trial_from = _trial_seconds(template, workspace)
    a_call, call_from = _call_seconds(rehearsed.asked, workspace)
    at_a_time = _workers(template, settings)
    stages, unpriced = [], set()
    for name in checks.STAGES:
        times = 1 if name == "ideate" else ideas
        asked = [one for one in rehearsed.asked if stage_of(one.site) == name]
        called = [one for one in asked if one.model != "scripted"]
        trials = times * rehearsed.trials[name]
        costs = [_cost(one, prices) for one in called]
        unpriced |= {one.model for one, cost in zip(called, costs, strict=True) if cost is None}
        if called or trials:
            stages.append(
                Stage(
                    stage=name,
                    calls=times * len(called),
                    prompt_tokens=times * sum(one.usage.prompt_tokens for one in called),
                    completion_tokens=times * sum(one.usage.completion_tokens for one in called),
                    cost_usd=None
                    if None in costs
                    else times * sum(cost for cost in costs if cost is not None),
                    trials=trials,
                    seconds=sum(a_call(one) for one in called) + math.ceil(trials / at_a_time) * trial_s,
                )
            )
    notes = _notes(rehearsed, settings, trial_s, trial_from, call_from, sorted(unpriced), at_a_time)
    return Estimate(tuple(stages), tuple(sorted(unpriced)), trial_s, trial_from, call_from, notes)


def _cost(one: Asked, prices: Mapping[str, Any]) -> float | None:
    from agent.models.prices import cost_of

    return cost_of(one.model, one.usage, prices)


def _workers(template: Template, settings: Settings) -> int:
    cores = len(os.sched_getaffinity(0))
    return max(1, min(settings.run.workers or cores, cores // template.spec.limits.cpus))


def _trial_seconds(template: Template, workspace: Workspace) -> tuple[float, str]:
    """Seconds of one trial: as earlier trials of the template here took, else as its limits allow."""
    measured = [
        sum(outcome.wall_s for outcome in workspace.outcomes(run, path.stem))
        for run in workspace.runs()
        if workspace.get(Run, run).template == template.name
        for path in sorted((workspace.run_folder(run) / "outcomes").glob("*.json"))
    ]
    if len(measured) >= FEWEST:
        return sum(measured) / len(measured), f"the mean of {len(measured)} earlier trials in this workspace"
    most = template.spec.limits.wall_s + template.evaluate_limits.wall_s
    return most, "the template's limits, so at most"


def _call_seconds(asked: Sequence[Asked], workspace: Workspace) -> tuple[Any, str]:
    """A function from a call to its seconds, and where they come from."""
    models = {one.model for one in asked} - {"scripted"}
    if not models:
        return (lambda _one: 0.0), ""
    known = [
        row
        for run in workspace.runs()
        for row in rows_of(workspace, run)
        if row.model in models and row.seconds is not None
    ]
    tokens = sum(row.completion_tokens for row in known)
    if len(known) >= FEWEST and tokens:
        pace = sum(row.seconds or 0.0 for row in known) / tokens
        return (
            lambda one: pace * one.usage.completion_tokens
        ), f"{len(known)} earlier calls in this workspace"
    assumed = f"an assumed pace of {TOKENS_A_SECOND:g} tokens a second"
    return (lambda one: FIRST_TOKEN_S + one.usage.completion_tokens / TOKENS_A_SECOND), assumed


def _notes(
    rehearsed: Rehearsed,
    settings: Settings,
    trial_s: float,
    trial_from: str,
    call_from: str,
    unpriced: Sequence[str],
    at_a_time: int,
) -> tuple[str, ...]:
    notes = [f"a trial is taken to need {trial_s:.1f} s ({trial_from}), {at_a_time} at a time"]
    if settings.run.replicates is None:
        notes.append(
            "confirming is counted on every replicate the template has; registration may choose fewer"
        )
    if call_from:
        notes.append(f"tokens are counted from the real prompts; seconds of calls from {call_from}")
        notes.append("answers that must be given again, and tokens of reasoning, come on top")
    else:
        notes.append("no language model is asked: models cost nothing")
    notes += [
        f'no price is known of {model}: state it under [prices."{model}"] in shoal.toml' for model in unpriced
    ]
    if rehearsed.ended:
        notes.append(f"the rehearsal ended early, so what comes after it is missing: {rehearsed.ended}")
    return tuple(notes)


def _cells(stage: Stage) -> tuple[str, ...]:
    cost = "?" if stage.cost_usd is None else f"{stage.cost_usd:.4f}"
    counts = (stage.calls, stage.prompt_tokens, stage.completion_tokens)
    return (stage.stage, *map(str, counts), cost, str(stage.trials), clock_text(stage.seconds))


def agree(made: Estimate, settings: Settings, *, yes: bool, json: bool) -> None:
    """Show what a study with a paid model will take, and ask where that is much and nothing caps it.

    Raises:
        UserError: the user says no, or cannot be asked.
    """
    cost = made.total.cost_usd
    print(made.line(), file=sys.stderr)
    budget = settings.budget
    capped = budget.max_cost_usd is not None or budget.max_tokens is not None
    if yes or capped or (cost is not None and cost <= budget.ask_above_usd):
        return
    what = "what it costs is not known" if cost is None else f"it may cost about ${cost:.2f}"
    if json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        state = [f'state the price under [prices."{model}"] in shoal.toml' for model in made.unpriced[:1]]
        ways = ", ".join(state or ["allow it with --max-cost USD"])
        raise UserError(f"{what}: {ways}, cap it with --max-tokens N, or go on all the same with --yes")
    print(f"{what[0].upper()}{what[1:]}. Go on? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UserError("nothing was spent: start it again with --max-cost USD to cap what it may cost")
