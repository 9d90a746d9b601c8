"""Removes the containers of a Shoal that was killed between making one and starting it.

A process of its own, which costs nothing while Shoal lives. Started containers end and go by themselves;
one that never started has no process that could notice. Promises to touch only containers with the label
that it was given, and to be gone within `WATCH_S` of its Shoal.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import time
from functools import cache
from pathlib import Path

from agent.sandboxes.owner import LABEL

WATCH_S = 3.0
"""How long it looks for containers: a request to make one may still be on its way."""
POLL_S = 0.2
WELL = b"."
KEPT = ("PATH", "HOME", "XDG_RUNTIME_DIR", "PYTHONPATH")
"""Variables that it gets, beside DOCKER_*: no key."""


@cache
def stand_guard(label: str) -> None:
    """Start the guard over the containers that carry `label`, once in this process."""
    reading, writing = os.pipe()  # `writing` closes with this process, however it ends
    package = str(Path(__file__).resolve().parents[2])
    variables = {
        name: value for name, value in os.environ.items() if name in KEPT or name.startswith("DOCKER_")
    }
    variables["PYTHONPATH"] = os.pathsep.join(filter(None, (package, variables.get("PYTHONPATH"))))
    streams = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (1, 2)]
    command = [sys.executable, "-P", "-m", "agent.sandboxes.guard", label]
    os.posix_spawn(
        sys.executable,
        command,
        variables,
        file_actions=[(os.POSIX_SPAWN_DUP2, reading, 0), *streams],
        setsid=True,  # what ends Shoal's process group must not end the guard
    )
    os.close(reading)
    atexit.register(_dismiss, writing)


def _dismiss(writing: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # somebody ended the guard before
        os.write(writing, WELL)


def main(label: str) -> None:
    """Wait for the end of Shoal; unless it ended well, remove what it left."""
    if os.read(0, 1) == WELL:
        return
    from docker.errors import APIError

    from agent.sandboxes.docker import connect

    client = connect()
    until = time.monotonic() + WATCH_S
    while time.monotonic() < until:
        for row in client.containers(all=True, filters={"label": f"{LABEL}={label}"}):
            try:
                client.remove_container(row["Id"], force=True, v=True)
            except APIError:
                continue  # it is just going by itself
        time.sleep(POLL_S)


if __name__ == "__main__":
    main(sys.argv[1])
