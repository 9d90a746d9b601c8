"""Answers are parsed, checked, repaired a bounded number of times, and booked whatever they hold."""

import json

import pytest
from pytest_httpserver import HTTPServer

from agent.errors import AnswerRejected
from agent.models.ask import Unparsable, parse_answer
from agent.ports import Usage
from agent.prompts import EDIT
from agent.prompts.edit import EditOut
from tests.models.server import ChatServer, completion
from tests.models.support import BAD_CHECK, DATA, GOOD, asked


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"<think>Is {{'a': 1}} right? {{}}</think>\n{GOOD}",
        f'First I note {{"x": 1}}. So:\n{GOOD}\nThat is all {{really}}.',
        f"The set {{a, b}} is not JSON. {GOOD}",
        json.dumps({**json.loads(GOOD), "confidence": 1}),
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
