"""Score the class probabilities of one trial against answers that the trial never saw.

Accuracy counts the images whose most probable class (the lowest one, of equals) is the right one; log loss
is the mean negative logarithm of the right class's probability. A predictions or checkpoint file that is
missing, short, non-finite, wrongly shaped, of another type or no array at all makes the trial `invalid`:
nothing is mended, and no number comes out. What the experiment itself says about its score is not read.
"""

import argparse
import json
import re
from pathlib import Path

import numpy as np

CLASSES = 10
SMALLEST = 1e-6
"""Probabilities under this one count as this one, so that a log loss is at most 13.82 nats."""
ROUNDING = 1e-3
"""How far the sum of a row may be from one."""
MOST_BYTES = 1_000_000


class Invalid(Exception):
    """The trial's outputs cannot be scored; the text says why."""


def read_probabilities(path, items):
    """The (items, 10) probabilities in `path`, as float64.

    Raises:
        Invalid: there are no such probabilities in it.
    """
    if path.is_symlink() or not path.is_file():
        raise Invalid(f"{path.name} is missing")
    if path.stat().st_size > MOST_BYTES:
        raise Invalid(f"{path.name} is larger than {MOST_BYTES} bytes")
    try:
        with path.open("rb") as file:
            array = np.lib.format.read_array(file, allow_pickle=False)
            rest = file.read(1)
    except (ValueError, EOFError, OSError, MemoryError) as problem:
        raise Invalid(f"{path.name} is not a plain NumPy array: {problem}") from problem
    if rest:
        raise Invalid(f"{path.name} holds more than one array")
    if array.dtype.kind != "f":
        raise Invalid(f"{path.name} has type {array.dtype}, not floating point")
    if array.shape != (items, CLASSES):
        raise Invalid(f"{path.name} has shape {array.shape}, not {(items, CLASSES)}")
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise Invalid(f"{path.name} holds values that are not finite")
    if array.min() < 0.0 or array.max() > 1.0 + ROUNDING:
        raise Invalid(f"{path.name} holds values outside [0, 1]")
    if np.abs(array.sum(axis=1) - 1.0).max() > ROUNDING:
        raise Invalid(f"{path.name} has rows that do not sum to one")
    return array


def score(probabilities, answers):
    """Per item: 1 or 0 for a right or wrong answer, and the log loss in nats."""
    right = (probabilities.argmax(axis=1) == answers).astype(int)
    of_answer = probabilities[np.arange(len(answers)), answers]
    return {"accuracy": right, "log_loss": -np.log(np.clip(of_answer, SMALLEST, 1.0))}


def means(scores):
    return {metric: round(float(values.mean()), 9) for metric, values in scores.items()}


def learning_curves(folder, answers):
    """Each metric over the epochs at which the trial saved predictions; none if it saved none."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    points = {}
    for path in sorted(folder.iterdir()):
        name = re.fullmatch(r"epoch-([0-9]{1,6})\.npy", path.name)
        if name is None:
            raise Invalid(f"checkpoints/{path.name} is not named epoch-NNN.npy")
        points[int(name[1])] = means(score(read_probabilities(path, len(answers)), answers))
    epochs = sorted(points)
    return [
        {"metric": metric, "x_name": "epoch", "x": epochs, "y": [points[epoch][metric] for epoch in epochs]}
        for metric in ("accuracy", "log_loss")
        if epochs
    ]


def evaluate(outputs, answers):
    """What goes into `metrics.json` for one trial's outputs."""
    try:
        scores = score(read_probabilities(outputs / "predictions.npy", len(answers)), answers)
        curves = learning_curves(outputs / "checkpoints", answers)
    except Invalid as problem:
        return {"status": "invalid", "reason": str(problem), "metrics": {}, "scores": {}, "curves": []}
    per_item = {
        "accuracy": scores["accuracy"].tolist(),
        "log_loss": [round(value, 6) for value in scores["log_loss"].tolist()],
    }
    return {"status": "ok", "reason": "", "metrics": means(scores), "scores": per_item, "curves": curves}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--outputs", type=Path, required=True)
    parser.add_argument("--private", type=Path, required=True)
    parser.add_argument("--split", choices=("dev", "test"), required=True)
    parser.add_argument("--replicate", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    answers = np.load(arguments.private / "labels.npy", allow_pickle=False)
    arguments.out.write_text(json.dumps(evaluate(arguments.outputs, answers)) + "\n")


if __name__ == "__main__":
    main()
