"""A file of a run that is not what was written is named before anything runs, and can be made again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent.artifacts import Result, Scores, Trial
from agent.cli.damage import MADE_BY, UNIQUE, damages
from agent.workspace import LAYOUT, Workspace
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
