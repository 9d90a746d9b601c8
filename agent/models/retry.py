"""The one layer of retries: sends a request again after a fault that may pass.

Promises that attempts are bounded in number and in time, that a wait is told before it begins and ends soon
after the run is asked to stop, and that an attempt which the server may bill is booked before the next one.
What may pass is decided by the client beneath, which raises `Passing`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from agent.errors import Stopped
from agent.models.wire import Client, Passing, Reply, Request, Unanswered

POLL_S = 0.2
"""A wait looks this often whether the run is to stop."""
ASKED_SPREAD = 0.1
"""A wait that the server asked for is lengthened by up to this share, so that threads come back apart."""


class Clock(Protocol):
    """Time that passes."""

    def now(self) -> float:
        """Seconds since some fixed instant; never goes back."""

    def pass_by(self, seconds: float) -> None:
        """Return after so many seconds."""


class WallClock:
    """The machine's own time."""

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def pass_by(self, seconds: float) -> None:
        """Sleep."""
        threading.Event().wait(seconds)


@dataclass(frozen=True)
class Patience:
    """How long a request that fails is sent again."""

    attempts: int = 7
    """Attempts of one request, at most."""
    total_s: float = 900
    """Seconds from the first attempt to the beginning of the last one, at most."""
    first_s: float = 1
    """Seconds of the first wait, before jitter; each further one is twice as long."""
    longest_s: float = 60
    """Seconds of one wait, at most, unless the server asks for more."""


def keep_going() -> Stopped | None:
    """Where nobody can ask to stop."""
    return None


def tell_nobody(_text: str) -> None:
    """Where nobody looks on."""


@dataclass(frozen=True)
class Waiting:
    """How waits are told, interrupted and timed; shared by retries and rate limits."""

    tell: Callable[[str], None] = tell_nobody
    stop: Callable[[], Stopped | None] = keep_going
    clock: Clock = field(default_factory=WallClock)

    def wait(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            Stopped: the run is to stop.
        """
        until = self.clock.now() + seconds
        while True:
            if reason := self.stop():
                raise reason
            left = until - self.clock.now()
            if left <= 0:
                return
            self.clock.pass_by(min(left, POLL_S))


@dataclass(frozen=True)
class Persistent:
    """A `Client` that asks another one again where its fault may pass."""

    inner: Client
    patience: Patience = field(default_factory=Patience)
    waiting: Waiting = field(default_factory=Waiting)
    rng: Random = field(default_factory=Random)
    """Jitter changes no result, so it needs no seed of the run."""

    def complete(self, request: Request) -> Reply:
        """Answer one request (see `agent.models.wire.Client`).

        Raises:
            Passing: the fault lasted.
            Unanswered: the same, and the server may bill the last attempt.
            Stopped: the run is to stop, or no cap allows another attempt.
        """
        began = self.waiting.clock.now()
        attempt, hopeless = 0, 0
        while True:
            attempt += 1
            try:
                return self.inner.complete(request)
            except Passing as fault:
                most = self.patience.attempts
                if fault.tries is not None:
                    most, hopeless = min(most, attempt + fault.tries - hopeless - 1), hopeless + 1
                pause_s = self._pause(fault, attempt)
                late = self.waiting.clock.now() - began + pause_s > self.patience.total_s
                if attempt >= most or late:
                    raise _lasting(fault, request.model, attempt, pause_s) from None
                if isinstance(fault, Unanswered):
                    request.again()
                provider = request.model.partition(":")[0]
                self.waiting.tell(
                    f"waiting {seconds_text(pause_s)} for {provider}: {fault.fault}, "
                    f"attempt {attempt + 1} of {most}"
                )
            self.waiting.wait(pause_s)

    def _pause(self, fault: Passing, attempt: int) -> float:
        """Seconds to wait: what the server asks for and a little more, else exponential with full jitter
        over its upper half."""
        if fault.asked_s is not None:
            return fault.asked_s * (1 + ASKED_SPREAD * self.rng.random())
        full = min(self.patience.longest_s, self.patience.first_s * 2.0 ** (attempt - 1))
        return full * (1 + self.rng.random()) / 2


def _lasting(fault: Passing, model: str, attempts: int, pause_s: float) -> Passing:
    tried = f"in {attempts} attempts" if attempts > 1 else "in 1 attempt"
    asked = fault.asked_s is not None and pause_s >= 1
    wish = f" (it asks to wait {seconds_text(pause_s)})" if asked else ""
    return type(fault)(f"{model}: {fault.fault} {tried}{wish}", fault.remedy)


def seconds_text(seconds: float) -> str:
    """A wait for people: `0.4 s`, `12 s`, `3 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
