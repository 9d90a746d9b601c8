"""`shoal reproduce` and `shoal replicate`: a study's trials again, on the same and on fresh replicates.

Promises that the study itself stays as it is, and that either command, stopped or killed, goes on where it
was when it is given again. The settings' cap on trials holds, one on time does not.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from agent.artifacts import Replication, Reproduction, Run
from agent.cli import build, checks
from agent.cli.again import replication_text, reproduction_text
from agent.cli.caps import CappedRecorder, TrialCaps
from agent.cli.damage import damages, refuse
from agent.cli.events import beginning
from agent.cli.look import known_run, print_json
from agent.cli.progress import Progress, progress
from agent.cli.recorded import reading
from agent.cli.settings import load
from agent.cli.stop import StopRequests
from agent.cli.template import named_template
from agent.deps import Consent, Deps
from agent.errors import CapReached, Stopped
from agent.ports import Event
from agent.stages.reproduce import ideas_of, replicate, reproduce
from agent.store import Recorder
from agent.workspace import Workspace

if TYPE_CHECKING:
    from agent.sandboxes.choose import Kind

Command = Literal["reproduce", "replicate"]


@dataclass(frozen=True)
class Request:
    """What either command was asked for."""

    name: str
    """RUN or RUN/IDEA."""
    template: str | None
    sandbox: str | None
    flags: Mapping[str, Mapping[str, Any]]
    workspace: Path
    json: bool
    replicates: int | None = None
    """n′ of `replicate`."""
    consents: frozenset[Consent] = frozenset()


def reproduce_run(request: Request) -> int:
    """Run a study's registered trials again on the same replicates; returns 1 where they come out otherwise.

    Raises:
        UserError: there is nothing to run again, or the template changed since.
        Stopped: it was asked to stop; the same command goes on.
        MachineryError: the sandbox failed, or part of the record is damaged.
    """

    def one(idea: str, scratch: Workspace, deps: Deps) -> Reproduction:
        done = reproduce(idea, scratch, deps)
        shutil.rmtree(scratch.root)
        return done

    return _each(request, "reproduce", one, _reproduction_lines)


def replicate_run(request: Request) -> int:
    """Test a study's effects on fresh replicates; returns 1 where one lies outside its limits.

    Raises:
        UserError: there is nothing to replicate, too few replicates are left, or the machine is another kind.
        Stopped: the pool is exhausted, or it was asked to stop; the same command goes on.
        MachineryError: the sandbox failed, or part of the record is damaged.
    """

    def one(idea: str, _scratch: Workspace, deps: Deps) -> Replication:
        return replicate(idea, request.replicates, deps)

    return _each(request, "replicate", one, _replication_lines)


def _each(
    request: Request,
    command: Command,
    work: Callable[[str, Workspace, Deps], Reproduction | Replication],
    lines: Callable[[str, Any], list[str]],
) -> int:
    workspace = Workspace(request.workspace)
    run_name, _, asked = request.name.partition("/")
    run = known_run(workspace, run_name)
    ideas = ideas_of(run_name, asked, workspace)
    done = []
    with workspace.lock(run_name):
        refuse(run_name, damages(workspace, run_name))
        for idea in ideas:
            scratch = Workspace(workspace.store / "reproductions" / run_name / idea)
            records_in = scratch if command == "reproduce" else workspace
            try:
                with _equipped(request, command, run, workspace, records_in) as deps:
                    done.append(work(idea, scratch, deps))
            except CapReached as error:
                way_on = f"raise max_trials of [budget], then `shoal {command} {request.name}` goes on"
                raise Stopped(f"{error}; {way_on}") from error
    if request.json:
        found = [one.model_dump(mode="json", exclude={"parents"}) for one in done]
        passed = all(one.passed for one in done)
        print_json({"schema": 1, "command": command, "run": run_name, "passed": passed, "ideas": found})
    else:
        print("\n".join(line for one in done for line in lines(f"{run_name}/{one.idea}", one)))
    for one in done:
        for problem in _problems(one):
            print(f"shoal: {run_name}/{one.idea}: {problem}", file=sys.stderr)
    return 0 if all(one.passed for one in done) else 1


@contextmanager
def _equipped(
    request: Request, command: Command, run: Run, workspace: Workspace, records_in: Workspace
) -> Iterator[Deps]:
    """What runs trials of a recorded run, and records them in `records_in`."""
    from agent.trials.calculate import Sandboxed
    from agent.trials.local import Local
    from agent.trials.machine import cores

    settings = load(request.flags, Path(), os.environ)
    folder = workspace.run_folder(run.name)
    template = named_template(request.template or beginning(folder).template or run.template)
    checks.usable_workspace(request.workspace, settings.run.min_free_mb)
    kind: Kind | None = checks.known_sandbox(request.sandbox) or run.sandbox
    sandbox, because = build.sandbox(settings, kind, workspace)
    print(because, file=sys.stderr)
    prepared = build.prepared(template, run.regime, sandbox, workspace, allow_network=False)
    if command == "replicate":
        checks.same_study(workspace, run, prepared.setup)
    build.ledger(workspace)
    requests = StopRequests(folder, run.name)
    board = progress(lambda: "no model", lambda: requests.asked() is not None)

    def ending() -> Stopped | None:
        asked = requests.asked()
        again = f"stopped; `shoal {command} {request.name}` goes on"
        return Stopped(again, interrupted=asked.interrupted) if asked else None

    recorder = Recorder(records_in, run.name, shared=False)
    executor = Local(
        prepared,
        sandbox,
        CappedRecorder(
            recorder, TrialCaps.of_run(build.caps_of(settings), records_in, run.name), lambda: None
        ),
        workers=settings.run.workers or cores(),
        stop=ending,
        note=board.say,
    )
    read = reading(run, workspace, template)
    with ExitStack() as stack:
        stack.enter_context(closing(executor))
        stack.enter_context(board)
        stack.enter_context(requests.watched())
        yield replace(
            read,
            setup=prepared.setup,
            executor=executor,
            calculator=Sandboxed(prepared, sandbox, records_in, run.name),
            stop=ending,
            consent=lambda consent, why: consent in request.consents or _agreed(why, board, request),
            emit=lambda event: _show(event, board),
        )


def _show(event: Event, board: Progress) -> None:
    if event.kind == "trial" and event.data.get("done") == 1:
        board.see(Event("stage", event.idea, "confirm", {"phase": "start"}))
    board.see(event)


def _agreed(why: str, board: Progress, request: Request) -> bool:
    """Ask on a terminal; elsewhere the answer is no."""
    if request.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    with board.paused():
        print(f"{why}. Go on all the same? [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in ("y", "yes")


# ---------------------------------------------------------------------------------------- in words


def _reproduction_lines(key: str, done: Reproduction) -> list[str]:
    return [f"{key}: {reproduction_text(done)}"]


def _replication_lines(key: str, done: Replication) -> list[str]:
    return [f"{key}: {replication_text(done)} (plan-{done.version}, counted in the ledger)"]


def _problems(done: Reproduction | Replication) -> list[str]:
    """What keeps it from passing, one line each."""
    if done.passed:
        return []
    if isinstance(done, Replication):
        return [f"{e.comparator}: the new mean lies outside the limits" for e in done.effects if not e.passed]
    found = [
        f"{d.arm} on replicate {d.replicate} ({d.trial[:10]}): recorded {d.recorded}; again {d.again}"
        for d in done.differing
    ]
    found += [f"the added figure: {done.figure}"] if done.figure else []
    return found if done.exact else [f"the verdict is {done.word}, or an effect beyond its tolerance", *found]
