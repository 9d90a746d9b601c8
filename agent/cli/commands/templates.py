"""Commands for experiment templates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.commands.options import (
    AllowUnenforced,
    AsJson,
    Gpus,
    Network,
    Regime,
    Sandbox,
    TemplateName,
    WorkspaceFolder,
)

PANEL = "Templates"
templates = typer.Typer(help="List and check experiment templates.", no_args_is_help=True)
app = typer.Typer()
app.add_typer(templates, name="template", rich_help_panel=PANEL)


@app.command(rich_help_panel=PANEL)
def trial(
    template: TemplateName,
    replicate: Annotated[int, typer.Option(min=0, help="An exploring replicate.")] = 0,
    split: Annotated[str, typer.Option(help="dev; nothing else is scored outside a study.")] = "dev",
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KNOB=VALUE", help="Set a knob; repeatable.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Copy the experiment's output files there.")
    ] = None,
    regime: Regime = None,
    sandbox: Sandbox = None,
    gpus: Gpus = None,
    allow_unenforced: AllowUnenforced = None,
    workspace: WorkspaceFolder = Path(),
    allow_network: Network = False,
    json: AsJson = False,
) -> int:
    """Run one trial of a template and print its result."""
    from agent.cli.trial import run_trial

    return run_trial(
        template, replicate, split, set_ or [], keep, regime, sandbox, workspace,
        flags={"sandbox": {"gpus": gpus, "allow_unenforced": allow_unenforced or None}},
        allow_network=allow_network, json=json,
    )  # fmt: skip


@templates.command("list")
def template_list(json: AsJson = False) -> int:
    """List the templates that a name can mean here."""
    from agent.cli.template import list_templates

    return list_templates(json=json)


@templates.command("check")
def template_check(
    template: TemplateName,
    regime: Regime = None,
    sandbox: Sandbox = None,
    allow_unenforced: AllowUnenforced = None,
    workspace: WorkspaceFolder = Path(),
    allow_network: Network = False,
    json: AsJson = False,
) -> int:
    """Prepare a template, run smoke trials and say what is wrong with it; exit 1 if something is."""
    from agent.cli.template import check_template

    return check_template(
        template, regime, sandbox, workspace,
        flags={"sandbox": {"allow_unenforced": allow_unenforced or None}},
        allow_network=allow_network, json=json,
    )  # fmt: skip
