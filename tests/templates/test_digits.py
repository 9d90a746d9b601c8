"""The digits template, run the way a sandbox runs it: as plain processes over its folder layout.

Promises that layout, noise, random streams and the evaluator's refusals are as the template's README and
docs/writing-a-template.md say. Isolation is not tested here.
"""

import importlib.util
import io
import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

TEMPLATE = Path(__file__).resolve().parents[2] / "templates" / "digits"
SPEC = tomllib.loads((TEMPLATE / "template.toml").read_text())
KNOBS = SPEC["knobs"]
DEFAULTS = {name: knob["default"] for name, knob in KNOBS.items()}
QUICK = {**DEFAULTS, "epochs": 5}
ITEMS = {"dev": 197, "test": 400}


PEAK = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def call(script: str, *arguments: str | Path) -> int:
    """Run one of the template's scripts; its peak memory in KiB, measured from a small process around it."""
    command = [sys.executable, TEMPLATE / script, *map(str, arguments)]
    process = subprocess.run(
        [sys.executable, "-c", PEAK, *command], capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
    return int(process.stdout.split()[-1])


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("noise40")
    call("prepare.py", "--out", out, "--regime", "noise40")
    return out


@pytest.fixture(scope="session")
def experiment() -> ModuleType:
    spec = importlib.util.spec_from_file_location("digits_experiment", TEMPLATE / "experiment.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def job(prepared: Path, folder: Path, knobs: dict[str, Any], replicate: int, split: str) -> list[str | Path]:
    """Lay out one trial below `folder`; the experiment's arguments."""
    data, out = folder / "data", folder / "out"
    out.mkdir(parents=True)
    shutil.copytree(prepared / "data" / "common", data / "common")
    shutil.copytree(prepared / "data" / "replicates" / str(replicate), data / "replicate")
    shutil.copytree(prepared / "data" / split, data / "eval")
    config = folder / "config.json"
    config.write_text(json.dumps({"knobs": knobs, "threads": 1}))
    return ["--config", config, "--replicate", str(replicate), "--data", data, "--out", out]


def trial(prepared: Path, folder: Path, knobs: dict[str, Any], split: str = "dev") -> Path:
    """Run one trial on replicate 3 below `folder`; its output folder."""
    call("experiment.py", *job(prepared, folder, knobs, 3, split))
    return folder / "out"


def score(prepared: Path, outputs: Path, split: str = "dev", replicate: int = 3) -> dict[str, Any]:
    metrics = outputs.parent / "metrics.json"
    private = prepared / "private" / split
    call("evaluate.py", "--outputs", outputs, "--private", private, "--split", split,
         "--replicate", str(replicate), "--out", metrics)  # fmt: skip
    result: dict[str, Any] = json.loads(metrics.read_text())
    return result


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def clean_label(images: np.ndarray) -> np.ndarray:
    digits = load_digits()
    known = {
        (image / 16.0).astype(np.float32).tobytes(): label
        for image, label in zip(digits.data, digits.target, strict=True)
    }
    return np.array([known[image.tobytes()] for image in images])


def test_prepare_writes_the_layout_of_the_contract(prepared: Path) -> None:
    assert {path.name for path in prepared.iterdir()} == {"data", "private"}
    assert {path.name for path in (prepared / "data").iterdir()} == {"common", "replicates", "dev", "test"}
    assert {path.name for path in (prepared / "data" / "replicates").iterdir()} == {str(r) for r in range(64)}
    for split, items in ITEMS.items():
        assert np.load(prepared / "data" / split / "images.npy").shape == (items, 64)
        assert np.load(prepared / "private" / split / "labels.npy").shape == (items,)
        assert {path.name for path in (prepared / "data" / split).iterdir()} == {"images.npy"}


def test_images_lie_between_zero_and_one_and_replicates_hold_a_thousand(prepared: Path) -> None:
    images = np.load(prepared / "data" / "replicates" / "7" / "images.npy")
    assert images.shape == (1000, 64)
    assert images.dtype == np.float32
    assert (images.min(), images.max()) == (0.0, 1.0)


def test_pool_dev_and_test_share_no_image_and_classes_are_even(prepared: Path) -> None:
    replicates = [prepared / "data" / "replicates" / str(r) / "images.npy" for r in range(64)]
    pool = {image.tobytes() for path in replicates for image in np.load(path)}
    parts = {split: np.load(prepared / "data" / split / "images.npy") for split in ITEMS}
    dev, test = ({image.tobytes() for image in parts[split]} for split in ("dev", "test"))
    assert len(pool) == 1200
    assert not pool & dev
    assert not pool & test
    assert not dev & test
    for split, items in ITEMS.items():
        counts = np.bincount(np.load(prepared / "private" / split / "labels.npy"), minlength=10)
        assert abs(counts - items / 10).max() <= 0.04 * items / 10 + 1


def test_forty_per_cent_of_labels_are_one_of_the_nine_others(prepared: Path) -> None:
    steps = np.zeros(10)
    for replicate in range(64):
        folder = prepared / "data" / "replicates" / str(replicate)
        labels, truth = np.load(folder / "labels.npy"), clean_label(np.load(folder / "images.npy"))
        steps += np.bincount((labels - truth) % 10, minlength=10)
    share = steps / steps.sum()
    assert share[0] == pytest.approx(0.6, abs=4 * np.sqrt(0.24 / 64_000))
    assert share[1:] == pytest.approx(np.full(9, 0.4 / 9), abs=4 * np.sqrt(0.0425 / 64_000))


def test_no_clean_training_label_lies_under_data(prepared: Path) -> None:
    names = {path.name for path in (prepared / "data").rglob("*") if path.is_file()}
    assert names == {"images.npy", "labels.npy"}
    for replicate in range(64):
        folder = prepared / "data" / "replicates" / str(replicate)
        right = np.load(folder / "labels.npy") == clean_label(np.load(folder / "images.npy"))
        assert 0.5 < right.mean() < 0.7


def test_preparing_twice_gives_the_same_bytes(prepared: Path, tmp_path: Path) -> None:
    call("prepare.py", "--out", tmp_path, "--regime", "noise40")
    assert files_of(tmp_path) == files_of(prepared)


def test_regimes_differ_only_in_the_training_labels(prepared: Path, tmp_path: Path) -> None:
    call("prepare.py", "--out", tmp_path, "--regime", "clean")
    ours, theirs = files_of(prepared), files_of(tmp_path)
    differing = {name for name in ours if ours[name] != theirs[name]}
    assert differing == {f"data/replicates/{r}/labels.npy" for r in range(64)}
    folder = tmp_path / "data" / "replicates" / "5"
    assert (np.load(folder / "labels.npy") == clean_label(np.load(folder / "images.npy"))).all()


def test_a_trial_gives_the_same_bytes_again(prepared: Path, tmp_path: Path) -> None:
    knobs = {**QUICK, "dropout": 0.3, "mixup": 1.0, "shift": True, "knn_clean": 10}
    first = files_of(trial(prepared, tmp_path / "a", knobs))
    assert "predictions.npy" in first
    assert files_of(trial(prepared, tmp_path / "b", knobs)) == first


def test_a_trained_network_is_scored_per_item_with_learning_curves(prepared: Path, tmp_path: Path) -> None:
    result = score(prepared, trial(prepared, tmp_path, {**DEFAULTS, "epochs": 10}, split="test"), "test")
    assert result["status"] == "ok"
    assert set(result["scores"]["accuracy"]) == {0, 1}
    assert len(result["scores"]["accuracy"]) == 400
    assert result["metrics"]["accuracy"] == pytest.approx(np.mean(result["scores"]["accuracy"]))
    assert result["metrics"]["log_loss"] == pytest.approx(np.mean(result["scores"]["log_loss"]), abs=1e-5)
    assert 0.6 < result["metrics"]["accuracy"] < 1.0
    assert [curve["metric"] for curve in result["curves"]] == ["accuracy", "log_loss"]
    for curve in result["curves"]:
        assert curve["x"] == list(range(1, 11))
        assert curve["y"][-1] == result["metrics"][curve["metric"]]


def test_streams_depend_on_replicate_and_name_alone(experiment: ModuleType) -> None:
    draws = [
        (replicate, name, generator.bytes(32))
        for replicate in (3, 4, 3)
        for name, generator in experiment.named_streams(replicate).items()
    ]
    assert len(set(draws)) == 10
    assert len({drawn for _, _, drawn in draws}) == 10


@pytest.mark.parametrize("component", [{"dropout": 0.5}, {"mixup": 1.0}, {"shift": True}, {"knn_clean": 10}])
def test_switching_a_component_on_leaves_initialisation_and_order_as_they_were(
    component: dict[str, Any], experiment: ModuleType
) -> None:
    images = np.random.default_rng(0).random((60, 64), dtype=np.float32)
    labels = np.arange(60) % 10

    def left(knobs: dict[str, Any]) -> list[dict[str, Any]]:
        """Where the streams `init` and `order` stand after training."""
        streams = experiment.named_streams(3)
        experiment.train(knobs, streams, images, labels, lambda epoch, weights: None)
        return [streams[name].bit_generator.state for name in ("init", "order")]

    assert left({**QUICK, **component}) == left(QUICK)


def good(items: int = 197) -> np.ndarray:
    return np.full((items, 10), 0.1)


def spoiled(value: float) -> np.ndarray:
    array = good()
    array[5, 5] = value
    return array


def archive() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, predictions=good())
    return buffer.getvalue()


def saved(array: np.ndarray, allow_pickle: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=allow_pickle)
    return buffer.getvalue()


BROKEN: dict[str, bytes | None] = {
    "missing": None,
    "empty": b"",
    "text": b"0.91\n",
    "cut off": saved(good())[:-8],
    "two arrays": saved(good()) * 2,
    "archive": archive(),
    "pickled objects": saved(good().astype(object), allow_pickle=True),
    "a promise of a huge array": saved(good()).replace(b"(197, 10), ", b"(10**12,), "),
    "too few rows": saved(good(196)),
    "too many rows": saved(good(400)),
    "labels only": saved(np.zeros(197)),
    "eleven classes": saved(np.full((197, 11), 1 / 11)),
    "a scalar": saved(np.array(0.91)),
    "integers": saved(np.eye(10, dtype=int)[np.zeros(197, dtype=int)]),
    "complex": saved(good().astype(complex)),
    "text array": saved(good().astype("U4")),
    "not a number": saved(spoiled(np.nan)),
    "infinite": saved(spoiled(np.inf)),
    "negative": saved(spoiled(-0.1)),
    "above one": saved(good() * 11),
    "rows that sum to less": saved(good() * 0.9),
}


def assert_invalid(result: dict[str, Any]) -> None:
    assert result["status"] == "invalid"
    assert result["reason"]
    assert (result["metrics"], result["scores"], result["curves"]) == ({}, {}, [])


@pytest.mark.parametrize("broken", BROKEN)
def test_broken_predictions_are_invalid_and_never_a_number(
    broken: str, prepared: Path, tmp_path: Path
) -> None:
    outputs = tmp_path / "out"
    outputs.mkdir()
    content = BROKEN[broken]
    if content is not None:
        (outputs / "predictions.npy").write_bytes(content)
    assert_invalid(score(prepared, outputs))


def test_a_broken_checkpoint_or_a_linked_file_is_invalid(prepared: Path, tmp_path: Path) -> None:
    outputs = tmp_path / "out"
    (outputs / "checkpoints").mkdir(parents=True)
    (outputs / "predictions.npy").write_bytes(saved(good()))
    assert score(prepared, outputs)["status"] == "ok"
    (outputs / "checkpoints" / "epoch-001.npy").write_bytes(saved(good(196)))
    assert_invalid(score(prepared, outputs))
    shutil.rmtree(outputs / "checkpoints")
    (outputs / "predictions.npy").rename(tmp_path / "elsewhere.npy")
    (outputs / "predictions.npy").symlink_to(tmp_path / "elsewhere.npy")
    assert_invalid(score(prepared, outputs))


def extremes() -> list[dict[str, Any]]:
    """Each knob at each end of its range, then the cheapest and the dearest trial there is."""
    singles: list[dict[str, Any]] = []
    for name, knob in KNOBS.items():
        ends = [knob.get("low", False), knob.get("high", True)]
        values = [*knob.get("choices", ends), *knob.get("also", [])]
        singles += [{name: value} for value in values if value != knob["default"]]
    high = {name: knob["high"] for name, knob in KNOBS.items() if "high" in knob}
    dear = {**high, "batch_size": 25, "shift": True, "loss": "mae"}
    wild = {"learning_rate": high["learning_rate"], "momentum": high["momentum"], "batch_size": 25}
    return [*singles, {"hidden": 16, "epochs": 5, "batch_size": 100}, dear, wild]


def in_words(knobs: dict[str, Any]) -> str:
    return ",".join(f"{name}={value}" for name, value in knobs.items())


@pytest.mark.parametrize("knobs", extremes(), ids=in_words)
def test_every_extreme_of_the_knobs_runs_within_the_limits(
    knobs: dict[str, Any], prepared: Path, tmp_path: Path
) -> None:
    limits = SPEC["limits"]
    peak_kb = call("experiment.py", *job(prepared, tmp_path, {**DEFAULTS, **knobs}, 3, "test"))
    assert peak_kb <= limits["mem_mb"] * 1024
    assert score(prepared, tmp_path / "out", "test")["status"] == "ok"
    files = files_of(tmp_path / "out")
    assert len(files) <= limits["out_files"]
    assert sum(map(len, files.values())) <= limits["out_mb"] * 2**20
