"""Builds the model of a run from its settings: client, budget, journal, and `ask` on top.

Promises that unknown providers and missing keys are reported here, before anything is spent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agent.errors import SettingsError
from agent.models.ask import Asked
from agent.models.budget import Budgeted, Price, Spending, spent_before
from agent.models.journal import Journaled
from agent.models.openai import OpenAIClient
from agent.models.providers import check_key, parse_spec
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
    max_cost_usd: float | None = None
    max_tokens: int | None = None
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


def build_model(settings: ModelSettings, calls: Path | None, environ: Mapping[str, str]) -> Built:
    """The model that `settings` describe; `calls` is the journal's folder, None for no journal.

    Raises:
        SettingsError: a provider is unknown, a key is missing, or `scripted` is mixed with models.
        WorkspaceCorrupt: an earlier journal entry cannot be read.
    """
    named = dict(settings.models)
    scripted = SCRIPTED in named.values()
    if "default" not in named:
        raise SettingsError("[models] needs a `default`")
    if scripted and set(named.values()) != {SCRIPTED}:
        raise SettingsError("`scripted` cannot be mixed with models: name a model for every role, or none")
    client: Client
    if scripted:
        client = Scripted()
    else:
        for text in named.values():
            check_key(parse_spec(text), environ, settings.base_url)
        client = OpenAIClient(environ, settings.base_url, settings.timeout_s)
    budget = Budgeted(
        client,
        max_cost_usd=settings.max_cost_usd,
        max_tokens=settings.max_tokens,
        prices=settings.prices,
        notes=calls,
        already=spent_before(calls) if calls is not None else Spending(),
    )
    outer: Client = budget if calls is None else Journaled(budget, calls)
    sampling = Sampling(settings.max_output_tokens, settings.temperature)
    return Built(Asked(outer, named, sampling), budget.spent, named["default"], scripted)
