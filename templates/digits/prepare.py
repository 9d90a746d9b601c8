"""Lay out scikit-learn's handwritten digits for Shoal: replicates to train on, and what they are scored on.

The 1,797 images are split once and for all, by class, into a training pool (1,200), dev (197) and test
(400). A replicate draws 1,000 images from the pool and wrong labels for a share of them. Nothing under
`data/` tells which labels are wrong; the answers to dev and test go to `private/` and nowhere else.
"""

import argparse
import tomllib
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

CLASSES = 10
TRAINING, TEST, DEV = 1000, 400, 197
SPLIT = 1  # not the split that the template was designed on (README)
HERE = Path(__file__).resolve().parent


def stream(replicate, name):
    """Random numbers that depend on the replicate and this name alone, the same in every regime."""
    return np.random.default_rng(np.random.SeedSequence([replicate, *name.encode()]))


def split_digits():
    """(images, labels) of pool, dev and test: a fixed split, stratified by class; images in [0, 1]."""
    digits = load_digits()
    images, labels = (digits.data / 16.0).astype(np.float32), digits.target.astype(np.int64)
    rest, test = train_test_split(np.arange(len(labels)), test_size=TEST, stratify=labels, random_state=SPLIT)
    pool, dev = train_test_split(rest, test_size=DEV, stratify=labels[rest], random_state=SPLIT)
    rows_of = {"pool": pool, "dev": dev, "test": test}
    return {name: (images[rows], labels[rows]) for name, rows in rows_of.items()}


def spoil(labels, noise, rng):
    """Each label becomes, with probability `noise`, one of the nine others at random."""
    wrong = rng.random(len(labels)) < noise
    steps = rng.integers(1, CLASSES, size=len(labels))
    return np.where(wrong, (labels + steps) % CLASSES, labels)


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, array, allow_pickle=False)


def prepare(out, noise, replicates):
    """Write the whole layout below `out` for one share of wrong labels."""
    parts = split_digits()
    (out / "data" / "common").mkdir(parents=True)
    for split in ("dev", "test"):
        images, labels = parts[split]
        save(out / "data" / split / "images.npy", images)
        save(out / "private" / split / "labels.npy", labels)

    images, labels = parts["pool"]
    for replicate in range(replicates):
        rows = stream(replicate, "data").choice(len(labels), size=TRAINING, replace=False)
        folder = out / "data" / "replicates" / str(replicate)
        save(folder / "images.npy", images[rows])
        save(folder / "labels.npy", spoil(labels[rows], noise, stream(replicate, "noise")))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--regime", required=True)
    arguments = parser.parse_args()
    template = tomllib.loads((HERE / "template.toml").read_text())
    replicates = template["replicates"]["explore"] + template["replicates"]["confirm"]
    prepare(arguments.out, template["regimes"][arguments.regime]["values"]["noise"], replicates)


if __name__ == "__main__":
    main()
