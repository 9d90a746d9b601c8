"""Processor time of `shoal --help`. Bar: 0.3 s."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys

from report import report, table

RUNS = 10


def cpu_seconds(command: list[str]) -> float:
    """User and system time of one command and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Time `shoal --help` beside a bare interpreter, interleaved."""
    help_times, bare_times = [], []
    for _ in range(RUNS):
        bare_times.append(cpu_seconds([sys.executable, "-c", "pass"]))
        help_times.append(cpu_seconds([sys.executable, "-m", "agent", "--help"]))
    rows = [
        ["python -c pass", f"{statistics.median(bare_times):.2f}", f"{max(bare_times):.2f}"],
        ["shoal --help", f"{statistics.median(help_times):.2f}", f"{max(help_times):.2f}"],
    ]
    text = table(["command", "median CPU s", "largest"], rows)
    report("Help", "python benchmarks/help.py", f"{RUNS} runs each, load {os.getloadavg()[0]:.1f}.\n\n{text}")


if __name__ == "__main__":
    main()
