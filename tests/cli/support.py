"""The command in a process of its own, and what is asserted of a refusal."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from agent.artifacts import Run

REPOSITORY = Path(__file__).resolve().parents[2]
MICRO = REPOSITORY / "tests" / "templates" / "micro"

Shoal = Callable[..., subprocess.CompletedProcess[str]]


def environment(home: Path) -> dict[str, str]:
    """Variables of a user without settings; those that say where sandboxes come from stay."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SHOAL_RUN", "XDG_")) and not name.endswith("_API_KEY")
    }
    return {**kept, "HOME": str(home), "PYTHONPATH": str(REPOSITORY), "COLUMNS": "100"}


def in_folder(folder: Path) -> Shoal:
    """Runs `shoal ARGUMENTS` in a folder; the user has no settings, and `env` adds variables."""

    def run(*arguments: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "agent", *map(str, arguments)],
            cwd=folder,
            env={**environment(folder.parent / "home"), **(env or {})},
            capture_output=True,
            text=True,
            timeout=240,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    return run


def small(name: str | None, *, template: str | Path = MICRO, explore: int = 2) -> list[str]:
    """The command of a small study."""
    named = ["--name", name] if name else []
    return [
        *("run", str(template), *named, "--sandbox", "bubblewrap", "--no-pdf", "--idea", "attention"),
        *("--explore", str(explore), "--replicates", "8", "--allow-uninformative"),
    ]


def files(folder: Path) -> set[str]:
    """Every file and folder below `folder`."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Exit code 2, one line on standard error that has all `words`, nothing on standard output."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert done.stderr.startswith("shoal: ")
    for word in words:
        assert word in done.stderr


def run_record(name: str) -> Run:
    """The record of a run that never did anything."""
    return Run(
        name=name,
        graph_version=1,
        template="micro",
        regime="default",
        scope="a test",
        model="scripted",
        seed=0,
        ideas=1,
        asked=None,
        brought=None,
        explore=2,
        replicates=8,
        lag=8,
        reviewers=1,
        pdf=False,
        fresh=False,
        sandbox="bubblewrap",
        data_hash="d",
        pool="p",
        pool_count=0,
        template_hash="t",
        environment_hash="e",
        archive_hash="a",
    )
