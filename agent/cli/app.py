"""The command `shoal`: its subjects in the order of the help.

Promises to import nothing heavy: whatever a command needs is imported when it runs.
"""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.commands import looking, machine, people, studies, templates

app = typer.Typer(
    help="Shoal takes an experiment template, tests an idea in sandboxed experiments, writes the paper and "
    "reviews it; every number in the paper comes from a recorded trial.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for subject in (studies, people, looking, templates, machine):
    app.add_typer(subject.app)


def _version(value: bool) -> None:
    if value:
        from agent import __version__

        typer.echo(f"shoal {__version__}")
        raise typer.Exit


@app.callback()
def _shoal(
    version: Annotated[
        bool,
        typer.Option("--version", metavar="", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass
