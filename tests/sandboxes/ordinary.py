"""bubblewrap as an ordinary user runs it, for a pytest that root runs.

A child process gives up root for good, in a control group that belongs to it (what systemd calls
Delegate), and runs the jobs that it is sent. Run as `python -m tests.sandboxes.ordinary FOLDER`; it lives
as long as its standard input, and says on its standard output when it is ready.
"""

import errno
import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any, Literal

from agent.artifacts import Limits, Outcome
from agent.ports import Environment, Job, Sandbox
from agent.sandboxes import cgroup
from agent.sandboxes.bubblewrap import Bubblewrap
from agent.sandboxes.cgroup import find
from agent.sandboxes.environments import Interpreter

USER = 12345
"""User and group of the child: nobody else's on a usual machine."""
ROOT = Path(__file__).resolve().parents[2]
SYSTEM_PYTHON = Path("/usr/bin/python3")


class OrdinaryBubblewrap:
    """Sends jobs to a child process that has no privileges; a context manager."""

    name: Literal["docker", "bubblewrap", "none"] = "bubblewrap"

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="shoal-ordinary-"))
        self._folder.chmod(0o755)
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.sandboxes.ordinary", str(self._folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True,
        )  # fmt: skip
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise RuntimeError(
                "the child that runs jobs as an ordinary user did not start: see its errors above"
            )
        ready = json.loads(line)
        if "problem" in ready:
            self.__exit__()
            raise RuntimeError(ready["problem"])
        self.limits_by: str = ready["limits_by"]
        self._groups = [Path(folder) for folder in ready["groups"]]

    def __enter__(self) -> "OrdinaryBubblewrap":
        return self

    def __exit__(self, *_: object) -> None:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        self._child.wait()
        self._child.stdout.close()
        for folder in getattr(self, "_groups", ()):
            for below in (*folder.glob("*/"), folder):  # v2: Shoal divides the group it was given
                _remove_group(below)
        shutil.rmtree(self._folder)

    @property
    def store(self) -> Path:
        """The folder of its environments and scratch files, which belongs to the ordinary user."""
        return self._folder / "store"

    @property
    def pid(self) -> int:
        return self._child.pid

    def environment(self, requirements: tuple[str, ...]) -> Environment:
        found: Environment = self._call("environment", requirements)
        return found

    def run(self, job: Job) -> Outcome:
        outcome: Outcome = self._call("run", job)
        return outcome

    def stop_all(self) -> None:
        self._call("stop_all")

    def _call(self, method: str, *arguments: object) -> Any:
        with Client(str(self._folder / "calls"), family="AF_UNIX") as connection:
            connection.send((method, arguments))
            well, value = connection.recv()
        if not well:
            raise value
        return value


def own_groups() -> list[Path]:
    """Move this process into control groups that `USER` may divide further."""
    tree = cgroup.find().tree
    made = [root / f"ordinary-{os.getpid()}" for root in set(tree.roots.values())] if tree else []
    for group in made:
        group.mkdir()
        for name in (".", "cgroup.procs", "tasks", "cgroup.threads", "cgroup.subtree_control"):
            if (group / name).exists():
                os.chown(group / name, USER, USER)
        (group / "cgroup.procs").write_text(str(os.getpid()))
    return made


def readable_interpreter() -> Interpreter | None:
    """A Python that this user can run: the one under pytest, else the system's."""
    host = Interpreter.of_host()
    if os.access(host.executable, os.X_OK):
        return host
    asked = [str(SYSTEM_PYTHON), "-c", "import platform; print(platform.python_version())"]
    if not os.access(SYSTEM_PYTHON, os.X_OK):
        return None
    version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    return Interpreter(SYSTEM_PYTHON.resolve(), Path("/usr"), version)


def give_up_root() -> None:
    os.setgroups([])
    os.setgid(USER)
    os.setuid(USER)
    os.environ["HOME"] = "/nonexistent"


def run_one(sandbox: Sandbox) -> None:
    environment = sandbox.environment(())
    outcome = sandbox.run(Job((environment.python, "-c", ""), (), environment, Limits(wall_s=20), "test"))
    shutil.rmtree(str(outcome.outputs))


def respond(sandbox: Sandbox, connection: Connection) -> None:
    with connection:
        method, arguments = connection.recv()
        try:
            reply: tuple[bool, object] = (True, getattr(sandbox, method)(*arguments))
        except Exception as error:  # noqa: BLE001 (raised again on the other side)
            reply = (False, error)
        connection.send_bytes(pickle.dumps(reply))


def main(folder: Path) -> None:
    store = folder / "store"
    store.mkdir()
    with tempfile.TemporaryDirectory() as scrap:
        run_one(Bubblewrap(Path(scrap)))  # loads every module while this process can still read them
    groups = own_groups()
    find.cache_clear()
    os.chown(store, USER, USER)
    listener = Listener(str(folder / "calls"), family="AF_UNIX")
    give_up_root()
    interpreter = readable_interpreter()
    unreadable = [path for path in (Interpreter.of_host().executable, SYSTEM_PYTHON, ROOT / "agent")
                  if not os.access(path, os.R_OK)]  # fmt: skip
    if interpreter is None or ROOT / "agent" in unreadable:
        named = ", ".join(str(path) for path in unreadable)
        print(
            json.dumps({"problem": f"user {USER} cannot read {named}: make its folders passable (chmod o+x)"})
        )
        sys.stdout.flush()
        return
    sandbox = Bubblewrap(store, interpreter=interpreter)
    print(
        json.dumps({"limits_by": sandbox.limits_by, "groups": [str(folder) for folder in groups]}), flush=True
    )

    def serve() -> None:
        while True:
            threading.Thread(target=respond, args=(sandbox, listener.accept()), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    sys.stdin.read()
    sandbox.stop_all()
    os._exit(0)  # its modules can no longer be read, and daemon threads wait for ever


if __name__ == "__main__":
    main(Path(sys.argv[1]))


def _remove_group(folder: Path) -> None:
    """Remove a control group; for a moment after its last process has gone the kernel still holds it."""
    deadline = time.monotonic() + 10
    while True:
        try:
            folder.rmdir()
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
