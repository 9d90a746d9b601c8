"""The three committed examples are what their commands make, and no effect is found where there is none."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = ROOT / "experiments" / "README.md"
NOT_COMPARED = {"events.jsonl", "checkpoint.sqlite", "checkpoint.sqlite-wal", "checkpoint.sqlite-shm", "lock"}
"""What holds times, or is no artifact."""
TOLERANCE = 0.02
"""Difference of a mean effect that another processor's arithmetic may make: the template's Δ."""


def commands() -> dict[str, list[str]]:
    """The commands in the README, by the name of the run that they make."""
    lines = re.findall(r"^shoal (run digits .+)$", README.read_text(encoding="utf-8"), re.MULTILINE)
    split = [shlex.split(line) for line in lines]
    return {command[command.index("--name") + 1]: command for command in split}


def shoal(*command: str) -> None:
    ended = subprocess.run([sys.executable, "-m", "agent", *command], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


def content(path: Path) -> dict[str, object]:
    return dict(json.loads(path.read_text(encoding="utf-8"))["content"])


def files(workspace: Path, run: str) -> dict[str, Path]:
    """Everything that a run left behind, but for what holds times and what TeX's version decides."""
    return {
        path.relative_to(workspace).as_posix(): path
        for top in ("experiments", "papers", "reviews")
        for path in sorted((workspace / top / run).rglob("*"))
        if path.is_file() and path.name not in NOT_COMPARED and "outcomes" not in path.parts
    }


@pytest.fixture(scope="module")
def made_again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty workspace in which the commands ran, in their order."""
    workspace = tmp_path_factory.mktemp("examples")
    for command in commands().values():
        shoal(*command, "--workspace", str(workspace))
    return workspace


def test_there_is_one_example_of_each_verdict() -> None:
    words = [
        content(path)["word"]
        for run in commands()
        for path in (ROOT / "experiments" / run / "ideas").glob("*/verdict.json")
    ]
    assert sorted(map(str, words)) == ["inconclusive", "refuted", "supported"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("run", list(commands()))
def test_an_example_is_what_its_command_makes(made_again: Path, run: str) -> None:
    committed, made = files(ROOT, run), files(made_again, run)
    record = f"experiments/{run}/run.json"
    ours, theirs = content(made[record]), content(committed[record])
    if ours["environment_hash"] == theirs["environment_hash"]:
        assert sorted(made) == sorted(committed)
        texts = [name for name in committed if not name.endswith(".pdf")]
        assert [name for name in texts if made[name].read_bytes() != committed[name].read_bytes()] == []
        return
    for name in (name for name in committed if name.endswith("verdict.json")):
        before, after = content(committed[name]), content(made[name])
        assert before["word"] == after["word"]
        for one, other in zip(before["comparisons"], after["comparisons"], strict=True):  # type: ignore[call-overload]
            assert abs(one["mean"] - other["mean"]) <= TOLERANCE


@pytest.mark.timeout(300)
def test_permuted_training_labels_support_nothing(tmp_path: Path) -> None:
    """The supported example again, every replicate's training labels permuted: there is nothing to find."""
    template = tmp_path / "permuted"
    shutil.copytree(ROOT / "templates" / "digits", template)
    prepare = (template / "prepare.py").read_text(encoding="utf-8")
    saved = 'save(folder / "labels.npy", spoil(labels[rows], noise, stream(replicate, "noise")))'
    permuted = saved.replace("spoil(", 'stream(replicate, "permutation").permutation(spoil(') + ")"
    assert prepare.count(saved) == 1
    (template / "prepare.py").write_text(prepare.replace(saved, permuted), encoding="utf-8")
    (supported,) = (command for command in commands().values() if "supported" in " ".join(command))
    idea = supported[supported.index("--idea") + 1]
    shoal(
        *("run", str(template), "--idea", idea, "--name", "permuted", "--workspace", str(tmp_path)),
        *("--no-pdf", "--allow-uninformative"),
    )
    (verdict,) = (tmp_path / "experiments" / "permuted" / "ideas").glob("*/verdict.json")
    assert content(verdict)["word"] != "supported"
