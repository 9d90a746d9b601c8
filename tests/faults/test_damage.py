"""A file of a run that is not what was written is named before anything runs, and can be made again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.artifacts import Result, Run, Scores, Trial
from agent.cli.damage import MADE_BY, UNIQUE, damages
from agent.cli.events import Beginning, beginning, events
from agent.cli.worked import Worked
from agent.workspace import LAYOUT, Workspace, envelope
from tests.faults.test_kill import artifacts

MICRO = Path(__file__).parents[1] / "templates" / "micro"
IDEA = "experiments/study/ideas/attention"
KINDS = [
    "experiments/study/ideas.json",
    f"{IDEA}/idea.json",
    f"{IDEA}/tree.json",
    f"{IDEA}/plan-1.json",
    f"{IDEA}/registration-1.json",
    f"{IDEA}/facts.json",
    f"{IDEA}/claims.json",
    f"{IDEA}/verdict.json",
    f"{IDEA}/figures.json",
    f"{IDEA}/figures/effects.pdf",
    "experiments/study/trials/*.json",
    "experiments/study/results/*.json",
    "experiments/study/scores/*.json",
    "experiments/study/calls/*.json",
    "papers/study/attention/round-0/paper.tex",
    "papers/study/attention/round-0/references.bib",
    "papers/study/attention/round-0/audit.json",
    "papers/study/attention/round-0/paper.json",
    "reviews/study/attention/round-0/review-0.json",
    "reviews/study/attention/round-0/meta.json",
]
"""One of every kind of file that can be made again."""


def shoal(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "agent", *words], capture_output=True, text=True)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = tmp_path_factory.mktemp("finished")
    ended = shoal(
        *("run", str(MICRO), "--name", "study", "--workspace", str(workspace), "--sandbox", "bubblewrap"),
        *("--idea", "attention", "--explore", "2", "--replicates", "8", "--no-pdf", "--allow-uninformative"),
    )
    assert ended.returncode == 0, ended.stderr
    return workspace


@pytest.fixture
def study(finished: Path, tmp_path: Path) -> Path:
    workspace = tmp_path / "workspace"
    shutil.copytree(finished, workspace, symlinks=True)
    return workspace


def one(workspace: Path, pattern: str) -> Path:
    return min(workspace.glob(pattern))


def spoil(path: Path) -> None:
    """Change one byte in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_of_every_kind_of_record_it_is_known_who_makes_it() -> None:
    of_trials = {Trial, Result, Scores}
    assert set(LAYOUT) == {*MADE_BY, *UNIQUE, *of_trials}


def test_a_finished_run_is_whole(finished: Path) -> None:
    assert damages(Workspace(finished), "study") == ()


@pytest.mark.parametrize("pattern", KINDS)
def test_one_changed_byte_is_seen(study: Path, pattern: str) -> None:
    path = one(study, pattern)
    spoil(path)
    found = [damage.path for damage in damages(Workspace(study), "study")]
    with_it = [other for other in found if other.parent.name in ("results", "figures") and other != path]
    assert found == [path, *with_it]
    assert not with_it or "scores" in pattern or pattern.endswith("figures.json")


@pytest.mark.parametrize(
    "name", ["tree.json", "plan-1.json", "facts.json", "verdict.json", "figures/effects.pdf"]
)
def test_a_file_that_others_were_made_from_and_is_gone_is_seen(study: Path, name: str) -> None:
    (study / IDEA / name).unlink()
    assert [damage.path for damage in damages(Workspace(study), "study")] == [study / IDEA / name]


def test_resume_names_what_is_damaged_what_rests_on_it_and_the_way_on(study: Path) -> None:
    path = study / IDEA / "facts.json"
    spoil(path)
    ended = shoal("resume", "study", "--workspace", str(study))
    assert ended.returncode == 4
    (line,) = ended.stderr.strip().splitlines()
    assert str(path) in line
    assert "every later stage of its idea rests on it" in line
    assert "shoal resume study --remake" in line


def test_damaged_files_are_made_again_with_the_same_bytes(finished: Path, study: Path) -> None:
    for pattern in KINDS:
        spoil(one(study, pattern))
    (study / IDEA / "figures" / "exploration.pdf").unlink()
    ended = shoal("resume", "study", "--workspace", str(study), "--remake", "--allow-uninformative")
    assert ended.returncode == 0, ended.stderr
    expected = artifacts(finished)
    found = artifacts(study)
    assert [name for name in expected if found.get(name) != expected[name]] == []
    assert all(name.endswith(".damaged") for name in set(found) - set(expected))


def test_a_record_of_how_the_run_began_cannot_be_made_again(study: Path) -> None:
    spoil(study / "experiments" / "study" / "archive.json")
    ended = shoal("resume", "study", "--workspace", str(study), "--remake")
    assert ended.returncode == 4
    assert "archive.json" in ended.stderr
    assert "put it back from a copy" in ended.stderr


EVENTS = "experiments/study/events.jsonl"


def without_first(lines: list[bytes]) -> list[bytes]:
    return lines[1:]


def torn_inside(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], lines[3][:-9] + b"\n", *lines[4:]]


def emptied(lines: list[bytes]) -> list[bytes]:
    return []


def nested(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], b"[" * 200_000 + b"\n", *lines[4:]]


def worked_s(workspace: Path) -> float:
    return Worked.before(events(workspace / "experiments" / "study")).total_s


@pytest.mark.parametrize("change", [without_first, torn_inside, emptied, nested, None])
def test_what_only_the_events_know_is_not_forgotten_without_a_word(
    study: Path, change: Callable[[list[bytes]], list[bytes]] | None
) -> None:
    path = study / EVENTS
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(change(lines))) if change else path.unlink()
    ended = shoal("resume", "study", "--workspace", str(study))
    assert ended.returncode == 4, ended.stderr
    (line,) = ended.stderr.strip().splitlines()
    assert str(path) in line
    assert "`shoal resume study --remake` with the flags that the run was begun with" in line


def test_remade_events_hold_what_is_left_of_them_and_the_flags_for_what_is_lost(study: Path) -> None:
    path = study / EVENTS
    lines, before = path.read_bytes().splitlines(keepends=True), worked_s(study)
    path.write_bytes(b"".join(lines[1:]))
    flags = ("--template", str(MICRO), "--max-trials", "500")
    ended = shoal("resume", "study", "--workspace", str(study), "--remake", *flags)
    assert ended.returncode == 0, ended.stderr
    assert beginning(path.parent) == Beginning(str(MICRO), None, {"max_trials": 500})
    assert worked_s(study) >= before > 0
    assert path.with_name("events.jsonl.damaged").read_bytes() == b"".join(lines[1:])


def test_a_remade_run_says_that_its_model_is_asked_at_the_providers_address(study: Path) -> None:
    (study / EVENTS).unlink()
    workspace = Workspace(study)
    run = workspace.get(Run, "study").model_copy(update={"model": "vllm:x"})
    workspace.path(Run, "study").write_bytes(envelope(run))
    flags = ("--template", str(MICRO), "--remake")
    ended = shoal("resume", "study", "--workspace", str(study), *flags)
    assert "no --base-url: vllm:x is asked at its provider's own address" in ended.stderr


def test_a_line_that_a_crash_tore_is_no_damage(study: Path) -> None:
    path = study / EVENTS
    path.write_bytes(path.read_bytes() + b'{"at": "20')
    assert damages(Workspace(study), "study") == ()
    assert shoal("resume", "study", "--workspace", str(study)).returncode == 0
    assert damages(Workspace(study), "study") == ()
