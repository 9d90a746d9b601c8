"""Caps hold for concurrent calls, prices come from the table or the user, and local models are free."""

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import ModelUnavailable, SettingsError, Stopped
from agent.models.budget import Budgeted, Price, Spending, cost_of
from agent.models.wire import Reply, Request, Sampling, Unanswered
from agent.ports import Usage
from agent.prompts import Message
from tests.models.support import request

SMALL = replace(request(), messages=(Message("system", "x" * 80),), schema={}, sampling=Sampling(50))
MOST = 80 + 16 + 4 + 50
"""Tokens that SMALL can cost at most: bytes, one message, two bytes of schema twice, the limit on output."""


class Costs:
    """A client whose calls cost what it is told, and which knows how many run at one time."""

    def __init__(self, *usages: Usage) -> None:
        self._usages = list(usages)
        self._lock = threading.Lock()
        self.made: list[Usage] = []

    def complete(self, request: Request) -> Reply:
        with self._lock:
            usage = self._usages[len(self.made) % len(self._usages)]
            self.made.append(usage)
        return Reply("{}", "stop", "json_schema", usage)


class Fails:
    """A client that always fails in one way."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def complete(self, request: Request) -> Reply:
        raise self._error


def tokens(usage: Usage) -> int:
    return usage.prompt_tokens + usage.completion_tokens


def run_all(budget: Budgeted, calls: int, threads: int) -> int:
    """How many of `calls` were allowed."""
    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(budget.complete, SMALL) for _ in range(calls)]
        wait(futures)
    stopped = [future for future in futures if isinstance(future.exception(), Stopped)]
    assert all(future.exception() is None for future in futures if future not in stopped)
    return calls - len(stopped)


@settings(max_examples=25, deadline=None)
@given(
    cap=st.integers(0, 2000),
    usages=st.lists(st.tuples(st.integers(1, 100), st.integers(0, 50)), min_size=1, max_size=5),
)
def test_no_cap_on_tokens_is_ever_overshot_by_concurrent_calls(cap, usages):
    inner = Costs(*(Usage(prompt, 0, reply, 0) for prompt, reply in usages))
    budget = Budgeted(inner, max_tokens=cap)
    allowed = run_all(budget, calls=24, threads=8)
    assert allowed == len(inner.made)
    assert tokens(budget.spent().usage) == sum(map(tokens, inner.made)) <= cap
    if allowed < 24:
        assert cap - tokens(budget.spent().usage) < MOST * 8


@settings(max_examples=25, deadline=None)
@given(cap=st.floats(0, 0.01), price=st.floats(0.1, 50))
def test_no_cap_on_money_is_ever_overshot_by_concurrent_calls(cap, price):
    inner = Costs(Usage(100, 0, 50, 0), Usage(20, 0, 1, 0))
    budget = Budgeted(inner, max_cost_usd=cap, prices={"openai:m": Price(price, 4 * price)})
    run_all(budget, calls=16, threads=8)
    cost = budget.spent().cost_usd
    assert cost is not None
    assert cost <= cap + 1e-12
    assert cost == pytest.approx(sum(cost_of("openai:m", u, budget.prices) or 0 for u in inner.made))


def test_a_cap_says_what_was_spent_and_how_to_go_on():
    budget = Budgeted(Costs(Usage(90, 0, 10, 0)), max_tokens=200)
    budget.complete(SMALL)
    with pytest.raises(Stopped, match=r"--max-tokens 200; spent so far: 1 calls, 100 tokens.*resume"):
        budget.complete(SMALL)


def test_what_was_spent_before_counts():
    budget = Budgeted(Costs(Usage(1, 0, 1, 0)), max_tokens=200, already=Spending(3, Usage(100, 0, 0, 0), 0.0))
    with pytest.raises(Stopped):
        budget.complete(SMALL)


def test_an_unknown_price_is_an_error_only_under_a_cost_cap():
    unknown = replace(SMALL, model="together:some/unheard-of-model")
    with pytest.raises(SettingsError, match=r'\[prices\."together:some/unheard-of-model"\]'):
        Budgeted(Costs(Usage(1, 0, 1, 0)), max_cost_usd=1.0).complete(unknown)
    free = Budgeted(Costs(Usage(1, 0, 1, 0)))
    free.complete(unknown)
    assert free.spent().cost_usd is None


def test_local_models_and_the_scripted_study_cost_nothing():
    for model in ("ollama:qwen3", "vllm:x", "scripted"):
        assert cost_of(model, Usage(10**6, 0, 10**6, 0), {}) == 0.0


def test_a_provider_that_nobody_knows_is_not_taken_to_be_free():
    assert cost_of("elsewhere:m", Usage(1, 0, 1, 0), {}) is None


def test_the_table_is_inside_and_the_user_goes_before_it():
    usage = Usage(10**6, 0, 10**6, 0)
    assert cost_of("openai:gpt-4o-mini", usage, {}) == pytest.approx(0.75)
    assert cost_of("openai:gpt-4o-mini", usage, {"openai:gpt-4o-mini": Price(1.0, 2.0)}) == 3.0


def test_a_call_that_was_refused_frees_its_reservation_and_one_that_was_lost_does_not():
    refused = Budgeted(Fails(SettingsError("no")), max_tokens=200)
    down = Budgeted(Fails(ModelUnavailable("no")), max_tokens=200)
    lost = Budgeted(Fails(Unanswered("no")), max_tokens=200)
    for budget, second in ((refused, SettingsError), (down, ModelUnavailable), (lost, Stopped)):
        with pytest.raises((SettingsError, ModelUnavailable)):
            budget.complete(SMALL)
        with pytest.raises(second):
            budget.complete(SMALL)


def test_a_server_that_counts_nothing_is_booked_at_the_most_it_can_cost():
    budget = Budgeted(Costs(Usage()))
    budget.complete(SMALL)
    assert tokens(budget.spent().usage) == MOST
