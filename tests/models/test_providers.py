"""Providers are data that can be trusted to say what was tried, and a new one is found at once."""

from __future__ import annotations

import pytest

from agent.models.providers import PROVIDERS

WANTED = [
    *("openai", "anthropic", "gemini", "deepseek", "openrouter", "mistral", "groq", "together", "xai"),
    *("ollama", "vllm", "lmstudio", "llamacpp"),
]


def test_every_promised_provider_is_there_under_its_name() -> None:
    assert list(PROVIDERS) == WANTED
    assert all(name == provider.name for name, provider in PROVIDERS.items())


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=list(PROVIDERS))
def test_an_entry_can_be_used_as_it_stands(provider) -> None:
    loopback = provider.base_url.startswith("http://127.0.0.1:")
    assert provider.base_url.startswith("https://") or loopback
    assert not provider.base_url.endswith("/")
    assert provider.local == loopback == (not provider.price_id)
    assert provider.modes[-1] == "fenced"
    assert len(set(provider.modes)) == len(provider.modes)
    assert not provider.tried, "say in docs/models.md what was tried, and how"


def test_keys_and_addresses_are_of_one_provider_each() -> None:
    keys = [provider.key_variable for provider in PROVIDERS.values() if provider.key_variable]
    assert len(set(keys)) == len(keys)
    assert len({provider.base_url for provider in PROVIDERS.values()}) == len(PROVIDERS)
