"""The seams: Model, Sandbox, Executor, Literature, and the types they speak.

A port says all that its callers may rely on. Expected outcomes are values; broken machinery raises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel

from agent.artifacts import Calculation, Change, Limits, Outcome, Reference, Result, Scores, Trial

InT = TypeVar("InT", bound=BaseModel)
OutT = TypeVar("OutT", bound=BaseModel)
InT_contra = TypeVar("InT_contra", bound=BaseModel, contravariant=True)
OutT_co = TypeVar("OutT_co", bound=BaseModel, covariant=True)

ModelRole = Literal["default", "code", "write", "review", "vision"]


# -------------------------------------------------------------------------------------------- models


def _no_problems(_data: BaseModel, _answer: BaseModel) -> tuple[str, ...]:
    return ()


def _no_images(_data: BaseModel) -> tuple[Path, ...] | None:
    return None


@dataclass(frozen=True)
class Prompt(Generic[InT, OutT]):
    """A typed function without a body: input, output, a check, and the file `prompts/<name>.md.j2`."""

    name: str
    version: int
    In: type[InT]
    Out: type[OutT]
    role: ModelRole = "default"
    check: Callable[[InT, OutT], tuple[str, ...]] = _no_problems
    """Problems of an answer that its schema cannot see, each a sentence for the answerer; empty when good."""
    images: Callable[[InT], tuple[Path, ...] | None] = _no_images


@dataclass(frozen=True)
class Usage:
    """Tokens of one or more calls."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.completion_tokens + other.completion_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
        )


@dataclass(frozen=True)
class Answer(Generic[OutT_co]):
    """A parsed and checked answer."""

    value: OutT_co
    model: str
    """`provider:name` that answered, or `scripted`."""
    calls: tuple[str, ...]
    """Journal keys of all turns behind it, repairs included."""
    usage: Usage = field(default_factory=Usage)


class Model(Protocol):
    """Answers prompts."""

    def ask(self, prompt: Prompt[InT, OutT], data: InT, *, site: str, sample: int = 0) -> Answer[OutT]:
        """Answer `prompt` for `data`.

        Args:
            site: Where in the study it is asked, `idea/stage/node`; part of the journal's key.
            sample: Number of the draw, for several independent answers at one site.

        Raises:
            AnswerRejected: every allowed turn broke the schema or the prompt's check.
            ModelUnavailable: the server gave no answer within the bounded attempts.
            SettingsError: the server refused the key, the model's name or the request.
        """


# ------------------------------------------------------------------------------------------ sandboxes


@dataclass(frozen=True)
class Mount:
    """A file or folder of the host that the job sees, read-only."""

    source: Path
    target: str
    """Absolute path inside the sandbox, under /job."""


@dataclass(frozen=True)
class Environment:
    """A built set of Python packages."""

    hash: str
    """sha256 of Python version, architecture, resolved wheels and the numeric kernel in use."""
    handle: str
    """Image tag or virtual environment folder; means something to the sandbox that built it only."""
    python: str
    """Interpreter to put first into `Job.argv`."""


@dataclass(frozen=True)
class Job:
    """One program to run in one fresh sandbox. Has no field that could carry a host variable."""

    argv: tuple[str, ...]
    mounts: tuple[Mount, ...]
    environment: Environment
    limits: Limits
    purpose: str
    """For labels and messages: `prepare`, `experiment`, `evaluate`, `tex` …"""
    network: bool = False
    """True only for a prepare step that the template and the user both allowed."""


class Sandbox(Protocol):
    """Runs one untrusted job at a time per call, isolated from host, network and other jobs.

    Inside: no network, read-only root, an unprivileged user, no capabilities, no new privileges, no
    variable of the host, `/out` and `/tmp` writable within the limits, `/job` holds the mounts.
    """

    name: Literal["docker", "bubblewrap", "none"]

    def environment(self, requirements: tuple[str, ...]) -> Environment:
        """Build the set of packages once, or find it built.

        Raises:
            TemplateError: a requirement cannot be installed; the text names it.
            SandboxUnavailable: the engine itself failed.
        """

    def run(self, job: Job) -> Outcome:
        """Run `job` to its end or its limits and collect the files of `/out`.

        A crash, time-out, memory kill or full disk is an Outcome. `Outcome.outputs` is a folder that
        the caller owns and removes.

        Raises:
            SandboxUnavailable: the engine itself failed; nothing is known about the job.
            Stopped: `stop_all` ended it.
        """

    def stop_all(self) -> None:
        """End every job that this object is running; returns once they are gone."""


# ------------------------------------------------------------------------------------------- executor


@dataclass(frozen=True)
class Finished:
    """A recorded trial: its result and, where the evaluator gave them, its per-item scores."""

    result: Result
    scores: Scores | None
    reused: bool
    """True if it was known already and did not run now."""


class Executor(Protocol):
    """Runs trials, several at a time, and records each one once."""

    def submit(self, trial: Trial, change: Change, *, queue: str = "") -> Future[Finished]:
        """Queue a trial; results arrive as they end, in any order.

        Args:
            queue: Whose trial it is, such as an idea's id. Queues take turns, so that none waits for all
                that another one asked for.

        The future raises SandboxUnavailable when the machinery broke, Stopped when the run was stopped.
        """

    def close(self) -> None:
        """End what is running and wait for it."""


class Calculator(Protocol):
    """Runs programs that a paper's author wrote over recorded numbers, and records each run once."""

    def calculate(self, code: str, numbers: str, turn: int) -> Calculation:
        """Call the function `series` of a program with the numbers, in a sandbox that holds nothing else.

        A crash or a limit that was hit is a Calculation.

        Args:
            numbers: JSON.
            turn: Number of the run, from 1, where a program runs several times over the same numbers.

        Raises:
            SandboxUnavailable: the engine itself failed; nothing is known about the program.
            Stopped: the run was stopped, or knows only recorded runs and this is none of them.
        """


# ----------------------------------------------------------------------------------------- literature


class Literature(Protocol):
    """Knows which works exist."""

    def works(self, topics: tuple[str, ...], limit: int) -> tuple[Reference, ...]:
        """The works that speak to the topics, best first; every one has status `found`."""

    def find(self, key: str) -> Reference:
        """The work behind a citation key; its status tells whether it exists."""


# -------------------------------------------------------------------------------------------- progress


EventKind = Literal["stage", "trial", "call", "note", "verdict", "error", "done"]


@dataclass(frozen=True)
class Event:
    """Something that happened, for progress displays and `events.jsonl`."""

    kind: EventKind
    idea: str
    text: str
    data: Mapping[str, Any] = field(default_factory=dict)


Emit = Callable[[Event], None]
