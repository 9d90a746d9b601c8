"""Count right guesses; a file that is not one 0 or 1 per number makes the trial `invalid`."""

import argparse
import json
from pathlib import Path

STEPS = 3
MOST_BYTES = 10_000


class Invalid(Exception):
    """The trial's outputs cannot be scored; the text says why."""


def hits(path: Path, signs: list[int]) -> list[int]:
    """1 or 0 per item for a right or wrong guess.

    Raises:
        Invalid: the file holds no such guesses.
    """
    if path.is_symlink() or not path.is_file() or path.stat().st_size > MOST_BYTES:
        raise Invalid(f"{path.name} is missing or too large")
    try:
        guesses = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as problem:
        raise Invalid(f"{path.name} is not JSON: {problem}") from problem
    if not isinstance(guesses, list) or len(guesses) != len(signs):
        raise Invalid(f"{path.name} is not a list of {len(signs)} guesses")
    if any(type(guess) is not int or guess not in (0, 1) for guess in guesses):
        raise Invalid(f"{path.name} holds something other than 0 and 1")
    return [int(guess == sign) for guess, sign in zip(guesses, signs, strict=True)]


def evaluate(outputs: Path, signs: list[int]) -> dict[str, object]:
    """What goes into `metrics.json`."""
    try:
        right = hits(outputs / "predictions.json", signs)
        steps = range(1, STEPS + 1)
        curve = [sum(hits(outputs / f"step-{step}.json", signs)) / len(signs) for step in steps]
    except Invalid as problem:
        return {"status": "invalid", "reason": str(problem), "metrics": {}, "scores": {}, "curves": []}
    return {
        "status": "ok",
        "reason": "",
        "metrics": {"accuracy": sum(right) / len(right)},
        "scores": {"accuracy": right},
        "curves": [{"metric": "accuracy", "x_name": "step", "x": list(steps), "y": curve}],
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--outputs", type=Path, required=True)
    parser.add_argument("--private", type=Path, required=True)
    parser.add_argument("--split", choices=("dev", "test"), required=True)
    parser.add_argument("--replicate", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    signs = json.loads((arguments.private / "signs.json").read_text())
    arguments.out.write_text(json.dumps(evaluate(arguments.outputs, signs)) + "\n")


if __name__ == "__main__":
    main()
