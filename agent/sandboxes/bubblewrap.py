"""Jobs in bubblewrap: Linux namespaces around one process tree, no daemon, no image.

Promises what `agent.ports.Sandbox` says. As root no user namespace is mapped, because such a sandbox
keeps the host's user 0 and can write /proc/sys; `setpriv` gives up the user instead. Memory, processes
and CPU are bounded by a control group where the tree can be written, each of them else by resource limits;
`enforcement` says which of these hold. `run` must be called from threads that live as long as its jobs:
the kernel ends a sandbox with the thread that spawned it.
"""

from __future__ import annotations

import contextlib
import math
import os
import platform
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Literal

from agent.artifacts import Outcome
from agent.errors import SandboxUnavailable, Stopped
from agent.ports import Environment, Job
from agent.sandboxes import seccomp
from agent.sandboxes.cgroup import Found, Group, find, make_group, sweep
from agent.sandboxes.collect import (
    OVERTIME_S,
    SHM_MB,
    Read,
    Seen,
    Silent,
    Torn,
    collect,
    init_arguments,
    killed_for_memory,
    outcome_of,
    overdue,
    total_memory_mb,
)
from agent.sandboxes.enforcement import Enforced, group_rows
from agent.sandboxes.environments import Interpreter, VirtualEnvironments
from agent.sandboxes.running import Roll, Running
from agent.sandboxes.staging import USER, new_outputs, stage, sweep_scratch
from agent.sandboxes.view import HOST, View, bind

INIT = "/shoal/init.py"
JOIN = 'n=$1; shift; while [ $n -gt 0 ]; do echo $$ >"$1" || exit 125; shift; n=$((n-1)); done; exec "$@"'
"""Shell script that joins as many control groups as its first argument says, then runs the rest."""
OWN_COUNT = (5, 14)
"""The kernel that began to count the processes of a user apart in each user namespace."""


class Bubblewrap:
    """Runs jobs with `bwrap`."""

    name: Literal["docker", "bubblewrap", "none"] = "bubblewrap"

    def __init__(
        self,
        store: Path,
        *,
        interpreter: Interpreter | None = None,
        groups: Found | None = None,
        ca_bundle: Path | None = None,
    ) -> None:
        """Look for what jobs need.

        Args:
            store: folder for environments and scratch files, `experiments/.store` of a workspace.
            interpreter: Python of the jobs; that of this process unless named.
            groups: where control groups can be made; found out unless named.
            ca_bundle: further certificates for downloads while environments are built.

        Raises:
            SandboxUnavailable: `bwrap` is not installed, or jobs would see the workspace.
            StorageFailed: the store cannot be written.
        """
        self._store = store
        self._interpreter = interpreter or Interpreter.of_host()
        self._bwrap = _program("bwrap", "bubblewrap")
        self._root = os.geteuid() == 0
        self._setpriv = _program("setpriv", "util-linux") if self._root else ""
        self._staged = stage(store)
        self._view = View(store, self._interpreter, self._staged)
        self._environments = VirtualEnvironments(store / "environments", self._interpreter, ca_bundle)
        self._found = groups or find()
        self._tree = self._found.tree
        self._bounds = frozenset(self._tree.roots if self._tree else ())
        self._roll = Roll()
        sweep_scratch(store)
        if self._tree is not None:
            sweep(self._tree)

    @property
    def limits_by(self) -> str:
        """What enforces memory, processes and CPU: `cgroup v1`, `cgroup v2` or `resource limits`."""
        return f"cgroup v{self._tree.version}" if self._tree else "resource limits"

    def enforcement(self) -> tuple[Enforced, ...]:
        """Which limits hold here, and by what."""
        return group_rows(self._found, counts_alone=self._counts_alone())

    def _counts_alone(self) -> bool:
        """Whether RLIMIT_NPROC counts the processes of one job: it counts by user and user namespace."""
        release = tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2])
        return not self._root and release >= OWN_COUNT

    def environment(self, requirements: tuple[str, ...]) -> Environment:
        """A virtual environment with `requirements`, built once (see `agent.ports.Sandbox`)."""
        return self._environments.get(requirements, self.run)

    def host_environment(self) -> Environment:
        """The host's own programs, TeX among them, and no Python packages."""
        return Environment(hash=HOST, handle=HOST, python=str(self._interpreter.executable))

    def run(self, job: Job) -> Outcome:
        """Run a job (see `agent.ports.Sandbox`)."""
        outputs = new_outputs(self._store)
        began = time.monotonic()
        with self._group(job) as group, self._process(job, group) as (process, running, errors):
            try:
                report = collect(_reader(process, job.limits.wall_s + OVERTIME_S), outputs, job.limits)
            except Torn as torn:
                _end(process)
                if running.stopped:
                    raise Stopped(f"{job.purpose} was stopped") from torn
                if _seen(group).memory_kills:
                    return killed_for_memory(job.limits, self.name, time.monotonic() - began)
                if isinstance(torn, Silent) and torn.started:
                    return overdue(self.name, time.monotonic() - began)
                raise SandboxUnavailable(_explain(job, torn, errors())) from torn
            process.wait()
            found = _seen(group)
        return outcome_of(
            report, self.name, outputs, found, by_rlimits=frozenset({"memory", "cpu"} - self._bounds)
        )

    def stop_all(self) -> None:
        """End every running job (see `agent.ports.Sandbox`)."""
        self._roll.stop_all()

    @contextlib.contextmanager
    def _group(self, job: Job) -> Iterator[Group | None]:
        if self._tree is None:
            yield None
            return
        try:
            group = make_group(
                self._tree,
                memory_mb=total_memory_mb(job.limits),
                processes=job.limits.pids + 2,  # bwrap itself and process 1
                cpus=job.limits.cpus,
            )
        except OSError as error:
            raise SandboxUnavailable(f"a control group could not be made: {error}") from error
        try:
            yield group
        finally:
            group.remove()

    @contextlib.contextmanager
    def _process(
        self, job: Job, group: Group | None
    ) -> Iterator[tuple[subprocess.Popen[bytes], Running, Callable[[], str]]]:
        """The started bwrap process, and a function that returns what it wrote to standard error."""
        command = [*_joining(group), self._bwrap, *self._flags(job)]
        try:
            rules = seccomp.program()
        except OSError as error:
            raise SandboxUnavailable(f"{error.strerror}; install libseccomp2") from error
        reading, writing = os.pipe()
        os.write(writing, rules)
        os.close(writing)
        stderr = os.memfd_create("stderr")
        command += ["--seccomp", str(reading), "--", *self._init(job), *job.argv]
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                bufsize=0,
                env={"PATH": os.defpath},
                pass_fds=(reading,),
                cwd="/",
                start_new_session=True,  # a terminal's Ctrl-C is for Shoal to handle
            )
        except OSError as error:
            os.close(stderr)
            raise SandboxUnavailable(f"bwrap could not be started: {error}") from error
        finally:
            os.close(reading)
        with self._roll.job(lambda: _close(process.stdin)) as running:
            try:
                yield process, running, lambda: os.pread(stderr, 4096, 0).decode("utf-8", "replace")
            finally:
                _end(process)
                os.close(stderr)

    def _init(self, job: Job) -> tuple[str, ...]:
        """The command of process 1, up to the job's own."""
        drop: tuple[str, ...] = ()
        if self._root:
            drop = (self._setpriv, "--reuid", str(USER), "--regid", str(USER), "--clear-groups")
            drop += ("--bounding-set", "-all", "--inh-caps", "-all", "--no-new-privs")
        python = str(self._interpreter.executable)
        return (*drop, python, "-I", "-S", INIT, *init_arguments(job.limits, **self._rlimits(job)))

    def _rlimits(self, job: Job) -> dict[str, int]:
        """Resource limits for what no control group bounds."""
        limits, bounds = job.limits, {}
        if "memory" not in self._bounds:
            bounds["data_mb"] = limits.mem_mb
        if "cpu" not in self._bounds:
            bounds["cpu_s"] = math.ceil(limits.wall_s * limits.cpus) + 1
        if "pids" not in self._bounds and self._counts_alone():
            bounds["processes"] = limits.pids + 1  # process 1
        elif "pids" not in self._bounds and self._root:
            # all jobs together: what fits the machine, so that no job fails for its neighbours
            bounds["processes"] = (limits.pids + 1) * len(os.sched_getaffinity(0))
        return bounds

    def _flags(self, job: Job) -> list[str]:
        limits = job.limits
        flags = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
        flags += [] if job.network else ["--unshare-net"]
        flags += ["--die-with-parent", "--new-session", "--as-pid-1", "--hostname", "shoal", "--clearenv"]
        if self._root:
            flags += ["--cap-drop", "ALL"]
            for capability in ("SETUID", "SETGID", "SETPCAP"):
                flags += ["--cap-add", f"CAP_{capability}"]
        else:
            flags += ["--unshare-user", "--disable-userns", "--uid", str(USER), "--gid", str(USER)]
        flags += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"]
        flags += self._view.proc()
        for target, size in (("/dev/shm", SHM_MB), ("/tmp", limits.tmp_mb), ("/out", limits.out_mb)):
            flags += ["--perms", "1777", "--size", str(size << 20), "--tmpfs", target]
        made: set[str] = {"/tmp"}
        flags += self._view.system(
            job.environment.handle, made, network=job.network
        )  # after /tmp: a workspace may lie in there
        for mount in job.mounts:
            flags += bind(str(mount.source.resolve()), mount.target, made)
        flags += bind(str(self._staged / "init.py"), INIT, made)
        return [*flags, "--remount-ro", "/", "--chdir", "/tmp"]


def _program(name: str, package: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise SandboxUnavailable(f"{name} is not installed (Debian, Ubuntu: apt-get install {package})")
    return path


def _seen(group: Group | None) -> Seen:
    """What a job's control group says of it."""
    if group is None:
        return Seen()
    return Seen(group.memory_kills(), group.refused_forks(), group.peak_mb())


def _joining(group: Group | None) -> tuple[str, ...]:
    """A prefix to a command that joins the group before the command starts."""
    if group is None:
        return ()
    return ("/bin/sh", "-c", JOIN, "sh", str(len(group.members)), *group.members)


def _reader(process: subprocess.Popen[bytes], seconds: float) -> Read:
    """A function that reads from bwrap's standard output and gives up after `seconds`."""
    assert process.stdout is not None
    source = process.stdout.fileno()
    poll = select.poll()
    poll.register(source, select.POLLIN)
    deadline = time.monotonic() + seconds

    def read(size: int) -> bytes:
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise Silent("it does not answer")
        return os.read(source, size)

    return read


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close the pipes, at which process 1 ends, and wait for bwrap to follow."""
    _close(process.stdin)
    _close(process.stdout)
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        pipe.close()


def _explain(job: Job, torn: Torn, errors: str) -> str:
    detail = errors.strip().splitlines()
    kernel = f"kernel {platform.release()}, Python {sys.version_info.major}.{sys.version_info.minor}"
    return f"bubblewrap failed in {job.purpose} ({kernel}): {detail[-1] if detail else torn}"
