"""A trial and what came of it."""

from __future__ import annotations

from pydantic import Field, model_validator

from agent.artifacts.base import Artifact, Id, OutcomeStatus, Split, Status, unset
from agent.artifacts.change import KnobValue, Limits


class Lines(Artifact):
    """Some lines of one file."""

    file: str
    """Path relative to the template folder."""
    lines: tuple[int, ...]
    """Numbers from 1, ascending."""


class Trial(Artifact):
    """One execution of one variant on one replicate and split; its id is the hash of its fields."""

    template_hash: str
    """Evaluator, read-only code, metrics and the evaluator's environment and limits."""
    data_hash: str
    """Prepared data of one regime."""
    code_hash: str
    """Editable files after the edits."""
    knobs: tuple[KnobValue, ...]
    """All knobs of the template, defaults included."""
    replicate: int
    split: Split
    limits: Limits
    environment_hash: str
    """Python, architecture, wheels and the numeric kernel of the experiment's environment."""
    watched: tuple[Lines, ...] = Field(default=(), exclude_if=unset)
    """The lines of which a traced trial says whether they ran; empty for a trial that is scored."""

    @property
    def id(self) -> str:
        """The first 40 hex digits of the hash."""
        return self.hash[:40]


class Measure(Artifact):
    """One metric of one trial."""

    name: str
    value: float


class Curve(Artifact):
    """A learning curve from the evaluator, over predictions saved at checkpoints."""

    metric: str
    x_name: str
    x: tuple[float, ...]
    y: tuple[float, ...]


class FileTrace(Artifact):
    """Which changed statements of one file a traced trial executed; each is named by its first line."""

    file: str
    changed: tuple[int, ...]
    """Statements with a watched line, also those that nothing can reach; ascending."""
    executed: tuple[int, ...]
    """Those of them that began to run, as the trial's own process noted."""

    @model_validator(mode="after")
    def _executed_are_changed(self) -> FileTrace:
        if not set(self.executed) <= set(self.changed):
            raise ValueError(f"{self.file}: what was executed is not among what was changed")
        return self

    @property
    def missed(self) -> tuple[int, ...]:
        """The changed statements that did not run."""
        return tuple(line for line in self.changed if line not in self.executed)


class Trace(Artifact):
    """What a traced trial noted."""

    files: tuple[FileTrace, ...]
    whole: bool
    """Noting went on until the experiment ended by itself."""
    others: int
    """Programs that it started and that did not note anything."""

    @property
    def changed(self) -> int:
        """How many statements were changed."""
        return sum(len(file.changed) for file in self.files)

    @property
    def missed(self) -> int:
        """How many of them did not run."""
        return sum(len(file.missed) for file in self.files)

    @property
    def is_dead(self) -> bool:
        """Whether it is known that no changed statement ran at all."""
        return self.whole and not self.others and 0 < self.changed == self.missed


class Result(Artifact):
    """What a trial came to. A failure has no number."""

    trial: Id
    status: Status
    reason: str = ""
    """The evaluator's reason for `invalid`, or what limit was hit."""
    metrics: tuple[Measure, ...] = ()
    """Empty unless the status is ok."""
    scores_hash: str | None = None
    """Hash of the per-item scores, which the workspace keeps beside the results."""
    curves: tuple[Curve, ...] = ()
    outputs_hash: str | None = None
    """Hash over the experiment's output files."""
    self_reported: bool = False
    """True where the experiment scored itself."""
    trace: Trace | None = Field(default=None, exclude_if=unset)
    """What a traced trial noted; None for every other trial, and where nothing usable was noted."""

    @model_validator(mode="after")
    def _a_failure_has_no_number(self) -> Result:
        if self.status != "ok" and (self.metrics or self.curves or self.scores_hash):
            raise ValueError(f"a trial that is {self.status} cannot have metrics")
        if self.trace is not None and self.metrics:
            raise ValueError("a traced trial is not scored")
        if self.status == "ok" and not self.metrics and self.trace is None:
            raise ValueError("a trial that is ok needs metrics")
        return self

    def metric(self, name: str) -> float | None:
        """The value of a metric; None for a failed trial.

        Raises:
            KeyError: the trial is ok and has no such metric.
        """
        if self.status != "ok":
            return None
        return {m.name: m.value for m in self.metrics}[name]


class Scores(Artifact):
    """Per-item scores of one trial, by metric, in the order of the split's items."""

    values: dict[str, tuple[float, ...]]


class Outcome(Artifact):
    """How a sandboxed job ended. Kept beside a Result and never hashed."""

    status: OutcomeStatus
    exit_code: int | None
    """None where the job was killed before it could exit."""
    log_tail: str
    """The end of its standard output and error, mixed."""
    outputs: str | None
    """Folder that holds the collected files of /out; None where nothing was collected."""
    wall_s: float
    cpu_s: float
    peak_mb: float
    """Peak resident memory in MiB; 0 where it could not be measured."""
    limits_hit: tuple[str, ...] = ()
    """Names of the limits that ended or cut the job: wall_s, mem_mb, out_mb, out_files, pids …"""
    sandbox: str
    """docker, bubblewrap or none."""
