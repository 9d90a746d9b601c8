"""Caps hold for concurrent calls, prices come from the table or the user, and local models are free."""

import json
import random
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.errors import CapReached, ModelUnavailable, SettingsError, Stopped, WorkspaceCorrupt
from agent.models.budget import Budgeted, Spending, spent_before
from agent.models.caps import AllCaps, Caps, reached
from agent.models.prices import Price, cost_of, most_of
from agent.models.wire import Reply, Request, Sampling, Unanswered
from agent.ports import Usage
from agent.prompts import Message
from tests.models.support import request

SMALL = replace(request(), messages=(Message("system", "x" * 80),), schema={}, sampling=Sampling(50))
MOST = 80 + 16 + 4 + 50
"""Tokens that SMALL can cost at most: bytes, one message, two bytes of schema twice, the limit on output."""
TOKENS_200 = AllCaps(Caps(max_tokens=200))


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


@pytest.fixture(scope="module")
def threads() -> Iterator[ThreadPoolExecutor]:
    """Sixteen workers that the interpreter switches between as often as it can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    with ThreadPoolExecutor(16) as pool:
        yield pool
    sys.setswitchinterval(interval)


class Bills:
    """A server and its client: bills up to what a request allows, fails, repeats and forgets to count."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self.billed: list[tuple[str, Usage]] = []
        """Stage and true usage of every attempt that was billed, answered or not."""

    def complete(self, request: Request) -> Reply:
        chance = random.Random(f"{self._seed}/{request.site}/{request.sample}")
        while True:
            what = chance.choice(("answers", "answers", "uncounted", "repeated", "lost", "refused", "down"))
            if what == "refused":
                raise SettingsError("no")
            if what == "down":
                raise ModelUnavailable("no")
            usage = self._bill(request, chance)
            if what == "lost":
                raise Unanswered("no")
            if what != "repeated":
                return Reply("{}", "stop", "json_schema", usage if what == "answers" else Usage())
            request.again()

    def _bill(self, request: Request, chance: random.Random) -> Usage:
        prompt = chance.choice((MOST - 50, chance.randint(1, MOST - 50)))
        usage = Usage(prompt, chance.choice((0, prompt)), chance.choice((50, chance.randint(0, 50))), 0)
        with self._lock:
            self.billed.append((request.site.split("/")[1], usage))
        return usage


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), run=st.integers(0, 3000), stage=st.integers(0, 2000), dear=st.booleans())
def test_no_cap_is_exceeded_by_what_was_really_billed(
    threads: ThreadPoolExecutor, seed: int, run: int, stage: int, dear: bool
) -> None:
    """Sixteen threads, retries, lost and uncounted answers; caps of tokens or money, of run and stage."""
    price = Price(3.0, 12.0, cached_usd=0.3 if seed % 2 else 4.0)
    usd = 4e-6
    kept = (Caps(max_cost_usd=run * usd), Caps(max_cost_usd=stage * usd)) if dear else (
        Caps(max_tokens=run), Caps(max_tokens=stage)
    )  # fmt: skip
    server = Bills(seed)
    budget = Budgeted(server, AllCaps(kept[0], {"write": kept[1]}), {"openai:m": price})
    sites = [f"a/{'write' if number % 2 else 'explore'}/{number}" for number in range(32)]
    wait([threads.submit(budget.complete, replace(SMALL, site=site)) for site in sites])

    def billed(*stages: str) -> float:
        usages = [usage for name, usage in server.billed if name in stages]
        if not dear:
            return sum(map(tokens, usages))
        return sum(cost_of("openai:m", usage, budget.prices) or 0 for usage in usages) / usd

    assert billed("write", "explore") <= run * (1 + 1e-12)
    assert billed("write") <= stage * (1 + 1e-12)


def test_a_cap_says_what_was_spent_and_how_to_go_on():
    budget = Budgeted(Costs(Usage(90, 0, 10, 0)), TOKENS_200)
    budget.complete(SMALL)
    with pytest.raises(CapReached, match=r"200 tokens \(--max-tokens\): 1 calls, 100 tokens") as stopped:
        budget.complete(SMALL)
    assert stopped.value.way_on("a") == "`shoal resume a --max-tokens 400` goes on"


def test_what_was_spent_before_counts():
    before = {"write": Spending(3, Usage(100, 0, 0, 0), 0.0)}
    budget = Budgeted(Costs(Usage(1, 0, 1, 0)), TOKENS_200, already=before)
    assert budget.spent() == before["write"]
    with pytest.raises(Stopped):
        budget.complete(SMALL)


def test_an_unknown_price_is_an_error_only_under_a_cost_cap():
    unknown = replace(SMALL, model="together:some/unheard-of-model")
    with pytest.raises(SettingsError, match=r'\[prices\."together:some/unheard-of-model"\]'):
        Budgeted(Costs(Usage(1, 0, 1, 0)), AllCaps(Caps(max_cost_usd=1.0))).complete(unknown)
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
    refused = Budgeted(Fails(SettingsError("no")), TOKENS_200)
    down = Budgeted(Fails(ModelUnavailable("no")), TOKENS_200)
    lost = Budgeted(Fails(Unanswered("no")), TOKENS_200)
    for budget, second in ((refused, SettingsError), (down, ModelUnavailable), (lost, Stopped)):
        with pytest.raises((SettingsError, ModelUnavailable)):
            budget.complete(SMALL)
        with pytest.raises(second):
            budget.complete(SMALL)


def test_a_server_that_counts_nothing_is_booked_at_the_most_it_can_cost():
    budget = Budgeted(Costs(Usage()))
    budget.complete(SMALL)
    assert tokens(budget.spent().usage) == MOST


def test_a_reply_that_the_server_did_not_make_costs_nothing():
    class Refuses:
        def complete(self, request: Request) -> Reply:
            return Reply("", "limit", "json_schema")

    budget = Budgeted(Refuses(), TOKENS_200)
    assert [budget.complete(SMALL).cost_usd for _ in range(3)] == [0.0] * 3
    assert budget.spent() == Spending()


def test_cached_tokens_have_a_price_of_their_own_and_are_reserved_at_the_dearer_one():
    usage = Usage(1000, 600, 100, 0)
    price = {"openai:m": Price(1.0, 2.0, cached_usd=0.5)}
    assert cost_of("openai:m", usage, price) == pytest.approx((400 * 1 + 600 * 0.5 + 100 * 2) / 1e6)
    dear = {"openai:m": Price(1.0, 2.0, cached_usd=9.0)}
    assert most_of("openai:m", usage, dear) == pytest.approx((1000 * 9 + 100 * 2) / 1e6)
    table = "openai:gpt-4o-mini"
    assert cost_of(table, usage, {}) < cost_of(table, replace(usage, cached_tokens=0), {})
    assert most_of(table, usage, {}) == cost_of(table, replace(usage, cached_tokens=0), {})


class RepeatsOnce:
    """A client whose first attempt is lost, and that says so before the second one."""

    def complete(self, request: Request) -> Reply:
        request.again()
        return Reply("{}", "stop", "json_schema", Usage(10, 0, 10, 0))


def test_an_attempt_that_may_have_been_billed_stays_booked_also_after_a_restart(tmp_path):
    budget = Budgeted(RepeatsOnce(), AllCaps(Caps(max_tokens=2 * MOST)), notes=tmp_path)
    reply = budget.complete(SMALL)
    assert budget.spent().tokens == MOST + 20
    with pytest.raises(CapReached, match=f"2 calls, {MOST + 20} tokens"):
        budget.complete(SMALL)
    assert reply.reservation is not None
    reply.reservation.unlink()  # as the journal does
    assert {stage: one.tokens for stage, one in spent_before(tmp_path).items()} == {"explore": MOST}


def test_no_cap_allows_to_repeat_an_attempt_beyond_it():
    with pytest.raises(CapReached):
        Budgeted(RepeatsOnce(), AllCaps(Caps(max_tokens=2 * MOST - 1))).complete(SMALL)


def test_a_cap_of_a_stage_stops_that_stage_alone_and_names_its_setting():
    budget = Budgeted(Costs(Usage(10, 0, 10, 0)), AllCaps(stages={"explore": Caps(max_tokens=MOST)}))
    budget.complete(SMALL)
    with pytest.raises(CapReached, match="150 tokens for stage explore") as stopped:
        budget.complete(SMALL)
    told = stopped.value.way_on("a")
    assert told == (
        "raise max_tokens of [budget.stage.explore], to 300 for instance, then `shoal resume a` goes on"
    )
    for _ in range(3):
        budget.complete(replace(SMALL, site="a/write/abstract"))


@given(cap=st.floats(0, 1e6), needed=st.floats(0, 1e7))
def test_the_cap_that_is_proposed_is_enough_and_short(cap, needed):
    proposed = float(reached("max_cost_usd", "", cap, needed, "").remedy.split()[1])
    assert proposed >= max(needed, cap) * (1 - 1e-3)


def test_a_damaged_note_is_named_with_what_to_do(tmp_path):
    whole = dict.fromkeys(Usage.__dataclass_fields__, 1)
    for wrong in ({"usage": []}, {"usage": {**whole, "prompt_tokens": "1"}, "cost_usd": 0.1}):
        (tmp_path / "k-0.reserved.json").write_text(json.dumps(wrong))
        with pytest.raises(WorkspaceCorrupt, match=r"k-0.reserved.json is damaged .*--remake"):
            spent_before(tmp_path)


def test_what_asks_to_stop_is_heard_before_a_call():
    def stop() -> None:
        raise Stopped("time is up")

    inner = Costs(Usage(1, 0, 1, 0))
    with pytest.raises(Stopped, match="time is up"):
        Budgeted(inner, check=stop).complete(SMALL)
    assert inner.made == []


@pytest.mark.parametrize(
    ("usage", "lacking", "booked"),
    [
        (Usage(0, 0, 1), "prompt", Usage(MOST - 50, 0, 1)),
        (Usage(7, 0, 0), "completion", Usage(7, 0, 50)),
    ],
)
def test_what_a_server_does_not_count_is_booked_as_reserved(
    usage: Usage, lacking: Literal["prompt", "completion"], booked: Usage
) -> None:
    class Miscounts:
        def complete(self, request: Request) -> Reply:
            return Reply("{}", "stop", "json_schema", usage, uncounted=frozenset({lacking}))

    budget = Budgeted(Miscounts(), AllCaps())
    assert budget.complete(SMALL).usage == booked
    assert budget.spent().usage == booked
