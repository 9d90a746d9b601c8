"""After SIGKILL at any kind of write in any stage, `resume` ends in the same bytes as an undisturbed run.

Before there is a run to resume, the same command does.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MICRO = HERE.parent / "templates" / "micro"
POINTS = [
    ("put", "archive", "before"),
    ("put", "start", "before"),
    ("checkpoint", "ideate", "after"),
    ("put", "ideate", "before"),
    ("put", "explore", "before"),
    ("put", "explore", "after"),
    ("put", "register", "after"),
    ("put", "confirm", "before"),
    ("put", "confirm", "after"),
    ("put", "analyse", "before"),
    ("put", "write", "after"),
    ("put", "review", "before"),
    ("checkpoint", "ideate", "before"),
    ("checkpoint", "explore", "before"),
    ("checkpoint", "register", "after"),
    ("checkpoint", "confirm", "before"),
    ("checkpoint", "write", "after"),
    ("checkpoint", "review", "before"),
    ("journal", "ideate", "after"),
    ("journal", "write", "before"),
    ("journal", "review", "after"),
    ("ledger", "register", "before"),
    ("ledger", "register", "after"),
]
"""Every kind of write, before or after, in each stage that has one; the other half are their neighbours."""
NOT_COMPARED = {"events.jsonl", "checkpoint.sqlite", "checkpoint.sqlite-wal", "checkpoint.sqlite-shm", "lock"}
"""What holds times, or is no artifact."""


def arguments(workspace: Path) -> list[str]:
    return [
        *("run", str(MICRO), "--name", "study", "--workspace", str(workspace)),
        *("--sandbox", "bubblewrap", "--explore", "2", "--replicates", "8", "--no-pdf"),
        *("--allow-uninformative", "--workers", "2"),
    ]


def shoal(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "agent", *command], capture_output=True, text=True)


def artifacts(workspace: Path) -> dict[str, bytes]:
    """Every file that the run left behind, but for what holds times."""
    return {
        path.relative_to(workspace).as_posix(): path.read_bytes()
        for path in sorted(workspace.rglob("*"))
        if path.is_file()
        and path.name not in NOT_COMPARED
        and not {".store", "outcomes"} & set(path.relative_to(workspace).parts)
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = tmp_path_factory.mktemp("undisturbed")
    ended = shoal(*arguments(workspace))
    assert ended.returncode == 0, ended.stderr
    return workspace


@pytest.mark.parametrize(("kind", "stage", "when"), POINTS, ids=["-".join(point) for point in POINTS])
def test_a_killed_study_ends_in_the_same_bytes(
    undisturbed: Path, tmp_path: Path, kind: str, stage: str, when: str
) -> None:
    for shared in ("data", "environments"):
        source = undisturbed / "experiments" / ".store" / shared
        shutil.copytree(source, tmp_path / "experiments" / ".store" / shared, symlinks=True)
    killed = subprocess.run(
        [sys.executable, str(HERE / "killer.py"), kind, stage, when, *arguments(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    begun = (tmp_path / "experiments" / "study" / "run.json").exists()
    resume = ["resume", "study", "--workspace", str(tmp_path), "--allow-uninformative"]
    resumed = shoal(*(resume if begun else arguments(tmp_path)))
    assert resumed.returncode == 0, resumed.stderr
    expected, found = artifacts(undisturbed), artifacts(tmp_path)
    assert sorted(found) == sorted(expected)
    assert [name for name in expected if found[name] != expected[name]] == []
