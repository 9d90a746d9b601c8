"""Commands that look at studies and papers, and check them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.commands.options import AsJson, IdeaName, RunName, WorkspaceFolder

PANEL = "Looking at studies"
app = typer.Typer()


@app.command(rich_help_panel=PANEL)
def tree(run: IdeaName, workspace: WorkspaceFolder = Path(), json: AsJson = False) -> int:
    """Show what an exploration has tried: candidates, knobs or edits, dev scores."""
    from agent.cli.steer import show_tree

    return show_tree(run, workspace, json=json)


@app.command(rich_help_panel=PANEL)
def audit(
    paper: Annotated[Path, typer.Argument(metavar="PAPER.tex", help="A paper that Shoal did not write.")],
    results: Annotated[Path, typer.Option(metavar="DIR", help="Folder with its results: JSON and CSV.")],
    json: AsJson = False,
    sarif: Annotated[bool, typer.Option("--sarif", metavar="", help="A SARIF log, for editors.")] = False,
) -> int:
    """Say which numbers of another system's paper its results do not support; exit 1 if any."""
    from agent.cli.audit import audit_foreign

    return audit_foreign(paper, results, json=json, sarif=sarif)


@app.command("list", rich_help_panel=PANEL)
def list_(workspace: WorkspaceFolder = Path(), json: AsJson = False) -> int:
    """List the runs of the workspace with their verdicts."""
    from agent.cli.look import list_runs

    return list_runs(workspace, json=json)


@app.command(rich_help_panel=PANEL)
def show(
    run: Annotated[str, typer.Argument(metavar="RUN[/IDEA]", help="A run, or one idea of it.")],
    workspace: WorkspaceFolder = Path(),
    json: AsJson = False,
) -> int:
    """Show a run, or the plan, effects, verdict, paper and review of one idea."""
    from agent.cli.look import show_run

    return show_run(run, workspace, json=json)


@app.command(rich_help_panel=PANEL)
def logs(
    run: RunName,
    workspace: WorkspaceFolder = Path(),
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="Events to show, the latest.")] = 40,
    trial: Annotated[
        str | None, typer.Option(metavar="ID", help="Show the output of this trial; the first digits do.")
    ] = None,
    json: AsJson = False,
) -> int:
    """Show what happened in a run, or what one of its trials printed."""
    from agent.cli.look import show_logs

    return show_logs(run, workspace, lines, trial, json=json)


@app.command(rich_help_panel=PANEL)
def calls(
    run: RunName,
    idea: Annotated[str | None, typer.Option(metavar="IDEA", help="The calls of this idea alone.")] = None,
    workspace: WorkspaceFolder = Path(),
    json: AsJson = False,
) -> int:
    """Show the calls to models with their tokens, cost and seconds, and the sums by stage."""
    from agent.cli.calls import show_calls

    return show_calls(run, workspace, idea, json=json)


@app.command(rich_help_panel=PANEL)
def replay(
    run: RunName,
    template: Annotated[
        str | None, typer.Option(metavar="TEMPLATE", help="Where the template is now, if it was moved.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep what was made again there; a new folder.")
    ] = None,
    workspace: WorkspaceFolder = Path(),
    json: AsJson = False,
) -> int:
    """Make a run's texts again from its recorded answers and trials, and compare; exit 1 if one differs."""
    from agent.cli.replay import replay_run

    return replay_run(run, workspace, template, out, json=json)


@app.command(rich_help_panel=PANEL)
def verify(
    run: Annotated[str, typer.Argument(metavar="RUN[/IDEA]", help="A run, or one idea of it.")],
    template: Annotated[
        str | None, typer.Option(metavar="TEMPLATE", help="Where the template is now, if it was moved.")
    ] = None,
    workspace: WorkspaceFolder = Path(),
    json: AsJson = False,
) -> int:
    """Hold a run against its own record, from the hashes to the links of the PDF; exit 1 if one is wrong."""
    from agent.cli.verify import verify as hold

    return hold(run, workspace, template, json=json)


@app.command(rich_help_panel=PANEL)
def ledger(
    pool: Annotated[
        str | None, typer.Option(metavar="HASH", help="Only this test pool; the first digits do.")
    ] = None,
    workspace: WorkspaceFolder = Path(),
    json: AsJson = False,
) -> int:
    """Show what was registered on the workspace's test pools, counted as a run counts it."""
    from agent.cli.ledger import show_ledger

    return show_ledger(workspace, pool, json=json)
