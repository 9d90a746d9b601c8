"""What calls cost: genai-prices' own table, offline, and what the user states before it.

Promises that local models and the scripted study are free and that no unknown model is taken to be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from agent.errors import SettingsError
from agent.models.providers import PROVIDERS
from agent.models.wire import SCRIPTED
from agent.ports import Usage


@dataclass(frozen=True)
class Price:
    """What a model costs, as the user states it."""

    input_usd: float
    """US dollars per million prompt tokens."""
    output_usd: float
    """US dollars per million completion tokens, reasoning included."""
    cached_usd: float | None = None
    """US dollars per million prompt tokens that the server had cached; None: as other prompt tokens."""


def cost_of(model: str, usage: Usage, prices: Mapping[str, Price]) -> float | None:
    """US dollars for `usage`; 0 for local servers and the scripted study, None where no price is known."""
    cached = min(usage.cached_tokens, usage.prompt_tokens)
    if model in prices:
        price = prices[model]
        for_cached = price.input_usd if price.cached_usd is None else price.cached_usd
        fresh = (usage.prompt_tokens - cached) * price.input_usd
        return (fresh + cached * for_cached + usage.completion_tokens * price.output_usd) / 1e6
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
        input_tokens=usage.prompt_tokens, cache_read_tokens=cached, output_tokens=usage.completion_tokens
    )
    try:
        found = calc_price(tokens, model_ref=model.partition(":")[2], provider_id=provider.price_id)
    except LookupError:
        return None
    return float(found.total_price)


def most_of(model: str, usage: Usage, prices: Mapping[str, Price]) -> float | None:
    """The most that so many tokens can cost, whatever the server had cached; None where no price is known."""
    both = [
        cost_of(model, replace(usage, cached_tokens=cached), prices) for cached in (0, usage.prompt_tokens)
    ]
    return None if None in both else max(cost for cost in both if cost is not None)


def check_prices(models: Iterable[str], prices: Mapping[str, Price]) -> None:
    """Refuse models of which no price is known.

    Raises:
        SettingsError: there is one; the text says how to state its price.
    """
    for model in models:
        if cost_of(model, Usage(1, 0, 1, 0), prices) is None:
            raise SettingsError(
                f"the price of {model} is not known, so no cap on cost can be kept: state it under "
                f'[prices."{model}"] in shoal.toml (input_usd, output_usd per million tokens), or cap tokens'
            )
