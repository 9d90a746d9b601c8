"""The client speaks to real servers of the chat-completions wire, and adapts to what they refuse."""

import pytest
from pytest_httpserver import HTTPServer

from agent.errors import ModelUnavailable, SettingsError
from agent.models.openai import OpenAIClient
from agent.models.wire import Sampling
from agent.ports import Usage
from agent.prompts import EDIT
from tests.models.server import ChatServer, completion, refusal_of
from tests.models.support import DATA, GOOD, KEY, asked, client, persistent, request


def test_a_server_with_schemas_gets_a_strict_one_and_its_usage_is_booked(httpserver: HTTPServer):
    server = ChatServer(httpserver, completion(GOOD))
    answer = asked(server).ask(EDIT, DATA, site="a/explore/1")
    assert answer.value.none_because == "nothing is left"
    assert answer.usage == Usage(100, 40, 20, 5)
    sent = server.requests[0]
    assert sent["response_format"]["type"] == "json_schema"
    assert sent["response_format"]["json_schema"]["strict"] is True
    assert sent["max_completion_tokens"] == 8000
    assert sent["model"] == "m"
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_a_server_that_rejects_schemas_and_json_mode_is_asked_for_a_fence_and_remembered(
    httpserver: HTTPServer,
):
    fenced = completion(f"Here it is:\n```json\n{GOOD}\n```\nGood luck!")

    def strict_server(body):
        kind = body.get("response_format", {}).get("type")
        return refusal_of(400, f"response_format {kind} is not supported") if kind else fenced

    server = ChatServer(httpserver, strict_server)
    model = asked(server)
    model.ask(EDIT, DATA, site="a/explore/1")
    kinds = [body.get("response_format", {}).get("type") for body in server.requests]
    assert kinds == ["json_schema", "json_object", None]
    assert "none_because" in server.requests[2]["messages"][0]["content"].rsplit("schema:", 1)[1]
    model.ask(EDIT, DATA, site="a/explore/2")
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("model", "first", "second"),
    [
        ("openai:m", "max_completion_tokens", "max_tokens"),
        ("vllm:m", "max_tokens", "max_completion_tokens"),
    ],
)
def test_the_other_name_of_the_limit_is_used_where_one_is_refused(
    httpserver: HTTPServer, model, first, second
):
    def picky(body):
        return refusal_of(400, f"Unsupported parameter: '{first}'") if first in body else completion(GOOD)

    server = ChatServer(httpserver, picky)
    asked(server, model).ask(EDIT, DATA, site="a/explore/1")
    assert first in server.requests[0]
    assert second in server.requests[1]


def test_a_limit_that_is_too_large_is_an_error_and_not_renamed(httpserver: HTTPServer):
    server = ChatServer(httpserver, refusal_of(400, "max_completion_tokens is too large: 8000 > 4096"))
    with pytest.raises(SettingsError, match="too large"):
        client(server).complete(request())
    assert len(server.requests) == 1


def test_a_refused_temperature_is_left_out(httpserver: HTTPServer):
    def picky(body):
        return (
            refusal_of(400, "temperature does not support 0.5") if "temperature" in body else completion(GOOD)
        )

    server = ChatServer(httpserver, picky)
    asked(server, sampling=Sampling(temperature=0.5)).ask(EDIT, DATA, site="a/explore/1")
    assert ["temperature" in body for body in server.requests] == [True, False]


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503, 529])
def test_a_passing_fault_is_tried_again(httpserver: HTTPServer, status):
    fault = refusal_of(status, "try later", **{"retry-after-ms": "1"})
    server = ChatServer(httpserver, fault, fault, completion(GOOD))
    assert persistent(server).complete(request()).text == GOOD
    assert len(server.requests) == 3


def test_a_lasting_fault_ends_after_the_bounded_attempts(httpserver: HTTPServer):
    server = ChatServer(httpserver, refusal_of(500, "broken", **{"retry-after-ms": "1"}))
    with pytest.raises(ModelUnavailable, match="HTTP 500 in 3 attempts"):
        persistent(server).complete(request())
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (400, "refused the request"),
        (401, "check OPENAI_API_KEY"),
        (403, "check OPENAI_API_KEY"),
        (404, "--base-url"),
    ],
)
def test_a_refusal_is_told_at_once_with_its_remedy_and_without_the_key(httpserver: HTTPServer, status, told):
    server = ChatServer(httpserver, refusal_of(status, f"Incorrect API key provided: {KEY}"))
    with pytest.raises(SettingsError, match=told) as caught:
        client(server).complete(request())
    assert KEY not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(server.requests) == 1


def test_a_server_that_is_not_there_is_unavailable_and_named():
    nobody = OpenAIClient({}, "http://127.0.0.1:9/v1")
    with pytest.raises(ModelUnavailable, match=r"127\.0\.0\.1:9/v1"):
        nobody.complete(request(model="vllm:m"))


@pytest.mark.parametrize("body", ["<html>a proxy</html>", '{"error": "overloaded"}', "{"])
def test_a_reply_that_is_no_chat_completion_is_machinery(httpserver: HTTPServer, body):
    from werkzeug import Response

    kind = "text/html" if body.startswith("<") else "application/json"
    server = ChatServer(httpserver, lambda _: Response(body, content_type=kind))
    with pytest.raises(ModelUnavailable):
        client(server).complete(request())


def test_a_call_may_have_a_time_limit(httpserver: HTTPServer):
    import threading

    held = threading.Event()

    def stalls(_):
        held.wait(30)
        return completion(GOOD)

    server = ChatServer(httpserver, stalls)
    try:
        with pytest.raises(ModelUnavailable, match="no answer"):
            client(server, timeout_s=0.2).complete(request())
    finally:
        held.set()
