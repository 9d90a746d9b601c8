"""Commands that run studies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.commands.options import (
    AddedFigures,
    AllowExhausted,
    AllowUnenforced,
    AllowUninformative,
    Approve,
    AsJson,
    AskedIdea,
    BaseUrl,
    Explore,
    Fresh,
    Gpus,
    Ideas,
    MaxCost,
    MaxMinutes,
    MaxPages,
    MaxTokens,
    MaxTrials,
    Model,
    Name,
    Network,
    NoPdf,
    Regime,
    Replicates,
    RunName,
    Sandbox,
    TemplateName,
    Until,
    Workers,
    WorkspaceFolder,
    Yes,
)

if TYPE_CHECKING:
    from agent.deps import Consent

PANEL = "Studies"
app = typer.Typer()


@app.command(rich_help_panel=PANEL)
def run(
    template: TemplateName,
    model: Model = None,
    base_url: BaseUrl = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Feeds every random draw.")] = None,
    style: Annotated[
        str | None, typer.Option(metavar="NAME|DIR", help="plain, twocolumn, or a folder with a style.toml.")
    ] = None,
    figures: AddedFigures = None,
    ideas: Ideas = None,
    idea: AskedIdea = None,
    explore: Explore = None,
    replicates: Replicates = None,
    workers: Workers = None,
    gpus: Gpus = None,
    sandbox: Sandbox = None,
    allow_unenforced: AllowUnenforced = None,
    workspace: WorkspaceFolder = Path(),
    name: Name = None,
    regime: Regime = None,
    until: Until = None,
    approve: Approve = None,
    max_pages: MaxPages = None,
    no_pdf: NoPdf = False,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    max_minutes: MaxMinutes = None,
    max_trials: MaxTrials = None,
    allow_uninformative: AllowUninformative = False,
    allow_exhausted: AllowExhausted = False,
    fresh: Fresh = False,
    allow_network: Network = False,
    yes: Yes = False,
    json: AsJson = False,
) -> int:
    """Run a study: idea, experiments, paper, review."""
    from agent.cli.run import Request, start
    from agent.stages.approvals import gates_of

    flags: dict[str, dict[str, Any]] = {
        "run": {
            "seed": seed, "ideas": ideas, "explore": explore, "replicates": replicates, "workers": workers,
            "style": style, "figures": figures, "max_pages": max_pages,
        },
        "models": {"default": model, "base_url": base_url},
        "sandbox": {"gpus": gpus, "allow_unenforced": allow_unenforced or None},
        "budget": _caps(max_cost, max_tokens, max_minutes, max_trials),
    }  # fmt: skip
    return start(
        Request(
            template=template, flags=flags, idea=idea, sandbox=sandbox, workspace=workspace, name=name,
            regime=regime, until=until, pdf=not no_pdf, approve=gates_of(approve),
            consents=_consents(uninformative=allow_uninformative, exhausted=allow_exhausted),
            fresh=fresh, allow_network=allow_network, json=json, yes=yes,
        )
    )  # fmt: skip


@app.command(rich_help_panel=PANEL)
def study(
    plan: Annotated[Path, typer.Argument(metavar="PLAN.toml", help="Your plan: arms, comparisons, n.")],
    model: Annotated[
        str | None, typer.Option(metavar="SPEC", help="Writes the paper: scripted, or PROVIDER:NAME.")
    ] = None,
    base_url: BaseUrl = None,
    workers: Workers = None,
    gpus: Gpus = None,
    sandbox: Sandbox = None,
    allow_unenforced: AllowUnenforced = None,
    workspace: WorkspaceFolder = Path(),
    name: Name = None,
    until: Until = None,
    approve: Approve = None,
    max_pages: MaxPages = None,
    no_pdf: NoPdf = False,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    max_minutes: MaxMinutes = None,
    max_trials: MaxTrials = None,
    allow_uninformative: AllowUninformative = False,
    allow_exhausted: AllowExhausted = False,
    fresh: Fresh = False,
    allow_network: Network = False,
    yes: Yes = False,
    json: AsJson = False,
) -> int:
    """Test your own plan as it stands: register, confirm, analyse, write; nothing is searched."""
    from agent.cli.brought import Bringing
    from agent.cli.brought import study as test
    from agent.stages.approvals import gates_of

    return test(
        Bringing(
            plan=plan,
            flags={
                "run": {"workers": workers, "max_pages": max_pages},
                "models": {"default": model, "base_url": base_url},
                "sandbox": {"gpus": gpus, "allow_unenforced": allow_unenforced or None},
                "budget": _caps(max_cost, max_tokens, max_minutes, max_trials),
            },
            sandbox=sandbox, workspace=workspace, name=name, until=until, pdf=not no_pdf,
            approve=gates_of(approve),
            consents=_consents(uninformative=allow_uninformative, exhausted=allow_exhausted),
            fresh=fresh, allow_network=allow_network, json=json, yes=yes,
        )
    )  # fmt: skip


@app.command(rich_help_panel=PANEL)
def estimate(
    template: TemplateName,
    model: Model = None,
    ideas: Ideas = None,
    idea: AskedIdea = None,
    explore: Explore = None,
    replicates: Replicates = None,
    figures: AddedFigures = None,
    workers: Workers = None,
    regime: Regime = None,
    workspace: WorkspaceFolder = Path(),
    json: AsJson = False,
) -> int:
    """Say how many calls, tokens, dollars and minutes a study will take; asks and runs nothing."""
    from agent.cli.estimate import show_estimate

    flags: dict[str, dict[str, Any]] = {
        "run": {
            "ideas": ideas, "explore": explore, "replicates": replicates, "workers": workers,
            "figures": figures,
        },
        "models": {"default": model},
    }  # fmt: skip
    return show_estimate(template, flags, idea, regime, workspace, json=json)


@app.command(rich_help_panel=PANEL)
def resume(
    run: RunName,
    template: Annotated[
        str | None, typer.Option(metavar="TEMPLATE", help="Where the template is now, if it was moved.")
    ] = None,
    base_url: BaseUrl = None,
    workers: Workers = None,
    gpus: Gpus = None,
    allow_unenforced: AllowUnenforced = None,
    workspace: WorkspaceFolder = Path(),
    until: Until = None,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    max_minutes: MaxMinutes = None,
    max_trials: MaxTrials = None,
    allow_uninformative: AllowUninformative = False,
    allow_exhausted: AllowExhausted = False,
    allow_network: Network = False,
    remake: Annotated[
        bool, typer.Option("--remake", metavar="", help="Set damaged files aside and make them again.")
    ] = False,
    json: AsJson = False,
) -> int:
    """Go on with a run that was stopped, was killed or failed; what is recorded is not run again."""
    from agent.cli.run import Resumption
    from agent.cli.run import resume as go_on

    return go_on(
        Resumption(
            run=run, template=template,
            flags={
                "run": {"workers": workers}, "models": {"base_url": base_url},
                "sandbox": {"gpus": gpus, "allow_unenforced": allow_unenforced or None},
                "budget": _caps(max_cost, max_tokens, max_minutes, max_trials),
            },
            workspace=workspace, until=until,
            consents=_consents(uninformative=allow_uninformative, exhausted=allow_exhausted),
            allow_network=allow_network, remake=remake, json=json,
        )
    )  # fmt: skip


@app.command(rich_help_panel=PANEL)
def reproduce(
    run: Annotated[str, typer.Argument(metavar="RUN[/IDEA]", help="A finished run, or one idea of it.")],
    template: Annotated[
        str | None, typer.Option(metavar="TEMPLATE", help="Where the template is now, if it was moved.")
    ] = None,
    workers: Workers = None,
    sandbox: Sandbox = None,
    allow_unenforced: AllowUnenforced = None,
    workspace: WorkspaceFolder = Path(),
    json: AsJson = False,
) -> int:
    """Run a study's registered trials again on the same replicates, and compare; exit 1 if one differs."""
    from agent.cli.reproduce import Request, reproduce_run

    return reproduce_run(
        Request(run, template, sandbox, _trials_flags(workers, allow_unenforced), workspace, json)
    )


@app.command(rich_help_panel=PANEL)
def replicate(
    run: Annotated[str, typer.Argument(metavar="RUN[/IDEA]", help="A finished run, or one idea of it.")],
    replicates: Annotated[
        int | None, typer.Option(min=8, help="Fresh replicates; as many as the study's unless set.")
    ] = None,
    template: Annotated[
        str | None, typer.Option(metavar="TEMPLATE", help="Where the template is now, if it was moved.")
    ] = None,
    workers: Workers = None,
    sandbox: Sandbox = None,
    allow_unenforced: AllowUnenforced = None,
    allow_exhausted: AllowExhausted = False,
    workspace: WorkspaceFolder = Path(),
    json: AsJson = False,
) -> int:
    """Test a study's effects on replicates it has not used; counts in the ledger, exit 1 if one is off."""
    from agent.cli.reproduce import Request, replicate_run

    consents = _consents(uninformative=False, exhausted=allow_exhausted)
    flags = _trials_flags(workers, allow_unenforced)
    return replicate_run(Request(run, template, sandbox, flags, workspace, json, replicates, consents))


@app.command(rich_help_panel=PANEL)
def stop(run: RunName, workspace: WorkspaceFolder = Path(), json: AsJson = False) -> int:
    """Ask a running run to stop; it can be resumed."""
    from agent.cli.stop import request_stop

    return request_stop(run, workspace, json=json)


def _caps(
    cost: float | None, tokens: int | None, minutes: float | None, trials: int | None
) -> dict[str, float | None]:
    """The caps that flags give, by the name of their setting."""
    return {"max_cost_usd": cost, "max_tokens": tokens, "max_minutes": minutes, "max_trials": trials}


def _trials_flags(workers: int | None, allow_unenforced: list[str] | None) -> dict[str, dict[str, Any]]:
    """The flags of commands that run trials of a recorded run, as settings."""
    return {"run": {"workers": workers}, "sandbox": {"allow_unenforced": allow_unenforced or None}}


def _consents(*, uninformative: bool, exhausted: bool) -> frozenset[Consent]:
    """What the `--allow-…` flags allow."""
    given: dict[Consent, bool] = {"uninformative": uninformative, "exhausted": exhausted}
    return frozenset(name for name, allowed in given.items() if allowed)
