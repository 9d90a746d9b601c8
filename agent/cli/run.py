"""`shoal run` and `shoal resume`: from a request to a run that can go.

Promises that everything that can be checked is checked before `run.json` is written, and that a request
which turns out wrong before anything was recorded leaves no run behind.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.artifacts import Archive, Run
from agent.cli import checks
from agent.cli.clean import run_folders
from agent.cli.events import EventLog, beginning
from agent.cli.look import known_run
from agent.deps import Consent
from agent.errors import UserError
from agent.workspace import Workspace

if TYPE_CHECKING:
    from agent.cli.settings import Settings


@dataclass(frozen=True)
class Request:
    """The flags of `shoal run`; None where one was not given."""

    template: str
    model: str | None
    base_url: str | None
    seed: int | None
    ideas: int | None
    idea: str | None
    explore: int | None
    replicates: int | None
    workers: int | None
    sandbox: str | None
    workspace: Path
    name: str | None
    regime: str | None
    until: str | None
    pdf: bool
    consents: frozenset[Consent]
    """What `--allow-…` allows."""
    fresh: bool
    allow_network: bool
    json: bool


PANEL = 3
"""Reviewers of a paper where the settings name no number; a scripted checklist is one."""


def start(request: Request) -> int:
    """Start a new run and see it to its end; returns the exit code.

    Raises:
        UserError: something must be mended first; no run was left behind.
        MachineryError: something broke before the run began.
    """
    from agent.cli import build
    from agent.cli.idea import read_idea
    from agent.cli.study import Study, see_through
    from agent.cli.template import named_template
    from agent.cli.tex import find_tex, open_tex

    settings = _settings(request)
    template = named_template(request.template)
    regime, _ = template.regime(request.regime)
    models = build.models_of(settings)
    asked, brought = read_idea(request.idea, template, scripted=models.scripted)
    if brought is not None and settings.run.ideas != 1:
        raise UserError("--idea FILE brings one idea: leave --ideas away")
    checks.known_stage(request.until)
    checks.enough_replicates(settings.run.replicates, template)
    checks.server_address(settings.models.base_url)
    kind = checks.known_sandbox(request.sandbox)
    workspace = checks.usable_workspace(request.workspace, settings.run.min_free_mb)
    name = checks.free_name(workspace, request.name, template.name)
    build.model(settings, calls=None)
    literature = build.literature(template)
    with ExitStack() as stack:
        where = find_tex(settings.sandbox) if request.pdf else None
        sandbox, chosen_because = build.sandbox(settings, kind, workspace)
        tex = open_tex(where, settings.sandbox, workspace, sandbox) if where else None
        prepared = build.prepared(template, regime, sandbox, workspace, allow_network=request.allow_network)
        setup = prepared.setup
        ledger = build.ledger(workspace)
        archive = build.archive(workspace, template.name, regime, name)
        run = Run(
            name=name,
            graph_version=build.graph_version(),
            template=template.name,
            regime=regime,
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
            sandbox=sandbox.name,
            data_hash=setup.data_hash,
            pool=setup.pool,
            pool_count=ledger.count(setup.pool),
            template_hash=setup.template_hash,
            environment_hash=setup.environment_hash,
            archive_hash=archive.hash,
        )
        stack.enter_context(workspace.lock(name))
        checks.free_name(workspace, name, template.name)
        workspace.path(Archive, name).unlink(missing_ok=True)  # of a start that a crash ended before run.json
        workspace.put(name, archive)
        workspace.put(name, run)
        try:
            with EventLog(workspace.run_folder(name)) as log:
                log.began(request.template, settings.models.base_url)
                print(chosen_because, file=sys.stderr)
                study = Study(
                    run, prepared, sandbox, tex, literature, settings, workspace, log, request.consents
                )
                return see_through(study, "run", request.until, json=request.json)
        except UserError:
            _forget(workspace, run, paid=not models.scripted)
            raise


def resume(
    name: str,
    root: Path,
    template: str | None,
    base_url: str | None,
    workers: int | None,
    consents: frozenset[Consent],
    *,
    until: str | None,
    allow_network: bool,
    json: bool,
) -> int:
    """Go on with a run; returns the exit code.

    Raises:
        UserError: there is no such run, or template, data or environment are no longer those it began with.
        MachineryError: something broke before the run went on, or another process works on it.
    """
    from agent.cli import build
    from agent.cli.settings import load
    from agent.cli.study import Study, see_through
    from agent.cli.template import named_template
    from agent.cli.tex import find_tex, open_tex

    checks.known_stage(until)
    workspace = Workspace(root)
    run = known_run(workspace, name)
    checks.same_graph(run, build.graph_version())
    models = build.Models.parse(run.model)
    began = beginning(workspace.run_folder(name))
    settings = load(
        {"models": {**models.flags, "base_url": base_url or began.base_url}, "run": {"workers": workers}},
        Path(),
        os.environ,
    )
    folder = workspace.run_folder(name)
    checks.server_address(settings.models.base_url)
    found = named_template(template or began.template or run.template)
    checks.usable_workspace(root, settings.run.min_free_mb)
    build.model(settings, calls=None)
    literature = build.literature(found)
    with ExitStack() as stack:
        stack.enter_context(workspace.lock(name))
        _sweep(workspace, name)
        where = find_tex(settings.sandbox) if run.pdf else None
        sandbox, chosen_because = build.sandbox(settings, run.sandbox, workspace)
        tex = open_tex(where, settings.sandbox, workspace, sandbox) if where else None
        prepared = build.prepared(found, run.regime, sandbox, workspace, allow_network=allow_network)
        checks.same_study(workspace, run, prepared.setup)
        build.ledger(workspace)
        log = stack.enter_context(EventLog(folder))
        print(chosen_because, file=sys.stderr)
        study = Study(run, prepared, sandbox, tex, literature, settings, workspace, log, consents)
        return see_through(study, "resume", until, json=json)


def _settings(request: Request) -> Settings:
    from agent.cli.settings import load

    run = {name: getattr(request, name) for name in ("seed", "ideas", "explore", "replicates", "workers")}
    models = {"default": request.model, "base_url": request.base_url}
    return load({"run": run, "models": models}, Path(), os.environ)


def _sweep(workspace: Workspace, name: str) -> None:
    """Remove the half-written files that a killed process left in a run's folders; its lock is held."""
    for folder in run_folders(workspace, name):
        for part in folder.rglob(".*.part"):
            part.unlink()


def _forget(workspace: Workspace, run: Run, *, paid: bool) -> None:
    """Remove a run that ended before it recorded a trial; answers that were paid for stay, resumable."""
    folder = workspace.run_folder(run.name)
    if any((folder / "results").glob("*.json")) or (paid and any((folder / "calls").glob("*.json"))):
        return
    shutil.rmtree(folder)
