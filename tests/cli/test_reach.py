"""How `doctor` asks a model server for its list: with the key as its provider takes it, and nobody else."""

from __future__ import annotations

import pytest
from pytest_httpserver import HTTPServer

from agent.cli.reach import reach
from agent.errors import SettingsError
from agent.models.providers import PROVIDERS

KEY = "sk-a-key-that-nobody-may-see"
LIST = {"object": "list", "data": [{"id": "m"}]}


def test_anthropic_gets_its_key_in_its_own_header(httpserver: HTTPServer) -> None:
    wanted = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
    httpserver.expect_request("/v1/models", headers=wanted).respond_with_json(LIST)
    said = reach("anthropic:m", httpserver.url_for("/v1"), {"ANTHROPIC_API_KEY": KEY})
    assert said.endswith("answers and has m")
    named = {name for name, _ in PROVIDERS["anthropic"].list_headers}
    assert named == set(wanted), "at its own address it gets no other header"


def test_others_get_it_as_bearer(httpserver: HTTPServer) -> None:
    wanted = {"Authorization": f"Bearer {KEY}"}
    httpserver.expect_request("/v1/models", headers=wanted).respond_with_json(LIST)
    for model in ("openai:m", "anthropic:m"):
        environ = {"OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY}
        assert reach(model, httpserver.url_for("/v1"), environ).endswith("answers and has m")


def test_a_server_that_sends_on_elsewhere_is_not_followed_with_the_key(httpserver: HTTPServer) -> None:
    asked: list[str] = []
    with HTTPServer(host="127.0.0.1") as other:
        other.expect_request("/").respond_with_handler(lambda request: asked.append(str(request.headers)))
        sent_on = {"location": other.url_for(f"/?key={KEY}")}
        httpserver.expect_request("/v1/models").respond_with_data("", 302, sent_on)
        with pytest.raises(SettingsError, match="is not followed") as refused:
            reach("openai:m", httpserver.url_for("/v1"), {"OPENAI_API_KEY": KEY})
        assert not asked
        assert other.url_for("/?key=[key removed]") in str(refused.value)
