"""The journal: on disk before use, asked once, keyed by all that can change an answer, without secrets."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from agent.artifacts import Run
from agent.errors import AnswerRejected, SettingsError, WorkspaceCorrupt
from agent.models.ask import TURNS, Asked
from agent.models.budget import Budgeted, spent_before
from agent.models.build import ModelSettings, build_model
from agent.models.journal import Called, Journaled, read_entry
from agent.models.keys import Keyless, known_keys
from agent.models.providers import PROVIDERS
from agent.models.replies import NoCompletion, read_reply
from agent.models.wire import Reply, Request, Sampling, Unanswered
from agent.ports import Usage
from agent.prompts import EDIT, Message
from agent.workspace import read_artifact
from tests.models.server import ChatServer, completion
from tests.models.support import BAD_CHECK, DATA, GOOD, KEY, client, request


def test_a_known_request_is_answered_without_a_call(httpserver: HTTPServer, tmp_path):
    server = ChatServer(httpserver, completion(BAD_CHECK), completion(GOOD))
    model = Asked(Journaled(client(server), tmp_path), {"default": "openai:m"})
    first = model.ask(EDIT, DATA, site="a/explore/1")
    assert len(server.requests) == 2
    again = model.ask(EDIT, DATA, site="a/explore/1")
    assert again == first
    assert len(server.requests) == 2
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(first.calls)


def test_a_resumed_run_goes_beyond_the_answers_that_were_rejected(httpserver: HTTPServer, tmp_path):
    server = ChatServer(httpserver, *[completion(BAD_CHECK)] * TURNS, completion(GOOD))
    model = Asked(Journaled(client(server), tmp_path), {"default": "openai:m"})
    with pytest.raises(AnswerRejected):
        model.ask(EDIT, DATA, site="a/explore/1")
    assert len(server.requests) == TURNS
    assert model.ask(EDIT, DATA, site="a/explore/1").value.none_because
    assert len(server.requests) == TURNS + 1


def test_another_site_or_sample_is_asked_anew(httpserver: HTTPServer, tmp_path):
    server = ChatServer(httpserver, completion(GOOD))
    model = Asked(Journaled(client(server), tmp_path), {"default": "openai:m"})
    model.ask(EDIT, DATA, site="a/explore/1")
    model.ask(EDIT, DATA, site="a/explore/2")
    model.ask(EDIT, DATA, site="a/explore/2", sample=1)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "other"},
        {"version": 2},
        {"messages": (Message("system", "x"),)},
        {"schema": {"type": "object"}},
        {"model": "openai:n"},
        {"sampling": Sampling(temperature=0.5)},
        {"sampling": Sampling(max_output_tokens=1)},
        {"site": "b/explore/1"},
        {"sample": 1},
        {"turn": 1},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_the_key_changes_with_each_part_of_a_request(changes):
    assert request(**changes).key != request().key


def test_the_key_does_not_change_with_the_typed_input_alone():
    assert request(data=DATA.model_copy(update={"step": 4})).key == request().key


def test_no_key_of_a_server_reaches_the_journal(httpserver: HTTPServer, tmp_path):
    server = ChatServer(httpserver, completion(GOOD))
    settings = ModelSettings({"default": "openai:gpt-4o-mini"}, base_url=server.base_url)
    built = build_model(settings, tmp_path, {"OPENAI_API_KEY": KEY})
    built.model.ask(EDIT, DATA, site="a/explore/1")
    files = list(tmp_path.iterdir())
    assert len(files) == 1
    text = files[0].read_text()
    assert KEY not in text
    assert "127.0.0.1" not in text
    assert json.loads(text)["prompt"] == "edit"


def test_a_damaged_entry_is_named_with_what_to_do(httpserver: HTTPServer, tmp_path):
    server = ChatServer(httpserver, completion(GOOD))
    path = tmp_path / f"{request().key}.json"
    path.write_text('{"key": ')
    with pytest.raises(WorkspaceCorrupt, match=r"put it back from a copy, or `shoal resume .* --remake`"):
        Journaled(client(server), tmp_path).complete(request())
    with pytest.raises(WorkspaceCorrupt, match="--remake"):
        spent_before(tmp_path)


def test_an_entry_that_was_changed_is_named(tmp_path):
    path = filed(tmp_path, Reply("one", "stop", "json_schema"))
    path.write_text(path.read_text().replace('"one"', '"two"'))
    with pytest.raises(WorkspaceCorrupt, match=rf"{path.name} is damaged \(its hash does not fit\)"):
        read_entry(path)
    path.rename(tmp_path / f"{'0' * 64}.json")
    with pytest.raises(WorkspaceCorrupt, match=f"it belongs to {request().key}"):
        read_entry(tmp_path / f"{'0' * 64}.json")


def test_an_entry_holds_all_that_its_key_is_made_of(tmp_path):
    reply = Reply("one", "stop", "json_schema", Usage(1, 2, 3, 4), 0.5)
    entry, asked = read_entry(filed(tmp_path, reply)), request()
    assert (entry.prompt, entry.version, entry.model) == (asked.prompt, asked.version, asked.model)
    assert (entry.site, entry.sample, entry.turn) == (asked.site, asked.sample, asked.turn)
    assert entry.messages == asked.messages
    assert entry.schema == asked.schema
    assert dict(entry.settings) == asdict(asked.sampling)
    assert entry.reply == replace(reply, recorded=True)


def test_each_call_to_a_model_is_told_once_with_its_seconds(tmp_path):
    heard: list[Called] = []
    times = iter([10.0, 12.5])
    journal = Journaled(Says(Reply("x", "stop", "json_schema")), tmp_path, heard.append, lambda: next(times))
    journal.complete(request())
    journal.complete(request())
    assert [(one.key, one.seconds) for one in heard] == [(request().key, 2.5)]


class Says:
    """A client that always says the same."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    def complete(self, request: Request) -> Reply:
        return self._reply


def filed(folder: Path, reply: Reply) -> Path:
    """The file of one journaled call."""
    Journaled(Says(reply), folder).complete(request())
    return folder / f"{request().key}.json"


class Fails:
    """A client that fails with one error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def complete(self, request: Request) -> Reply:
        raise self._error


@pytest.mark.parametrize("key", [KEY, 'sk-with/slash-and-"quote"'])
def test_a_key_that_a_server_echoes_is_taken_out_of_answers_and_errors(key):
    keys = known_keys({"OPENAI_API_KEY": key, "MISTRAL_API_KEY": "", "PATH": "/usr/bin"})
    for form in (key, json.dumps(key)[1:-1], key.replace("/", "\\/")):
        reply = Keyless(Says(Reply(f'{{"a": "{form}!"}}', "stop", "json_schema")), keys).complete(request())
        assert reply.text == '{"a": "[key removed]!"}'
        for error in (SettingsError(f"told {form}"), Unanswered(f"told {form}")):
            with pytest.raises(type(error), match=r"^told \[key removed\]$"):
                Keyless(Fails(error), keys).complete(request())


def test_a_placeholder_of_a_local_server_is_no_key():
    assert known_keys({"OPENAI_API_KEY": "none"}) == ()


class Killed(BaseException):
    """Ends the process between the reply and the journal, as SIGKILL would."""


class DiesOnce:
    """A client that is killed while it waits for its first reply."""

    def __init__(self) -> None:
        self.calls = 0

    def complete(self, request: Request) -> Reply:
        self.calls += 1
        if self.calls == 1:
            raise Killed
        return Reply(GOOD, "stop", "json_schema", Usage(100, 0, 10, 0))


def test_after_a_kill_the_call_in_flight_is_asked_again_and_its_reservation_stays_booked(tmp_path):
    inner = DiesOnce()
    ask = replace(request(), model="openai:gpt-4o-mini")
    with pytest.raises(Killed):
        Journaled(Budgeted(inner, notes=tmp_path), tmp_path).complete(ask)
    lost = spent_before(tmp_path)
    assert {stage: (one.calls, one.usage.completion_tokens) for stage, one in lost.items()} == {
        "explore": (1, 8000)
    }

    resumed = Budgeted(inner, notes=tmp_path, already=lost)
    Journaled(resumed, tmp_path).complete(ask)
    assert resumed.spent().usage.completion_tokens == 8010
    assert spent_before(tmp_path) == {"explore": resumed.spent()}


def test_spending_is_known_again_after_a_restart(httpserver: HTTPServer, tmp_path):
    server = ChatServer(httpserver, completion(BAD_CHECK), completion(GOOD))
    settings = ModelSettings({"default": "openai:gpt-4o-mini"}, base_url=server.base_url)
    built = build_model(settings, tmp_path, {})
    built.model.ask(EDIT, DATA, site="a/explore/1")
    spent = built.spent()
    assert spent.calls == 2
    assert spent.usage == Usage(200, 80, 40, 10)
    assert spent.cost_usd is not None
    assert spent.cost_usd > 0
    assert build_model(settings, tmp_path, {}).spent() == spent


NESTED = "[" * 200_000


def test_an_entry_of_nothing_but_brackets_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text(NESTED)
    for read in (read_entry, lambda one: spent_before(one.parent), lambda one: read_artifact(Run, one)):
        with pytest.raises(WorkspaceCorrupt, match=r"deep\.json"):
            read(path)
    with pytest.raises(NoCompletion):
        read_reply(NESTED.encode(), "fenced", PROVIDERS["openai"])
