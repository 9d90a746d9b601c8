"""Following several ways at once: none waits for another's trials."""

from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from agent.stages.batch import side_by_side

Way = Iterator[Collection[Future[Any]]]


def test_a_way_goes_on_while_another_waits() -> None:
    seen: list[str] = []
    first: Future[Any] = Future()
    second: Future[Any] = Future()
    third: Future[Any] = Future()

    def slow() -> Way:
        yield [first]
        seen.append("slow ended")

    def quick() -> Way:
        yield [second]
        seen.append("quick went on")
        third.set_result(None)  # asked for only now, while `first` is still running
        yield [third]
        seen.append("quick ended")
        first.set_result(None)

    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(side_by_side, [slow(), quick()])
        second.set_result(None)
        following.result()
    assert seen == ["quick went on", "quick ended", "slow ended"]


def test_a_way_waits_for_all_of_its_own_trials() -> None:
    one: Future[Any] = Future()
    other: Future[Any] = Future()
    seen: list[bool] = []

    def way() -> Way:
        yield [one, other]
        seen.append(one.done() and other.done())

    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(side_by_side, [way()])
        one.set_result(None)
        other.set_result(None)
        following.result()
    assert seen == [True]


def test_a_way_without_trials_ends_and_what_it_raises_is_raised() -> None:
    def nothing() -> Way:
        yield []

    def broken() -> Way:
        yield []
        raise KeyError("trial")

    side_by_side([nothing(), nothing()])
    side_by_side([])
    with pytest.raises(KeyError, match="trial"):
        side_by_side([nothing(), broken()])
