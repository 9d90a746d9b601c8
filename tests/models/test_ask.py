"""Answers are parsed, checked, repaired a bounded number of times, and booked whatever they hold."""

import json
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from agent.errors import AnswerRejected, SettingsError
from agent.models.ask import TURNS, Asked, Unparsable, parse_answer
from agent.models.budget import Budgeted
from agent.models.journal import Journaled
from agent.ports import Usage
from agent.prompts import EDIT
from agent.prompts.edit import EditOut
from tests.models.server import ChatServer, completion, refusal_of
from tests.models.support import BAD_CHECK, DATA, GOOD, asked, persistent


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"<think>Is {{'a': 1}} right? {{}}</think>\n{GOOD}",
        f'First I note {{"x": 1}}. So:\n{GOOD}\nThat is all {{really}}.',
        f"The set {{a, b}} is not JSON. {GOOD}",
        json.dumps({**json.loads(GOOD), "confidence": 1}),
        f"Is it {{'a': 1}}? Let me see.\n</think>\n{GOOD}",
        f"Draft: {GOOD.replace('nothing is left', 'nothing is left in this long draft')}\nBetter: {GOOD}",
        json.dumps({**json.loads(GOOD), "description": "</think>"}),
        f"<think>{GOOD.replace('nothing', 'something')}</think>{GOOD}",
    ],
)
def test_the_answer_is_found_in_what_surrounds_it(text):
    assert parse_answer(EditOut, text).none_because == "nothing is left"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("I would rather not.", "no JSON object"),
        ('{"description": "a', "cannot be read"),
        (r'{"description": "\claim{x}", "edits": [], "none_because": ""}', "backslash is written twice"),
        ('{"description": "a", "edits": []}', "none_because: Field required"),
        (r'{"description": "\frac", "edits": [], "none_because": "x"}', "backslash is written twice"),
        (r'{"description": "\ud800", "edits": [], "none_because": "x"}', "control characters"),
        (r'{"description": "a\u0000", "edits": [], "none_because": "x"}', "control characters"),
        (GOOD + " " * 1_000_000, "answer more briefly"),
    ],
)
def test_what_is_wrong_with_an_answer_is_told_to_its_author(text, told):
    with pytest.raises(Unparsable, match=told):
        parse_answer(EditOut, text)


def test_a_repair_turn_quotes_the_answer_and_the_error(httpserver: HTTPServer):
    bad = '{"description": "a", "edits": []}'
    server = ChatServer(httpserver, completion(bad), completion(BAD_CHECK), completion(GOOD))
    answer = asked(server).ask(EDIT, DATA, site="a/explore/1")
    assert answer.value.none_because == "nothing is left"
    assert answer.usage == Usage(300, 120, 60, 15)
    assert len(set(answer.calls)) == 3
    second, third = (body["messages"] for body in server.requests[1:])
    assert second[2] == {"role": "assistant", "content": bad}
    assert "none_because: Field required" in second[3]["content"]
    assert len(third) == 4
    assert "say why in `none_because`" in third[3]["content"]


def test_after_the_bounded_turns_the_last_problem_is_told(httpserver: HTTPServer):
    server = ChatServer(httpserver, completion(BAD_CHECK))
    with pytest.raises(AnswerRejected, match=r"prompt edit at a/explore/1 in 3 calls.*`edits` is empty"):
        asked(server).ask(EDIT, DATA, site="a/explore/1")
    assert len(server.requests) == 3


def test_a_truncated_reply_is_asked_again_with_a_higher_limit_and_not_repaired(httpserver: HTTPServer):
    server = ChatServer(httpserver, completion(GOOD[:20], finish="length"), completion(GOOD))
    asked(server).ask(EDIT, DATA, site="a/explore/1")
    assert [body["max_completion_tokens"] for body in server.requests] == [8000, 16000]
    assert server.requests[0]["messages"] == server.requests[1]["messages"]


def test_a_reply_that_stays_truncated_is_rejected_after_a_bounded_number_of_calls(httpserver: HTTPServer):
    server = ChatServer(httpserver, completion(GOOD[:20], finish="length"))
    with pytest.raises(AnswerRejected, match="cut at its limit"):
        asked(server).ask(EDIT, DATA, site="a/explore/1")
    assert [body["max_completion_tokens"] for body in server.requests] == [8000, 16000, 32000, 32000, 32000]


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (completion(""), "the reply was empty"),
        (completion(None), "the reply was empty"),
        (completion(None, refusal="I cannot help with that"), "refused: I cannot help"),
        (completion("", finish="content_filter"), "refused"),
    ],
)
def test_an_empty_or_refused_reply_is_asked_again_and_then_named(httpserver: HTTPServer, reply, told):
    server = ChatServer(httpserver, reply)
    with pytest.raises(AnswerRejected, match=told):
        asked(server).ask(EDIT, DATA, site="a/explore/1")
    assert all(len(body["messages"]) == 2 for body in server.requests)


def test_where_the_server_allows_no_higher_limit_a_shorter_answer_is_asked_for(httpserver: HTTPServer):
    def small(body):
        if body["max_completion_tokens"] > 8000:
            return refusal_of(400, "max_completion_tokens is too large: 16000. At most 8000 are supported.")
        brief = "fewer words" in body["messages"][-1]["content"]
        return completion(GOOD) if brief else completion(GOOD[:20], finish="length")

    server = ChatServer(httpserver, small)
    answer = asked(server).ask(EDIT, DATA, site="a/explore/1")
    assert answer.value.none_because == "nothing is left"
    assert [body["max_completion_tokens"] for body in server.requests] == [8000, 16000, 8000]
    assert len(server.requests[2]["messages"]) == 2
    assert answer.usage == Usage(200, 80, 40, 10)


def test_a_limit_that_was_refused_is_read_from_the_journal_again(httpserver: HTTPServer, tmp_path: Path):
    def small(body):
        if body["max_completion_tokens"] > 8000:
            return refusal_of(400, "max_completion_tokens is too large")
        return completion(GOOD[:20], finish="length")

    server = ChatServer(httpserver, small)
    journaled = Asked(Journaled(Budgeted(persistent(server)), tmp_path), {"default": "openai:m"})
    with pytest.raises(AnswerRejected, match="cut at its limit"):
        journaled.ask(EDIT, DATA, site="a/explore/1")
    before = len(server.requests)
    with pytest.raises(AnswerRejected):
        journaled.ask(EDIT, DATA, site="a/explore/1")
    limits = [body["max_completion_tokens"] for body in server.requests]
    assert limits.count(16000) == 1
    assert len(server.requests) - before == TURNS


def test_a_refused_limit_at_the_start_is_the_users_to_mend(httpserver: HTTPServer):
    server = ChatServer(httpserver, refusal_of(400, "This model's maximum context length is 4096 tokens"))
    with pytest.raises(SettingsError, match="lower max_output_tokens"):
        asked(server).ask(EDIT, DATA, site="a/explore/1")


def test_rejected_answers_stand_in_the_journal_with_what_was_wrong(httpserver: HTTPServer, tmp_path: Path):
    server = ChatServer(httpserver, completion(BAD_CHECK))
    journaled = Asked(Journaled(Budgeted(persistent(server)), tmp_path), {"default": "openai:m"})
    with pytest.raises(AnswerRejected):
        journaled.ask(EDIT, DATA, site="a/explore/1")
    entries = [json.loads(path.read_text()) for path in tmp_path.glob("*.json")]
    assert {entry["turn"] for entry in entries} == {0, 1, 2}
    assert all(entry["reply"]["text"] == BAD_CHECK for entry in entries)
    told = [entry["messages"][-1]["text"] for entry in entries if entry["turn"]]
    assert all("`edits` is empty" in text for text in told)
