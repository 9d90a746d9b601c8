"""Providers of models as data: address, key variable, and what their servers are known to take.

Promises that a missing key is reported before anything is spent. The entries follow the providers' own
documentation; `tried` says what was tried for real, and none of the remote services was. What an entry has
wrong is settled by what the server refuses (`agent.models.dialect`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from agent.errors import SettingsError
from agent.models.wire import Mode

LimitName = Literal["max_completion_tokens", "max_tokens"]
Temperature = Literal["taken", "some models refuse it", "refused"]


@dataclass(frozen=True)
class Provider:
    """One provider of an OpenAI-compatible chat interface."""

    name: str
    base_url: str
    key_variable: str
    """Environment variable that holds the key; empty for local servers."""
    modes: tuple[Mode, ...] = ("json_schema", "json_object", "fenced")
    """Tried in this order; what the server refuses is not asked again."""
    limit_name: LimitName = "max_tokens"
    """Tried first; the other one follows where it is refused."""
    temperature: Temperature = "taken"
    """`refused` leaves it out from the start; otherwise it is left out once it was refused."""
    cached_field: str = "prompt_tokens_details.cached_tokens"
    """Where the usage has prompt tokens that were in a cache; empty where the server tells none."""
    reasoning_field: str = "completion_tokens_details.reasoning_tokens"
    """Where the usage has tokens of reasoning; empty where the server tells none."""
    list_headers: tuple[tuple[str, str], ...] = (("Authorization", "Bearer {key}"),)
    """Headers that the list of models is asked with; `{key}` stands for the key. Chat completions always take
    the key as OpenAI's do."""
    price_id: str = ""
    """Name in the price table; empty for local servers, which cost nothing."""
    tried: str = ""
    """What was tried against the real server; empty: nothing, the entry follows its documentation."""

    @property
    def local(self) -> bool:
        """It runs on the user's own machine, needs no key and costs nothing."""
        return not self.key_variable


@dataclass(frozen=True)
class Spec:
    """`provider:name`."""

    provider: Provider
    name: str

    def __str__(self) -> str:
        return f"{self.provider.name}:{self.name}"


_JSON_ONLY: tuple[Mode, ...] = ("json_object", "fenced")
_NO_JSON_MODE: tuple[Mode, ...] = ("json_schema", "fenced")
_SOME: Temperature = "some models refuse it"
_NEW_NAME: LimitName = "max_completion_tokens"

_REMOTE = (
    Provider(
        "openai", "https://api.openai.com/v1", "OPENAI_API_KEY",
        limit_name=_NEW_NAME, temperature=_SOME, price_id="openai",
    ),
    Provider(  # its compatible interface takes `response_format` and passes over it
        "anthropic", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY",
        ("fenced",), temperature=_SOME, cached_field="", reasoning_field="", price_id="anthropic",
        list_headers=(("x-api-key", "{key}"), ("anthropic-version", "2023-06-01")),
    ),
    Provider(
        "gemini", "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY",
        reasoning_field="", price_id="google",
    ),
    Provider(
        "deepseek", "https://api.deepseek.com", "DEEPSEEK_API_KEY",
        _JSON_ONLY, cached_field="prompt_cache_hit_tokens", price_id="deepseek",
    ),
    Provider(
        "openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY",
        temperature=_SOME, price_id="openrouter",
    ),
    Provider("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY", price_id="mistral"),
    Provider(
        "groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY", limit_name=_NEW_NAME, price_id="groq"
    ),
    Provider("together", "https://api.together.xyz/v1", "TOGETHER_API_KEY", price_id="together"),
    Provider("xai", "https://api.x.ai/v1", "XAI_API_KEY", limit_name=_NEW_NAME, price_id="x-ai"),
)  # fmt: skip
_LOCAL = (
    Provider("ollama", "http://127.0.0.1:11434/v1", "", cached_field="", reasoning_field=""),
    Provider("vllm", "http://127.0.0.1:8000/v1", "", reasoning_field=""),
    Provider("lmstudio", "http://127.0.0.1:1234/v1", "", _NO_JSON_MODE),
    Provider("llamacpp", "http://127.0.0.1:8080/v1", "", reasoning_field=""),
)

PROVIDERS: Mapping[str, Provider] = {provider.name: provider for provider in (*_REMOTE, *_LOCAL)}


def parse_spec(text: str) -> Spec:
    """The provider and name that `provider:name` means.

    Raises:
        SettingsError: it has no such form, or the provider is unknown.
    """
    provider, colon, name = text.partition(":")
    if not colon or not name.strip():
        raise SettingsError(f"model {text!r} is not `scripted` or `provider:name`, such as `ollama:qwen3`")
    if provider not in PROVIDERS:
        raise SettingsError(f"unknown model provider {provider!r}; known: {', '.join(PROVIDERS)}")
    return Spec(PROVIDERS[provider], name.strip())


def check_key(spec: Spec, environ: Mapping[str, str], base_url: str | None = None) -> str:
    """The key to send; a placeholder where none is needed.

    With a `base_url` of the user's own the key is optional: the server behind it may need none.

    Raises:
        SettingsError: the provider's key is needed and its variable is not set.
    """
    variable = spec.provider.key_variable
    key = environ.get(variable, "").strip() if variable else ""
    if not key and variable and base_url is None:
        raise SettingsError(
            f"model {spec} needs a key: set {variable}, or name another server with --base-url"
        )
    return key or "none"
