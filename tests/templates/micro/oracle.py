"""Writes guesses whose score is known: the signs themselves, the signs in another order, or all ones."""

import argparse
import json
import random
from pathlib import Path

STEPS = 3


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--private", type=Path, required=True)
    parser.add_argument("--kind", choices=("truth", "permuted", "constant"), required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    signs = json.loads((arguments.private / "signs.json").read_text())
    ones = sum(signs) / len(signs)
    guesses, accuracy = {
        "truth": (signs, 1.0),
        "permuted": (random.Random(arguments.seed).sample(signs, len(signs)), ones**2 + (1.0 - ones) ** 2),
        "constant": ([1] * len(signs), ones),
    }[arguments.kind]
    for name in ("predictions", *(f"step-{step}" for step in range(1, STEPS + 1))):
        (arguments.out / f"{name}.json").write_text(json.dumps(guesses) + "\n")
    (arguments.out / "expected.json").write_text(json.dumps({"accuracy": accuracy}) + "\n")


if __name__ == "__main__":
    main()
