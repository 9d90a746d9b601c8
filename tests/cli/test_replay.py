"""`shoal replay` makes the same bytes again without network, sandbox and data, and names what differs."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.cli import run as command
from agent.errors import AnswerRejected, WorkspaceCorrupt
from agent.models.journal import Journaled, read_entry
from agent.models.replay import Miss, RecordEnds, Replayed
from agent.models.wire import Reply, Request, Sampling
from agent.prompts import Message
from tests.cli.recorded import IDEA, RULES, SERVED, Recorded
from tests.cli.support import MICRO, files
from tests.models.support import request

Replay = Callable[..., tuple[int, str, str]]


@pytest.fixture
def copy(recorded: Recorded, tmp_path: Path) -> Path:
    """The runs of the recorded workspace in a place of their own, without what can be rebuilt."""
    target = tmp_path / "copy"
    shutil.copytree(recorded.workspace, target, ignore=shutil.ignore_patterns(".store"))
    return target


@pytest.fixture
def replay(copy: Path, capsys: pytest.CaptureFixture[str]) -> Replay:
    """Replays a run of the copied workspace; gives the exit code and what was printed."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        code = command(["replay", *map(str, arguments), "--workspace", str(copy)])
        return (code, *capsys.readouterr())

    return run


@pytest.mark.parametrize("run", [SERVED, RULES])
def test_every_text_comes_out_again_from_the_record_alone(copy: Path, run: str, replay: Replay) -> None:
    before = files(copy)
    code, printed, told = replay(run, "--json", "--out", copy.parent / "again")
    assert code == 0, told
    document = json.loads(printed)
    assert document["same"]
    assert document["problems"] == []
    assert all(kind["equal"] == kind["of"] > 0 for kind in document["texts"].values())
    wanted = {"idea.json", "tree.json", "plan.json", "verdict.json", "paper.tex", "review.json", "review.md"}
    assert wanted <= set(document["texts"])
    assert document["trials"] == len(list((copy / "experiments" / run / "results").iterdir()))
    assert files(copy) == before
    again = copy.parent / "again" / "papers" / run / document_idea(copy, run) / "round-0" / "paper.tex"
    assert again.read_bytes() == (copy / again.relative_to(copy.parent / "again")).read_bytes()


def document_idea(workspace: Path, run: str) -> str:
    """The only idea of a run."""
    (folder,) = (workspace / "experiments" / run / "ideas").iterdir()
    return folder.name


def test_a_changed_template_is_a_miss_that_names_prompt_site_and_line(copy: Path, replay: Replay) -> None:
    template = copy.parent / "changed"
    shutil.copytree(MICRO, template)
    text = (template / "template.toml").read_text()
    asks = next(line for line in text.splitlines() if line.startswith("question"))
    (template / "template.toml").write_text(text.replace(asks, 'question = "Is it so?"'))
    code, _, done = replay(SERVED, "--template", template)
    assert code == 1
    first, second = done.splitlines()
    assert "prompt ideate v" in first
    assert "at run/ideate/0: messages[1] differs at line " in first
    assert "Is it so?" in first
    assert "texts were not made again" in second


def test_a_changed_experiment_is_refused(copy: Path, replay: Replay) -> None:
    template = copy.parent / "changed"
    shutil.copytree(MICRO, template)
    (template / "experiment.py").write_text((template / "experiment.py").read_text() + "\n# more\n")
    code, _, done = replay(SERVED, "--template", template)
    assert code == 2
    assert "its experiment changed since" in done


def test_a_text_that_was_changed_afterwards_is_named_with_its_line(copy: Path, replay: Replay) -> None:
    paper = copy / "papers" / RULES / "attention" / "round-0" / "paper.tex"
    paper.write_text(paper.read_text().replace("\\end{document}", "% more\n\\end{document}"))
    code, _, done = replay(RULES)
    assert code == 1
    assert f"papers/{RULES}/attention/round-0/paper.tex differs at line " in done
    assert "was '% more'" in done


def test_damage_and_gaps_of_the_journal_are_named(copy: Path, replay: Replay) -> None:
    calls = copy / "experiments" / SERVED / "calls"
    path = next(p for p in calls.iterdir() if read_entry(p).site == f"{IDEA}/write/conclusion")
    whole = path.read_text()
    path.write_text(whole[:-40])
    code, _, torn = replay(SERVED)
    assert code == 4
    assert f"{path.name} is damaged" in torn
    path.unlink()
    code, _, gone = replay(SERVED)
    assert code == 1
    assert f"did not come to prompt section at {IDEA}/write/conclusion" in gone


# --------------------------------------------------------------------------------- the client by itself


class Says:
    """A client that always says the same."""

    def complete(self, request: Request) -> Reply:
        return Reply("an answer", "stop", "json_schema")


def journal(folder: Path, *requests: Request) -> Replayed:
    """A replay of these requests."""
    for one in requests:
        Journaled(Says(), folder).complete(one)
    return Replayed.read(folder)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"version": 9}, "prompt edit v9 at a/explore/1: recorded for edit v1"),
        ({"prompt": "other"}, "prompt other v1 at a/explore/1: recorded for edit v1"),
        ({"model": "openai:n"}, "model was openai:m, is openai:n"),
        ({"schema": {**request().schema, "type": "array"}}, "schema.type: was 'object', is 'array'"),
        ({"messages": (Message("system", "one\ntwo"),)}, "messages[0] differs at line 1: was "),
        ({"messages": (*request().messages, Message("user", "x"))}, "messages[2] is new"),
        ({"messages": request().messages[:1]}, "messages[1] is gone"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_each_part_of_a_changed_question_is_named(tmp_path: Path, changes: dict, told: str) -> None:  # type: ignore[type-arg]
    replayed = journal(tmp_path, request())
    with pytest.raises(Miss) as missed:
        replayed.complete(request(**changes))
    assert told in str(missed.value)
    assert replayed.misses == [str(missed.value)]


def test_settings_of_the_sampling_are_those_of_the_record(tmp_path: Path) -> None:
    replayed = journal(tmp_path, request(sampling=Sampling(4000, 0.3)))
    assert replayed.complete(request()).text == "an answer"


def test_a_question_that_was_never_asked_ends_the_record(tmp_path: Path) -> None:
    replayed = journal(tmp_path, request())
    with pytest.raises(RecordEnds, match="did not come to prompt edit at a/explore/2"):
        replayed.complete(request(site="a/explore/2"))
    assert replayed.misses == []


def test_rejected_answers_are_rejected_again(tmp_path: Path) -> None:
    replayed = journal(tmp_path, request(), request(turn=1))
    with pytest.raises(AnswerRejected):
        replayed.complete(replace(request(), turn=2))


def test_a_damaged_entry_is_named(tmp_path: Path) -> None:
    journal(tmp_path, request())
    path = tmp_path / f"{request().key}.json"
    path.write_bytes(path.read_bytes().replace(b"an answer", b"no answer"))
    with pytest.raises(WorkspaceCorrupt, match=path.name):
        Replayed.read(tmp_path)
