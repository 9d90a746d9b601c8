"""Calls the function `series` of a program with results, and writes what it returns: runs inside the sandbox.

Needs the standard library alone. What fails here fails the program: its traceback is all there is to say.
"""

import json
import sys
from pathlib import Path
from typing import Any


def main(program: str, results: str, out: str) -> None:
    """Run the program over the results; `out` gets the JSON text."""
    space: dict[str, Any] = {"__name__": "figure"}
    exec(compile(Path(program).read_text(encoding="utf-8"), "figure.py", "exec"), space)
    returned = space["series"](json.loads(Path(results).read_text(encoding="utf-8")))
    Path(out).write_text(json.dumps({"series": returned}, allow_nan=False), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
