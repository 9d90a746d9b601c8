"""A traced trial: which changed statements of the experiment's code run; it has no score.

Promises that which statements there are is found in a sandbox that runs none of the code, that the traced
experiment runs as any other beside that, and that what it noted is read as untrusted: bounded, of one form,
and about watched lines only, or it is `invalid`. The notes come from the experiment's own process, so code
that sets out to forge them can: they tell of oversights, not of deceit. What runs in Pythons that do not
inherit the environment, or in compiled copies of functions, is not seen.
"""

from __future__ import annotations

import json
import re
from pathlib import Path, PurePosixPath

from pydantic import TypeAdapter, ValidationError

from agent.artifacts import Change, FileTrace, Outcome, Result, Trace, Trial
from agent.ports import Job, Mount, Sandbox
from agent.trials.code import place_code
from agent.trials.prepare import Prepared, remove_outputs
from agent.trials.runner import experiment_job, failed, produce, reason, without_outputs

INSIDE = Path(__file__).parent / "inside"
NOTES = ".shoal-trace"
"""The file in a traced trial's outputs."""
MOST_BYTES = 1 << 20
FOR_CHILDREN = b"import shoal_trace\n\nshoal_trace.begin()\n"
"""What every Python that a traced experiment starts imports first, so that it notes its lines too."""
_NOTE = re.compile(rb"(?:(\d{1,6}) (\d{1,7})|([-+.]))\n")
_Statements = dict[str, tuple[tuple[int, ...], ...]]
_STATEMENTS: TypeAdapter[_Statements] = TypeAdapter(_Statements)


class Unusable(Exception):
    """Notes that no tracing left; the text says in what."""


def run_traced(
    trial: Trial, change: Change, prepared: Prepared, sandbox: Sandbox
) -> tuple[Result, list[Outcome]]:
    """Find the changed statements in one sandbox, and run the experiment traced in another.

    Args:
        trial: made by `prepared.setup.traced_trial(change, …)`; others are refused.

    Returns:
        The result, without metrics, and the outcome of each sandbox.

    Raises:
        SandboxUnavailable: the engine failed; nothing is known about the trial.
        Stopped: the sandbox was stopped.
    """
    if trial != prepared.setup.traced_trial(change, trial.replicate):
        raise ValueError("the trial is not the traced one of this change on this setup")
    plain = experiment_job(trial, change, prepared)
    looked = sandbox.run(_looking(trial, plain, prepared))
    try:
        statements = _changed_statements(trial, looked)
    except Unusable as why:
        return failed(trial, "invalid", f"its statements cannot be found: {why}"), without_outputs([looked])
    finally:
        remove_outputs(looked)
    outcomes = produce(_traced(trial, statements, plain, prepared), sandbox)
    outcome = outcomes[-1]
    try:
        trace = _read(trial, statements, outcome)
    except Unusable as why:
        result = failed(trial, "invalid", f"what it noted cannot be used: {why}")
        return result, without_outputs([looked, *outcomes])
    finally:
        remove_outputs(outcome)
    why_not = "" if outcome.status == "ok" else reason(outcome)
    result = Result(trial=trial.id, status=outcome.status, reason=why_not, trace=trace)
    return result, without_outputs([looked, *outcomes])


def _looking(trial: Trial, plain: Job, prepared: Prepared) -> Job:
    """Reads the statements of the watched files; runs nothing of them."""
    program = place_code(prepared.store, {"statements.py": (INSIDE / "statements.py").read_bytes()})
    code = next(mount for mount in plain.mounts if mount.target == "/job/code")
    names = tuple(lines.file for lines in trial.watched)
    return Job(
        argv=(
            *(plain.environment.python, "-I", "/job/look/statements.py", "--code", "/job/code"),
            *("--out", "/out/statements.json", *names),
        ),
        mounts=(code, Mount(program, "/job/look")),
        environment=plain.environment,
        limits=prepared.setup.template.spec.limits,
        purpose="statements",
    )


def _changed_statements(trial: Trial, looked: Outcome) -> _Statements:
    """The statements of each watched file that hold a watched line.

    Raises:
        Unusable: they were not found.
    """
    if looked.status != "ok" or looked.outputs is None:
        raise Unusable(f"{looked.status}, {reason(looked)}")
    try:
        every = _STATEMENTS.validate_json(Path(looked.outputs, "statements.json").read_bytes())
        return {
            one.file: tuple(lines for lines in every[one.file] if set(lines) & set(one.lines))
            for one in trial.watched
        }
    except (FileNotFoundError, ValidationError, KeyError) as error:
        raise Unusable(f"{type(error).__name__} in statements.json") from error


def _traced(trial: Trial, statements: _Statements, plain: Job, prepared: Prepared) -> Job:
    """The experiment's job with the tracer before its program."""
    watched = {
        "out": f"/out/{NOTES}",
        "files": {
            str(PurePosixPath("/job/code", name)): [line for lines in found for line in lines]
            for name, found in statements.items()
        },
    }
    files = {
        "shoal_trace.py": (INSIDE / "shoal_trace.py").read_bytes(),
        "sitecustomize.py": FOR_CHILDREN,
        "watched.json": json.dumps(watched).encode(),
    }
    tracer = place_code(prepared.store, files)
    python, *rest = plain.argv
    return Job(
        argv=(python, "/job/trace/shoal_trace.py", *rest),
        mounts=(*plain.mounts, Mount(tracer, "/job/trace")),
        environment=plain.environment,
        limits=trial.limits,
        purpose="traced experiment",
    )


def _read(trial: Trial, statements: _Statements, outcome: Outcome) -> Trace:
    """What the experiment's process noted.

    Raises:
        Unusable: it is too large, breaks the form, or speaks of lines that were not watched.
    """
    ran, marks = _notes(outcome)
    names = list(statements)
    for file, line in ran:
        if file >= len(names) or not any(line in lines for lines in statements[names[file]]):
            raise Unusable("it names a line that was not watched")
    files = tuple(
        FileTrace(
            file=name,
            changed=tuple(dict.fromkeys(lines[0] for lines in found)),
            executed=tuple(
                dict.fromkeys(lines[0] for lines in found if any((at, line) in ran for line in lines))
            ),
        )
        for at, (name, found) in enumerate(statements.items())
    )
    whole = outcome.status == "ok" and "." in marks
    return Trace(files=files, whole=whole, others=max(0, marks.count("+") - marks.count("-")))


def _notes(outcome: Outcome) -> tuple[set[tuple[int, int]], list[str]]:
    """The lines that ran, as file and line, and the other marks; nothing where nothing was written."""
    if outcome.outputs is None:
        return set(), []
    path = Path(outcome.outputs, NOTES)
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise Unusable("it is no file")
    if not path.exists():
        return set(), []
    if path.stat().st_size > MOST_BYTES:
        raise Unusable(f"it is larger than {MOST_BYTES} bytes")
    content = path.read_bytes()
    ran: set[tuple[int, int]] = set()
    marks: list[str] = []
    for note in content.splitlines(keepends=True):
        match = _NOTE.fullmatch(note)
        if match is None:
            raise Unusable("it is not in the form that tracing writes")
        if match[3]:
            marks.append(match[3].decode())
        else:
            ran.add((int(match[1]), int(match[2])))
    return ran, marks
