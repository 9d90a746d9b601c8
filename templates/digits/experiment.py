"""Train a small network on noisily labelled digits and predict the evaluation images.

One hidden layer of rectified linear units, trained by stochastic gradient descent with momentum; every
remedy against label noise is a knob that is off by default. Writes class probabilities to
`OUT/predictions.npy` and, on the way, to `OUT/checkpoints/epoch-NNN.npy`. It never sees a clean label.
"""

import argparse
import json
import os
from pathlib import Path


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--replicate", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    # The numeric libraries read these once, when numpy is first imported.
    ARGUMENTS = read_arguments()
    CONFIG = json.loads(ARGUMENTS.config.read_text())
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(CONFIG["threads"])

import numpy as np  # noqa: E402

CLASSES = 10
SIDE = 8
CHECKPOINTS = 12
CLEANING_ROUNDS = 2
SHIFTED_SHARE = 0.6
STREAMS = ("init", "order", "extra/dropout", "extra/mixup", "extra/shift")
SHIFTS = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))  # (down, right) in pixels


def named_streams(replicate):
    """Random numbers that depend on replicate and name alone: no component shifts another's."""
    return {
        name: np.random.default_rng(np.random.SeedSequence([replicate, *name.encode()])) for name in STREAMS
    }


# ---- labels ----------------------------------------------------------------------------------------------


def image_distances(images):
    """Squared distance of any two images, one of them moved by a pixel where that brings them closer."""
    squares = (images**2).sum(axis=1)
    distances = np.full((len(images), len(images)), np.inf, dtype=np.float32)
    for direction in SHIFTS:
        moved = move(images, direction)
        apart = (moved**2).sum(axis=1)[:, None] + squares[None, :] - 2.0 * moved @ images.T
        np.minimum(distances, apart, out=distances)
    return np.minimum(distances, distances.T)


def nearest_neighbour_labels(images, labels, k):
    """Replace every label, twice, by the most frequent one among its image's k nearest (k = 0: never)."""
    if k == 0:
        return labels
    distances = image_distances(images)
    np.fill_diagonal(distances, np.inf)
    neighbours = np.argpartition(distances, k, axis=1)[:, :k]
    for _ in range(CLEANING_ROUNDS):
        votes = np.eye(CLASSES, dtype=np.float32)[labels[neighbours]].sum(axis=1)
        labels = votes.argmax(axis=1)
    return labels


def smooth_targets(labels, smoothing):
    """One row of target probabilities per label, with `smoothing` spread evenly over all classes."""
    targets = np.eye(CLASSES, dtype=np.float32)[labels]
    return targets * (1.0 - smoothing) + smoothing / CLASSES


# ---- images ----------------------------------------------------------------------------------------------


def move(images, direction):
    """All images moved by (down, right) pixels; what enters from beyond the edge is empty."""
    down, right = direction
    padded = np.pad(images.reshape(-1, SIDE, SIDE), ((0, 0), (1, 1), (1, 1)))
    return padded[:, 1 - down : 1 - down + SIDE, 1 - right : 1 - right + SIDE].reshape(len(images), -1)


def shift_images(images, rng):
    """Move a share of the images, drawn at random, one pixel up, down, left or right."""
    moves = rng.integers(1, len(SHIFTS), size=len(images))
    choice = np.where(rng.random(len(images)) < SHIFTED_SHARE, moves, 0)
    shifted = np.empty_like(images)
    for number, direction in enumerate(SHIFTS):
        shifted[choice == number] = move(images[choice == number], direction)
    return shifted


def mix_examples(images, targets, alpha, rng):
    """Mix-up: blend every example with another one, in proportions drawn from Beta(alpha, alpha)."""
    share = rng.beta(alpha, alpha, size=(len(images), 1)).astype(np.float32)
    partner = rng.permutation(len(images))
    return (
        share * images + (1.0 - share) * images[partner],
        share * targets + (1.0 - share) * targets[partner],
    )


# ---- the network -----------------------------------------------------------------------------------------


def initial_weights(inputs, hidden, rng):
    """He-normal weights and zero biases: [W1, b1, W2, b2]."""
    return [
        (rng.standard_normal((inputs, hidden)) * np.sqrt(2.0 / inputs)).astype(np.float32),
        np.zeros(hidden, dtype=np.float32),
        (rng.standard_normal((hidden, CLASSES)) * np.sqrt(2.0 / hidden)).astype(np.float32),
        np.zeros(CLASSES, dtype=np.float32),
    ]


def softmax(logits):
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def predict(weights, images):
    """Class probabilities, one row per image."""
    w1, b1, w2, b2 = weights
    return softmax(np.maximum(images @ w1 + b1, 0.0) @ w2 + b2)


def loss_gradient(probabilities, targets, loss):
    """Gradient by the logits of the cross-entropy ("ce") or the mean absolute error ("mae")."""
    if loss == "ce":
        return probabilities - targets
    agreement = probabilities * targets
    return probabilities * agreement.sum(axis=1, keepdims=True) - agreement


def gradients(weights, images, targets, mask, loss):
    """Gradients of the mean loss over a batch; `mask` multiplies the hidden units (None: no dropout)."""
    w1, b1, w2, b2 = weights
    hidden = np.maximum(images @ w1 + b1, 0.0)
    if mask is not None:
        hidden *= mask
    at_logits = loss_gradient(softmax(hidden @ w2 + b2), targets, loss) / np.float32(len(images))
    at_hidden = (at_logits @ w2.T) * (hidden > 0.0)
    if mask is not None:
        at_hidden *= mask
    return [images.T @ at_hidden, at_hidden.sum(axis=0), hidden.T @ at_logits, at_logits.sum(axis=0)]


# ---- training --------------------------------------------------------------------------------------------


def train(knobs, streams, images, labels, checkpoint):
    """Train and return the weights; calls `checkpoint(epoch, weights)` a dozen times, the last at the end.

    `images` is (n, 64) float32 in [0, 1]; `labels` is (n,) integer, many of them wrong.
    """
    labels = nearest_neighbour_labels(images, labels, knobs["knn_clean"])
    clean_targets = smooth_targets(labels, knobs["label_smoothing"])
    weights = initial_weights(images.shape[1], knobs["hidden"], streams["init"])
    velocities = [np.zeros_like(weight) for weight in weights]

    rate, momentum, decay = knobs["learning_rate"], knobs["momentum"], knobs["weight_decay"]
    kept = 1.0 - knobs["dropout"]
    every = -(-knobs["epochs"] // CHECKPOINTS)

    for epoch in range(1, knobs["epochs"] + 1):
        shuffled = streams["order"].permutation(len(images))
        inputs, targets = images[shuffled], clean_targets[shuffled]
        if knobs["shift"]:
            inputs = shift_images(inputs, streams["extra/shift"])
        if knobs["mixup"] > 0.0:
            inputs, targets = mix_examples(inputs, targets, knobs["mixup"], streams["extra/mixup"])
        masks = None
        if knobs["dropout"] > 0.0:
            draws = streams["extra/dropout"].random((len(images), knobs["hidden"]), dtype=np.float32)
            masks = (draws < kept).astype(np.float32) / np.float32(kept)

        for start in range(0, len(images), knobs["batch_size"]):
            batch = slice(start, start + knobs["batch_size"])
            mask = None if masks is None else masks[batch]
            slopes = gradients(weights, inputs[batch], targets[batch], mask, knobs["loss"])
            for weight, velocity, slope in zip(weights, velocities, slopes, strict=True):
                velocity *= momentum
                velocity -= rate * (slope + decay * weight)
                weight += velocity

        if epoch % every == 0 or epoch == knobs["epochs"]:
            checkpoint(epoch, weights)
    return weights


def main(arguments, config):
    images = np.load(arguments.data / "replicate" / "images.npy", allow_pickle=False)
    labels = np.load(arguments.data / "replicate" / "labels.npy", allow_pickle=False)
    unseen = np.load(arguments.data / "eval" / "images.npy", allow_pickle=False)
    checkpoints = arguments.out / "checkpoints"
    checkpoints.mkdir()

    def checkpoint(epoch, weights):
        np.save(checkpoints / f"epoch-{epoch:03d}.npy", predict(weights, unseen))

    weights = train(config["knobs"], named_streams(arguments.replicate), images, labels, checkpoint)
    np.save(arguments.out / "predictions.npy", predict(weights, unseen))


if __name__ == "__main__":
    main(ARGUMENTS, CONFIG)
