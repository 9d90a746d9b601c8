"""Arguments and flags that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

TemplateName = Annotated[
    str, typer.Argument(metavar="TEMPLATE", help="A folder, or a name under ./templates or in the package.")
]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="Name of a run, as `shoal list` shows it.")]
IdeaName = Annotated[str, typer.Argument(metavar="RUN[/IDEA]", help="An idea of a run.")]
NodeName = Annotated[str, typer.Argument(metavar="NODE", help="A candidate, as `shoal tree` names it.")]
Of = Annotated[
    str | None,
    typer.Option(metavar="HASH", help="Only if it is still this version: the digits `shoal show` prints."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", metavar="", help="Do not ask.")]
WorkspaceFolder = Annotated[
    Path, typer.Option("--workspace", metavar="DIR", help="Folder with experiments/, papers/, reviews/.")
]
AsJson = Annotated[bool, typer.Option("--json", metavar="", help="One JSON document on standard output.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Trials at a time; changes no result.")]
Sandbox = Annotated[
    str | None,
    typer.Option(metavar="KIND", help="auto, docker, bubblewrap, or none (unsafe; the paper says so)."),
]
Regime = Annotated[str | None, typer.Option(metavar="NAME", help="A regime of the template.")]
BaseUrl = Annotated[str | None, typer.Option(metavar="URL", help="Address of the model server.")]
Approve = Annotated[
    str | None, typer.Option(metavar="GATES", help="Wait for you at any of idea,plan,paper (exit 3).")
]
Until = Annotated[
    str | None, typer.Option(metavar="STAGE", help="Stop after this stage (exit 3); `shoal resume` goes on.")
]
Network = Annotated[
    bool,
    typer.Option("--allow-network", help="Let prepare.py use the network, where the template asks for it."),
]
MaxCost = Annotated[
    float | None, typer.Option(metavar="USD", min=0, help="Stop before models cost more (exit 3).")
]
MaxTokens = Annotated[
    int | None, typer.Option(metavar="N", min=0, help="Stop before models take more tokens (exit 3).")
]
MaxMinutes = Annotated[
    float | None, typer.Option(metavar="M", min=0, help="Stop after so much work over all starts (exit 3).")
]
MaxTrials = Annotated[
    int | None, typer.Option(metavar="N", min=0, help="Stop before more trials run (exit 3).")
]
AllowUninformative = Annotated[
    bool, typer.Option("--allow-uninformative", metavar="", help="Register a plan that could hardly decide.")
]
AllowExhausted = Annotated[
    bool, typer.Option("--allow-exhausted", metavar="", help="Use a worn-out test pool; caps the verdict.")
]

AllowUnenforced = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-unenforced", metavar="LIMIT", help="Do without a limit that `doctor` finds open; repeatable."
    ),
]
Gpus = Annotated[
    str | None,
    typer.Option(metavar="N|all", help="Docker: one GPU for each trial that runs. Untested on hardware."),
]
Name = Annotated[str | None, typer.Option(help="Name of the run; TEMPLATE-1, -2 … unless set.")]
NoPdf = Annotated[bool, typer.Option("--no-pdf", metavar="", help="Do not compile the paper.")]
MaxPages = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Pages of the text, conclusion included; references and appendix not counted.",
    ),
]
Fresh = Annotated[
    bool,
    typer.Option("--fresh", metavar="", help="Run every trial, also those that other runs recorded."),
]
Model = Annotated[
    str | None, typer.Option(metavar="SPEC", help="scripted (no language model) or PROVIDER:NAME.")
]
Ideas = Annotated[int | None, typer.Option(min=1, help="Ideas that go on; 1 unless set.")]
AskedIdea = Annotated[
    str | None, typer.Option(metavar="FILE|KNOB", help="Your idea: a TOML file, or a knob to ask about.")
]
Explore = Annotated[int | None, typer.Option(min=2, help="Exploring trials per arm; 24 unless set.")]
Replicates = Annotated[int | None, typer.Option(min=8, help="Confirming replicates.")]
AddedFigures = Annotated[
    int | None,
    typer.Option(min=0, max=1, help="Let the author add a figure by code; 0 unless set."),
]
