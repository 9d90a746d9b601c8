"""A recorded run as the stages take it: for what only derives, and neither asks nor runs anything."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

from agent.artifacts import Change, Run, Trial
from agent.cli import build
from agent.cli.events import events
from agent.deps import Deps
from agent.ledger import Ledger
from agent.ports import Answer, Finished, InT, OutT, Prompt
from agent.templates import Setup, Template
from agent.workspace import Workspace


class Nobody:
    """Stands where a run has its model and its executor: no question is asked, no trial is run."""

    def ask(self, prompt: Prompt[InT, OutT], data: InT, *, site: str, sample: int = 0) -> Answer[OutT]:
        """Refuse (see `agent.ports.Model`)."""
        raise AssertionError(f"what only derives asked {prompt.name} at {site}")

    def submit(self, trial: Trial, change: Change, *, queue: str = "") -> Future[Finished]:
        """Refuse (see `agent.ports.Executor`)."""
        raise AssertionError(f"what only derives ran trial {trial.id}")

    def close(self) -> None:
        """Nothing runs."""


def reading(run: Run, workspace: Workspace, template: Template, *, told: Workspace | None = None) -> Deps:
    """What the stages may use of a recorded run, for those that only derive.

    Args:
        told: Where the run's events are, if not in the same workspace.
    """
    nobody = Nobody()
    return Deps(
        run=run,
        setup=Setup.recorded(run, template),
        workspace=workspace,
        ledger=Ledger(workspace),
        model=nobody,
        executor=nobody,
        calculator=build.calculations(run, workspace, workspace),
        literature=build.literature(template),
        tex=None,
        unenforced=_unenforced_limits((told or workspace).run_folder(run.name)),
        stop=lambda: None,
        consent=lambda _consent, _why: False,
        emit=lambda _event: None,
    )


def _unenforced_limits(folder: Path) -> tuple[str, ...]:
    """Limits that nothing held on the machine on which the paper was begun, as the events tell."""
    current: tuple[str, ...] = ()
    for event in events(folder):
        if event.get("starts"):
            current = ()
        current = tuple(event.get("unenforced", current))
        if (event.get("kind"), event.get("text")) == ("stage", "write"):
            break
    return current
