"""Limits on what a provider is asked at a time and in a minute.

Promises that no more calls are under way than `concurrent`, and that in no window of a minute more than
`calls` are sent or more than `tokens` are asked for, as long as the server's own counts agree. A call counts
with the most that it may take until its reply says what it took. Refusals by which a dialect is settled, and
attempts that are repeated, count as calls of their own.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

from agent.models.retry import Waiting, seconds_text
from agent.models.wire import Client, Reply, Request, Unanswered

MINUTE_S = 60.0
BYTES_A_TOKEN = 3
"""A cautious guess for English, code and LaTeX, where four is usual."""
TOLD_FROM_S = 1.0
"""Shorter waits are not told."""
LOOK_S = 0.1
"""Seconds between looks for a free place among concurrent calls."""


@dataclass(frozen=True)
class Rates:
    """What one provider may be asked; None for no limit."""

    concurrent: int | None = None
    """Calls under way at one time."""
    calls: int | None = None
    """Calls a minute."""
    tokens: int | None = None
    """Tokens a minute, prompts and answers together."""

    @property
    def none(self) -> bool:
        """Nothing is limited."""
        return self.concurrent is None and self.calls is None and self.tokens is None


@dataclass
class _Sent:
    """One call that was let through."""

    at: float
    tokens: int
    under_way: bool = True


@dataclass
class Gate:
    """What one provider was asked in the last minute."""

    rates: Rates
    _sent: deque[_Sent] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def enter(self, tokens: int, now: float) -> tuple[_Sent | None, float]:
        """Let a call of so many tokens through, or say after how many seconds to ask again."""
        with self._lock:
            while self._sent and not self._sent[0].under_way and self._sent[0].at <= now - MINUTE_S:
                self._sent.popleft()
            pause_s = self._pause(tokens, now)
            if pause_s > 0:
                return None, pause_s
            sent = _Sent(now, tokens)
            self._sent.append(sent)
            return sent, 0.0

    def leave(self, sent: _Sent, tokens: int | None) -> None:
        """Note that a call has ended, and how many tokens it took; None where that is not known."""
        with self._lock:
            sent.under_way = False
            if tokens is not None:
                sent.tokens = tokens

    def _pause(self, tokens: int, now: float) -> float:
        rates = self.rates
        if rates.concurrent is not None and sum(one.under_way for one in self._sent) >= rates.concurrent:
            return LOOK_S
        recent = [one for one in self._sent if one.at > now - MINUTE_S]
        if rates.calls is not None and len(recent) >= rates.calls:
            return recent[-rates.calls].at + MINUTE_S - now
        return 0.0 if rates.tokens is None else _until_they_fit(recent, tokens, rates.tokens, now)


def _until_they_fit(recent: list[_Sent], tokens: int, most: int, now: float) -> float:
    """Seconds until enough of the last minute's tokens are a minute old; a call of more than `most` goes
    alone."""
    held, ready = sum(one.tokens for one in recent), now
    for one in recent:
        if held + tokens <= most:
            break
        held -= one.tokens
        ready = one.at + MINUTE_S
    return ready - now


@dataclass(frozen=True)
class Paced:
    """A `Client` that keeps another one within the rates, for each provider by itself."""

    inner: Client
    rates: Rates
    waiting: Waiting = field(default_factory=Waiting)
    _gates: dict[str, Gate] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def complete(self, request: Request) -> Reply:
        """Answer one request once the rates allow it (see `agent.models.wire.Client`).

        Raises:
            Stopped: the run is to stop.
        """
        provider = request.model.partition(":")[0]
        with self._lock:
            gate = self._gates.setdefault(provider, Gate(self.rates))
        sent = self._admitted(gate, request, provider)
        tokens: int | None = 0
        try:
            reply = self.inner.complete(request)
            tokens = reply.usage.prompt_tokens + reply.usage.completion_tokens or None
        except Unanswered:
            tokens = None
            raise
        finally:
            gate.leave(sent, tokens)
        return reply

    def _admitted(self, gate: Gate, request: Request, provider: str) -> _Sent:
        tokens = sum(len(message.text.encode()) for message in request.messages) // BYTES_A_TOKEN
        tokens += request.sampling.max_output_tokens
        told = False
        while True:
            sent, pause_s = gate.enter(tokens, self.waiting.clock.now())
            if sent is not None:
                return sent
            if pause_s >= TOLD_FROM_S and not told:
                self.waiting.tell(f"waiting {seconds_text(pause_s)} for {provider}: limits of [models]")
                told = True
            self.waiting.wait(pause_s)
