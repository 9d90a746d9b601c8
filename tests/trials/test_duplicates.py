"""Rows that training, dev and test share are counted where data can be read, and said so where not."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.ports import Sandbox
from agent.sandboxes.bubblewrap import Bubblewrap
from agent.trials.check.duplicates import INSIDE, count_duplicates
from agent.trials.prepare import prepare
from tests.trials.conftest import MICRO, Make

PREPARE = (MICRO / "prepare.py").read_text()
RNG = np.random.default_rng(0)


def counted(folder: Path, **parts: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Counts of the program that runs in the sandbox, by `of-among`; `unread` beside them."""
    for part in ("training", "dev", "test"):
        for name, content in {"": None, **parts.get(part, {})}.items():
            path = folder / part / name
            if content is None:
                path.mkdir(parents=True)
            elif isinstance(content, np.ndarray):
                np.save(path, content)
            elif isinstance(content, dict):
                np.savez(path, **content)
            else:
                path.write_text(content)
    out = folder / "duplicates.json"
    command = [sys.executable, INSIDE / "neighbours.py", "--data", folder, "--out", out]
    subprocess.run(command, check=True, timeout=60)
    found = json.loads(out.read_text())
    return {f"{pair['of']}-{pair['among']}": pair for pair in found["pairs"]} | {"unread": found["unread"]}


def test_arrays_are_compared_row_by_row(tmp_path: Path) -> None:
    training, dev = RNG.normal(size=(300, 4, 4)), RNG.normal(size=(50, 4, 4))
    dev[3], dev[7], dev[9] = training[10], training[20], training[30] + 1e-4
    counts = counted(tmp_path, training={"x.npy": training.astype(np.float64)}, dev={"x.npy": dev})
    pair = counts["dev-training"]
    assert (pair["rows"], pair["against"], pair["exact"], pair["near"]) == (50, 300, 2, 1)
    assert counts["test-training"]["rows"] == 0


def test_near_means_a_hundredth_of_the_median_distance(tmp_path: Path) -> None:
    training = np.arange(100.0).reshape(-1, 1) * 10.0
    dev = training[:21] + 1.0  # each one away from its nearest: the median is one
    dev[0], dev[1] = 0.0099, 10.0101
    assert counted(tmp_path, training={"x.npy": training}, dev={"x.npy": dev})["dev-training"]["near"] == 1


def test_zero_has_one_sign_and_types_do_not_matter(tmp_path: Path) -> None:
    training, dev = np.array([[0.0, 1.0]], dtype=np.float32), np.array([[-0.0, 1.0]])
    counts = counted(tmp_path, training={"a.npz": {"x": training}}, dev={"a.npz": {"x": dev}})
    assert counts["dev-training"]["exact"] == 1


def test_labels_are_no_rows(tmp_path: Path) -> None:
    labels = np.array([0, 1, 1, 0])
    counts = counted(tmp_path, training={"y.npy": labels}, dev={"y.npy": labels})
    assert counts["dev-training"]["rows"] == 0
    assert counts["unread"] == ["training/y.npy", "dev/y.npy"]


def test_large_data_are_thinned(tmp_path: Path) -> None:
    rows = RNG.normal(size=(60_000, 2))
    counts = counted(tmp_path, training={"x.npy": rows[:9]}, dev={"x.npy": rows})
    assert (counts["dev-training"]["rows"], counts["dev-training"]["sought"]) == (30_000, 2_000)


@pytest.mark.parametrize(
    ("name", "training", "dev", "exact", "near"),
    [
        ("a.txt", "one line\nAnother line.\n", "one line\nanother  LINE\nnew\n", 1, 1),
        ("a.csv", "word,label\nfox,1\nhen,2\n", "word\nfox\nHen\ncow\n", 1, 1),
        ("a.csv", "1,2\n3,4\n", "3,4\n-3,4\n3,.4\n", 1, 0),
        ("a.jsonl", '{"q": "why?", "a": 1}\n', '{"q": "why?"}\n{"q": "Why"}\n{"q": "how"}\n', 1, 1),
        ("a.json", "[0.5, -0.5]", "[-0.5, 0.25, 5.0]", 1, 0),
    ],
)
def test_lines_are_compared_as_texts(
    tmp_path: Path, name: str, training: str, dev: str, exact: int, near: int
) -> None:
    pair = counted(tmp_path, training={name: training}, dev={name: dev})["dev-training"]
    assert (pair["rows"], pair["exact"], pair["near"]) == (3, exact, near)


def test_a_file_that_breaks_its_format_is_unread(tmp_path: Path) -> None:
    counts = counted(tmp_path, training={"a.json": "[1, 2"}, dev={"a.npy": "no array", "b.bin": "?"})
    assert counts["unread"] == ["training/a.json", "dev/a.npy", "dev/b.bin"]


def test_a_template_whose_splits_overlap_is_found(sandbox: Sandbox, store: Path, changed: Make) -> None:
    same = PREPARE.replace('f"{split}/{item}"', 'f"{item}" if item < 1 else f"{split}/{item}"')
    assert same != PREPARE
    rows = {
        row.name: row
        for row in count_duplicates(prepare(changed(prepare=same), None, sandbox, store), sandbox)
    }
    row = rows["test-among-dev"]
    assert (row.state, row.evidence[:16]) == ("failed", "1 exact of 40 (2")
    assert "prepare.py" in row.mend


def test_data_that_nothing_can_read_are_said_to_be_unchecked(tmp_path: Path, changed: Make) -> None:
    bubblewrap = Bubblewrap(tmp_path)
    binary = PREPARE.replace('"numbers.json", numbers', '"numbers.bin", numbers')
    (row,) = count_duplicates(prepare(changed(prepare=binary), None, bubblewrap, tmp_path), bubblewrap)
    assert row.state == "not checked"
    assert "numbers.bin" in row.evidence
