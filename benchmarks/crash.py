"""SIGKILL at random instants and at every write of a small study with a served model: does it come back?

    python benchmarks/crash.py [--instants 50] [--first 1] [--last N] [--every 1] [--seed 0] [--at-once 2]

Each study is killed once, resumed, and compared with one that nobody disturbed: the same files with the same
bytes (those with times in them left out), no call repeated that stood in the journal, no trial run again that
was recorded, and at most one call a worker asked again. `--first`, `--last` and `--every` choose writes.
Faults are told as they are found. Exits with 1 where a study falls short. A run over all writes takes about
an hour on 2 idle cores; the file system waits for every write, so a TMPDIR in memory saves time.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the served model of the tests

from pytest_httpserver import HTTPServer  # noqa: E402
from report import report, table  # noqa: E402

from tests.served_model import serve  # noqa: E402

KILL_AT = Path(__file__).with_name("kill_at.py")
MICRO = ROOT / "tests" / "templates" / "micro"
WORKERS = 2
TIMED = {"events.jsonl", "checkpoint.sqlite", "checkpoint.sqlite-wal", "checkpoint.sqlite-shm", "lock"}
"""What holds times, or is no artifact."""
RESERVED = ".reserved.json"
"""Notes of calls under way; that of a call which a kill cut off stays booked."""
LONGEST_S = 300
"""A study takes some seconds; one that takes this long hangs."""


@dataclass(frozen=True)
class Ending:
    """What became of one killed and resumed study."""

    where: str
    """`write 17` or `3.214 s`."""
    problem: str
    """Empty where it came back whole."""
    asked_again: int
    """Calls under way at the kill, whose answers were lost."""
    finished: bool
    """It was over before the kill came."""


def command(workspace: Path, address: str) -> list[str]:
    """The study: a code idea, four exploring trials an arm, eight replicates, three reviewers."""
    return [
        *("run", str(MICRO), "--name", "study", "--workspace", str(workspace), "--sandbox", "bubblewrap"),
        *("--model", "vllm:x", "--base-url", address, "--explore", "4", "--replicates", "8", "--no-pdf"),
        *("--allow-uninformative", "--workers", str(WORKERS)),
    ]


def shoal(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "agent", *words], capture_output=True, text=True, timeout=LONGEST_S, cwd=ROOT
    )


def artifacts(workspace: Path) -> dict[str, bytes]:
    """Every file that the run left behind, but for those with times in them and the shared store."""
    return {
        path.relative_to(workspace).as_posix(): path.read_bytes()
        for path in sorted(workspace.rglob("*"))
        if path.is_file()
        and path.name not in TIMED
        and not path.name.endswith(RESERVED)
        and not {".store", "outcomes"} & set(path.relative_to(workspace).parts)
    }


@dataclass(frozen=True)
class Undisturbed:
    """The study that nobody killed."""

    workspace: Path
    files: dict[str, bytes]
    calls: int
    writes: int
    wall_s: float


def undisturbed(workspace: Path) -> Undisturbed:
    """Run the study twice: once to prepare, once to measure and to count its writes."""
    with HTTPServer() as server:
        seen = serve(server)
        prepared = shoal(*command(workspace / "first", server.url_for("/v1")))
        assert prepared.returncode == 0, prepared.stderr
        share(workspace / "first", workspace / "second")
        asked = len(seen)
        count = workspace / "count"
        began = time.monotonic()
        kill_at(0, count, command(workspace / "second", server.url_for("/v1"))).wait()
        wall_s = time.monotonic() - began
        return Undisturbed(
            workspace / "second",
            artifacts(workspace / "second"),
            len(seen) - asked,
            int(count.read_text()),
            wall_s,
        )


def share(source: Path, target: Path) -> None:
    """Give a new workspace the data and environments of another."""
    for part in ("data", "environments"):
        folder = Path("experiments", ".store", part)
        shutil.copytree(source / folder, target / folder, symlinks=True)


def kill_at(write: int, count: Path, words: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a study that ends before its n-th write; never for 0."""
    return subprocess.Popen(
        [sys.executable, str(KILL_AT), str(write), str(count), *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def killed_and_resumed(expected: Undisturbed, *, write: int = 0, after_s: float = 0.0) -> Ending:
    """Kill one study at a write or at an instant, resume it, and say what is wrong with it."""
    where = f"write {write}" if write else f"{after_s:.3f} s"
    with tempfile.TemporaryDirectory(prefix="shoal-crash-") as folder, HTTPServer() as server:
        seen = serve(server)
        workspace = Path(folder) / "workspace"
        share(expected.workspace, workspace)
        words = command(workspace, server.url_for("/v1"))
        process = kill_at(write, Path(folder) / "count", words)
        try:
            process.wait(timeout=after_s if after_s else LONGEST_S)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        before = Before.of(workspace, len(seen))
        begun = (workspace / "experiments" / "study" / "run.json").exists()
        again = (
            ["resume", "study", "--workspace", str(workspace), "--allow-uninformative"] if begun else words
        )
        resumed = shoal(*again)
        problem = (
            f"exit {resumed.returncode}: {resumed.stderr.strip()[-200:]}"
            if resumed.returncode
            else before.problem(workspace, len(seen), expected)
        )
        return Ending(where, problem, before.asked - before.journaled, process.returncode == 0)


@dataclass(frozen=True)
class Before:
    """What a study had when it was killed."""

    asked: int
    """Calls that reached the server."""
    journaled: int
    outcomes: dict[str, bytes]
    """How the sandboxes of the recorded trials ended, which holds times: those of a second run differ."""

    @classmethod
    def of(cls, workspace: Path, asked: int) -> Before:
        """Look at a killed study."""
        folder = workspace / "experiments" / "study"
        calls = [path for path in folder.glob("calls/*.json") if not path.name.endswith(RESERVED)]
        recorded = [path.name for path in folder.glob("results/*.json")]
        return cls(
            asked,
            len(calls),
            {
                name: (folder / "outcomes" / name).read_bytes()
                for name in recorded
                if (folder / "outcomes" / name).exists()
            },
        )

    def problem(self, workspace: Path, asked: int, expected: Undisturbed) -> str:
        """What is wrong with the study once it was resumed; empty where nothing is."""
        found = artifacts(workspace)
        if sorted(found) != sorted(expected.files):
            return f"other files: {sorted(set(found) ^ set(expected.files))[:3]}"
        if differing := [name for name in found if found[name] != expected.files[name]]:
            return f"other bytes: {differing[:3]}"
        if (more := asked - self.asked) != expected.calls - self.journaled:
            return f"{self.journaled} of {expected.calls} calls stood in the journal; then {more} were asked"
        if self.asked - self.journaled > WORKERS:
            return f"{self.asked - self.journaled} calls were asked again with {WORKERS} workers"
        folder = workspace / "experiments" / "study" / "outcomes"
        again = [name for name, content in self.outcomes.items() if (folder / name).read_bytes() != content]
        return f"recorded trials ran again: {again[:3]}" if again else ""


def told(jobs: list[Future[Ending]]) -> Iterator[Ending]:
    """What became of the studies, with a line on standard error for each fault and each 25th study."""
    for number, job in enumerate(jobs, start=1):
        ending = job.result()
        if ending.problem or number % 25 == 0 or number == len(jobs):
            problem = ending.problem or "no fault since the line before"
            print(f"{number} of {len(jobs)}, {ending.where}: {problem}", file=sys.stderr, flush=True)
        yield ending


def main() -> int:
    """Kill, resume, compare; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--instants", type=int, default=50, help="random instants, drawn from the seed")
    parser.add_argument("--first", type=int, default=1, help="the first write to kill at")
    parser.add_argument("--last", type=int, help="the last one; the study's last unless named")
    parser.add_argument("--every", type=int, default=1, help="take every n-th write")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--at-once", type=int, default=2, help="studies at a time")
    chosen = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with (
        tempfile.TemporaryDirectory(prefix="shoal-crash-") as folder,
        ThreadPoolExecutor(chosen.at_once) as pool,
    ):
        expected = undisturbed(Path(folder))
        draw = random.Random(chosen.seed)
        instants = [draw.uniform(0.0, expected.wall_s) for _ in range(chosen.instants)]
        writes = range(chosen.first, (chosen.last or expected.writes) + 1, chosen.every)
        by_instant = [pool.submit(killed_and_resumed, expected, after_s=at) for at in instants]
        by_write = [pool.submit(killed_and_resumed, expected, write=number) for number in writes]
        groups = {
            f"{len(instants)} random instants in {expected.wall_s:.1f} s": list(told(by_instant)),
            f"{len(writes)} of {expected.writes} writes": list(told(by_write)),
        }
    rows = []
    for name, endings in groups.items():
        again = Counter(ending.asked_again for ending in endings)
        whole = sum(not ending.problem for ending in endings)
        rows.append([
            name, f"{whole} of {len(endings)}", str(sum(ending.finished for ending in endings)),
            ", ".join(f"{count} × {calls}" for calls, count in sorted(again.items())),
        ])  # fmt: skip
    columns = ["killed at", "same bytes, nothing repeated", "over before the kill", "calls asked again"]
    words = " ".join(["python benchmarks/crash.py", *sys.argv[1:]])
    note = (
        f"The micro template with a served model: {expected.calls} calls, {WORKERS} workers, each study "
        "killed once and resumed. *Calls asked again* were under way at the kill, written as studies × calls."
    )
    report("Studies killed and resumed", words, f"{note}\n\n{table(columns, rows)}")
    return int(any(ending.problem for endings in groups.values() for ending in endings))


if __name__ == "__main__":
    sys.exit(main())
