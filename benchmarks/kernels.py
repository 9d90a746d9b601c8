"""How far a study's results move when another processor's arithmetic runs them.

    python benchmarks/kernels.py [--replicates 10]

Runs the frozen arms of the committed examples on their registered replicates once with each kernel of numpy's
matrix library that this processor can run (OPENBLAS_CORETYPE), and prints the largest differences from the
default kernel: of a trial's accuracy and log loss, and of any comparison's mean, beside Δ. The template's own
programs run here without a sandbox. Takes a few minutes on 2 cores. The tolerance of `shoal reproduce` is Δ.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

from report import table

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "templates" / "digits"
KERNELS = ("Haswell", "Sandybridge", "Nehalem")
Metrics = dict[str, float]


def program(name: str, *words: str | Path, kernel: str = "") -> None:
    """Run one of the template's programs with one thread."""
    chosen = {"OPENBLAS_CORETYPE": kernel} if kernel else {}
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", **chosen}
    command = [sys.executable, str(TEMPLATE / name), *map(str, words)]
    subprocess.run(command, check=True, env=environment, capture_output=True)


def trial(data: Path, knobs: dict[str, Any], replicate: int, kernel: str) -> Metrics:
    """The test metrics of one configuration on one replicate."""
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder)
        (job / "data").mkdir()
        (job / "out").mkdir()
        parts = {"common": "common", "replicate": f"replicates/{replicate}", "eval": "test"}
        for name, part in parts.items():
            (job / "data" / name).symlink_to(data / "data" / part)
        (job / "config.json").write_text(json.dumps({"knobs": knobs, "threads": 1}))
        given = ("--replicate", str(replicate))
        where = ("--config", job / "config.json", "--data", job / "data", "--out", job / "out")
        program("experiment.py", *where, *given, kernel=kernel)
        answers = ("--outputs", job / "out", "--private", data / "private" / "test", "--split", "test")
        program("evaluate.py", *answers, *given, "--out", job / "metrics.json", kernel=kernel)
        return dict(json.loads((job / "metrics.json").read_text())["metrics"])


def content(path: Path) -> Any:
    """What an artifact's file holds."""
    return json.loads(path.read_text(encoding="utf-8"))["content"]


def moved(example: Path, data: Path, defaults: dict[str, Any], replicates: int) -> Iterator[list[str]]:
    """A row for each kernel: what moved in one example."""
    (folder,) = (example / "ideas").iterdir()
    plan, registered = content(folder / "plan-1.json"), content(folder / "registration-1.json")["replicates"]
    arms = {
        arm["name"]: {**defaults, **{knob["name"]: knob["value"] for knob in arm["change"]["knobs"]}}
        for arm in plan["arms"]
    }
    runs = {
        (kernel, arm, r): trial(data, knobs, r, kernel)
        for kernel in ("", *KERNELS)
        for arm, knobs in arms.items()
        for r in registered[:replicates]
    }

    def effect(kernel: str, comparator: str) -> float:
        pairs = [(runs[kernel, "treatment", r], runs[kernel, comparator, r]) for r in registered[:replicates]]
        return fmean(ours["accuracy"] - theirs["accuracy"] for ours, theirs in pairs)

    others = [arm for arm in arms if arm != "treatment"]
    for kernel in KERNELS:
        apart = {
            metric: [
                abs(found[metric] - runs["", arm, r][metric])
                for (other, arm, r), found in runs.items()
                if other == kernel
            ]
            for metric in ("accuracy", "log_loss")
        }
        yield [
            example.name,
            kernel,
            f"{sum(x > 0 for x in apart['log_loss'])}/{len(apart['log_loss'])}",
            f"{sum(x > 0 for x in apart['accuracy'])}/{len(apart['accuracy'])}",
            f"{max(apart['accuracy']):.4f}",
            f"{max(apart['log_loss']):.2g}",
            f"{max(abs(effect(kernel, arm) - effect('', arm)) for arm in others):.5f}",
            f"{plan['sesoi']:g}",
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=10)
    arguments = parser.parse_args()
    knobs = tomllib.loads((TEMPLATE / "template.toml").read_text(encoding="utf-8"))["knobs"]
    defaults = {name: knob["default"] for name, knob in knobs.items()}
    rows = []
    for example in sorted((ROOT / "experiments").glob("example-*")):
        with tempfile.TemporaryDirectory() as folder:
            regime = content(example / "run.json")["regime"]
            program("prepare.py", "--out", folder, "--regime", regime)
            rows += list(moved(example, Path(folder), defaults, arguments.replicates))
    head = [
        "example",
        "kernel",
        "log loss moved",
        "accuracy moved",
        "max accuracy",
        "max log loss",
        "effect",
        "Δ",
    ]
    print(table(head, rows))


if __name__ == "__main__":
    main()
