"""Write predictions whose score is known, for `shoal template check` to hold against `evaluate.py`.

`truth`: the right class with probability one; `permuted`: the same in another order of the images;
`constant`: always the most frequent class. `expected.json` is counted from the labels alone: under a
random order an image keeps its class with probability sum of squared class shares.
"""

import argparse
import json
from pathlib import Path

import numpy as np

CLASSES = 10
WORST_LOSS = -np.log(1e-6)  # the template counts a probability under 1e-6 as 1e-6


def predicted(kind, labels, seed):
    """The class predicted for each image."""
    if kind == "permuted":
        return np.random.default_rng(seed).permutation(labels)
    return labels if kind == "truth" else np.full_like(labels, np.bincount(labels).argmax())


def share_right(kind, labels):
    """The accuracy to expect."""
    shares = np.bincount(labels, minlength=CLASSES) / len(labels)
    return {"truth": 1.0, "permuted": float((shares**2).sum()), "constant": float(shares.max())}[kind]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--private", type=Path, required=True)
    parser.add_argument("--kind", choices=("truth", "permuted", "constant"), required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    labels = np.load(arguments.private / "labels.npy", allow_pickle=False)
    classes = predicted(arguments.kind, labels, arguments.seed)
    np.save(arguments.out / "predictions.npy", np.eye(CLASSES, dtype=np.float32)[classes])
    right = share_right(arguments.kind, labels)
    expected = {"accuracy": right, "log_loss": (1.0 - right) * float(WORST_LOSS)}
    (arguments.out / "expected.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main()
