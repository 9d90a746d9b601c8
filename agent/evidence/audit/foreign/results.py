"""Any JSON and CSV in a folder as quantities: a path of names, and its statistics.

Promises to read AI Scientist's `final_info.json`, nested and flat JSON, lists of records, and CSV with rows
per arm or per seed; to fold means, deviations and repeated values of one thing into one quantity; and to stay
within bounds. Values that are not finite are not evidence.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.evidence.audit.foreign.source import Unauditable

MAX_FILES, MAX_FILE, MAX_ALL, MAX_VALUES = 3000, 30_000_000, 120_000_000, 400_000
REPEATS = 64
"""A list of more values is a curve, of which the last, the least and the largest count."""
_STATS = {
    "mean": "mean",
    "means": "mean",
    "avg": "mean",
    "average": "mean",
    "std": "std",
    "stds": "std",
    "sd": "std",
    "stdev": "std",
    "stddev": "std",
    "stderr": "stderr",
    "stderrs": "stderr",
    "sem": "stderr",
    "se": "stderr",
    "ci": "ci",
    "ci95": "ci",
    "median": "median",
    "min": "min",
    "max": "max",
    "var": "var",
    "values": "raw",
    "raw": "raw",
    "n": "n",
    "count": "n",
}
_DULL = frozenset(
    [
        "final_info",
        "final_info_dict",
        "results",
        "result",
        "metrics",
        "metric",
        "summary",
        "scores",
        "score",
        "output",
        "outputs",
        "data",
        "values",
        "value",
        "all_results",
        "eval",
        "evaluation",
        "experiments",
        "runs",
        "stats",
        "final",
        "json",
        "means",
        "stderrs",
    ]
)
_SEED = re.compile(
    r"^(seed|fold|rep|replicate|repeat|repetition|trial|split_seed|run_id|trial_id|rng)s?(_?id|_?idx)?$", re.I
)
_STEP = re.compile(
    r"^(epoch|step|iter|iteration|global_step|timestep|round|index|idx|id|timestamp|time_stamp|)$", re.I
)
_TIMED = re.compile(r"time|clock|duration|elapsed|latency|wall|runtime", re.IGNORECASE)
_SEEDED = re.compile(r"^(?:seed|fold|rep|replicate|trial)[_-]?\d+$", re.I)
Record = tuple[tuple[str, ...], str, float | tuple[float, ...], str]
"""Path, statistic, value or values, and where it stands."""


@dataclass
class Quantity:
    """One thing that was measured."""

    path: tuple[str, ...]
    stats: dict[str, float] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    """Where each statistic stands in the results."""
    repeats: list[float] = field(default_factory=list)

    def central(self) -> Iterator[tuple[str, float]]:
        """What the quantity's value may be given as."""
        for stat in ("mean", "value"):
            if stat in self.stats:
                yield stat, self.stats[stat]


@dataclass
class Results:
    """What was measured, and what else the folder says."""

    quantities: list[Quantity] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    """What the folder's notes call a run."""
    skipped: list[str] = field(default_factory=list)
    """Files that could not be read, with the reason."""
    files: int = 0


def load(folder: Path) -> Results:
    """Read a results folder.

    Raises:
        Unauditable: it is no folder, holds no number, or is too large.
    """
    if not folder.is_dir():
        raise Unauditable(f"{folder}: no such folder; --results takes the folder with the result files")
    results = Results()
    gathered: dict[tuple[str, ...], Quantity] = {}
    for path, name in _files(folder):
        try:
            text = path.read_bytes().decode("utf-8-sig")
            if path.suffix.lower() in (".txt", ".md"):
                results.notes.update(run_names(text))
                continue
            records = list(_json(text, name) if path.suffix.lower() != ".csv" else _csv(text, name))
        except (ValueError, RecursionError, csv.Error, OSError) as error:
            results.skipped.append(f"{name}: {' '.join(str(error).split())[:120]}")
            continue
        results.files += 1
        for record in records:
            _gather(gathered, record)
        if len(gathered) > MAX_VALUES:
            raise Unauditable(f"{folder}: more than {MAX_VALUES} values; point --results at the final ones")
    for quantity in gathered.values():
        _complete(quantity)
    results.quantities = [quantity for quantity in gathered.values() if quantity.stats]
    if not results.quantities:
        why = f" ({results.skipped[0]})" if results.skipped else ""
        raise Unauditable(f"{folder}: no number in its JSON and CSV files{why}")
    return results


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    root, total, count = folder.resolve(), 0, 0
    for path in sorted(root.rglob("*")):
        suffix = path.suffix.lower()
        inside = path.relative_to(root)
        if suffix not in (".json", ".csv", ".tsv", ".jsonl", ".txt", ".md") or any(
            p.startswith(".") for p in inside.parts
        ):
            continue
        if path.is_symlink() or not path.is_file():
            continue
        size = path.stat().st_size
        if suffix in (".txt", ".md") and (size > 300_000 or "note" not in path.name.lower()):
            continue
        total, count = total + size, count + 1
        if size > MAX_FILE or total > MAX_ALL or count > MAX_FILES:
            raise Unauditable(f"{path}: the results are too large to read; point --results at the final ones")
        yield path, inside.as_posix()


def run_names(text: str) -> dict[str, str]:
    """What notes call a run: `## Run 2: Cosine schedule`."""
    found = re.findall(
        r"^[#*\s-]*run[\s_]*(\d+)\**\s*[:–-]\s*(.{2,80}?)\**\s*$", text, re.IGNORECASE | re.MULTILINE
    )
    return {f"run_{number}": title for number, title in found}


def _json(text: str, name: str) -> Iterator[Record]:
    parts = tuple(Path(name).with_suffix("").parts)
    if name.endswith((".tsv",)):
        yield from _csv(text, name, "\t")
        return
    if name.endswith(".jsonl"):
        tree: Any = [json.loads(line) for line in text.splitlines() if line.strip()]
    else:
        tree = json.loads(text)
    yield from _tree(tree, parts, f"{name}: ", "")


def _tree(node: Any, path: tuple[str, ...], file: str, inside: str) -> Iterator[Record]:
    if isinstance(node, bool) or node is None:
        return
    if isinstance(node, int | float):
        yield path, "", _finite(node), file + inside
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _tree(value, (*path, str(key)), file, f"{inside}.{key}" if inside else str(key))
    elif isinstance(node, list) and node:
        if all(isinstance(item, int | float) and not isinstance(item, bool) for item in node):
            yield path, "raw", tuple(_finite(item) for item in node), file + inside
        elif all(isinstance(item, dict) for item in node):
            yield from _rows([dict(item.items()) for item in node], path, file + inside)
        else:
            for index, item in enumerate(node):
                yield from _tree(item, (*path, str(index)), file, f"{inside}[{index}]")


def _finite(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _csv(text: str, name: str, mark: str = "") -> Iterator[Record]:
    head = text.splitlines()[0] if text.strip() else ""
    delimiter = mark or max(",;\t", key=head.count)
    rows: list[dict[str, Any]] = []
    for row in csv.DictReader(io.StringIO(text), delimiter=delimiter):
        rows.append({(key or "").strip(): _cell(value) for key, value in row.items() if key is not None})
    yield from _rows(rows, tuple(Path(name).with_suffix("").parts), f"{name}: ")


def _cell(value: Any) -> Any:
    text = value.strip() if isinstance(value, str) else ""
    try:
        return float(text.rstrip("%"))
    except ValueError:
        return text


def _rows(rows: list[dict[str, Any]], path: tuple[str, ...], place: str) -> Iterator[Record]:
    """Records as a tree: their words are labels, their numbers what was measured."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    if len(rows) * max(1, len(columns)) > MAX_VALUES:
        raise ValueError("too many rows")
    factors = {column for column in columns if _is_factor(column, [row.get(column) for row in rows])}
    labels = [
        column
        for column in columns
        if column in factors or any(isinstance(row.get(column), str) and row[column] for row in rows)
    ]
    labels = [column for column in labels if not _SEED.match(column)]
    for row in rows:
        names = []
        for column in labels:
            value = row.get(column)
            if isinstance(value, bool) or value in (None, ""):
                continue
            if isinstance(value, str):
                names.append(value)
            elif isinstance(value, int | float):
                names.append(f"{column}={value:g}")
        shown = ",".join(names)
        for column in columns:
            value = row.get(column)
            if column in labels or _SEED.match(column) or _STEP.match(column):
                continue
            yield from _tree(value, (*path, *names, column), place, f"{shown}.{column}" if shown else column)


def _is_factor(column: str, values: list[Any]) -> bool:
    numeric = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numeric) < 4 or _SEED.match(column) or _STEP.match(column) or len(numeric) < len(values):
        return False
    distinct = set(numeric)
    return 1 < len(distinct) <= min(12, len(numeric) // 2) and min(map(numeric.count, distinct)) > 1


def _gather(gathered: dict[tuple[str, ...], Quantity], record: Record) -> None:
    path, stat, value, place = record
    names: list[str] = []
    for segment in path:
        name, found = split_stat(segment)
        if found and not (stat and found == "mean"):
            stat = found if not (stat == "raw" and found == "mean") else stat
        if name and not _SEEDED.match(name):
            names.append(name)
    seeded = any(_SEEDED.match(segment) for segment in path)
    quantity = gathered.setdefault(tuple(names), Quantity(tuple(names)))
    if isinstance(value, tuple):
        finite = [item for item in value if math.isfinite(item)]
        if finite and stat in ("raw", "mean", "") and len(finite) <= REPEATS:
            quantity.repeats += finite
            quantity.places.setdefault("raw", place)
        elif finite and len(finite) == len(value) == 2 and stat == "ci":
            quantity.stats.update(low=finite[0], high=finite[1])
            quantity.places.setdefault("low", place)
        elif finite:
            quantity.stats.update(value=finite[-1], min=min(finite), max=max(finite))
            quantity.places.setdefault("value", place)
    elif math.isfinite(value):
        stat = stat or "value"
        if (seeded or stat in ("raw", "value", "mean")) and (
            stat in quantity.stats or seeded or quantity.repeats
        ):
            if stat in quantity.stats:
                quantity.repeats.append(quantity.stats.pop(stat))
            quantity.repeats.append(value)
            quantity.places.setdefault("raw", place)
        elif stat != "raw":
            quantity.stats.setdefault(stat, value)
            quantity.places.setdefault(stat, place)
        else:
            quantity.repeats.append(value)
            quantity.places.setdefault("raw", place)


def split_stat(segment: str) -> tuple[str, str]:
    """A name without the statistic in it, and that statistic; an empty name where nothing else is said."""
    if segment.lower() in _DULL:
        return "", _STATS.get(segment.lower(), "")
    if segment.lower() in _STATS:
        return "", _STATS[segment.lower()]
    found = re.match(
        r"^(.+?)[\s_./(-]+(mean|avg|std|sd|stdev|stddev|stderr|sem|se|ci95|ci|median|var|min|max|values)\)?$",
        segment,
        re.I,
    )
    if found and not (found[2].lower() == "min" and _TIMED.search(found[1])):
        return found[1], _STATS[found[2].lower()]
    found = re.match(r"^(mean|avg|average|std|stderr|sem|median)[\s_./-]+(.+)$", segment, re.IGNORECASE)
    return (found[2], _STATS[found[1].lower()]) if found else (segment, "")


def _complete(quantity: Quantity) -> None:
    """Derive what repeated values come to."""
    values = quantity.repeats
    if not values:
        if "var" in quantity.stats:
            quantity.stats.setdefault("std", math.sqrt(max(0.0, quantity.stats["var"])))
        return
    place = quantity.places.get("raw", "")
    derived = {
        "mean": statistics.fmean(values),
        "median": statistics.median(values),
        "min": min(values),
        "max": max(values),
    }
    if len(values) > 1:
        sd, population = statistics.stdev(values), statistics.pstdev(values)
        root = math.sqrt(len(values))
        derived |= {
            "std": sd,
            "std0": population,
            "stderr": sd / root,
            "stderr0": population / root,
            "ci": 1.96 * sd / root,
        }
    derived["n"] = float(len(values))
    for stat, value in derived.items():
        if math.isfinite(value) and stat not in quantity.stats:
            quantity.stats[stat] = value
            quantity.places[stat] = f"{stat.rstrip('0')} of {len(values)} values at {place}"
    quantity.stats.pop("value", None)
