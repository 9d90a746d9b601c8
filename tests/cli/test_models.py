"""`shoal models` says what is known and which keys are set, and tries a model with one small question."""

from __future__ import annotations

import json

import pytest
from pytest_httpserver import HTTPServer

from tests.cli.support import Shoal, assert_refused
from tests.models.server import ChatServer, completion, refusal_of

KEY = "sk-a-key-that-nobody-may-see"
RIGHT = json.dumps({"larger": 17, "why": "17 is more than 4."})


def test_the_list_says_which_keys_are_set_and_shows_none(shoal: Shoal) -> None:
    shown = shoal("models", env={"GROQ_API_KEY": KEY})
    assert shown.returncode == 0
    lines = shown.stdout.splitlines()
    assert next(line for line in lines if line.startswith("groq ")).count("GROQ_API_KEY set") == 1
    assert next(line for line in lines if line.startswith("openai ")).count("OPENAI_API_KEY not set") == 1
    assert next(line for line in lines if line.startswith("ollama ")).count("none needed") == 1
    assert sum(line.endswith("not tried") for line in lines) == 13
    assert KEY not in shown.stdout + shown.stderr
    document = json.loads(shoal("models", "--json", env={"GROQ_API_KEY": KEY}).stdout)
    assert {row["name"] for row in document["providers"] if row["key_set"]} == {"groq"}
    assert document["roles"] == dict.fromkeys(("default", "code", "write", "review", "vision"), "scripted")


def test_the_list_has_the_models_of_the_roles(shoal: Shoal) -> None:
    set_ = {"SHOAL_MODELS__DEFAULT": "vllm:a", "SHOAL_MODELS__WRITE": "groq:b"}
    assert "roles: default vllm:a, code vllm:a, write groq:b," in shoal("models", env=set_).stdout


def test_a_model_is_tried_with_one_small_question(shoal: Shoal, httpserver: HTTPServer) -> None:
    server = ChatServer(httpserver, completion(RIGHT))
    done = shoal(
        "models", "test", "openai:m", "--base-url", server.base_url, "--json", env={"OPENAI_API_KEY": KEY}
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["fine"] is True
    assert document["mode"] == "json_schema"
    assert document["settled"] == []
    assert document["usage"] == {
        "prompt_tokens": 100,
        "cached_tokens": 40,
        "completion_tokens": 20,
        "reasoning_tokens": 5,
    }
    assert document["latency_s"] >= 0
    assert len(server.requests) == 1
    assert KEY not in done.stdout + done.stderr


def test_what_was_settled_is_said(shoal: Shoal, httpserver: HTTPServer) -> None:
    def old_server(body):
        if "response_format" in body:
            return refusal_of(400, "response_format is not supported")
        return completion(f"```json\n{RIGHT}\n```")

    server = ChatServer(httpserver, old_server)
    done = shoal("models", "test", "vllm:m", "--base-url", server.base_url)
    assert done.returncode == 0, done.stderr
    assert "mode     fenced, max_tokens" in done.stdout
    assert "settled  a schema is refused; JSON mode is refused" in done.stdout
    assert "2 refused calls before it" in done.stdout


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ("I do not compare numbers.", "there is no JSON object in the answer"),
        (json.dumps({"larger": 4, "why": ""}), "it takes 4 for the larger one"),
        ("", "the reply was empty"),
    ],
)
def test_an_answer_of_no_use_is_a_finding(
    shoal: Shoal, httpserver: HTTPServer, reply: str, told: str
) -> None:
    server = ChatServer(httpserver, completion(reply))
    done = shoal("models", "test", "vllm:m", "--base-url", server.base_url)
    assert done.returncode == 1
    assert told in done.stdout
    assert told in done.stderr


def test_a_missing_key_is_the_users_to_mend_and_a_silent_server_is_not(shoal: Shoal) -> None:
    assert_refused(shoal("models", "test", "openai:m"), "OPENAI_API_KEY", "--base-url")
    assert_refused(shoal("models", "test", "scripted"), "PROVIDER:NAME")
    assert_refused(shoal("models", "test", "gpt"), "provider:name")
    quick = {"SHOAL_MODELS__FIRST_WAIT_S": "0.01"}
    done = shoal("models", "test", "vllm:m", "--base-url", "http://127.0.0.1:9/v1", env=quick)
    assert done.returncode == 4
    *waits, last = done.stderr.splitlines()
    assert [line.rsplit(", ", 1)[1] for line in waits] == ["attempt 2 of 3", "attempt 3 of 3"]
    assert last.startswith("shoal: vllm:m: no answer from http://127.0.0.1:9/v1")


def test_a_refused_key_is_told_at_once(shoal: Shoal, httpserver: HTTPServer) -> None:
    server = ChatServer(httpserver, refusal_of(401, f"Incorrect API key provided: {KEY}"))
    done = shoal("models", "test", "openai:m", "--base-url", server.base_url, env={"OPENAI_API_KEY": KEY})
    assert_refused(done, "check OPENAI_API_KEY")
    assert KEY not in done.stderr


def test_a_key_that_a_refusal_repeats_is_not_printed(shoal: Shoal, httpserver: HTTPServer) -> None:
    server = ChatServer(httpserver, completion(f"You sent {KEY}", refusal=f"You sent {KEY}"))
    done = shoal("models", "test", "openai:m", "--base-url", server.base_url, env={"OPENAI_API_KEY": KEY})
    assert done.returncode == 1
    assert KEY not in done.stdout + done.stderr
    assert "[key removed]" in done.stdout
