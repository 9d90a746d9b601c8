"""Write the numbers whose signs are to be guessed, and one offset per replicate (standard library only)."""

import argparse
import json
import random
from pathlib import Path

ITEMS = 40
REPLICATES = 32


def write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--regime", required=True)
    arguments = parser.parse_args()
    data, private = arguments.out / "data", arguments.out / "private"
    write(data / "common" / "about.json", {"items": ITEMS})
    for replicate in range(REPLICATES):
        offset = random.Random(f"{replicate}/offset").gauss(0.0, 0.02)
        write(data / "replicates" / str(replicate) / "offset.json", offset)
    for split in ("dev", "test"):
        numbers = [random.Random(f"{split}/{item}").uniform(-1.0, 1.0) for item in range(ITEMS)]
        write(data / split / "numbers.json", numbers)
        write(private / split / "signs.json", [int(number > 0.0) for number in numbers])


if __name__ == "__main__":
    main()
