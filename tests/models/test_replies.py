"""Chat completions are read whichever fields a server fills, and error statuses mean what they mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from agent.errors import ModelUnavailable, SettingsError
from agent.models.providers import PROVIDERS
from agent.models.refusals import Told
from agent.models.replies import NoCompletion, read_reply, read_usage
from agent.models.wire import Passing, Unanswered
from agent.ports import Usage

OPENAI = PROVIDERS["openai"]


def body(message: Any, finish: str | None = "stop") -> bytes:
    return json.dumps({"choices": [{"message": message, "finish_reason": finish}]}).encode()


@pytest.mark.parametrize(
    ("message", "finish", "text", "read_as"),
    [
        ({"content": "a"}, "stop", "a", "stop"),
        ({"content": "a"}, None, "a", "stop"),
        ({"content": None}, "stop", "", "stop"),
        ({}, "stop", "", "stop"),
        (None, "stop", "", "stop"),
        ({"content": "a"}, "length", "a", "length"),
        ({"content": "a"}, "model_length", "a", "length"),
        ({"content": None, "refusal": "no"}, "stop", "no", "refusal"),
        ({"content": ""}, "content_filter", "", "refusal"),
        ({"content": "a", "reasoning_content": "{}"}, "stop", "a", "stop"),
        ({"content": None, "reasoning_content": ' {"a": 1} '}, "stop", '{"a": 1}', "stop"),
        ({"content": "", "reasoning": '{"a": 1}'}, "stop", '{"a": 1}', "stop"),
        ({"content": "", "reasoning": 'Is it {"a": 1}?'}, "stop", "", "stop"),
        ({"content": "", "reasoning": '{"a": 1}'}, "length", "", "length"),
        ({"content": [{"type": "thinking"}, {"type": "text", "text": "a"}]}, "stop", "a", "stop"),
        ({"content": "\ud83d"}, "stop", "?", "stop"),
    ],
)  # fmt: skip
def test_a_message_is_read(message: Any, finish: str | None, text: str, read_as: str) -> None:
    reply = read_reply(body(message, finish), "fenced", OPENAI)
    assert (reply.text, reply.finish) == (text, read_as)


@pytest.mark.parametrize(
    ("content", "told", "code"),
    [
        (b"", "an empty body", None),
        (b"<html>Bad gateway</html>", "no JSON: <html>", None),
        (b'{"choices": [{"mess', "no JSON", None),
        (b'{"error": {"message": "overloaded", "code": 502}}', "overloaded", 502),
        (b'{"object": "list", "data": []}', "no chat completion", None),
        (b"[]", "no chat completion", None),
    ],
)
def test_what_is_no_completion_is_told(content: bytes, told: str, code: int | None) -> None:
    with pytest.raises(NoCompletion, match=told) as caught:
        read_reply(content, "fenced", OPENAI)
    assert caught.value.code == code


def test_no_choice_is_an_empty_answer() -> None:
    assert read_reply(b'{"choices": []}', "fenced", OPENAI).text == ""


@pytest.mark.parametrize(
    ("counted", "usage"),
    [
        (None, Usage()),
        ({"prompt_tokens": None, "completion_tokens": "many", "total_tokens": float("inf")}, Usage()),
        ({"input_tokens": 10, "output_tokens": 4}, Usage(10, 0, 4, 0)),
        ({"prompt_tokens": 10, "completion_tokens": 4, "cached_tokens": 8}, Usage(10, 8, 4, 0)),
        ({"prompt_tokens": 10, "completion_tokens": 4, "prompt_tokens_details": None}, Usage(10, 0, 4, 0)),
        # what was in a cache is left out of the prompt's tokens
        ({"prompt_tokens": 10, "completion_tokens": 4, "cache_read_input_tokens": 90}, Usage(100, 90, 4, 0)),
        # reasoning is left out of the completion's tokens
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 4,
                "total_tokens": 44,
                "completion_tokens_details": {"reasoning_tokens": 30},
            },
            Usage(10, 0, 34, 30),
        ),
    ],
)
def test_whatever_is_counted_is_booked(counted: Any, usage: Usage) -> None:
    assert read_usage(counted, OPENAI) == usage


@pytest.mark.parametrize(
    ("counted", "lacking"),
    [
        (None, {"prompt", "completion"}),
        ({"prompt_tokens": 1e30, "completion_tokens": 1}, {"prompt"}),
        ({"prompt_tokens": "12", "completion_tokens": 1}, {"prompt"}),
        ({"prompt_tokens": 0, "completion_tokens": 1}, {"prompt"}),
        ({"prompt_tokens": 12, "completion_tokens": True}, {"completion"}),
        ({"prompt_tokens": 12, "completion_tokens": -1}, {"completion"}),
        ({"prompt_tokens": 12}, {"completion"}),
        ({"prompt_tokens": 12, "total_tokens": 12}, {"completion"}),
        ({"prompt_tokens": 12, "completion_tokens": 0}, set()),
        ({"completion_tokens": 4, "total_tokens": 16}, set()),
        ({"prompt_tokens": 12, "total_tokens": 16}, set()),
    ],
)
def test_a_part_that_is_no_count_is_known_as_uncounted(counted: Any, lacking: set[str]) -> None:
    content = json.loads(body({"content": "a"})) | {"usage": counted}
    assert read_reply(json.dumps(content).encode(), "fenced", OPENAI).uncounted == lacking


@pytest.mark.parametrize("known", ["prompt", "completion"])
def test_a_sum_tells_the_part_that_is_missing(known: str) -> None:
    counted = {"prompt": {"prompt_tokens": 12}, "completion": {"completion_tokens": 4}}[known]
    assert read_usage({**counted, "total_tokens": 16}, OPENAI) == Usage(12, 0, 4, 0)


def fault(status: int, body: Any = None, headers: dict[str, str] | None = None) -> Exception:
    return Told(status, body, headers or {}, "sk-key").fault("openai:m", "http://here/v1", "OPENAI_API_KEY")


@pytest.mark.parametrize(
    ("headers", "asked_s"),
    [
        ({}, None),
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
    ],
)
def test_retry_after_is_read_in_every_form(headers: dict[str, str], asked_s: float | None) -> None:
    found = fault(429, {"error": {"message": "slow down"}}, headers)
    assert isinstance(found, Passing)
    assert found.asked_s == asked_s


def test_a_date_without_the_servers_own_is_taken_by_our_clock() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    found = fault(503, None, {"retry-after": later})
    assert isinstance(found, Passing)
    assert found.asked_s is not None
    assert 3000 < found.asked_s <= 3600


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 520, 529])
def test_what_may_pass_is_tried_again_and_not_billed(status: int) -> None:
    found = fault(status, "<html><b>Bad</b> gateway</html>")
    assert type(found) is Passing
    assert found.fault == f"HTTP {status}"
    assert "<" not in str(found)


@pytest.mark.parametrize("status", [504, 524])
def test_a_gateway_that_gave_up_may_be_billed(status: int) -> None:
    assert isinstance(fault(status), Unanswered)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}},
        {"error": {"message": "x", "type": "insufficient_quota"}},
        [{"error": {"message": "Your credit balance is too low"}}],
    ],
)
def test_a_quota_that_is_used_up_is_not_tried_for_long(body: Any) -> None:
    found = fault(429, body)
    assert isinstance(found, Passing)
    assert found.tries == 2
    assert "add credit" in str(found)


def test_no_credit_is_told_at_once() -> None:
    found = fault(402, {"error": "Insufficient Balance"})
    assert isinstance(found, ModelUnavailable)
    assert not isinstance(found, Passing)
    assert "add some" in str(found)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_other_refusals_are_the_users_and_hold_no_key(status: int) -> None:
    found = fault(status, {"error": {"message": "bad sk-key\nin two lines"}})
    assert isinstance(found, SettingsError)
    assert "sk-key" not in str(found)
    assert "bad [key removed] in two lines" in str(found)
