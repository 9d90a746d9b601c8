"""The commands with their flags; each one hands on to the module that does the work.

Promises to import nothing heavy: whatever a command needs is imported when it runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from agent.deps import Consent

STUDIES, LOOKING, TEMPLATES, MACHINE = "Studies", "Looking at studies", "Templates", "This machine"
PEOPLE = "People in the loop"

app = typer.Typer(
    help="Shoal takes an experiment template, tests an idea in sandboxed experiments, writes the paper and "
    "reviews it; every number in the paper comes from a recorded trial.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
templates = typer.Typer(help="List and check experiment templates.", no_args_is_help=True)
app.add_typer(templates, name="template", rich_help_panel=TEMPLATES)
environments = typer.Typer(
    help="List, build and remove the packages that trials run with.", no_args_is_help=True
)
app.add_typer(environments, name="env", rich_help_panel=MACHINE)
models = typer.Typer(help="List model servers, and try one.", invoke_without_command=True)
app.add_typer(models, name="models", rich_help_panel=MACHINE)

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


@app.command(rich_help_panel=STUDIES)
def run(
    template: TemplateName,
    model: Annotated[
        str | None, typer.Option(metavar="SPEC", help="scripted (no language model) or PROVIDER:NAME.")
    ] = None,
    base_url: BaseUrl = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Feeds every random draw.")] = None,
    style: Annotated[
        str | None, typer.Option(metavar="NAME|DIR", help="plain, twocolumn, or a folder with a style.toml.")
    ] = None,
    ideas: Annotated[int | None, typer.Option(min=1, help="Ideas that go on; 1 unless set.")] = None,
    idea: Annotated[
        str | None, typer.Option(metavar="FILE|KNOB", help="Your idea: a TOML file, or a knob to ask about.")
    ] = None,
    explore: Annotated[
        int | None, typer.Option(min=2, help="Exploring trials per arm; 24 unless set.")
    ] = None,
    replicates: Annotated[int | None, typer.Option(min=8, help="Confirming replicates.")] = None,
    workers: Workers = None,
    gpus: Gpus = None,
    sandbox: Sandbox = None,
    allow_unenforced: AllowUnenforced = None,
    workspace: WorkspaceFolder = Path(),
    name: Annotated[str | None, typer.Option(help="Name of the run; TEMPLATE-1, -2 … unless set.")] = None,
    regime: Regime = None,
    until: Until = None,
    approve: Approve = None,
    no_pdf: Annotated[bool, typer.Option("--no-pdf", metavar="", help="Do not compile the paper.")] = False,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    max_minutes: MaxMinutes = None,
    max_trials: MaxTrials = None,
    allow_uninformative: AllowUninformative = False,
    allow_exhausted: AllowExhausted = False,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", metavar="", help="Run every trial, also those that other runs recorded."),
    ] = False,
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
            "style": style,
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


@app.command(rich_help_panel=STUDIES)
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
    name: Annotated[str | None, typer.Option(help="Name of the run; TEMPLATE-1, -2 … unless set.")] = None,
    until: Until = None,
    approve: Approve = None,
    no_pdf: Annotated[bool, typer.Option("--no-pdf", metavar="", help="Do not compile the paper.")] = False,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    max_minutes: MaxMinutes = None,
    max_trials: MaxTrials = None,
    allow_uninformative: AllowUninformative = False,
    allow_exhausted: AllowExhausted = False,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", metavar="", help="Run every trial, also those that other runs recorded."),
    ] = False,
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
                "run": {"workers": workers}, "models": {"default": model, "base_url": base_url},
                "sandbox": {"gpus": gpus, "allow_unenforced": allow_unenforced or None},
                "budget": _caps(max_cost, max_tokens, max_minutes, max_trials),
            },
            sandbox=sandbox, workspace=workspace, name=name, until=until, pdf=not no_pdf,
            approve=gates_of(approve),
            consents=_consents(uninformative=allow_uninformative, exhausted=allow_exhausted),
            fresh=fresh, allow_network=allow_network, json=json, yes=yes,
        )
    )  # fmt: skip


@app.command(rich_help_panel=STUDIES)
def estimate(
    template: TemplateName,
    model: Annotated[
        str | None, typer.Option(metavar="SPEC", help="scripted (no language model) or PROVIDER:NAME.")
    ] = None,
    ideas: Annotated[int | None, typer.Option(min=1, help="Ideas that go on; 1 unless set.")] = None,
    idea: Annotated[
        str | None, typer.Option(metavar="FILE|KNOB", help="Your idea: a TOML file, or a knob to ask about.")
    ] = None,
    explore: Annotated[
        int | None, typer.Option(min=2, help="Exploring trials per arm; 24 unless set.")
    ] = None,
    replicates: Annotated[int | None, typer.Option(min=8, help="Confirming replicates.")] = None,
    workers: Workers = None,
    regime: Regime = None,
    workspace: WorkspaceFolder = Path(),
    json: AsJson = False,
) -> int:
    """Say how many calls, tokens, dollars and minutes a study will take; asks and runs nothing."""
    from agent.cli.estimate import show_estimate

    flags: dict[str, dict[str, Any]] = {
        "run": {"ideas": ideas, "explore": explore, "replicates": replicates, "workers": workers},
        "models": {"default": model},
    }
    return show_estimate(template, flags, idea, regime, workspace, json=json)


@app.command(rich_help_panel=STUDIES)
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


@app.command(rich_help_panel=STUDIES)
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


@app.command(rich_help_panel=STUDIES)
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


@app.command(rich_help_panel=STUDIES)
def stop(run: RunName, workspace: WorkspaceFolder = Path()) -> int:
    """Ask a running run to stop; it can be resumed."""
    from agent.cli.stop import request_stop

    return request_stop(run, workspace)


@app.command(rich_help_panel=PEOPLE)
def approve(
    idea: IdeaName,
    edit: Annotated[
        bool, typer.Option("--edit", metavar="", help="Change the idea or the plan in $EDITOR first.")
    ] = False,
    why: Annotated[str, typer.Option(metavar="TEXT", help="Your reason, kept with the answer.")] = "",
    of: Of = None,
    yes: Yes = False,
    workspace: WorkspaceFolder = Path(),
    json: AsJson = False,
) -> int:
    """Show what a run waits for you to approve, and let it go on."""
    from agent.cli.approve import answer

    return answer(idea, workspace, "approved", why, of=of, edit=edit, yes=yes, json=json)


@app.command(rich_help_panel=PEOPLE)
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


@app.command(rich_help_panel=PEOPLE)
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


@app.command(rich_help_panel=PEOPLE)
def prune(run: IdeaName, node: NodeName, workspace: WorkspaceFolder = Path(), json: AsJson = False) -> int:
    """Cut a candidate of the treatment off, with all that builds on it."""
    from agent.cli.steer import steer

    return steer(run, node, "prune", workspace, json=json)


@app.command(rich_help_panel=PEOPLE)
def pin(run: IdeaName, node: NodeName, workspace: WorkspaceFolder = Path(), json: AsJson = False) -> int:
    """Give every second edit to what builds on a candidate; it does not decide who wins."""
    from agent.cli.steer import steer

    return steer(run, node, "pin", workspace, json=json)


@app.command(rich_help_panel=LOOKING)
def tree(run: IdeaName, workspace: WorkspaceFolder = Path(), json: AsJson = False) -> int:
    """Show what an exploration has tried: candidates, knobs or edits, dev scores."""
    from agent.cli.steer import show_tree

    return show_tree(run, workspace, json=json)


@app.command(rich_help_panel=LOOKING)
def audit(
    paper: Annotated[Path, typer.Argument(metavar="PAPER.tex", help="A paper that Shoal did not write.")],
    results: Annotated[Path, typer.Option(metavar="DIR", help="Folder with its results: JSON and CSV.")],
    json: AsJson = False,
    sarif: Annotated[bool, typer.Option("--sarif", metavar="", help="A SARIF log, for editors.")] = False,
) -> int:
    """Say which numbers of another system's paper its results do not support; exit 1 if any."""
    from agent.cli.audit import audit_foreign

    return audit_foreign(paper, results, json=json, sarif=sarif)


@app.command("list", rich_help_panel=LOOKING)
def list_(workspace: WorkspaceFolder = Path(), json: AsJson = False) -> int:
    """List the runs of the workspace with their verdicts."""
    from agent.cli.look import list_runs

    return list_runs(workspace, json=json)


@app.command(rich_help_panel=LOOKING)
def show(
    run: Annotated[str, typer.Argument(metavar="RUN[/IDEA]", help="A run, or one idea of it.")],
    workspace: WorkspaceFolder = Path(),
    json: AsJson = False,
) -> int:
    """Show a run, or the plan, effects, verdict, paper and review of one idea."""
    from agent.cli.look import show_run

    return show_run(run, workspace, json=json)


@app.command(rich_help_panel=LOOKING)
def logs(
    run: RunName,
    workspace: WorkspaceFolder = Path(),
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="Events to show, the latest.")] = 40,
    trial: Annotated[
        str | None, typer.Option(metavar="ID", help="Show the output of this trial; the first digits do.")
    ] = None,
) -> int:
    """Show what happened in a run, or what one of its trials printed."""
    from agent.cli.look import show_logs

    return show_logs(run, workspace, lines, trial)


@app.command(rich_help_panel=LOOKING)
def calls(
    run: RunName,
    idea: Annotated[str | None, typer.Option(metavar="IDEA", help="The calls of this idea alone.")] = None,
    workspace: WorkspaceFolder = Path(),
    json: AsJson = False,
) -> int:
    """Show the calls to models with their tokens, cost and seconds, and the sums by stage."""
    from agent.cli.calls import show_calls

    return show_calls(run, workspace, idea, json=json)


@app.command(rich_help_panel=LOOKING)
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


@app.command(rich_help_panel=LOOKING)
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


@app.command(rich_help_panel=LOOKING)
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


@app.command(rich_help_panel=TEMPLATES)
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


@app.command(rich_help_panel=MACHINE)
def init(folder: Annotated[Path, typer.Argument(metavar="DIR")] = Path()) -> int:
    """Write a shoal.toml with every setting, commented out."""
    from agent.cli.init import write_settings_file

    return write_settings_file(folder)


@app.command(rich_help_panel=MACHINE)
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


@app.command(rich_help_panel=MACHINE)
def doctor(workspace: WorkspaceFolder = Path(), json: AsJson = False) -> int:
    """Check sandboxes, TeX, model server and disk, and name the command that mends what fails."""
    from agent.cli.doctor import examine

    return examine(workspace, json=json)


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
