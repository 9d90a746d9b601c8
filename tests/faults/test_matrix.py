"""Every fault in every stage that asks a model: the run completes, or stops with one line and resumes.

Over the whole matrix nothing hangs, no answer that was recorded is asked for again, what the server bills is
booked, and the end is the same bytes as without faults. The counts stand in pytest's summary.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli import run as shoal
from agent.models.budget import spent_before
from tests.faults.conftest import Count
from tests.faults.server import (
    Fault,
    FaultServer,
    around,
    cut,
    dated,
    fault_server,
    garbled,
    half,
    huge,
    raw,
    refuses,
    says,
    silent,
    stalls,
    trickles,
    truncated,
    wrong_type,
)

MICRO = Path(__file__).parent.parent / "templates" / "micro"
STAGES = ("ideate", "edit", "section", "review", "meta")
HTML = b"<html><head><title>502</title></head><body><h1>Bad gateway</h1></body></html>"
SOON = {"retry_after_ms": "2"}

TRANSPORT = (
    Fault("408", refuses(408, "request time-out", **SOON)),
    Fault("409", refuses(409, "conflict", **SOON)),
    Fault("429 in milliseconds", refuses(429, "slow down", **SOON)),
    Fault("429 in seconds", refuses(429, "slow down", retry_after="0")),
    Fault("429 with a date", dated),
    Fault("500", refuses(500, "internal error")),
    Fault("502 as HTML", raw(HTML, "text/html", 502)),
    Fault("503", refuses(503, "loading the model")),
    Fault("504", refuses(504, "gateway time-out"), billed=True),
    Fault("529", refuses(529, "overloaded", **SOON)),
    Fault("reset before headers", lambda call: call.reset()),
    Fault("reset in the body", half, billed=True),
    Fault("truncated JSON", truncated, billed=True),
    Fault("an empty body", raw(b"", "application/json")),
    Fault("HTML with 200", raw(HTML, "text/html")),
    Fault("an error with 200", raw(b'{"error": {"message": "overloaded", "code": 502}}', "application/json")),
    Fault("a huge body", huge, billed=True),
)
SLOW = (
    Fault("silence", silent, billed=True),
    Fault("a stalled body", stalls, billed=True),
    Fault("a trickling body", trickles, billed=True),
)
CONTENT = (
    Fault("an empty answer", says(""), billed=True),
    Fault("no content", says(None), billed=True),
    Fault("a refusal", says(None, refusal="I cannot help with that."), billed=True),
    Fault("content filter", says("", "content_filter"), billed=True),
    Fault("filtered with 400", refuses(400, "filtered", "content_filter")),
    Fault("another schema", says('{"answer": 42}'), billed=True),
    Fault("no JSON", says("I would rather not."), billed=True),
    Fault("half an object", says('{"ideas": [{"title": "a'), billed=True),
    Fault("control characters", garbled, billed=True),
    Fault("a cut reply", cut, billed=True),
)
UNTIDY = (
    Fault("reasoning in tags", around("<think>Is it {'a': 1}?</think>\n", ""), billed=True),
    Fault("reasoning without a first tag", around("Is it {}? Yes.\n</think>\n\n", ""), billed=True),
    Fault("a fence in prose", around("Here it is:\n```json\n", "\n```\nGood luck {really}!"), billed=True),
    Fault("another content type", wrong_type, billed=True),
)
ENDING = (
    Fault("400", refuses(400, "this is no request"), ends=2, told="this is no request"),
    Fault("401", refuses(401, "no such key"), ends=2, told="HTTP 401"),
    Fault("403", refuses(403, "not for you"), ends=2, told="HTTP 403"),
    Fault("404", refuses(404, "no such model"), ends=2, told="check the model's name"),
    Fault("402", refuses(402, "no credit"), ends=4, told="add some"),
    Fault("quota", refuses(429, "over", "insufficient_quota", **SOON), ends=4, told="add credit", times=2),
    Fault("503 that lasts", refuses(503, "down", **SOON), ends=4, told="HTTP 503 in 7 attempts", times=7),
    Fault("a long wait", refuses(429, "later", retry_after="7200"), ends=4, told="it asks to wait"),
)


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with fault_server() as served:
        yield served


@pytest.fixture(scope="module", autouse=True)
def settings() -> Iterator[None]:
    """Waits and time-outs that suit a test, and a cap that is far away."""
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("SHOAL_MODELS__FIRST_WAIT_S", "0.01")
        variables.setenv("SHOAL_MODELS__TIMEOUT_S", "30")
        variables.setenv("SHOAL_BUDGET__MAX_TOKENS", "20000000")
        yield


def command(workspace: Path, server: FaultServer) -> list[str]:
    return [
        *("run", str(MICRO), "--name", "study", "--workspace", str(workspace), "--sandbox", "bubblewrap"),
        *("--model", "vllm:x", "--base-url", server.base_url, "--explore", "2", "--replicates", "8"),
        *("--allow-uninformative", "--no-pdf", "--json"),
    ]


def start(workspace: Path, server: FaultServer) -> int:
    """Begin the study, or go on with it."""
    if (workspace / "experiments" / "study" / "run.json").exists():
        return shoal(["resume", "study", "--workspace", str(workspace), "--allow-uninformative", "--json"])
    return shoal(command(workspace, server))


@pytest.fixture(scope="module")
def undisturbed(server: FaultServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the study that met no fault."""
    workspace = tmp_path_factory.mktemp("undisturbed")
    server.plays({})
    assert start(workspace, server) == 0
    return workspace


@pytest.fixture
def workspace(undisturbed: Path, tmp_path: Path) -> Path:
    """A fresh workspace that knows the trials."""
    shutil.copytree(
        undisturbed / "experiments" / ".store", tmp_path / "experiments" / ".store", symlinks=True
    )
    return tmp_path


def made(workspace: Path) -> dict[str, bytes]:
    """Ideas, papers and reviews of the study."""
    folders = ("experiments/study/ideas", "papers", "reviews")
    return {
        path.relative_to(workspace).as_posix(): path.read_bytes()
        for folder in folders
        for path in sorted((workspace / folder).rglob("*"))
        if path.is_file()
    }


def booked_tokens(workspace: Path) -> int:
    """Tokens that the study has booked, reservations of lost attempts included."""
    spent = spent_before(workspace / "experiments" / "study" / "calls")
    return sum(one.tokens for one in spent.values())


def assert_whole(workspace: Path, undisturbed: Path, server: FaultServer) -> None:
    """The study is the same as without faults; nothing was asked for twice or left unbooked."""
    assert made(workspace) == made(undisturbed)
    assert set(server.tally.answered.values()) <= {1}
    assert server.tally.billed_tokens <= booked_tokens(workspace)
    assert server.errors == []


def hands(faults: tuple[Fault, ...], groups: int) -> list[tuple[Fault, ...]]:
    """The faults dealt out, so that neighbours, which are alike, come apart."""
    return [faults[first::groups] for first in range(groups)]


def names(faults: tuple[Fault, ...]) -> str:
    return ", ".join(fault.name for fault in faults)


GROUPS = [
    (*lost, *useless, *untidy)
    for lost, useless, untidy in zip(hands(TRANSPORT, 5), hands(CONTENT, 5), hands(UNTIDY, 5), strict=True)
]
"""Faults that one question of each stage meets one after the other: lost attempts of its first turn, two
turns of no use, an untidy answer in the third."""


@pytest.mark.timeout(120)
@pytest.mark.parametrize("faults", GROUPS, ids=names)
def test_a_run_gets_over_faults_in_every_stage(
    server: FaultServer,
    undisturbed: Path,
    workspace: Path,
    counted: Count,
    faults: tuple[Fault, ...],
) -> None:
    server.plays({stage: list(faults) for stage in STAGES})
    assert start(workspace, server) == 0
    assert server.tally.faults == len(faults) * len(STAGES)
    assert_whole(workspace, undisturbed, server)
    counted(server.tally, completed=1)


@pytest.mark.timeout(120)
def test_a_run_gets_over_slow_and_stalled_replies_in_every_stage(
    server: FaultServer,
    undisturbed: Path,
    workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
    counted: Count,
) -> None:
    monkeypatch.setenv("SHOAL_MODELS__TIMEOUT_S", "1.5")
    server.plays({stage: list(SLOW) for stage in STAGES})
    assert start(workspace, server) == 0
    assert server.tally.faults == len(SLOW) * len(STAGES)
    assert_whole(workspace, undisturbed, server)
    counted(server.tally, completed=1)


@pytest.mark.timeout(240)
def test_a_run_that_a_fault_ends_says_why_in_one_line_and_resumes_to_the_same_end(
    server: FaultServer,
    undisturbed: Path,
    workspace: Path,
    counted: Count,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stopped = 0
    server.plays({stage: [one for fault in ENDING for one in [fault] * fault.times] for stage in STAGES})
    for stage in STAGES:
        for fault in ENDING:
            capsys.readouterr()
            assert start(workspace, server) == fault.ends, (stage, fault.name)
            lines = capsys.readouterr().err.splitlines()
            assert lines[-1].startswith("shoal: "), (stage, fault.name)
            assert fault.told in lines[-1], (stage, fault.name)
            assert "Traceback" not in "".join(lines)
            stays = (workspace / "experiments" / "study" / "run.json").exists()
            assert ("`shoal resume study` goes on" in lines[-1]) or not stays, (stage, fault.name)
            stopped += 1
    assert start(workspace, server) == 0
    assert_whole(workspace, undisturbed, server)
    counted(server.tally, completed=1, stopped=stopped)


@pytest.mark.timeout(240)
def test_no_cap_is_overshot_while_calls_are_lost_and_repeated(
    server: FaultServer,
    undisturbed: Path,
    workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
    counted: Count,
) -> None:
    lost = [fault for fault in TRANSPORT if fault.billed and "huge" not in fault.name]
    server.plays({stage: list(lost) for stage in STAGES})
    stopped, cap = 0, 0
    while True:
        cap += 60_000
        monkeypatch.setenv("SHOAL_BUDGET__MAX_TOKENS", str(cap))
        code = start(workspace, server)
        assert server.tally.billed_tokens <= booked_tokens(workspace) <= cap
        if code == 0:
            break
        assert code == 3
        stopped += 1
        assert stopped < 40
    assert stopped > 2
    assert_whole(workspace, undisturbed, server)
    counted(server.tally, completed=1, stopped=stopped)


def test_waits_stand_among_the_events(
    server: FaultServer, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.plays({"ideate": [TRANSPORT[0], TRANSPORT[10]]})
    assert shoal([*command(workspace, server), "--until", "ideate"]) == 3
    events = (workspace / "experiments" / "study" / "events.jsonl").read_text().splitlines()
    waits = [row["text"] for row in map(json.loads, events) if row["text"].startswith("waiting ")]
    assert "for vllm: HTTP 408, attempt 2 of 7" in waits[0]
    assert "for vllm: no answer from" in waits[1]
    assert "attempt 3 of 7" in waits[1]
    shown = capsys.readouterr().err
    assert all(wait in shown for wait in waits)


def test_a_server_that_is_not_there_is_one_line_and_leaves_no_run(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = FaultServer(base_url="http://127.0.0.1:9/v1")
    assert start(workspace, nobody) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("shoal: no answer from http://127.0.0.1:9/v1/models")
    assert "shoal models test vllm:x" in line
    assert not (workspace / "experiments" / "study").exists()
