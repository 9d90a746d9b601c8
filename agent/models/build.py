"""Builds the model of a run from its settings: client, budget, journal, and `ask` on top.

Promises that unknown providers and missing keys are reported here, before anything is spent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agent.errors import SettingsError
from agent.models.ask import Asked
from agent.models.budget import Budgeted, Spending, spent_before
from agent.models.caps import AllCaps
from agent.models.journal import Called, Journaled
from agent.models.keys import Keyless, known_keys
from agent.models.openai import OpenAIClient
from agent.models.prices import Price, check_prices
from agent.models.providers import check_key, parse_spec
from agent.models.rates import Paced, Rates
from agent.models.retry import Patience, Persistent, Waiting
from agent.models.scripted import Scripted
from agent.models.wire import SCRIPTED, Client, Sampling
from agent.ports import Model, ModelRole


@dataclass(frozen=True)
class ModelSettings:
    """What the user may say about models."""

    models: Mapping[ModelRole, str] = field(default_factory=lambda: {"default": SCRIPTED})
    """`provider:name` by role, or `scripted` for `default` alone."""
    base_url: str | None = None
    temperature: float | None = None
    max_output_tokens: int = 8000
    timeout_s: float | None = 600
    """Seconds of one attempt at a call; None for no limit."""
    patience: Patience = field(default_factory=Patience)
    rates: Rates = field(default_factory=Rates)
    """Of each provider by itself."""
    caps: AllCaps = field(default_factory=AllCaps)
    prices: Mapping[str, Price] = field(default_factory=dict)
    """By `provider:name`; goes before the price table."""


@dataclass(frozen=True)
class Built:
    """A model ready for use."""

    model: Model
    spent: Callable[[], Spending]
    """What the run has spent so far, earlier starts included."""
    name: str
    """The default role's model."""
    scripted: bool
    servers: tuple[OpenAIClient, ...] = ()

    def close(self) -> None:
        """Close the connections to model servers."""
        for server in self.servers:
            server.close()


def build_model(
    settings: ModelSettings,
    calls: Path | None,
    environ: Mapping[str, str],
    *,
    check: Callable[[], None] = lambda: None,
    waiting: Waiting | None = None,
    heard: Callable[[Called], None] = lambda _called: None,
) -> Built:
    """The model that `settings` describe.

    Args:
        calls: The journal's folder; None for no journal.
        check: Called before each call; raises `Stopped` where the run is to end.
        waiting: How waits for a provider are told and interrupted; None: silently, and not at all.
        heard: Told of each call to a model.

    Raises:
        SettingsError: a provider is unknown, a key is missing, `scripted` is mixed with models, or a cost is
            capped and the price of a model is not known.
        WorkspaceCorrupt: an earlier journal entry cannot be read.
    """
    named = dict(settings.models)
    scripted = SCRIPTED in named.values()
    if "default" not in named:
        raise SettingsError("[models] needs a `default`")
    if scripted and set(named.values()) != {SCRIPTED}:
        raise SettingsError("`scripted` cannot be mixed with models: name a model for every role, or none")
    client: Client
    servers: list[OpenAIClient] = []
    if scripted:
        client = Scripted()
    else:
        for text in named.values():
            check_key(parse_spec(text), environ, settings.base_url)
        if settings.caps.any_of("max_cost_usd"):
            check_prices(dict.fromkeys(named.values()), settings.prices)
        server = OpenAIClient(environ, settings.base_url, settings.timeout_s)
        servers.append(server)
        client = _patient(server, settings, environ, waiting or Waiting())
    budget = Budgeted(
        client,
        caps=settings.caps,
        prices=settings.prices,
        notes=calls,
        already=spent_before(calls) if calls is not None else {},
        check=check,
    )
    outer: Client = budget if calls is None else Journaled(budget, calls, heard)
    sampling = Sampling(settings.max_output_tokens, settings.temperature)
    return Built(Asked(outer, named, sampling), budget.spent, named["default"], scripted, tuple(servers))


def _patient(
    server: OpenAIClient, settings: ModelSettings, environ: Mapping[str, str], waiting: Waiting
) -> Client:
    """Model servers with retries, within the rates, and without keys in what they say."""
    paced = server if settings.rates.none else Paced(server, settings.rates, waiting)
    return Keyless(Persistent(paced, settings.patience, waiting), known_keys(environ))
