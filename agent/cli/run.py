"""`shoal run` and `shoal resume`: from a request to a run that can go.

Promises that everything that can be checked is checked before `run.json` is written, and that a request
which turns out wrong before anything was recorded leaves no run behind.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.artifacts import Archive, BroughtPlan, Gate, Idea, Run
from agent.cli import build, checks
from agent.cli.caps import given
from agent.cli.clean import run_folders
from agent.cli.damage import beginnings, damages, refuse, set_aside
from agent.cli.events import FILE, Beginning, EventLog, begin_again, beginning
from agent.cli.look import known_run
from agent.cli.reach import someone_listens
from agent.deps import Consent, Tex
from agent.errors import UserError
from agent.ledger import Ledger
from agent.ports import Literature, Sandbox
from agent.workspace import Workspace

if TYPE_CHECKING:
    from agent.cli.settings import Settings
    from agent.sandboxes.choose import Kind
    from agent.templates import Template
    from agent.trials.prepare import Prepared


Flags = Mapping[str, Mapping[str, Any]]
"""Settings given as flags, by table; None where one was not given."""


@dataclass(frozen=True)
class Request:
    """What `shoal run` was asked for."""

    template: str
    flags: Flags
    idea: str | None
    sandbox: str | None
    workspace: Path
    name: str | None
    regime: str | None
    until: str | None
    pdf: bool
    approve: tuple[Gate, ...]
    """What a person wants to approve before the run goes on."""
    consents: frozenset[Consent]
    """What `--allow-…` allows."""
    fresh: bool
    allow_network: bool
    json: bool
    own: Own | None = None
    """What `shoal study` was brought."""
    yes: bool = False
    """Do not ask whether a paid model may cost what it is estimated to."""


@dataclass(frozen=True)
class Own:
    """A person's plan with the idea that it tests."""

    idea: Idea
    plan: BroughtPlan


@dataclass(frozen=True)
class Resumption:
    """What `shoal resume` was asked for."""

    run: str
    template: str | None
    """Where the template is now; None where the run began with it."""
    flags: Flags
    workspace: Path
    until: str | None
    consents: frozenset[Consent]
    allow_network: bool
    remake: bool
    """Make damaged files again."""
    json: bool


@dataclass(frozen=True)
class Equipment:
    """What a run works with, made and tried."""

    prepared: Prepared
    sandbox: Sandbox
    tex: Tex | None
    literature: Literature
    because: str
    """One line: which sandbox it is, and why."""
    unenforced: tuple[str, ...]
    """Limits of the trials that nothing enforces here, as the user allowed."""


PANEL = 3
"""Reviewers of a paper where the settings name no number; a scripted checklist is one."""


def start(request: Request) -> int:
    """Start a new run and see it to its end; returns the exit code.

    Raises:
        UserError: something must be mended first; no run was left behind.
        MachineryError: something broke before the run began.
    """
    from agent.cli.estimate import agree, estimate
    from agent.cli.idea import read_idea
    from agent.cli.rehearse import Question
    from agent.cli.settings import load
    from agent.cli.study import Study, see_through
    from agent.cli.template import named_template
    from agent.latex.styles import style_named

    settings = load(request.flags, Path(), os.environ)
    template = named_template(request.template)
    regime, _ = template.regime(request.regime)
    scripted = build.models_of(settings).scripted
    own = request.own
    asked, brought = (None, own.idea) if own else read_idea(request.idea, template, scripted=scripted)
    if brought is not None and settings.run.ideas != 1:
        raise UserError("an idea of your own is studied by itself: leave --ideas away")
    checks.known_stage(request.until)
    style_named(settings.run.style)
    checks.countable(settings.run.max_pages, pdf=request.pdf)
    checks.enough_replicates(settings.run.replicates, template)
    checks.server_address(settings.models.base_url)
    kind = checks.known_sandbox(request.sandbox)
    workspace = checks.usable_workspace(request.workspace, settings.run.min_free_mb)
    name = checks.free_name(workspace, request.name, template.name)
    build.model(settings, calls=None)
    if not scripted:
        someone_listens(settings)
    archive = build.archive(workspace, template.name, regime, name)
    if build.paid(settings):
        question = Question(template, regime, asked, brought, own.plan if own else None, archive)
        agree(estimate(question, settings, workspace), settings, yes=request.yes, json=request.json)
    equipment = _equip(
        settings, template, regime, kind, workspace, pdf=request.pdf, allow_network=request.allow_network
    )
    run = _new_run(request, settings, equipment, build.ledger(workspace), archive, asked, brought, name=name)
    with workspace.lock(name):
        checks.free_name(workspace, name, template.name)
        _sweep(workspace, name)
        for left in (workspace.path(Archive, name), workspace.run_folder(name) / FILE):
            left.unlink(missing_ok=True)  # of a start that a crash ended before run.json
        try:
            with EventLog(workspace.run_folder(name)) as log:
                log.began(request.template, settings.models.base_url, given(request.flags.get("budget", {})))
                workspace.put(name, archive)
                workspace.put(name, run)
                study = Study(run, equipment, settings, workspace, log, request.consents)
                return see_through(study, "study" if own else "run", request.until, json=request.json)
        except UserError as error:
            if _forget(workspace, run, paid=not scripted):
                raise
            raise _with_way_on(error, name) from error


def resume(request: Resumption) -> int:
    """Go on with a run; returns the exit code.

    Raises:
        UserError: there is no such run, or template, data or environment are no longer those it began with.
        MachineryError: something broke before the run went on, or another process works on it.
    """
    from agent.cli.lost import keep_booked
    from agent.cli.settings import load
    from agent.cli.study import Study, see_through
    from agent.cli.template import named_template

    checks.known_stage(request.until)
    workspace = Workspace(request.workspace)
    run = known_run(workspace, request.run)
    checks.same_graph(run, build.graph_version())
    folder = workspace.run_folder(run.name)
    lost = tuple(beginnings(workspace, run.name))
    if not request.remake:
        refuse(run.name, lost)
    began = beginning(folder)
    caps = {**began.caps, **given(request.flags.get("budget", {}))}
    flags = {**_as_begun(request.flags, run, began.base_url), "budget": caps}
    settings = load(flags, Path(), os.environ)
    checks.server_address(settings.models.base_url)
    template = named_template(request.template or began.template or run.template)
    checks.usable_workspace(request.workspace, settings.run.min_free_mb)
    build.model(settings, calls=None)
    with workspace.lock(run.name):
        _sweep(workspace, run.name)
        if lost:
            _begin_again(request, run, began, settings, caps, folder)
        found = damages(workspace, run.name)
        if request.remake:
            refuse(run.name, tuple(damage for damage in found if not damage.again))
            for line in keep_booked(workspace, run, found, settings):
                print(line, file=sys.stderr)
            set_aside(workspace, run.name, found)
        refuse(run.name, () if request.remake else found)
        equipment = _equip(
            settings, template, run.regime, run.sandbox, workspace,
            pdf=run.pdf, allow_network=request.allow_network,
        )  # fmt: skip
        checks.same_study(workspace, run, equipment.prepared.setup)
        build.ledger(workspace)
        with EventLog(folder) as log:
            log.went_on(caps)
            study = Study(run, equipment, settings, workspace, log, request.consents)
            try:
                return see_through(study, "resume", request.until, json=request.json)
            except UserError as error:
                raise _with_way_on(error, run.name) from error


def _begin_again(
    request: Resumption,
    run: Run,
    began: Beginning,
    settings: Settings,
    caps: Mapping[str, float],
    folder: Path,
) -> None:
    """Write how a run began anew, from its flags, and say what they leave open."""
    template = request.template or began.template or run.template
    begin_again(folder, template, settings.models.base_url, caps)
    if run.model != "scripted" and settings.models.base_url is None and began.template is None:
        print(f"no --base-url: {run.model} is asked at its provider's own address", file=sys.stderr)
    told = ", ".join(f"{name} = {cap:g}" for name, cap in caps.items()) or "no cap"
    print(f"{folder / FILE} is made again: template {template}, {told}", file=sys.stderr)


def _equip(
    settings: Settings,
    template: Template,
    regime: str,
    kind: Kind | None,
    workspace: Workspace,
    *,
    pdf: bool,
    allow_network: bool,
) -> Equipment:
    """Find out what works here, and prepare the template."""
    from agent.cli.tex import find_tex, open_tex

    literature = build.literature(template)
    where = find_tex(settings.sandbox) if pdf else None
    sandbox, because = build.sandbox(settings, kind, workspace)
    tex = open_tex(where, settings.sandbox, workspace, sandbox) if where else None
    prepared = build.prepared(template, regime, sandbox, workspace, allow_network=allow_network)
    return Equipment(prepared, sandbox, tex, literature, because, build.open_limits(sandbox))


def _new_run(
    request: Request,
    settings: Settings,
    equipment: Equipment,
    ledger: Ledger,
    archive: Archive,
    asked: str | None,
    brought: Idea | None,
    *,
    name: str,
) -> Run:
    """What `run.json` will hold."""
    setup, models = equipment.prepared.setup, build.models_of(settings)
    return Run(
        name=name,
        graph_version=build.graph_version(),
        template=setup.template.name,
        regime=setup.regime,
        scope=setup.scope,
        model=models.text,
        seed=settings.run.seed,
        ideas=settings.run.ideas,
        asked=asked,
        brought=brought,
        explore=settings.run.explore,
        replicates=settings.run.replicates,
        lag=settings.run.lag,
        reviewers=settings.run.reviewers or (1 if models.scripted else PANEL),
        pdf=request.pdf,
        fresh=request.fresh,
        sandbox=equipment.sandbox.name,
        data_hash=setup.data_hash,
        pool=setup.pool,
        pool_count=ledger.count(setup.pool),
        template_hash=setup.template_hash,
        environment_hash=setup.environment_hash,
        archive_hash=archive.hash,
        approve=request.approve,
        plan=request.own.plan if request.own else None,
        style=_style(settings.run.style),
        figures=settings.run.figures,
        max_pages=settings.run.max_pages,
    )


def _style(name: str) -> str:
    """A style as `run.json` holds it: folders by their whole path."""
    return {"plain": "", "twocolumn": name}.get(name, str(Path(name).absolute()))


def _as_begun(flags: Flags, run: Run, base_url: str | None) -> Flags:
    """The flags, with the models that the run began with."""
    models = {"base_url": base_url} | {key: value for key, value in flags.get("models", {}).items() if value}
    return {**flags, "models": {**build.Models.parse(run.model).flags, **models}}


def _sweep(workspace: Workspace, name: str) -> None:
    """Remove the half-written files that a killed process left in a run's folders; its lock is held."""
    for folder in run_folders(workspace, name):
        for part in folder.rglob(".*.part"):
            part.unlink()


def _with_way_on(error: UserError, name: str) -> UserError:
    """The same error of a run that stays, with how to go on once it is mended."""
    if "shoal resume" in str(error):
        return error
    told = copy(error)
    told.args = (f"{error} (then `shoal resume {name}` goes on)",)
    return told


def _forget(workspace: Workspace, run: Run, *, paid: bool) -> bool:
    """Remove a run that ended before it recorded a trial; answers that were paid for stay, resumable.

    Returns whether it is gone.
    """
    folder = workspace.run_folder(run.name)
    if any((folder / "results").glob("*.json")) or (paid and any((folder / "calls").glob("*.json"))):
        return False
    shutil.rmtree(folder)
    return True
