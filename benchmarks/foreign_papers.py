"""Seeded papers of other systems beside their results, with every number's truth known: first style.

Promises that it knows nothing of the audit: it imports the standard library only. Each paper has several
arms, data sets and metrics, tables of different shapes and prose with values, differences, ratios and
relative changes; results are AI Scientist's run folders, JSON, or CSV. `draw` returns a paper whose numbers
are still marks; `Paper.text` prints them, some of them replaced.
"""

from __future__ import annotations

import csv
import io
import json
import math
import random
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

OPEN, CLOSE = "\ue000", "\ue001"
"""Around the index of a number in a text that is not printed yet."""

Cell = tuple[int, int, int]
"""Arm, data set and metric, by position."""


@dataclass(frozen=True)
class Metric:
    """What was measured."""

    name: str
    key: str
    low: float
    high: float
    digits: int
    percent: bool = False
    """Whether the paper prints hundred times the value with a percent sign or header."""
    lower: bool = False


@dataclass(frozen=True)
class World:
    """The names of a study, as the paper and as the results write them."""

    arms: tuple[tuple[str, str], ...]
    data: tuple[tuple[str, str], ...]
    metrics: tuple[Metric, ...]


@dataclass(frozen=True)
class Mark:
    """A number of the paper that the results decide."""

    right: str
    kind: str
    """`value`, `spread`, `difference`, `ratio` or `percentage`."""
    others: tuple[str, ...]
    """The same number as other cells would have it, printed alike and different from `right`."""
    invent: Callable[[random.Random], str]


@dataclass
class Paper:
    """A paper with marks for its numbers, and its results."""

    name: str
    latex: str
    marks: list[Mark]
    results: dict[str, str] = field(default_factory=dict)

    def text(self, replaced: Mapping[int, str]) -> tuple[str, dict[int, tuple[int, int]]]:
        """The paper, and the line and column of each mark, both from 1."""
        out: list[str] = []
        places: dict[int, tuple[int, int]] = {}
        for part in self.latex.split(OPEN):
            if CLOSE not in part:
                out.append(part)
                continue
            index, rest = part.split(CLOSE, 1)
            before = "".join(out)
            places[int(index)] = (before.count("\n") + 1, len(before) - before.rfind("\n"))
            out.append(replaced.get(int(index), self.marks[int(index)].right))
            out.append(rest)
        return "".join(out), places


WORLDS = (
    World(
        (
            ("Baseline", "baseline"),
            ("Label Smoothing", "label_smoothing"),
            ("Mixup", "mixup"),
            ("Cutout", "cutout"),
        ),
        (("CIFAR-10", "cifar10"), ("SVHN", "svhn"), ("STL-10", "stl10")),
        (
            Metric("test accuracy", "test_acc", 0.6, 0.97, 1, percent=True),
            Metric("validation loss", "val_loss", 0.15, 1.4, 3, lower=True),
            Metric("training time", "train_time_s", 40, 900, 1, lower=True),
        ),
    ),
    World(
        (
            ("Adam", "adam"),
            ("SGD", "sgd"),
            ("Lion", "lion"),
            ("AdaFactor", "adafactor"),
            ("RMSProp", "rmsprop"),
        ),
        (("Shakespeare", "shakespeare_char"), ("enwik8", "enwik8"), ("text8", "text8")),
        (
            Metric("validation loss", "best_val_loss", 0.9, 2.1, 4, lower=True),
            Metric("perplexity", "ppl", 4, 60, 2, lower=True),
            Metric("tokens per second", "avg_inference_tokens_per_second", 200, 900, 1),
        ),
    ),
    World(
        (
            ("full fine-tuning", "full_ft"),
            ("LoRA", "lora"),
            ("prefix tuning", "prefix_tuning"),
            ("BitFit", "bitfit"),
        ),
        (("MNLI", "mnli"), ("QQP", "qqp"), ("SST-2", "sst2"), ("RTE", "rte")),
        (
            Metric("accuracy", "accuracy", 0.55, 0.95, 3),
            Metric("F1 score", "f1", 0.5, 0.94, 3),
            Metric("memory usage", "peak_memory_gb", 4, 40, 1, lower=True),
        ),
    ),
    World(
        (
            ("Random search", "random_search"),
            ("Bayesian optimisation", "bayes_opt"),
            ("Hyperband", "hyperband"),
        ),
        (("Hopper", "Hopper-v4"), ("Walker2d", "Walker2d-v4"), ("Ant", "Ant-v4")),
        (
            Metric("average return", "mean_return", 400, 5200, 0),
            Metric("success rate", "success_rate", 0.2, 0.97, 1, percent=True),
            Metric("wall-clock time", "wall_clock_min", 12, 130, 1, lower=True),
        ),
    ),
    World(
        (
            ("No augmentation", "none"),
            ("SpecAugment", "specaugment"),
            ("noise injection", "noise_inj"),
            ("speed perturbation", "speed_perturb"),
        ),
        (("LibriSpeech", "librispeech"), ("TED-LIUM", "tedlium"), ("Common Voice", "common_voice")),
        (
            Metric("word error rate", "wer", 0.05, 0.4, 1, percent=True, lower=True),
            Metric("character error rate", "cer", 0.02, 0.2, 2, percent=True, lower=True),
            Metric("real-time factor", "rtf", 0.05, 0.9, 3, lower=True),
        ),
    ),
)


class Drawing:
    """One paper while it is drawn."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self.world, self.rng = world, rng
        self.seeds = rng.choice((3, 4, 5))
        self.raw: dict[Cell, list[float]] = {}
        for m, metric in enumerate(world.metrics):
            for d in range(len(world.data)):
                centre = rng.uniform(metric.low, metric.high)
                for a in range(len(world.arms)):
                    spread = (metric.high - metric.low) * 0.18
                    mean = min(max(rng.gauss(centre, spread), metric.low), metric.high)
                    noise = (metric.high - metric.low) * rng.uniform(0.006, 0.03)
                    self.raw[a, d, m] = [rng.gauss(mean, noise) for _ in range(self.seeds)]
        self.marks: list[Mark] = []

    def mean(self, cell: Cell) -> float:
        """The mean over seeds."""
        return statistics.fmean(self.raw[cell])

    def spread(self, cell: Cell) -> float:
        """The sample standard deviation over seeds."""
        return statistics.stdev(self.raw[cell])

    def shown(self, value: float, m: int, *, sign: bool = True) -> str:
        """A value of a metric as the tables print it."""
        metric = self.world.metrics[m]
        return f"{value * 100 if metric.percent and sign else value:.{metric.digits}f}"

    def mark(self, right: str, kind: str, others: list[str], low: float, high: float, digits: int) -> str:
        """A mark for a number; `low` and `high` bound what is invented in its place."""
        wrong = tuple(dict.fromkeys(other for other in others if other != right))

        def invent(rng: random.Random) -> str:
            while True:
                drawn = f"{rng.uniform(low, high):.{digits}f}"
                if drawn != right:
                    return drawn

        self.marks.append(Mark(right, kind, wrong, invent))
        return f"{OPEN}{len(self.marks) - 1}{CLOSE}"

    def neighbours(self, cell: Cell) -> list[Cell]:
        """Cells that differ in the arm or the data set."""
        a, d, m = cell
        return [(i, d, m) for i in range(len(self.world.arms)) if i != a] + [
            (a, j, m) for j in range(len(self.world.data)) if j != d
        ]

    def value(self, cell: Cell) -> str:
        """A mark for a cell's mean."""
        metric = self.world.metrics[cell[2]]
        factor = 100 if metric.percent else 1
        return self.mark(
            self.shown(self.mean(cell), cell[2]),
            "value",
            [self.shown(self.mean(other), cell[2]) for other in self.neighbours(cell)],
            metric.low * factor,
            metric.high * factor,
            metric.digits,
        )

    def deviation(self, cell: Cell) -> str:
        """A mark for a cell's standard deviation."""
        metric = self.world.metrics[cell[2]]
        digits = max(metric.digits, 1)
        factor = 100 if metric.percent else 1
        text = f"{self.spread(cell) * factor:.{digits}f}"
        others = [f"{self.spread(other) * factor:.{digits}f}" for other in self.neighbours(cell)]
        high = self.spread(cell) * factor * 3
        return self.mark(text, "spread", others, high / 30, high + 10.0**-digits, digits)

    def pair(self, a: int, b: int, d: int, m: int, how: str) -> str:
        """A mark for what lies between two arms: `difference`, `ratio` or `percentage`."""
        metric = self.world.metrics[m]
        factor = 100 if metric.percent else 1

        def of(a: int, b: int, d: int) -> float:
            x, y = self.mean((a, d, m)), self.mean((b, d, m))
            if how == "difference":
                return abs(x - y) * factor
            return max(x, y) / min(x, y) if how == "ratio" else abs(x - y) / y * 100

        digits = {"difference": metric.digits, "ratio": 2, "percentage": 1}[how]
        others = [f"{of(i, b, d):.{digits}f}" for i in range(len(self.world.arms)) if i not in (a, b)]
        others += [f"{of(a, b, j):.{digits}f}" for j in range(len(self.world.data)) if j != d]
        low, high = {
            "difference": (0, (metric.high - metric.low) * factor * 0.5),
            "ratio": (1.05, 4),
            "percentage": (1, 60),
        }[how]
        return self.mark(f"{of(a, b, d):.{digits}f}", how, others, low, high, digits)


def draw(seed: int) -> Paper:
    """The paper of a seed."""
    rng = random.Random(f"first {seed}")
    world = WORLDS[seed % len(WORLDS)]
    drawing = Drawing(world, rng)
    form = ("runs", "nested", "flat", "long", "wide")[seed // len(WORLDS) % 5]
    body = [_intro(drawing), _setup(drawing, form), _results(drawing)]
    latex = _HEAD + "\n".join(body) + "\n\\end{document}\n"
    return Paper(f"first-{seed}-{form}", latex, drawing.marks, _write(drawing, form))


_HEAD = r"""\documentclass{article}
\usepackage{booktabs,multirow,graphicx}
\title{An empirical study}
\begin{document}
\maketitle
"""


def _unit(metric: Metric) -> str:
    return r"\%" if metric.percent else ""


def _pick(drawing: Drawing) -> tuple[int, int, int, int]:
    """Two arms, a data set and a metric."""
    rng = drawing.rng
    a, b = rng.sample(range(len(drawing.world.arms)), 2)
    return a, b, rng.randrange(len(drawing.world.data)), rng.randrange(len(drawing.world.metrics))


def _sentence(drawing: Drawing) -> str:
    a, b, d, m = _pick(drawing)
    world, rng = drawing.world, drawing.rng
    metric = world.metrics[m]
    one, two, data, unit = world.arms[a][0], world.arms[b][0], world.data[d][0], _unit(metric)
    x, y = drawing.mean((a, d, m)), drawing.mean((b, d, m))
    value, pair = drawing.value, drawing.pair
    better = (x < y) == metric.lower
    verb = "increases" if x > y else "reduces"
    forms: list[Callable[[], str]] = [
        lambda: f"On {data}, {one} reaches a {metric.name} of {value((a, d, m))}{unit}.",
        lambda: (
            f"{one} obtains {value((a, d, m))}{unit} {metric.name} on {data}, compared to "
            f"{value((b, d, m))}{unit} for {two}."
        ),
        lambda: (
            f"For {data}, the {metric.name} goes from {value((b, d, m))}{unit} with {two} to "
            f"{value((a, d, m))}{unit} with {one}."
        ),
        lambda: (
            f"On {data}, {one} and {two} have a {metric.name} of {value((a, d, m))}{unit} and "
            f"{value((b, d, m))}{unit}, respectively."
        ),
        lambda: (
            f"Relative to {two}, {one} {verb} the {metric.name} on {data} by "
            f"{pair(a, b, d, m, 'percentage')}\\%."
        ),
        lambda: (
            f"On {data} the {metric.name} of {one} differs from that of {two} by "
            f"{pair(a, b, d, m, 'difference')}{' points' if metric.percent else ''}."
        ),
        lambda: (
            f"{one if x > y else two} has a {pair(a, b, d, m, 'ratio')}$\\times$ higher {metric.name} than "
            f"{two if x > y else one} on {data}."
        ),
        lambda: (
            f"We find that {one} is {'better' if better else 'worse'} than {two} in {metric.name} on {data} "
            f"({value((a, d, m))}{unit} vs.\\ {value((b, d, m))}{unit})."
        ),
    ]
    return rng.choice(forms)()


def _intro(drawing: Drawing) -> str:
    names = ", ".join(arm for arm, _ in drawing.world.arms)
    lines = [_sentence(drawing) for _ in range(2)]
    return (
        "\\begin{abstract}\nWe compare " + names + ". " + " ".join(lines) + "\n\\end{abstract}\n"
        "\\section{Introduction}\nEarlier work from 2019 left the question open.\n"
    )


def _setup(drawing: Drawing, form: str) -> str:
    rng = drawing.rng
    rate = rng.choice(["1e-3", "$3 \\times 10^{-4}$", "0.01"])
    lines = [
        "\\section{Setup}",
        (
            f"We train with a learning rate of {rate} and a batch size of {rng.choice([32, 64, 256])} for "
            f"{rng.choice([20, 50, 200])} epochs, with {drawing.seeds} seeds each."
        ),
    ]
    if form == "runs":
        runs = [f"{arm} (Run {i})" for i, (arm, _) in enumerate(drawing.world.arms)]
        lines.append("Our runs are " + ", ".join(runs) + ".")
    return "\n".join(lines) + "\n"


def _results(drawing: Drawing) -> str:
    rng = drawing.rng
    shapes = rng.sample((_by_data, _by_arm, _by_metric, _stacked), 3)
    parts = ["\\section{Results}"]
    for number, shape in enumerate(shapes):
        parts.append(shape(drawing, number))
        parts.append(" ".join(_sentence(drawing) for _ in range(3)))
    return "\n\n".join(parts)


def _cell(drawing: Drawing, cell: Cell, spread: bool, bold: bool) -> str:
    text = drawing.value(cell)
    if bold:
        text = f"\\textbf{{{text}}}"
    return f"{text} $\\pm$ {drawing.deviation(cell)}" if spread else text


def _table(caption: str, spec: str, head: str, rows: list[str]) -> str:
    return (
        "\\begin{table}[t]\n\\centering\n\\caption{"
        + caption
        + "}\n\\begin{tabular}{"
        + spec
        + "}\n\\toprule\n"
        + head
        + " \\\\\n\\midrule\n"
        + "\n".join(row + " \\\\" for row in rows)
        + "\n\\bottomrule\n\\end{tabular}\n\\end{table}"
    )


def _title(metric: Metric) -> str:
    return metric.name[0].upper() + metric.name[1:] + (" (\\%)" if metric.percent else "")


def _by_data(drawing: Drawing, number: int) -> str:
    m = number % len(drawing.world.metrics)
    spread = drawing.rng.random() < 0.5
    rows = [
        " & ".join(
            [arm, *(_cell(drawing, (a, d, m), spread, d == a) for d in range(len(drawing.world.data)))]
        )
        for a, (arm, _) in enumerate(drawing.world.arms)
    ]
    head = " & ".join(["Method", *(name for name, _ in drawing.world.data)])
    tail = ", mean $\\pm$ standard deviation" if spread else ""
    return _table(
        _title(drawing.world.metrics[m]) + " of each method" + tail + ".", "l" + "c" * 6, head, rows
    )


def _by_arm(drawing: Drawing, number: int) -> str:
    m = (number + 1) % len(drawing.world.metrics)
    rows = [
        " & ".join([name, *(_cell(drawing, (a, d, m), False, False) for a in range(len(drawing.world.arms)))])
        for d, (name, _) in enumerate(drawing.world.data)
    ]
    head = " & ".join(["Dataset", *(arm for arm, _ in drawing.world.arms)])
    return _table(_title(drawing.world.metrics[m]) + " by dataset.", "l" + "r" * 6, head, rows)


def _by_metric(drawing: Drawing, number: int) -> str:
    d = drawing.rng.randrange(len(drawing.world.data))
    spread = drawing.rng.random() < 0.4
    rows = [
        " & ".join(
            [arm, *(_cell(drawing, (a, d, m), spread, False) for m in range(len(drawing.world.metrics)))]
        )
        for a, (arm, _) in enumerate(drawing.world.arms)
    ]
    head = " & ".join(["", *(_title(metric) for metric in drawing.world.metrics)])
    return _table(f"All metrics on {drawing.world.data[d][0]}.", "lccc", head, rows)


def _stacked(drawing: Drawing, number: int) -> str:
    world = drawing.world
    rows = []
    for a, (arm, _) in enumerate(world.arms):
        for d, (name, _) in enumerate(world.data):
            first = f"\\multirow{{{len(world.data)}}}{{*}}{{{arm}}}" if d == 0 else ""
            cells = [_cell(drawing, (a, d, m), False, False) for m in range(len(world.metrics))]
            rows.append(" & ".join([first, name, *cells]))
    head = " & ".join(["Method", "Dataset", *(_title(metric) for metric in world.metrics)])
    return _table("Complete results.", "ll" + "c" * len(world.metrics), head, rows)


def _write(drawing: Drawing, form: str) -> dict[str, str]:
    return {"runs": _runs, "nested": _nested, "flat": _flat, "long": _long, "wide": _wide}[form](drawing)


def _runs(drawing: Drawing) -> dict[str, str]:
    world, files = drawing.world, {}
    for a in range(len(world.arms)):
        info = {}
        for d, (_, data) in enumerate(world.data):
            cells = {metric.key: (a, d, m) for m, metric in enumerate(world.metrics)}
            info[data] = {
                "means": {f"{key}_mean": drawing.mean(cell) for key, cell in cells.items()},
                "stderrs": {
                    f"{key}_stderr": drawing.spread(cell) / math.sqrt(drawing.seeds)
                    for key, cell in cells.items()
                },
                "final_info_dict": {key: drawing.raw[cell] for key, cell in cells.items()},
            }
        files[f"run_{a}/final_info.json"] = json.dumps(info)
    return files


def _nested(drawing: Drawing) -> dict[str, str]:
    world = drawing.world
    out: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for a, (_, arm) in enumerate(world.arms):
        for d, (_, data) in enumerate(world.data):
            for m, metric in enumerate(world.metrics):
                numbers = {"mean": drawing.mean((a, d, m)), "std": drawing.spread((a, d, m))}
                out.setdefault(data, {}).setdefault(arm, {})[metric.key] = numbers
    return {"results.json": json.dumps(out, indent=1)}


def _flat(drawing: Drawing) -> dict[str, str]:
    world, files = drawing.world, {}
    for a, (_, arm) in enumerate(world.arms):
        flat: dict[str, float] = {}
        for d, (_, data) in enumerate(world.data):
            for m, metric in enumerate(world.metrics):
                flat[f"{data}/{metric.key}"] = drawing.mean((a, d, m))
                flat[f"{data}/{metric.key}_std"] = drawing.spread((a, d, m))
        files[f"out/{arm}.json"] = json.dumps(flat)
    return files


def _table_of(rows: list[list[object]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _long(drawing: Drawing) -> dict[str, str]:
    world = drawing.world
    rows: list[list[object]] = [["method", "dataset", "seed", *(metric.key for metric in world.metrics)]]
    for a, (_, arm) in enumerate(world.arms):
        for d, (_, data) in enumerate(world.data):
            for s in range(drawing.seeds):
                rows.append([arm, data, s, *(drawing.raw[a, d, m][s] for m in range(len(world.metrics)))])
    return {"metrics.csv": _table_of(rows)}


def _wide(drawing: Drawing) -> dict[str, str]:
    world, files = drawing.world, {}
    for d, (_, data) in enumerate(world.data):
        rows: list[list[object]] = [["model"]]
        for metric in world.metrics:
            rows[0] += [f"{metric.key}_mean", f"{metric.key}_std"]
        for a, (_, arm) in enumerate(world.arms):
            rows.append([arm])
            for m in range(len(world.metrics)):
                rows[-1] += [drawing.mean((a, d, m)), drawing.spread((a, d, m))]
        files[f"{data}.csv"] = _table_of(rows)
    return files
