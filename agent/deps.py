"""What a stage may use: ports, workspace, template, chance, and the way to say what happens."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agent.artifacts import Run
from agent.errors import Stopped
from agent.ledger import Ledger
from agent.ports import Calculator, Emit, Environment, Event, EventKind, Executor, Literature, Model, Sandbox
from agent.templates import Setup
from agent.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np


Consent = Literal["uninformative", "exhausted"]
"""What `--allow-…` allows: asked on a terminal, refused elsewhere without the flag."""


@dataclass(frozen=True)
class Tex:
    """Where LaTeX runs; chosen apart from the sandbox of the trials."""

    sandbox: Sandbox
    environment: Environment


@dataclass(frozen=True)
class Deps:
    """Everything that a stage may touch, built once by the command line."""

    run: Run
    setup: Setup
    workspace: Workspace
    ledger: Ledger
    model: Model
    executor: Executor
    calculator: Calculator
    literature: Literature
    tex: Tex | None
    """None with `--no-pdf`."""
    unenforced: tuple[str, ...]
    """Limits of the trials that this machine does not enforce and the user allowed to be open."""
    stop: Callable[[], Stopped | None]
    """The reason to stop, or None; polled between trials."""
    consent: Callable[[Consent, str], bool]
    """Whether the user allows a step that weakens the study; gets its name and the question to ask."""
    emit: Emit

    def rng(self, *stream: str) -> np.random.Generator:
        """A generator of its own for each named stream, derived from the run's seed."""
        import numpy as np

        digest = hashlib.sha256("/".join((str(self.run.seed), *stream)).encode()).digest()
        return np.random.default_rng(list(digest))

    def check_stop(self) -> None:
        """Raise what `stop` asks for.

        Raises:
            Stopped: the run is to end here; it can be resumed.
        """
        if reason := self.stop():
            raise reason

    def say(self, kind: EventKind, idea: str, text: str, **data: object) -> None:
        """Emit an event."""
        self.emit(Event(kind=kind, idea=idea, text=text, data=data))
