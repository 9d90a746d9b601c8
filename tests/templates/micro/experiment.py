"""Guess the sign of each number; the knobs set how often the guess is right (standard library only)."""

import argparse
import json
import random
from pathlib import Path

STEPS = 3
RITUAL_ITEMS = 8


def chance(knobs: dict[str, float | str], offset: float) -> float:
    """Probability of a right guess."""
    careful = 0.02 if knobs["mode"] == "slow" else 0.0
    return 0.6 + 0.3 * knobs["attention"] + careful - 0.005 * (knobs["width"] - 5) ** 2 + offset


def guesses(numbers: list[float], right: float, ritual: float, replicate: int) -> list[int]:
    """One guess per number, right with probability `right`; the ritual draws a few of them anew."""
    draws = random.Random(f"{replicate}/guesses")
    luck = [draws.random() for _ in numbers]
    if ritual > 0.0:
        anew = random.Random(f"{replicate}/ritual")
        for item in anew.sample(range(len(numbers)), RITUAL_ITEMS):
            luck[item] = anew.random()
    return [int((number > 0.0) == (draw < right)) for number, draw in zip(numbers, luck, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--replicate", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    knobs = json.loads(arguments.config.read_text())["knobs"]
    offset = json.loads((arguments.data / "replicate" / "offset.json").read_text())
    numbers = json.loads((arguments.data / "eval" / "numbers.json").read_text())
    final = chance(knobs, offset)
    for step in range(1, STEPS + 1):
        right = 0.5 + (final - 0.5) * step / STEPS
        predictions = guesses(numbers, right, knobs["ritual"], arguments.replicate)
        (arguments.out / f"step-{step}.json").write_text(json.dumps(predictions) + "\n")
    (arguments.out / "predictions.json").write_text(json.dumps(predictions) + "\n")


if __name__ == "__main__":
    main()
