"""Caps on money and tokens: reserve before a call, settle after it.

Promises that what is spent and reserved together never exceeds a cap, with any number of threads, as long as
the server keeps to the request's limit on output and bills no attempt that it left unanswered more than once.
Tokenizers work on bytes, so a prompt is taken to have as many tokens as UTF-8 bytes until the server has
counted them. Prices come from genai-prices' own table, offline.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from pathlib import Path

from agent.errors import ModelUnavailable, SettingsError, Stopped, WorkspaceCorrupt
from agent.models.providers import PROVIDERS
from agent.models.wire import SCRIPTED, Client, Reply, Request, Unanswered
from agent.ports import Usage
from agent.workspace import write_durably

TOKENS_A_MESSAGE = 16
"""Upper bound of what a chat template adds to each message."""


@dataclass(frozen=True)
class Price:
    """What a model costs, as the user states it."""

    input_usd: float
    """US dollars per million prompt tokens."""
    output_usd: float
    """US dollars per million completion tokens, reasoning included."""


@dataclass(frozen=True)
class Spending:
    """What was spent, calls of earlier starts of the run included."""

    calls: int = 0
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = 0.0
    """None where the price of some call is not known."""

    def __add__(self, other: Spending) -> Spending:
        costs = (self.cost_usd, other.cost_usd)
        cost = None if costs[0] is None or costs[1] is None else costs[0] + costs[1]
        return Spending(self.calls + other.calls, self.usage + other.usage, cost)


def cost_of(model: str, usage: Usage, prices: Mapping[str, Price]) -> float | None:
    """US dollars for `usage`; 0 for local servers and the scripted study, None where no price is known."""
    if model in prices:
        price = prices[model]
        return (usage.prompt_tokens * price.input_usd + usage.completion_tokens * price.output_usd) / 1e6
    if model == SCRIPTED:
        return 0.0
    provider = PROVIDERS.get(model.partition(":")[0])
    if provider is None:
        return None
    if provider.local:
        return 0.0
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    tokens = Tokens(
        input_tokens=usage.prompt_tokens,
        cache_read_tokens=usage.cached_tokens,
        output_tokens=usage.completion_tokens,
    )
    try:
        found = calc_price(tokens, model_ref=model.partition(":")[2], provider_id=provider.price_id)
    except LookupError:
        return None
    return float(found.total_price)


@dataclass
class Budgeted:
    """A `Client` that keeps another one within caps; None means no cap."""

    inner: Client
    max_cost_usd: float | None = None
    max_tokens: int | None = None
    prices: Mapping[str, Price] = field(default_factory=dict)
    notes: Path | None = None
    """Folder for notes of reservations, which outlive a kill; None writes none."""
    already: Spending = field(default_factory=Spending)
    """What earlier starts of the run spent."""
    _spent: Spending = field(default_factory=Spending, init=False)
    _reserved: dict[int, Spending] = field(default_factory=dict, init=False)
    _numbers: Iterator[int] = field(default_factory=count, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def complete(self, request: Request) -> Reply:
        """Answer one request if the caps allow the most that it can cost.

        Raises:
            Stopped: a cap could be exceeded.
            SettingsError: a cost cap is set and the model's price is not known.
        """
        most = self._most(request)
        with self._reserving(most) as number:
            note = self._note(request.key, most)
            try:
                reply = self.inner.complete(request)
            except Unanswered:
                raise
            except (SettingsError, ModelUnavailable):
                self._settle(number, None)
                _remove(note)
                raise
            counted = reply.usage.prompt_tokens + reply.usage.completion_tokens > 0
            usage = reply.usage if counted or request.model == SCRIPTED else most.usage
            cost = cost_of(request.model, usage, self.prices)
            self._settle(number, Spending(1, usage, cost))
        return replace(reply, usage=usage, cost_usd=cost, reservation=note)

    def spent(self) -> Spending:
        """What was settled, earlier starts included; reservations of calls under way are left out."""
        with self._lock:
            return self.already + self._spent

    def _most(self, request: Request) -> Spending:
        """The most that a request can cost."""
        prompt = sum(len(message.text.encode()) + TOKENS_A_MESSAGE for message in request.messages)
        prompt += 2 * len(json.dumps(dict(request.schema)).encode())
        usage = Usage(prompt_tokens=prompt, completion_tokens=request.sampling.max_output_tokens)
        if request.model == SCRIPTED:
            usage = Usage()
        cost = cost_of(request.model, usage, self.prices)
        if cost is None and self.max_cost_usd is not None:
            raise SettingsError(
                f"the price of {request.model} is not known, so --max-cost cannot be kept: state it under "
                f'[prices."{request.model}"] in shoal.toml (input_usd, output_usd per million tokens)'
            )
        return Spending(1, usage, cost)

    @contextmanager
    def _reserving(self, most: Spending) -> Iterator[int]:
        """Hold the reservation; one that is not settled stays booked: the server may have billed the call."""
        with self._lock:
            held = sum(self._reserved.values(), self.already + self._spent) + most
            tokens = held.usage.prompt_tokens + held.usage.completion_tokens
            if self.max_tokens is not None and tokens > self.max_tokens:
                raise Stopped(f"the next call could exceed --max-tokens {self.max_tokens}; {self._told()}")
            over = self.max_cost_usd is not None and (
                held.cost_usd is None or held.cost_usd > self.max_cost_usd
            )
            if over:
                raise Stopped(f"the next call could exceed --max-cost {self.max_cost_usd}; {self._told()}")
            number = next(self._numbers)
            self._reserved[number] = most
        yield number

    def _settle(self, number: int, spending: Spending | None) -> None:
        with self._lock:
            del self._reserved[number]
            if spending is not None:
                self._spent += spending

    def _told(self) -> str:
        spent = self.already + self._spent
        tokens = spent.usage.prompt_tokens + spent.usage.completion_tokens
        cost = "an unknown sum" if spent.cost_usd is None else f"{spent.cost_usd:.4f} USD"
        return (
            f"spent so far: {spent.calls} calls, {tokens} tokens, {cost}; resume with a higher cap to go on"
        )

    def _note(self, key: str, most: Spending) -> Path | None:
        if self.notes is None or request_is_free(most):
            return None
        path = next(p for n in count() if not (p := self.notes / f"{key}-{n}.reserved.json").exists())
        write_durably(path, json.dumps(asdict(most)).encode())
        return path


def request_is_free(most: Spending) -> bool:
    """Whether a call spends neither money nor tokens, as those of the scripted study."""
    return most.usage == Usage() and most.cost_usd == 0


def _remove(note: Path | None) -> None:
    if note is not None:
        note.unlink(missing_ok=True)


def spent_before(calls: Path) -> Spending:
    """What the calls in a journal's folder cost, and the reservations of calls that a kill cut off.

    Raises:
        WorkspaceCorrupt: a file in the folder cannot be read.
    """
    total = Spending()
    for path in sorted(calls.glob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            entry = content if path.name.endswith(".reserved.json") else content["reply"]
            total += Spending(1, Usage(**entry["usage"]), entry["cost_usd"])
        except (ValueError, KeyError, TypeError) as error:
            raise WorkspaceCorrupt(
                f"{path} is damaged: {error}; remove it, and the call is made again"
            ) from error
    return total
