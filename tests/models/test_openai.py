"""The client speaks to real servers of the chat-completions wire, and adapts to what they refuse."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from agent.errors import ModelUnavailable, SettingsError
from agent.models.ask import Asked
from agent.models.openai import OpenAIClient
from agent.models.wire import Picture, Sampling, Unanswered
from agent.ports import ModelRole, Usage
from agent.prompts import EDIT, render
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


PNG = b"\x89PNG\r\n\x1a\n not much of a picture"


def test_pictures_go_with_the_last_message_as_data_urls_and_into_the_key(
    httpserver: HTTPServer, tmp_path: Path
):
    file = tmp_path / "figure.png"
    file.write_bytes(PNG)
    shown = replace(EDIT, role="vision", images=lambda _: (file,))
    server = ChatServer(httpserver, completion(GOOD))
    models: dict[ModelRole, str] = {"default": "vllm:blind", "vision": "vllm:seeing"}
    answer = Asked(persistent(server), models).ask(shown, DATA, site="a/explore/1")
    assert answer.model == "vllm:seeing"
    system, user = server.requests[0]["messages"]
    assert isinstance(system["content"], str)
    text, picture = user["content"]
    assert text == {"type": "text", "text": render(EDIT, DATA)[1].text}
    head, _, content = picture["image_url"]["url"].partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(content) == PNG
    keys = {
        request(pictures=()).key,
        *(request(pictures=(Picture("image/png", x),)).key for x in (PNG, b"x")),
    }
    assert len(keys) == 3
    assert request().key == request(pictures=()).key


def test_an_answer_that_the_keepers_filter_is_a_refusal_whether_200_or_400(httpserver: HTTPServer):
    body = {"error": {"message": "filtered", "code": "content_filter"}}
    server = ChatServer(
        httpserver,
        completion("", finish="content_filter"),
        Response(json.dumps(body), status=400, content_type="application/json"),
    )
    assert [client(server).complete(request()).finish for _ in range(2)] == ["refusal", "refusal"]


def test_what_a_server_could_not_make_valid_is_an_answer_to_repair(httpserver: HTTPServer):
    error = {
        "message": "Failed to generate JSON",
        "code": "json_validate_failed",
        "failed_generation": "{oops",
    }
    server = ChatServer(httpserver, Response(json.dumps({"error": error}), status=400), completion(GOOD))
    asked(server, "groq:m").ask(EDIT, DATA, site="a/explore/1")
    assert server.requests[1]["messages"][2] == {"role": "assistant", "content": "{oops"}


def test_a_schema_that_breaks_the_server_is_not_asked_for_again(httpserver: HTTPServer):
    def compiles_no_grammar(body):
        kind = body["response_format"]["type"]
        return completion(GOOD) if kind == "json_object" else refusal_of(500, "failed to parse grammar")

    server = ChatServer(httpserver, compiles_no_grammar)
    assert client(server).complete(request(model="llamacpp:m")).text == GOOD


def test_no_key_stands_in_the_excerpt_of_an_unreadable_reply(httpserver: HTTPServer):
    server = ChatServer(httpserver, Response(f"your key is {KEY}", content_type="text/plain"))
    with pytest.raises(Unanswered, match=r"your key is \[key removed\]"):
        client(server).complete(request())


def test_closed_connections_are_opened_anew(httpserver: HTTPServer):
    server = ChatServer(httpserver, completion(GOOD))
    speaking = client(server)
    for _ in range(2):
        assert speaking.complete(request()).text == GOOD
        speaking.close()


def test_a_server_that_sends_on_to_another_gets_neither_key_nor_prompt_there(httpserver: HTTPServer):
    elsewhere = ChatServer(httpserver, completion(GOOD))
    httpserver.expect_request("/old/chat/completions", method="POST").respond_with_data(
        status=307, headers={"location": f"{elsewhere.base_url}/chat/completions"}
    )
    old = httpserver.url_for("/old")
    with pytest.raises(SettingsError, match="--base-url") as told:
        OpenAIClient({"OPENAI_API_KEY": KEY}, old).complete(request())
    assert elsewhere.requests == []
    assert f"{old} sends on to {elsewhere.base_url}/chat/completions (HTTP 307)" in str(told.value)
