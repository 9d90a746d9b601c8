"""Programs that an author wrote over recorded numbers: run in the sandbox, each run recorded once.

Promises that a run sees nothing but program and numbers, in the environment of the experiment, and that a
recorded run is not run again. What a run computes is not believed here: `agent.evidence.added` judges it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from agent.artifacts import Calculation, Limits, Outcome, sha256_of
from agent.artifacts.added import calculation_id
from agent.errors import SandboxUnavailable, Stopped
from agent.ports import Job, Mount, Sandbox
from agent.trials.code import place_code
from agent.trials.prepare import Prepared, remove_outputs
from agent.trials.runner import produce, reason
from agent.workspace import Workspace

LIMITS = Limits(wall_s=20, cpus=1, mem_mb=512, out_mb=2, out_files=4, tmp_mb=4, pids=32)
CALLER = Path(__file__).parent / "inside" / "series.py"
ATTEMPTS = 3
"""How often a run is started before a broken engine is reported."""
PRINTED = 1500
"""Characters that are kept of what a failed run printed."""
OUT = "series.json"


def program_hash(code: str) -> str:
    """sha256 of a program and of what calls it."""
    return sha256_of([code, hashlib.sha256(CALLER.read_bytes()).hexdigest()])


def _id(code: str, numbers: str, environment_hash: str, turn: int) -> str:
    return calculation_id(
        program_hash(code), hashlib.sha256(numbers.encode()).hexdigest(), environment_hash, turn
    )


class Sandboxed:
    """Runs programs for one run, in the sandbox of its trials."""

    def __init__(self, prepared: Prepared, sandbox: Sandbox, workspace: Workspace, run: str) -> None:
        self._prepared = prepared
        self._sandbox = sandbox
        self._workspace = workspace
        self._run = run

    def calculate(self, code: str, numbers: str, turn: int) -> Calculation:
        """Run a program, or find its run recorded (see `agent.ports.Calculator`)."""
        environment = self._prepared.experiment
        key = f"{self._run}/{_id(code, numbers, environment.hash, turn)}"
        return self._workspace.once(Calculation, key, lambda: self._calculate(code, numbers, turn))

    def _calculate(self, code: str, numbers: str, turn: int) -> Calculation:
        folder = place_code(
            self._prepared.store,
            {"call.py": CALLER.read_bytes(), "figure.py": code.encode(), "results.json": numbers.encode()},
        )
        environment = self._prepared.experiment
        outcome = self._attempt(
            Job(
                argv=(
                    *(environment.python, "/job/figure/call.py", "/job/figure/figure.py"),
                    *("/job/figure/results.json", f"/out/{OUT}"),
                ),
                mounts=(Mount(folder, "/job/figure"),),
                environment=environment,
                limits=LIMITS,
                purpose="figure",
            )
        )
        try:
            ok = outcome.status == "ok"
            return Calculation(
                program=program_hash(code),
                data=hashlib.sha256(numbers.encode()).hexdigest(),
                environment_hash=environment.hash,
                turn=turn,
                status=outcome.status,
                reason="" if ok else reason(outcome),
                output=_written(outcome) if ok else "",
                printed="" if ok else outcome.log_tail[-PRINTED:],
            )
        finally:
            remove_outputs(outcome)

    def _attempt(self, job: Job) -> Outcome:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return produce(job, self._sandbox)[-1]
            except SandboxUnavailable:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable")


class Recorded:
    """The recorded runs of a run's programs; runs none."""

    def __init__(self, environment_hash: str, source: Workspace, target: Workspace, run: str) -> None:
        """`target`: where a run that was asked for is put; the source itself to leave things as they are."""
        self._environment_hash = environment_hash
        self._source = source
        self._target = target
        self._run = run

    def calculate(self, code: str, numbers: str, turn: int) -> Calculation:
        """The recorded run (see `agent.ports.Calculator`).

        Raises:
            Stopped: there is none.
        """
        key = f"{self._run}/{_id(code, numbers, self._environment_hash, turn)}"
        try:
            found = self._source.get(Calculation, key)
        except KeyError:
            raise Stopped("a run of the added figure's code over these results is not recorded") from None
        return self._target.put(key, found)


def _written(outcome: Outcome) -> str:
    """What a program wrote; empty where there is no such file, or no text in it."""
    try:
        return Path(outcome.outputs or "", OUT).read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError, UnicodeDecodeError):
        return ""
