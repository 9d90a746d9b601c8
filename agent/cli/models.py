"""`shoal models`: which model servers Shoal knows, and whether one answers as a study needs it.

Promises that no key is printed, only whether its variable is set; that `test` sends one small question, and
what settling the server's dialect takes besides; and that what was never tried for real is marked so.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.cli import build, checks, complain
from agent.cli.look import print_json, print_table
from agent.cli.settings import load
from agent.errors import SettingsError

if TYPE_CHECKING:
    from agent.models.dialect import Dialect
    from agent.models.providers import Provider
    from agent.models.wire import Reply

FINE, FINDINGS = 0, 1
PATIENCE_S = 120.0
"""Seconds that one attempt of a test may take; a run waits as its settings say."""
ATTEMPTS = 3
UNTRIED = "not tried"
MODES = {"json_schema": "schema", "json_object": "JSON mode", "fenced": "fenced JSON"}
PROVIDERS_NOTE = (
    "Entries that were not tried follow the provider's documentation; what they have wrong is settled by\n"
    "what the server refuses. `shoal models test PROVIDER:NAME` tries one."
)


def list_models(*, json: bool) -> int:
    """Print the models of the roles, and every provider with its key's variable.

    Raises:
        SettingsError: the settings cannot be read.
    """
    from agent.models.providers import PROVIDERS

    settings = load({}, Path(), os.environ)
    roles = build.models_of(settings).flags
    providers = [_row(provider, os.environ) for provider in PROVIDERS.values()]
    if json:
        address = settings.models.base_url
        print_json(
            {"schema": 1, "command": "models", "roles": roles, "base_url": address, "providers": providers}
        )
        return FINE
    print("roles: " + ", ".join(f"{role} {model}" for role, model in roles.items()))
    if settings.models.base_url:
        print(f"all at [models] base_url {settings.models.base_url}")
    print()
    table = [("provider", "address", "key", "structured answers", "tried")]
    for row in providers:
        variable = row["key_variable"]
        key = f"{variable} {'set' if row['key_set'] else 'not set'}" if variable else "none needed"
        modes = ", ".join(MODES[mode] for mode in row["modes"])
        table.append((row["name"], row["base_url"], key, modes, row["tried"]))
    print_table(table)
    print(PROVIDERS_NOTE)
    return FINE


def _row(provider: Provider, environ: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": provider.name,
        "base_url": provider.base_url,
        "key_variable": provider.key_variable or None,
        "key_set": bool(provider.key_variable and environ.get(provider.key_variable, "").strip()),
        "modes": list(provider.modes),
        "limit_name": provider.limit_name,
        "temperature": provider.temperature,
        "cached_field": provider.cached_field or None,
        "reasoning_field": provider.reasoning_field or None,
        "tried": provider.tried or UNTRIED,
    }


@dataclass(frozen=True)
class Tested:
    """How a server answered one small question."""

    model: str
    address: str
    problem: str
    """Why the answer cannot be used; empty where it can."""
    latency_s: float
    """Seconds of wall-clock time for the answer, settling the dialect included."""
    reply: Reply
    dialect: Dialect

    def document(self) -> dict[str, object]:
        """The JSON document, schema 1."""
        usage = self.reply.usage
        return {
            "schema": 1,
            "command": "models test",
            "model": self.model,
            "address": self.address,
            "fine": not self.problem,
            "problem": self.problem or None,
            "mode": self.reply.mode,
            "settled": self.dialect.words(),
            "refused_calls": self.dialect.refusals,
            "latency_s": round(self.latency_s, 3),
            "usage": {
                "prompt_tokens": usage.prompt_tokens,
                "cached_tokens": usage.cached_tokens,
                "completion_tokens": usage.completion_tokens,
                "reasoning_tokens": usage.reasoning_tokens,
            },
        }

    def lines(self) -> list[str]:
        """The same for people."""
        usage, form = self.reply.usage, self.dialect.form
        counted = (
            f"{usage.prompt_tokens} prompt ({usage.cached_tokens} cached), {usage.completion_tokens} "
            f"completion ({usage.reasoning_tokens} reasoning)"
        )
        none = "none counted: a cap books each call at the most that it can take"
        return [
            f"{self.model} at {self.address}",
            f"  answer   {self.problem or 'as asked for'}",
            f"  mode     {self.reply.mode}, {form.limit_name}",
            f"  settled  {'; '.join(self.dialect.words()) or 'nothing: it takes what its entry says'}",
            f"  latency  {self.latency_s:.2f} s, {self.dialect.refusals} refused calls before it",
            f"  tokens   {counted if usage.prompt_tokens or usage.completion_tokens else none}",
        ]


def test_model(text: str, base_url: str | None, *, json: bool) -> int:
    """Ask one model one small question; 1 if the answer cannot be used.

    Raises:
        SettingsError: unknown provider, no key, or a request that the server refuses.
        ModelUnavailable: no answer.
    """
    from agent.models.keys import Keyless, known_keys
    from agent.models.openai import OpenAIClient
    from agent.models.providers import check_key, parse_spec
    from agent.models.retry import Patience, Persistent, Waiting
    from agent.models.tryout import problem_of, question

    if text == "scripted":
        raise SettingsError("`scripted` asks no model: name one as PROVIDER:NAME, such as ollama:qwen3")
    settings = load({"models": {"base_url": base_url}}, Path(), os.environ)
    given = build.model_settings(settings)
    checks.server_address(given.base_url)
    spec = parse_spec(text)
    check_key(spec, os.environ, given.base_url)
    server = OpenAIClient(os.environ, given.base_url, min(given.timeout_s or PATIENCE_S, PATIENCE_S))
    patience = Patience(ATTEMPTS, PATIENCE_S, given.patience.first_s)
    waiting = Waiting(lambda line: print(line, file=sys.stderr))
    client = Keyless(Persistent(server, patience, waiting), known_keys(os.environ))
    began = time.monotonic()
    with closing(server):
        reply = client.complete(question(str(spec), given.temperature))
    tested = Tested(
        model=str(spec),
        address=given.base_url or spec.provider.base_url,
        problem=problem_of(reply),
        latency_s=time.monotonic() - began,
        reply=reply,
        dialect=server.dialect(str(spec)),
    )
    if json:
        print_json(tested.document())
    else:
        print("\n".join(tested.lines()))
    return complain(f"{spec}: {tested.problem}", FINDINGS) if tested.problem else FINE
