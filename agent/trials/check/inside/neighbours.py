"""Counts rows that training and evaluation data share: runs in a sandbox with the template's inputs.

`python neighbours.py --data DIR --out FILE`. DIR holds the folders `training` (common and one replicate's
files), `dev` and `test`. Reads .npy and .npz where NumPy is there, .csv, .tsv, .jsonl, .json lists and .txt
lines always; everything else is listed as unread. Rows are compared between files of one name, or else of
one shape. Large data are thinned evenly, to what `MOST_*` say.

exact: a row that is also there on the other side, number for number or character for character. near: not
exact, and its Euclidean distance to the nearest row there is under `NEAR` of the median of such distances;
a text equal up to case, spaces, punctuation and Unicode form (NFKC). Answers are not read.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import re
import unicodedata
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

try:
    import numpy as np
except ImportError:  # the template's prepare.py does without
    np = None  # type: ignore[assignment]

PAIRS = (("dev", "training"), ("test", "training"), ("test", "dev"))
NEAR = 0.01
MOST_BYTES = 256 << 20
MOST_ROWS = 50_000
MOST_TEXT_ROWS = 200_000
MOST_NEAR = (2_000, 5_000)
"""Rows whose neighbours are sought, and rows among which."""
MOST_FEATURES = 4_096
BLOCK = 200
COUNTS = ("rows", "against", "exact", "near", "sought")
"""Rows here, rows there, exact duplicates, near ones, and rows whose neighbours were sought."""


class Table(NamedTuple):
    """Rows of one file, or of one array in it."""

    name: str
    shape: str
    """Tables of different shape cannot be compared."""
    rows: Any
    """A NumPy array (n, features), or a list of texts and of dictionaries."""


def thin(rows: Any, most: int) -> Any:
    """Every k-th row, so that no more than `most` are left."""
    return rows[:: -(-len(rows) // most)] if len(rows) > most else rows


# ------------------------------------------------------------------------------------------------- reading


def tables(folder: Path, unread: list[str]) -> Iterator[Table]:
    """What can be read below a folder."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).name
        try:
            found = list(read(path, name)) if path.stat().st_size <= MOST_BYTES else []
        except (ValueError, KeyError, IndexError, csv.Error, zipfile.BadZipFile, RecursionError):
            found = []
        yield from found
        if not found:
            unread.append(f"{folder.name}/{name}")


def read(path: Path, name: str) -> Iterator[Table]:
    kind = path.suffix
    if kind == ".npy" and np is not None:
        yield from arrays(name, np.load(path, mmap_mode="r", allow_pickle=False))
    elif kind == ".npz" and np is not None:
        with np.load(path, allow_pickle=False) as archive:
            for key in archive.files:
                yield from arrays(f"{name}:{key}", archive[key])
    elif kind in (".csv", ".tsv"):
        lines = list(
            csv.reader(io.StringIO(path.read_text("utf-8")), delimiter="\t" if kind == ".tsv" else ",")
        )
        if lines and not any(re.search(r"\d", cell) for cell in lines[0]):
            named = (zip(lines[0], line) for line in lines[1:])  # noqa: B905 (strict is not in Python 3.9)
            yield listed(name, [dict(row) for row in named])
        else:
            yield listed(name, [",".join(line) for line in lines])
    elif kind == ".jsonl":
        yield listed(
            name, [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        )
    elif kind == ".json":
        held = json.loads(path.read_text("utf-8"))
        if isinstance(held, list):
            yield listed(name, held)
    elif kind == ".txt":
        yield listed(name, [line for line in path.read_text("utf-8").splitlines() if line.strip()])


def arrays(name: str, array: Any) -> Iterator[Table]:
    """Rows of an array; a list of whole numbers is taken for labels or places and left out."""
    if array.dtype.kind not in "fiub" or array.ndim == 0 or (array.ndim == 1 and array.dtype.kind != "f"):
        return
    kept = np.asarray(thin(array, MOST_ROWS)).reshape(-1, int(np.prod(array.shape[1:], dtype=int)))
    measured = "" if array.dtype.kind == "f" or array.dtype.itemsize == 1 else "whole"
    finite = np.isfinite(kept).all(axis=1)
    yield Table(name, f"{kept.shape[1]}{measured}", kept[finite])


def listed(name: str, rows: list[Any]) -> Table:
    return Table(name, "texts", thin(rows, MOST_TEXT_ROWS))


# ----------------------------------------------------------------------------------------------- comparing


def compare(here: list[Table], there: list[Table]) -> dict[str, int]:
    """Counts over the rows of `here` that can be compared with some of `there`."""
    total = dict.fromkeys(COUNTS, 0)
    for table in here:
        alike = [one for one in there if one.shape == table.shape]
        alike = [one for one in alike if one.name == table.name] or alike
        if not alike or not len(table.rows):
            continue
        counts = in_texts(table, alike) if table.shape == "texts" else in_arrays(table, alike)
        total = {key: total[key] + counts[key] for key in total}
    return total


def in_arrays(table: Table, alike: list[Table]) -> dict[str, int]:
    others = np.concatenate([one.rows for one in alike])
    known = {digest(row) for row in others}
    exact = np.array([digest(row) in known for row in table.rows], dtype=bool)
    near, sought = 0, 0
    if not table.shape.endswith("whole"):
        rows, same = thin(table.rows, MOST_NEAR[0]), thin(exact, MOST_NEAR[0])
        distances = nearest(rows, thin(others, MOST_NEAR[1]))
        apart = distances[~same & (distances > 0.0)]
        sought = len(rows)
        near = int((apart < NEAR * np.median(apart)).sum()) if len(apart) else 0
    return dict(zip(COUNTS, (len(table.rows), len(others), int(exact.sum()), near, sought)))  # noqa: B905


def digest(row: Any) -> bytes:
    # 0.0 is added so that −0.0 is the same number as 0.0
    return hashlib.blake2b((row.astype(np.float64) + 0.0).tobytes(), digest_size=16).digest()


def nearest(rows: Any, others: Any) -> Any:
    """Euclidean distance of each row to the nearest of the others."""
    step = -(-rows.shape[1] // MOST_FEATURES)
    rows, others = (one[:, ::step].astype(np.float64) for one in (rows, others))
    centre = others.mean(axis=0)
    rows, others = rows - centre, others - centre
    squares, found = (others**2).sum(axis=1), []
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        apart = (block**2).sum(axis=1)[:, None] + squares[None, :] - 2.0 * block @ others.T
        # the short form above loses digits where two rows are close: take the distance itself there
        found.append(np.sqrt(((block - others[apart.argmin(axis=1)]) ** 2).sum(axis=1)))
    return np.concatenate(found)


def in_texts(table: Table, alike: list[Table]) -> dict[str, int]:
    counts = dict.fromkeys(COUNTS, 0)
    for other in alike:
        shared = keys(table.rows) & keys(other.rows)
        if not shared and (keys(table.rows) or keys(other.rows)):
            continue
        mine, others = ([text(row, shared) for row in one.rows] for one in (table, other))
        known, like = set(others), {normalised(one) for one in others}
        exact = sum(one in known for one in mine)
        near = sum(one not in known and normalised(one) in like for one in mine)
        counts["rows"] = counts["sought"] = len(mine)
        counts["against"] += len(others)
        counts["exact"] += exact
        counts["near"] += near
    counts["exact"] = min(counts["exact"], counts["rows"])
    return counts


def keys(rows: list[Any]) -> set[str]:
    """Names that rows have in common; none where they are no dictionaries."""
    named = [set(row) for row in rows if isinstance(row, dict)]
    return set.intersection(*named) if named else set()


def text(row: Any, shared: set[str]) -> str:
    if isinstance(row, dict):
        row = {key: row[key] for key in sorted(shared) if key in row}
    return row if isinstance(row, str) else json.dumps(row, sort_keys=True, ensure_ascii=False)


def normalised(line: str) -> str:
    """The text without what an editor would not call a difference; marks beside digits stay."""
    plain = unicodedata.normalize("NFKC", line).casefold()
    return " ".join(re.sub(r"(?<!\d)[^\w\s](?!\d)", " ", plain).split())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    unread: list[str] = []
    parts = {part: list(tables(arguments.data / part, unread)) for part in ("training", "dev", "test")}
    pairs = [{"of": of, "among": among, **compare(parts[of], parts[among])} for of, among in PAIRS]
    arguments.out.write_text(json.dumps({"pairs": pairs, "unread": unread, "numpy": np is not None}))


if __name__ == "__main__":
    main()
