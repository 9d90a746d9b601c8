"""Faults that may pass are tried again in one place: a bounded number of times, for a bounded time, aloud."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import CapReached, ModelUnavailable, SettingsError, Stopped
from agent.models.retry import POLL_S, Patience, Persistent
from agent.models.wire import Passing, Reply, Request, Unanswered
from tests.models.clocks import Hand
from tests.models.support import GOOD, request

REPLY = Reply(GOOD, "stop", "json_schema")


class Faulty:
    """A client that raises one fault after another, then answers; each attempt takes some seconds."""

    def __init__(self, clock: Hand, *faults: Exception, takes_s: float = 0.0) -> None:
        self._clock, self._faults, self._takes_s = clock, list(faults), takes_s
        self.begun: list[float] = []

    def complete(self, request: Request) -> Reply:
        self.begun.append(self._clock.now())
        self._clock.pass_by(self._takes_s)
        if self._faults:
            raise self._faults.pop(0)
        return REPLY


def persistent(faulty: Faulty, clock: Hand, **patience: float) -> Persistent:
    return Persistent(faulty, replace(Patience(), **patience), clock.waiting(), Random(0))


def test_waits_double_with_jitter_and_are_told_before_they_begin() -> None:
    clock = Hand()
    faulty = Faulty(clock, *[Passing("HTTP 500")] * 4)
    assert persistent(faulty, clock).complete(request()) == REPLY
    waits = [later - earlier for earlier, later in zip(faulty.begun, faulty.begun[1:], strict=False)]
    for wait, full in zip(waits, (1, 2, 4, 8), strict=True):
        assert full / 2 <= wait <= full
    assert len({wait / full for wait, full in zip(waits, (1, 2, 4, 8), strict=True)}) == 4
    assert clock.told[0] == f"waiting {waits[0]:.1f} s for openai: HTTP 500, attempt 2 of 7"
    assert clock.told[-1].endswith("HTTP 500, attempt 5 of 7")


def test_what_the_server_asks_for_goes_before_the_own_wait() -> None:
    clock = Hand()
    faulty = Faulty(clock, Passing("HTTP 429", asked_s=12.0))
    persistent(faulty, clock).complete(request())
    assert 12.0 <= faulty.begun[1] <= 13.3
    assert clock.told[0].startswith(f"waiting {faulty.begun[1]:.0f} s for openai: HTTP 429, attempt 2")


@given(st.integers(1, 12), st.floats(0, 400), st.floats(0.1, 30), st.lists(st.floats(0, 500), max_size=14))
def test_attempts_and_time_are_bounded_whatever_happens(attempts, total_s, takes_s, asked) -> None:
    clock = Hand()
    faulty = Faulty(clock, *(Passing("HTTP 429", asked_s=wish) for wish in asked), takes_s=takes_s)
    patient = Persistent(
        faulty, Patience(attempts=attempts, total_s=total_s), clock.waiting(), Random(len(asked))
    )
    try:
        patient.complete(request())
    except Passing:
        assert len(faulty.begun) <= len(asked)
    assert len(faulty.begun) <= attempts
    assert faulty.begun[-1] <= max(total_s + 1e-6, 0)


def test_a_fault_that_lasts_says_how_often_it_was_tried_and_what_to_do() -> None:
    clock = Hand()
    faulty = Faulty(clock, *[Passing("HTTP 503", "The server says: busy")] * 9)
    with pytest.raises(ModelUnavailable, match=r"^openai:m: HTTP 503 in 7 attempts; The server says: busy$"):
        persistent(faulty, clock).complete(request())
    assert len(faulty.begun) == 7


def test_a_wait_that_would_take_too_long_is_not_begun() -> None:
    clock = Hand()
    faulty = Faulty(clock, Passing("HTTP 429", asked_s=7200.0))
    with pytest.raises(ModelUnavailable, match=r"HTTP 429 in 1 attempt \(it asks to wait 1\d\d min\)"):
        persistent(faulty, clock).complete(request())
    assert clock.now() == 0


def test_a_fault_with_fewer_tries_ends_sooner() -> None:
    clock = Hand()
    faulty = Faulty(clock, *[Passing("HTTP 429", "the account's quota is used up", tries=2)] * 9)
    with pytest.raises(ModelUnavailable, match="in 2 attempts; the account's quota"):
        persistent(faulty, clock).complete(request())
    assert clock.told == [clock.told[0]]


def test_a_fault_with_fewer_tries_has_them_beside_the_others() -> None:
    clock = Hand()
    brief, long = Passing("unreadable", tries=2), Passing("HTTP 500")
    faulty = Faulty(clock, long, long, brief, long)
    persistent(faulty, clock).complete(request())
    assert [line.rsplit(",", 1)[1] for line in clock.told] == [
        " attempt 2 of 7",
        " attempt 3 of 7",
        " attempt 4 of 4",
        " attempt 5 of 7",
    ]
    with pytest.raises(Passing, match="unreadable in 4 attempts"):
        persistent(Faulty(clock, long, brief, long, brief, long), clock).complete(request())


def test_a_refusal_is_not_tried_again() -> None:
    clock = Hand()
    faulty = Faulty(clock, SettingsError("no key"))
    with pytest.raises(SettingsError):
        persistent(faulty, clock).complete(request())
    assert len(faulty.begun) == 1


def test_a_stop_ends_a_wait_soon() -> None:
    clock = Hand()
    clock.stop_at = 10.0
    faulty = Faulty(clock, Passing("HTTP 429", asked_s=300.0))
    with pytest.raises(Stopped):
        persistent(faulty, clock).complete(request())
    assert 10.0 <= clock.now() <= 10.0 + POLL_S + 1e-9
    assert len(faulty.begun) == 1


def test_an_attempt_that_may_be_billed_is_booked_before_the_next_one_and_others_are_not() -> None:
    clock, booked = Hand(), []
    faulty = Faulty(clock, Unanswered("reset"), Passing("HTTP 500"), Unanswered("time-out"))
    asking = replace(request(), again=lambda: booked.append(len(faulty.begun)))
    persistent(faulty, clock).complete(asking)
    assert booked == [1, 3]


def test_a_cap_may_end_the_attempts() -> None:
    def refuse() -> None:
        raise CapReached("no more", remedy="--max-cost 2")

    clock = Hand()
    faulty = Faulty(clock, Unanswered("reset"))
    with pytest.raises(CapReached):
        persistent(faulty, clock).complete(replace(request(), again=refuse))
    assert len(faulty.begun) == 1


def test_the_last_fault_stays_one_that_may_be_billed() -> None:
    clock = Hand()
    with pytest.raises(Unanswered, match="reset in 7 attempts"):
        persistent(Faulty(clock, *[Unanswered("reset")] * 7), clock).complete(request())
