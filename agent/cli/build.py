"""The composition: which adapter stands behind each port of a run.

Promises to import the heavy libraries only when a part that needs them is built.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.artifacts import Archive, Change, Outcome, Result, Run, Scores, Trial
from agent.cli.caps import CappedRecorder, Patient, TimeCaps, TrialCaps
from agent.deps import Deps
from agent.errors import SettingsError, Stopped
from agent.ledger import Ledger
from agent.ports import Calculator, Emit, Event, Literature, ModelRole, Sandbox
from agent.store import Recorder
from agent.templates import Template
from agent.workspace import Workspace

if TYPE_CHECKING:
    from agent.cli.settings import Settings
    from agent.cli.study import Study
    from agent.models.build import Built, ModelSettings
    from agent.models.caps import AllCaps
    from agent.models.journal import Called
    from agent.models.retry import Waiting
    from agent.sandboxes.choose import Kind
    from agent.trials.prepare import Prepared

ROLES: tuple[ModelRole, ...] = ("code", "write", "review", "vision")
"""Roles of `[models]` beside the default."""


# -------------------------------------------------------------------------------------------- models


@dataclass(frozen=True)
class Models:
    """Which model answers for which role."""

    default: str
    others: dict[ModelRole, str]
    """Roles whose model is another one."""

    @property
    def scripted(self) -> bool:
        """No language model is asked."""
        return self.default == "scripted" and not self.others

    @property
    def text(self) -> str:
        """As `run.json` has it: the default, then `role=model` for the others."""
        return " ".join([self.default, *(f"{role}={model}" for role, model in sorted(self.others.items()))])

    @classmethod
    def parse(cls, text: str) -> Models:
        """Read `text` back."""
        default, *others = text.split(" ")
        named = dict(other.split("=", 1) for other in others)
        return cls(default, {role: named[role] for role in ROLES if role in named})

    @property
    def flags(self) -> dict[str, str]:
        """Every role with its model, as settings."""
        return {"default": self.default, **{role: self.others.get(role, self.default) for role in ROLES}}


def models_of(settings: Settings) -> Models:
    """The models that the settings name.

    Raises:
        SettingsError: a name has a space in it.
    """
    table = settings.models
    named = {role: getattr(table, role) for role in ROLES}
    if any(" " in (name or "") for name in (table.default, *named.values())):
        raise SettingsError("a model's name cannot have a space in it: write `provider:name`")
    others = {role: name for role, name in named.items() if name and name != table.default}
    return Models(table.default, others)


def model(
    settings: Settings,
    calls: Path | None,
    *,
    emit: Emit | None = None,
    stop: Callable[[], Stopped | None] = lambda: None,
) -> Built:
    """The model with budget and journal; without `calls`, a check that it can be built.

    Args:
        emit: Told of waits for a provider, and of each call to a model.
        stop: Ends such a wait, and is asked before each call.

    Raises:
        SettingsError: an unknown provider, or a missing key.
    """
    from agent.models.build import build_model

    def check() -> None:
        if reason := stop():
            raise reason

    def hear(called: Called) -> None:
        if emit is not None:
            emit(call_event(called))

    return build_model(
        model_settings(settings), calls, os.environ,
        check=check, waiting=_waiting(emit, stop), heard=hear,
    )  # fmt: skip


def call_event(called: Called) -> Event:
    """What the events say of a call: its seconds, which stand nowhere else, and what it cost, which has to
    outlive a damaged journal."""
    request, usage = called.request, called.reply.usage
    idea, stage = request.site.split("/")[:2]
    return Event(
        "call",
        "" if idea == "run" else idea,
        f"{request.prompt} at {request.site}: {usage.prompt_tokens} + {usage.completion_tokens} tokens",
        {
            "stage": stage,
            "key": called.key,
            "seconds": round(called.seconds, 3),
            "site": request.site,
            "prompt": request.prompt,
            "model": request.model,
            **asdict(usage),
            "cost_usd": called.reply.cost_usd,
        },
    )


def _waiting(emit: Emit | None, stop: Callable[[], Stopped | None]) -> Waiting:
    from agent.models.retry import Waiting

    def tell(text: str) -> None:
        if emit is not None:
            emit(Event("note", "", text))

    return Waiting(tell, stop)


def model_settings(settings: Settings) -> ModelSettings:
    """What the settings say about models."""
    from agent.models.build import ModelSettings
    from agent.models.prices import Price
    from agent.models.rates import Rates
    from agent.models.retry import Patience

    models, table = models_of(settings), settings.models
    return ModelSettings(
        models={"default": models.default, **models.others},
        base_url=settings.models.base_url,
        temperature=settings.models.temperature,
        max_output_tokens=settings.models.max_output_tokens,
        timeout_s=settings.models.timeout_s or None,
        patience=Patience(table.attempts, table.retry_for_s, table.first_wait_s),
        rates=Rates(table.max_concurrent, table.calls_per_minute, table.tokens_per_minute),
        caps=caps_of(settings),
        prices={name: Price(**price.model_dump()) for name, price in settings.prices.items()},
    )


def paid(settings: Settings) -> bool:
    """Whether a call may cost money: of a model that is neither local nor known to be free."""
    from agent.models.prices import cost_of
    from agent.ports import Usage

    described = model_settings(settings)
    tokens = Usage(10**6, 0, 10**6, 0)
    return any(cost_of(model, tokens, described.prices) != 0 for model in described.models.values())


def caps_of(settings: Settings) -> AllCaps:
    """The caps of a run and of its stages."""
    from agent.models.caps import AllCaps, Caps

    kinds = set(Caps.__dataclass_fields__)
    run = Caps(**settings.budget.model_dump(include=kinds))
    stages = {str(name): Caps(**caps.model_dump()) for name, caps in settings.budget.stage.items()}
    return AllCaps(run, stages)


# ------------------------------------------------------------------------------------------- trials


def sandbox(settings: Settings, kind: Kind | None, workspace: Workspace) -> tuple[Sandbox, str]:
    """The sandbox of the trials: that of the flag, else of the settings; and a line that says which and why.

    Raises:
        SandboxMissing: none works here, or not the one that was asked for, or a limit cannot be enforced.
        SettingsError: GPUs that cannot be handed out.
    """
    from agent.sandboxes.choose import choose
    from agent.sandboxes.gpus import devices

    table = settings.sandbox
    return choose(
        kind or table.kind,
        workspace.store,
        base_image=table.base_image,
        ca_bundle=table.ca_bundle,
        allowed=table.allow_unenforced,
        gpus=devices(table.gpus),
    )


def open_limits(sandbox: Sandbox) -> tuple[str, ...]:
    """The limits that a chosen sandbox does not enforce, as the user allowed.

    Raises:
        SandboxUnavailable: the engine failed.
    """
    from agent.sandboxes.choose import open_limits

    return open_limits(sandbox)


def prepared(
    template: Template, regime: str, sandbox: Sandbox, workspace: Workspace, *, allow_network: bool
) -> Prepared:
    """The template's data and environments, made or found made.

    Raises:
        TemplateError: something of the template is wrong or missing.
        SandboxUnavailable: the engine failed.
    """
    from agent.trials.prepare import prepare

    if allow_network and not template.spec.prepare.network:
        print(f"--allow-network changes nothing: {template.name} asks for no network", file=sys.stderr)
    return prepare(template, regime, sandbox, workspace.store, allow_network=allow_network)


def one_trial(
    trial: Trial, change: Change, prepared: Prepared, sandbox: Sandbox
) -> tuple[Result, Scores | None, list[Outcome]]:
    """Run one trial that nobody records."""
    from agent.trials.runner import run_trial

    return run_trial(trial, change, prepared, sandbox)


def executor(study: Study, time: TimeCaps, *, stop: Callable[[], Stopped | None], emit: Emit) -> Patient:
    """What runs the trials of a study, within its caps."""
    from agent.sandboxes.docker import Docker
    from agent.sandboxes.gpus import fitting_workers
    from agent.trials.local import Local
    from agent.trials.machine import cores

    run, trials_in = study.run, study.equipment.sandbox
    workers = study.settings.run.workers or cores()
    workers, fewer = fitting_workers(workers, trials_in.gpu_count if isinstance(trials_in, Docker) else 0)
    if fewer:
        emit(Event("note", "", fewer))
    recorder = Recorder(study.workspace, run.name, shared=run.sandbox != "none", fresh=run.fresh)
    trials = TrialCaps.of_run(time.caps, study.workspace, run.name)
    local = Local(
        study.equipment.prepared,
        trials_in,
        CappedRecorder(recorder, trials, time.reached),
        workers=workers,
        stop=stop,
        note=lambda text: emit(Event("note", "", text)),
    )
    if local.reduced:
        emit(Event("note", "", local.reduced))
    return Patient(local)


def calculator(study: Study) -> Calculator:
    """What runs the code of figures that authors add, in the sandbox of the trials."""
    from agent.trials.calculate import Sandboxed

    return Sandboxed(study.equipment.prepared, study.equipment.sandbox, study.workspace, study.run.name)


def calculations(run: Run, source: Workspace, target: Workspace) -> Calculator:
    """The recorded runs of such code; each one that is asked for is put into `target`."""
    from agent.trials.calculate import Recorded

    return Recorded(run.environment_hash, source, target, run.name)


# ------------------------------------------------------------------------------- ledger, archive, graph


def ledger(workspace: Workspace) -> Ledger:
    """The workspace's ledger, with the lines taken up that a crash kept out of it."""
    chain = Ledger(workspace)
    chain.take_up()
    return chain


def archive(workspace: Workspace, template: str, regime: str, run: str) -> Archive:
    """What ideation may know of earlier runs."""
    from agent.archive import collect

    return collect(workspace, template, regime, run)


def literature(template: Template) -> Literature:
    """The works that a study of the template may cite."""
    from agent.literature.library import Library

    return Library.read(template.root / "library.bib")


def graph_version() -> int:
    """The version of the graph that this program runs."""
    from agent.graph import GRAPH_VERSION

    return GRAPH_VERSION


def run_graph(deps: Deps, until: str | None) -> dict[str, str]:
    """Run the graph; returns why an idea cannot go on, by idea, for those that cannot."""
    from agent.graph import run_graph

    return {study["idea"]: study["failed"] for study in run_graph(deps, until=until) if study["failed"]}
