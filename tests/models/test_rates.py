"""Calls at a time, calls a minute and tokens a minute are kept to, for each provider by itself."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import Stopped
from agent.models.rates import BYTES_A_TOKEN, LOOK_S, MINUTE_S, Gate, Paced, Rates
from agent.models.retry import Waiting
from agent.models.wire import Passing, Reply, Request, Sampling
from agent.ports import Usage
from agent.prompts import Message
from tests.models.clocks import Hand
from tests.models.support import request

PROMPT_TOKENS = 10
SMALL = replace(
    request(), messages=(Message("user", "x" * BYTES_A_TOKEN * PROMPT_TOKENS),), sampling=Sampling(90)
)
"""Asks for 100 tokens at the most."""


class Counting:
    """A client that notes when it was asked, and what for; each call takes a second."""

    def __init__(self, clock: Hand, usage: Usage | None = None) -> None:
        self._clock, self._usage = clock, usage or Usage()
        self.calls: list[tuple[float, str]] = []

    def complete(self, request: Request) -> Reply:
        self.calls.append((self._clock.now(), request.model))
        self._clock.pass_by(1)
        return Reply("{}", "stop", "json_schema", self._usage)


def most_in_a_minute(times: list[float]) -> int:
    return max(sum(begin <= time < begin + MINUTE_S - 1e-6 for time in times) for begin in times)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 20), st.integers(1, 50))
def test_no_minute_has_more_calls_than_allowed(calls: int, asked: int) -> None:
    clock = Hand()
    counting = Counting(clock)
    paced = Paced(counting, Rates(calls=calls), clock.waiting())
    for _ in range(asked):
        paced.complete(SMALL)
    times = [time for time, _ in counting.calls]
    assert most_in_a_minute(times) <= calls
    assert times[-1] <= MINUTE_S * (asked // calls) + asked + 1


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 1000), st.integers(1, 100))
def test_no_minute_asks_for_more_tokens_than_allowed(tokens: int, took: int) -> None:
    clock = Hand()
    counting = Counting(clock, Usage(took, 0, 0, 0))
    paced = Paced(counting, Rates(tokens=tokens), clock.waiting())
    for _ in range(20):
        paced.complete(SMALL)
    times = [time for time, _ in counting.calls]
    for begin in times:
        inside = [time for time in times if begin <= time < begin + MINUTE_S - 1e-6]
        assert len(inside) == 1 or (len(inside) - 1) * took + 100 <= tokens


def test_a_wait_is_told_once_and_a_stop_ends_it() -> None:
    clock = Hand()
    paced = Paced(Counting(clock), Rates(calls=1), clock.waiting())
    paced.complete(SMALL)
    paced.complete(SMALL)
    assert clock.told == ["waiting 59 s for openai: limits of [models]"]
    clock.stop_at = clock.now() + 5
    with pytest.raises(Stopped):
        paced.complete(SMALL)


def test_each_provider_has_limits_of_its_own() -> None:
    clock = Hand()
    counting = Counting(clock)
    paced = Paced(counting, Rates(calls=1), clock.waiting())
    for model in ("openai:m", "vllm:m", "groq:m"):
        paced.complete(replace(SMALL, model=model))
    assert counting.calls[-1][0] == 2.0


def test_a_call_that_failed_unbilled_leaves_its_tokens_free() -> None:
    class Fails:
        def complete(self, request: Request) -> Reply:
            raise Passing("HTTP 429")

    clock = Hand()
    paced = Paced(Fails(), Rates(tokens=100), clock.waiting())
    for _ in range(3):
        with pytest.raises(Passing):
            paced.complete(SMALL)
    assert clock.now() == 0


def test_a_place_is_free_once_a_call_has_ended() -> None:
    gate = Gate(Rates(concurrent=2))
    first, _ = gate.enter(1, now=0.0)
    gate.enter(1, now=0.0)
    assert gate.enter(1, now=90.0) == (None, LOOK_S)
    assert first is not None
    gate.leave(first, 1)
    assert gate.enter(1, now=90.0)[0] is not None


def test_no_more_calls_are_under_way_than_allowed() -> None:
    class Busy:
        def __init__(self) -> None:
            self.lock, self.now, self.most = threading.Lock(), 0, 0
            self.full = threading.Event()

        def complete(self, request: Request) -> Reply:
            with self.lock:
                self.now += 1
                self.most = max(self.most, self.now)
                if self.now == 3:
                    self.full.set()
            self.full.wait(10)
            with self.lock:
                self.now -= 1
            return Reply("{}", "stop", "json_schema")

    busy = Busy()
    paced = Paced(busy, Rates(concurrent=3), Waiting())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(paced.complete, [SMALL] * 16))
    assert busy.most == 3
