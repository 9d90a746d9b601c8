"""Sees one prepared run through: graph, progress, signals, and the report at the end.

Promises that the exit code, the line on standard error and the JSON document say the same.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agent.artifacts import Run
from agent.cli import build, complain, exit_code
from agent.cli.caps import TimeCaps
from agent.cli.events import EventLog
from agent.cli.look import Summary, print_json, summaries
from agent.cli.progress import Progress, progress
from agent.cli.stop import StopRequests
from agent.deps import Consent, Deps
from agent.errors import CapReached, ShoalError, Stopped, StudyError, Unanswered, UserError, WorkspaceConflict
from agent.ledger import Ledger
from agent.ports import Event
from agent.workspace import Workspace

if TYPE_CHECKING:
    from agent.cli.run import Equipment
    from agent.cli.settings import Settings

Command = Literal["run", "resume", "study"]
DONE, FINDINGS = 0, 1


@dataclass(frozen=True)
class Study:
    """Everything that a run needs, made and checked; its lock is held."""

    run: Run
    equipment: Equipment
    settings: Settings
    workspace: Workspace
    log: EventLog
    consents: frozenset[Consent]


@dataclass(frozen=True)
class Report:
    """How a start or a resumption of a run ended."""

    command: Command
    run: str
    status: Literal["done", "failed", "stopped", "interrupted", "broken"]
    ideas: Sequence[Summary]
    trials: int
    cost_usd: float | None
    """None where a price is not known."""

    def document(self) -> dict[str, object]:
        """The JSON document, schema 1."""
        ideas = [
            {
                "id": idea.id,
                "verdict": idea.verdict,
                "pdf": _absolute(idea.pdf),
                "review": _absolute(idea.review),
                "error": idea.failed,
            }
            for idea in self.ideas
        ]
        rest = asdict(self)
        return {
            "schema": 1,
            **{key: rest[key] for key in ("command", "run", "status")},
            "ideas": ideas,
            **{key: rest[key] for key in ("trials", "cost_usd")},
        }

    def lines(self) -> list[str]:
        """The same for people."""
        lines = []
        for idea in self.ideas:
            found = f"{idea.verdict}: {idea.reason}" if idea.verdict else "no verdict yet"
            lines.append(f"{self.run}/{idea.id}: {found}")
            lines += [f"  effect  {effect}" for effect in idea.effects]
            lines += [f"  failed  {idea.failed}"] if idea.failed else []
            lines += [f"  paper   {idea.pdf or idea.tex}"] if idea.tex else []
            lines += [f"  review  {idea.review}"] if idea.review else []
        trials = "1 trial" if self.trials == 1 else f"{self.trials} trials"
        lines.append(f"{trials}, cost {cost_text(self.cost_usd)}")
        return lines


def see_through(study: Study, command: Command, until: str | None, *, json: bool) -> int:
    """Run the graph to its end, a stop or a failure, and report it; returns the exit code.

    Raises:
        UserError: something must be mended first; nothing is reported.
    """
    run, workspace = study.run, study.workspace
    print(study.equipment.because, file=sys.stderr)
    if open_limits := study.equipment.unenforced:
        study.log.add(Event("note", "", study.equipment.because, {"unenforced": open_limits}))
    folder = workspace.run_folder(run.name)
    requests = StopRequests(folder, run.name)
    time = TimeCaps(build.caps_of(study.settings), study.log.now)

    def ending() -> Stopped | None:
        return requests.asked() or time.reached()

    def emit(event: Event) -> None:
        study.log.add(event)
        board.see(event)

    built = build.model(study.settings, folder / "calls", emit=emit, stop=ending)
    board = progress(lambda: cost_text(built.spent().cost_usd), lambda: requests.asked() is not None)
    executor = build.executor(study, time, stop=ending, emit=emit)

    deps = Deps(
        run=run,
        setup=study.equipment.prepared.setup,
        workspace=workspace,
        ledger=Ledger(workspace),
        model=built.model,
        executor=executor,
        calculator=build.calculator(study),
        literature=study.equipment.literature,
        tex=study.equipment.tex,
        unenforced=study.equipment.unenforced,
        stop=ending,
        consent=lambda consent, why: consent in study.consents or (not json and _ask(why, board)),
        emit=emit,
    )
    failure: ShoalError | None = None
    failed: dict[str, str] = {}
    with ExitStack() as stack:
        stack.enter_context(closing(built))
        stack.enter_context(closing(executor))
        stack.enter_context(board)
        stack.enter_context(requests.watched())
        try:
            failed = build.run_graph(deps, until)
        except UserError:
            raise
        except Stopped as error:
            failure = ending() or error
            if isinstance(failure, CapReached):
                executor.finish(board.say)
        except ShoalError as error:
            failure = error
    report = Report(
        command=command,
        run=run.name,
        status=_status(failure, failed),
        ideas=summaries(workspace, run.name),
        trials=len(list((folder / "results").glob("*.json"))),
        cost_usd=built.spent().cost_usd,
    )
    if json:
        print_json(report.document())
    else:
        print("\n".join(report.lines()))
    if failure is None and not failed:
        return DONE
    if isinstance(failure, Unanswered):
        for question in failure.questions:
            complain(question, exit_code(failure))
    return complain(why(failure, report), FINDINGS if failure is None else exit_code(failure))


def cost_text(cost_usd: float | None) -> str:
    """A cost for people."""
    return "unknown (no price known)" if cost_usd is None else f"${cost_usd:.2f}"


def _status(
    failure: ShoalError | None, failed: dict[str, str]
) -> Literal["done", "failed", "stopped", "interrupted", "broken"]:
    if isinstance(failure, Stopped):
        return "interrupted" if failure.interrupted else "stopped"
    if failure is None:
        return "failed" if failed else "done"
    return "failed" if exit_code(failure) == FINDINGS else "broken"


def why(failure: ShoalError | None, report: Report) -> str:
    """The line on standard error: each failed idea once, or what broke or stopped the run; and the way on."""
    way_on = f" (`shoal resume {report.run}` goes on)"
    if isinstance(failure, CapReached):
        reached = ", ".join(f"{idea.id} has finished {idea.stage}" for idea in report.ideas) or "no idea yet"
        return f"{failure}; {reached}; {failure.way_on(report.run)}"
    if failure is None or isinstance(failure, StudyError):
        failed = "; ".join(f"{report.run}/{idea.id}: {idea.failed}" for idea in report.ideas if idea.failed)
        return failed if failure is None else (failed or str(failure)) + way_on
    text = str(failure)
    return text if "shoal resume" in text or isinstance(failure, WorkspaceConflict) else text + way_on


def _ask(why: str, board: Progress) -> bool:
    """Ask on a terminal; elsewhere the answer is no."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    with board.paused():
        print(f"{why}. Go on all the same? [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in ("y", "yes")


def _absolute(path: str | None) -> str | None:
    return None if path is None else str(Path(path).resolve())
