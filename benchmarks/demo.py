"""How long a whole study of the digits takes with the defaults, and where the time goes.

    python benchmarks/demo.py [bubblewrap] [docker]

Environments and data are made before the clock starts; results are never reused (`--fresh`, a new workspace a
run). Bars: 75 s with bubblewrap, 110 s with Docker, the median of three runs on 2 cores.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from report import report, table

RUNS = 3
STAGES = ("ideate", "explore", "register", "confirm", "analyse", "write", "review")


def shoal(workspace: Path, sandbox: str, name: str, *more: str) -> None:
    """Run one study.

    Raises:
        subprocess.CalledProcessError: it did not end well; its standard error is shown.
    """
    command = ["run", "digits", "--sandbox", sandbox, "--workspace", str(workspace), "--name", name, *more]
    subprocess.run([sys.executable, "-m", "agent", *command], check=True, stdout=subprocess.DEVNULL)


def stage_times(events: Path) -> dict[str, float]:
    """Seconds from the start to the end of each stage."""
    started: dict[str, datetime] = {}
    taken: dict[str, float] = {}
    for line in events.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event["kind"] != "stage":
            continue
        at = datetime.fromisoformat(event["at"])
        if event["phase"] == "start":
            started[event["text"]] = at
        else:
            taken[event["text"]] = (at - started[event["text"]]).total_seconds()
    return taken


def measure(sandbox: str) -> list[str]:
    """One row: median seconds in all and by stage, trials, load of the machine."""
    walls, stages, trials = [], [], 0
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        shoal(workspace, sandbox, "warm-up", "--explore", "2", "--replicates", "8", "--no-pdf",
              "--allow-uninformative")  # fmt: skip
        for number in range(RUNS):
            began = time.monotonic()
            shoal(workspace, sandbox, f"run-{number}", "--fresh", "--idea", "knn_clean")
            walls.append(time.monotonic() - began)
            run = workspace / "experiments" / f"run-{number}"
            stages.append(stage_times(run / "events.jsonl"))
            trials = len(list((run / "results").iterdir()))
    by_stage = [statistics.median(taken[stage] for taken in stages) for stage in STAGES]
    other = statistics.median(walls) - sum(by_stage)
    numbers = [statistics.median(walls), *by_stage, other]
    return [sandbox, str(trials), *(f"{number:.1f}" for number in numbers), f"{os.getloadavg()[0]:.1f}"]


def main() -> None:
    """Measure the sandboxes named on the command line, by default both."""
    sandboxes = sys.argv[1:] or ["bubblewrap", "docker"]
    columns = ["sandbox", "trials", "whole run", *STAGES, "start and end", "load"]
    rows = [measure(sandbox) for sandbox in sandboxes]
    note = f"Median of {RUNS} runs, seconds, on {os.cpu_count()} cores."
    report("A whole study of the digits", "python benchmarks/demo.py", f"{note}\n\n{table(columns, rows)}")


if __name__ == "__main__":
    main()
