"""Commands by which people steer and approve."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.commands.options import AsJson, IdeaName, NodeName, Of, RunName, WorkspaceFolder, Yes
from agent.errors import UserError

PANEL = "People in the loop"
app = typer.Typer()


@app.command(rich_help_panel=PANEL)
def approve(
    idea: IdeaName,
    edit: Annotated[
        bool, typer.Option("--edit", metavar="", help="Change the idea or the plan in $EDITOR first.")
    ] = False,
    why: Annotated[str, typer.Option(metavar="TEXT", help="Your reason, kept with the answer.")] = "",
    of: Of = None,
    undo: Annotated[
        bool,
        typer.Option(
            "--undo", metavar="", help="Take your answer back, also a rejection: until the run took it up."
        ),
    ] = False,
    yes: Yes = False,
    workspace: WorkspaceFolder = Path(),
    json: AsJson = False,
) -> int:
    """Show what a run waits for you to approve, and let it go on."""
    from agent.cli.approve import answer, taken_back

    if undo:
        if edit or why or of:
            raise UserError("--undo takes an answer back: it goes without --edit, --why and --of")
        return taken_back(idea, workspace, json=json)
    return answer(idea, workspace, "approved", why, of=of, edit=edit, yes=yes, json=json)


@app.command(rich_help_panel=PANEL)
def reject(
    idea: IdeaName,
    why: Annotated[str, typer.Option(metavar="TEXT", help="Your reason; the record keeps it.")],
    of: Of = None,
    yes: Yes = False,
    workspace: WorkspaceFolder = Path(),
    json: AsJson = False,
) -> int:
    """End an idea that a run waits for you to approve; what it found so far is kept."""
    from agent.cli.approve import answer

    return answer(idea, workspace, "rejected", why, of=of, edit=False, yes=yes, json=json)


@app.command(rich_help_panel=PANEL)
def hint(
    run: RunName,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What its language model should know.")],
    idea: Annotated[str | None, typer.Option(metavar="IDEA", help="Only for this idea.")] = None,
    workspace: WorkspaceFolder = Path(),
    json: AsJson = False,
) -> int:
    """Say something to the model that explores; it is kept, and the paper says so."""
    from agent.cli.steer import hint as give

    return give(run, text, idea, workspace, json=json)


@app.command(rich_help_panel=PANEL)
def prune(run: IdeaName, node: NodeName, workspace: WorkspaceFolder = Path(), json: AsJson = False) -> int:
    """Cut a candidate of the treatment off, with all that builds on it."""
    from agent.cli.steer import steer

    return steer(run, node, "prune", workspace, json=json)


@app.command(rich_help_panel=PANEL)
def pin(run: IdeaName, node: NodeName, workspace: WorkspaceFolder = Path(), json: AsJson = False) -> int:
    """Give every second edit to what builds on a candidate; it does not decide who wins."""
    from agent.cli.steer import steer

    return steer(run, node, "pin", workspace, json=json)
