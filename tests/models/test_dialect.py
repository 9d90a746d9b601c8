"""Every combination of capabilities is settled in a few calls, remembered, and all usage is booked."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest
from pytest_httpserver import HTTPServer

from agent.models.ask import Asked
from agent.models.dialect import MOST_REFUSALS
from agent.models.providers import PROVIDERS
from agent.models.wire import Sampling
from agent.ports import Usage
from agent.prompts import EDIT
from tests.models.capabilities import BOOKED, Capabilities, Counts, Limit, Schema
from tests.models.server import ChatServer
from tests.models.support import DATA, GOOD, client

COMBINATIONS = [
    Capabilities(*chosen, counts)
    for chosen, counts in zip(
        itertools.product(get_args(Schema), (True, False), get_args(Limit), (True, False), (True, False)),
        itertools.cycle(get_args(Counts)),
        strict=False,
    )
]
"""Every combination of what can be refused; ways to count go round, since they depend on nothing else."""


def needed_refusals(server: Capabilities, first_limit: str) -> int:
    """Calls that must be refused before this server can answer."""
    modes = (server.schema == "refused") * (1 + (not server.json_mode))
    return (
        modes + (server.limit not in ("either", first_limit)) + (not server.temperature) + (not server.system)
    )


@pytest.mark.parametrize("provider", ["openai", "vllm"])
@pytest.mark.parametrize("schema", get_args(Schema))
def test_any_combination_is_settled_once_and_all_its_usage_is_booked(
    httpserver: HTTPServer, provider: str, schema: str
) -> None:
    first_limit = PROVIDERS[provider].limit_name
    playing: list[Capabilities] = []
    server = ChatServer(httpserver, lambda body: playing[-1].answer(body, GOOD))
    speaking = client(server)
    for number, capabilities in enumerate(one for one in COMBINATIONS if one.schema == schema):
        playing.append(capabilities)
        server.requests.clear()
        model = f"{provider}:m{number}"
        asked = Asked(speaking, {"default": model}, Sampling(temperature=0.5))
        first = asked.ask(EDIT, DATA, site="a/explore/1")
        refused, unheeded = needed_refusals(capabilities, first_limit), int(schema == "ignored")
        assert len(server.requests) == refused + unheeded + 1, capabilities
        assert refused <= MOST_REFUSALS
        assert first.usage == sum([BOOKED[capabilities.counts]] * (1 + unheeded), Usage())
        second = asked.ask(EDIT, DATA, site="a/explore/2")
        assert len(server.requests) == refused + unheeded + 2, capabilities
        assert second.usage == BOOKED[capabilities.counts]
        assert len(speaking.dialect(model).words()) == refused + unheeded
