"""Caps on money and tokens: reserve before a call, settle after it.

Promises that what is spent and reserved together never exceeds a cap of the run or of a stage, with any
number of threads, as long as the server keeps to the request's limit on output and the client says before
it repeats an attempt that may have been billed (`Request.again`). Tokenizers work on bytes, so a prompt is
taken to have as many tokens as UTF-8 bytes until the server has counted them.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from pathlib import Path

from agent.errors import CapReached, ModelUnavailable, SettingsError, Stopped
from agent.models.caps import AllCaps, amount_text, reached, stage_of
from agent.models.journal import damaged
from agent.models.prices import Price, check_prices, cost_of, most_of
from agent.models.wire import SCRIPTED, Client, Reply, Request, Unanswered
from agent.ports import Usage
from agent.workspace import write_durably

TOKENS_A_MESSAGE = 16
"""Upper bound of what a chat template adds to each message."""
TOKENS_A_PICTURE = 50_000
"""Upper bound of what a small picture counts as; a large one is taken to have as many tokens as bytes."""
RESERVED = ".reserved.json"
ROUNDING = 1e-9
"""Share of a cap that sums of fractions may be off by."""


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

    @property
    def tokens(self) -> int:
        """Tokens of prompts and answers together."""
        return self.usage.prompt_tokens + self.usage.completion_tokens

    @property
    def free(self) -> bool:
        """It is neither money nor tokens, as for calls of the scripted study."""
        return self.usage == Usage() and self.cost_usd == 0

    def text(self) -> str:
        """In words."""
        cost = "an unknown sum" if self.cost_usd is None else f"{self.cost_usd:.4f} USD"
        return f"{self.calls} calls, {self.tokens} tokens, {cost}"


@dataclass
class Budgeted:
    """A `Client` that keeps another one within caps."""

    inner: Client
    caps: AllCaps = field(default_factory=AllCaps)
    prices: Mapping[str, Price] = field(default_factory=dict)
    notes: Path | None = None
    """Folder for notes of reservations, which outlive a kill; None writes none."""
    already: Mapping[str, Spending] = field(default_factory=dict)
    """What earlier starts of the run spent, by stage."""
    check: Callable[[], None] = field(default=lambda: None, repr=False)
    """Called before each call; raises `Stopped` where the run is to end."""
    _spent: dict[str, Spending] = field(default_factory=dict, init=False)
    _reserved: dict[int, tuple[str, Spending]] = field(default_factory=dict, init=False)
    _numbers: Iterator[int] = field(default_factory=count, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        self._spent = dict(self.already)

    def complete(self, request: Request) -> Reply:
        """Answer one request if the caps allow the most that it can cost.

        Raises:
            CapReached: a cap could be exceeded.
            SettingsError: a cost cap is set and the model's price is not known.
        """
        self.check()
        most, stage = self._most(request), stage_of(request.site)
        number, note = self._reserve(request, most, stage)

        def again() -> None:
            lost, _ = self._reserve(request, most, stage)
            self._settle(lost, stage, most)

        try:
            reply = self.inner.complete(replace(request, again=again))
        except (Unanswered, CapReached):
            self._settle(number, stage, most)  # the server may have billed the last attempt
            raise
        except (SettingsError, ModelUnavailable, Stopped):
            self._settle(number, stage, None)
            _remove(note)
            raise
        if reply.finish == "limit":  # the server refused, and bills nothing
            self._settle(number, stage, None)
            _remove(note)
            return replace(reply, cost_usd=0.0)
        usage = reply.usage if request.model == SCRIPTED else _booked(reply, most.usage)
        cost = cost_of(request.model, usage, self.prices)
        self._settle(number, stage, Spending(1, usage, cost))
        return replace(reply, usage=usage, cost_usd=cost, reservation=note)

    def spent(self) -> Spending:
        """What was spent or may have been, earlier starts included; calls under way are left out."""
        with self._lock:
            return sum(self._spent.values(), Spending())

    def _most(self, request: Request) -> Spending:
        """The most that a request can cost."""
        prompt = sum(len(message.text.encode()) + TOKENS_A_MESSAGE for message in request.messages)
        prompt += sum(max(TOKENS_A_PICTURE, len(picture.url)) for picture in request.pictures)
        prompt += 2 * len(json.dumps(dict(request.schema)).encode())
        usage = Usage(prompt_tokens=prompt, completion_tokens=request.sampling.max_output_tokens)
        if request.model == SCRIPTED:
            usage = Usage()
        if self.caps.of("max_cost_usd", stage_of(request.site)):
            check_prices([request.model], self.prices)
        return Spending(1, usage, most_of(request.model, usage, self.prices))

    def _reserve(self, request: Request, most: Spending, stage: str) -> tuple[int, Path | None]:
        """Book the most that an attempt can cost, here and in a note; it stays unless it is settled."""
        with self._lock:
            self._refuse(most, stage)
            number = next(self._numbers)
            self._reserved[number] = (stage, most)
            return number, self._note(request, most)

    def _refuse(self, most: Spending, stage: str) -> None:
        """Raise `CapReached` where the next attempt could exceed a cap."""
        for name, cap in self.caps.of("max_tokens", stage):
            spent, held = self._held(name)
            if (needed := held.tokens + most.tokens) > cap:
                raise reached("max_tokens", name, cap, needed, _told(spent, held, f"{most.tokens} tokens"))
        for name, cap in self.caps.of("max_cost_usd", stage):
            spent, held = self._held(name)
            sum_usd = (held + most).cost_usd
            if sum_usd is None or sum_usd > cap * (1 - ROUNDING):
                told = _told(spent, held, f"{amount_text(most.cost_usd or 0.0)} USD")
                raise reached("max_cost_usd", name, cap, sum_usd or 0.0, told)

    def _held(self, stage: str) -> tuple[Spending, Spending]:
        """What a stage, or with "" the run, has spent; and the same with what is reserved."""
        spent = sum((one for name, one in self._spent.items() if stage in ("", name)), Spending())
        return spent, sum((one for name, one in self._reserved.values() if stage in ("", name)), spent)

    def _settle(self, number: int, stage: str, spending: Spending | None) -> None:
        with self._lock:
            del self._reserved[number]
            if spending is not None:
                self._spent[stage] = self._spent.get(stage, Spending()) + spending

    def _note(self, request: Request, most: Spending) -> Path | None:
        if self.notes is None or most.free:
            return None
        names = (self.notes / f"{request.key}-{number}{RESERVED}" for number in count())
        path = next(name for name in names if not name.exists())
        content = {"site": request.site, "prompt": request.prompt, "model": request.model, **asdict(most)}
        write_durably(path, json.dumps(content).encode())
        return path


def _booked(reply: Reply, most: Usage) -> Usage:
    """The tokens that count as spent: what the server did not count is taken for all that it could be."""
    usage = reply.usage
    if usage.prompt_tokens + usage.completion_tokens == 0:
        return most
    if "prompt" in reply.uncounted:
        usage = replace(usage, prompt_tokens=max(usage.prompt_tokens, most.prompt_tokens))
    if "completion" in reply.uncounted:
        usage = replace(usage, completion_tokens=max(usage.completion_tokens, most.completion_tokens))
    return usage


def _told(spent: Spending, held: Spending, next_one: str) -> str:
    waiting = held.calls - spent.calls
    booked = f"; {waiting} more are under way" if waiting else ""
    return f"{spent.text()} spent{booked}; the next call could take up to {next_one}"


def _remove(note: Path | None) -> None:
    if note is not None:
        note.unlink(missing_ok=True)


def spent_before(calls: Path) -> dict[str, Spending]:
    """What the calls in a journal's folder cost, by stage, with reservations of calls that a kill cut off.

    Raises:
        WorkspaceCorrupt: a file in the folder cannot be read.
    """
    spent: dict[str, Spending] = {}
    for path in sorted(calls.glob("*.json")):
        stage, one = spent_on(path)
        spent[stage] = spent.get(stage, Spending()) + one
    return spent


def spent_on(path: Path) -> tuple[str, Spending]:
    """The stage of one call in a journal's folder, and what is booked for it.

    Raises:
        WorkspaceCorrupt: the file cannot be read.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        entry = content if path.name.endswith(RESERVED) else content["reply"]
        usage, cost = Usage(**entry["usage"]), entry["cost_usd"]
        if not all(isinstance(count, int) for count in asdict(usage).values()):
            raise ValueError("its tokens are no numbers")
        if not isinstance(cost, int | float | None):
            raise ValueError("its cost is no number")
        return stage_of(content.get("site", "")), Spending(1, usage, cost)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise damaged(path, error) from error
