"""Commands that look after this machine: settings, storage, environments, model servers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.commands.options import AsJson, BaseUrl, Sandbox, TemplateName, WorkspaceFolder

PANEL = "This machine"
environments = typer.Typer(
    help="List, build and remove the packages that trials run with.", no_args_is_help=True
)
models = typer.Typer(help="List model servers, and try one.", invoke_without_command=True)
app = typer.Typer()
app.add_typer(environments, name="env", rich_help_panel=PANEL)
app.add_typer(models, name="models", rich_help_panel=PANEL)


@models.callback()
def models_list(context: typer.Context, json: AsJson = False) -> int:
    """List the model servers that Shoal knows, the roles' models, and which keys are set."""
    from agent.cli.models import list_models

    return 0 if context.invoked_subcommand else list_models(json=json)


@models.command("test")
def models_test(
    model: Annotated[str, typer.Argument(metavar="PROVIDER:NAME", help="Such as ollama:qwen3.")],
    base_url: BaseUrl = None,
    json: AsJson = False,
) -> int:
    """Send a model one small question and report mode, latency and tokens; 1 if its answer is no use."""
    from agent.cli.models import test_model

    return test_model(model, base_url, json=json)


@environments.command("list")
def env_list(workspace: WorkspaceFolder = Path(), json: AsJson = False) -> int:
    """List environments: packages, size, when last used, which templates need them."""
    from agent.cli.env import list_environments

    return list_environments(workspace, json=json)


@environments.command("build")
def env_build(
    template: TemplateName,
    sandbox: Sandbox = None,
    workspace: WorkspaceFolder = Path(),
    json: AsJson = False,
) -> int:
    """Build the environments of a template ahead of time; they need no network again."""
    from agent.cli.env import build_environments

    return build_environments(template, sandbox, workspace, json=json)


@environments.command("prune")
def env_prune(
    workspace: WorkspaceFolder = Path(),
    days: Annotated[
        int | None,
        typer.Option(min=0, help="Also what no workspace used for so many days, whoever needs it."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", metavar="", help="Do not ask.")] = False,
    json: AsJson = False,
) -> int:
    """Remove environments that no template needs which this workspace knows, and half-built ones."""
    from agent.cli.env import prune_environments

    return prune_environments(workspace, days, yes=yes, json=json)


@app.command(rich_help_panel=PANEL)
def init(folder: Annotated[Path, typer.Argument(metavar="DIR")] = Path(), json: AsJson = False) -> int:
    """Write a shoal.toml with every setting, commented out."""
    from agent.cli.init import write_settings_file

    return write_settings_file(folder, json=json)


@app.command(rich_help_panel=PANEL)
def clean(
    workspace: WorkspaceFolder = Path(),
    store: Annotated[
        bool,
        typer.Option(
            "--store", metavar="", help="Remove what can be rebuilt: data, environments, known results."
        ),
    ] = False,
    run: Annotated[
        list[str] | None, typer.Option(metavar="RUN", help="Remove a run with its papers; repeatable.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", metavar="", help="Do not ask.")] = False,
    json: AsJson = False,
) -> int:
    """Show what is stored and how large it is; removes only what a flag names."""
    from agent.cli.clean import clean_workspace

    return clean_workspace(workspace, run or [], store=store, yes=yes, json=json)


@app.command(rich_help_panel=PANEL)
def doctor(workspace: WorkspaceFolder = Path(), json: AsJson = False) -> int:
    """Check sandboxes, TeX, model server and disk, and name the command that mends what fails."""
    from agent.cli.doctor import examine

    return examine(workspace, json=json)
