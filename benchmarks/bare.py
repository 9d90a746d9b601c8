"""A job's program in the same sandbox without Shoal: `bwrap` and `docker run` with a running job's flags.

The flags are read off a job while it runs, so that they are those of this release whatever it changes.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.ports import Job, Sandbox
from agent.sandboxes import seccomp
from agent.sandboxes.docker import connect
from agent.sandboxes.owner import LABEL

ASLEEP = "print('asleep', flush=True); import time; time.sleep(600)"
SECONDS = 30.0


@contextlib.contextmanager
def asleep(job: Job, sandbox: Sandbox) -> Iterator[None]:
    """The job's sandbox around a program that sleeps, running until the end of the block."""
    sleeper = threading.Thread(target=_sleep, args=(job, sandbox))
    sleeper.start()
    try:
        yield
    finally:
        sandbox.stop_all()
        sleeper.join()


def _sleep(job: Job, sandbox: Sandbox) -> None:
    from agent.errors import Stopped

    with contextlib.suppress(Stopped):
        sandbox.run(replace(job, argv=(job.environment.python, "-c", ASLEEP)))


def until(look: Callable[[], Any]) -> Any:
    """What `look` finds.

    Raises:
        TimeoutError: it found nothing in time.
    """
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.01)
    raise TimeoutError("no running job was seen")


# ------------------------------------------------------------------------------------------ bubblewrap


def bare_bwrap(job: Job, sandbox: Sandbox) -> Callable[[], None]:
    """A function that runs the job's program in bare `bwrap`, with the flags of Shoal's."""
    with asleep(job, sandbox):
        command: list[str] = until(_bwrap_of_this_process)
    flags = command[: command.index("--")]
    at = flags.index("--seccomp")
    rules = seccomp.program()

    def run() -> None:
        reading, writing = os.pipe()
        os.write(writing, rules)
        os.close(writing)
        flags[at + 1] = str(reading)
        subprocess.run(
            [*flags, "--", *job.argv], check=True, pass_fds=(reading,), stdin=subprocess.DEVNULL, cwd="/"
        )
        os.close(reading)

    return run


def _bwrap_of_this_process() -> list[str] | None:
    for task in Path("/proc/self/task").iterdir():
        for pid in (task / "children").read_text().split():
            words = Path("/proc", pid, "cmdline").read_bytes().decode().split("\0")[:-1]
            if words and Path(words[0]).name == "bwrap":
                return words
    return None


# ---------------------------------------------------------------------------------------------- docker


def bare_docker(job: Job, sandbox: Sandbox) -> Callable[[], None]:
    """A function that runs the job's program by `docker run`, with the limits and mounts of Shoal's."""
    client = connect()
    with asleep(job, sandbox):
        container = until(lambda: _container_of_this_process(client))
    flags = docker_flags(container)
    program, *arguments = job.argv
    command = ["docker", "run", *flags, "--entrypoint", program, job.environment.handle, *arguments]
    return lambda: subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True) and None


def _container_of_this_process(client: Any) -> dict[str, Any] | None:
    for row in client.containers(filters={"label": LABEL, "status": "running"}):
        if f" {os.getpid()} " in row["Labels"][LABEL]:
            found: dict[str, Any] = client.inspect_container(row["Id"])
            return found
    return None


def docker_flags(container: dict[str, Any]) -> list[str]:
    """The flags of `docker run` for what the engine says about a container."""
    host, config = container["HostConfig"], container["Config"]
    flags = ["--rm", "--interactive", "--network", host["NetworkMode"], "--user", config["User"]]
    flags += ["--workdir", config["WorkingDir"], "--hostname", config["Hostname"]]
    flags += ["--read-only"] if host["ReadonlyRootfs"] else []
    flags += ["--shm-size", str(host["ShmSize"]), "--memory", str(host["Memory"])]
    flags += ["--memory-swap", str(host["MemorySwap"]), "--pids-limit", str(host["PidsLimit"])]
    flags += ["--cpus", str(host["NanoCpus"] / 1e9), "--log-driver", host["LogConfig"]["Type"]]
    for name, values in (("--cap-drop", host["CapDrop"]), ("--security-opt", host["SecurityOpt"])):
        flags += [text for value in values or () for text in (name, value)]
    for target, options in (host["Tmpfs"] or {}).items():
        flags += ["--tmpfs", f"{target}:{options}"]
    for limit in host["Ulimits"] or ():
        flags += ["--ulimit", f"{limit['Name']}={limit['Soft']}:{limit['Hard']}"]
    for mount in host["Mounts"] or ():
        flags += ["--mount", f"type={mount['Type']},src={mount['Source']},dst={mount['Target']},readonly"]
    return flags
