"""Requirement sets become environments: built once under a lock, keyed by what goes into them.

Promises that two runs that start together build an environment once, that a requirement that cannot be
installed is named, and that the hash is the same for any engine with the same Python, wheels and
processor kernel. Only wheels are installed: building a source archive would run its code on the host.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.artifacts import Limits, Outcome, sha256_of
from agent.errors import SandboxUnavailable, TemplateError
from agent.ports import Environment, Job
from agent.sandboxes.collect import discard
from agent.workspace import file_lock, write_durably

RunJob = Callable[[Job], Outcome]

PROBE = Path(__file__).with_name("probe.py")
PROBE_LIMITS = Limits(wall_s=120, mem_mb=1024)


@dataclass(frozen=True)
class Interpreter:
    """A Python installation of the host."""

    executable: Path
    prefix: Path
    version: str

    @classmethod
    def of_host(cls) -> Interpreter:
        """The installation under the running Python, outside any virtual environment."""
        executable = Path(getattr(sys, "_base_executable", "") or sys.executable).resolve()
        return cls(executable, Path(sys.base_prefix).resolve(), platform.python_version())


class VirtualEnvironments:
    """Virtual environments in a folder, each without pip and without the host's packages."""

    def __init__(self, folder: Path, interpreter: Interpreter) -> None:
        self._folder = folder
        self._interpreter = interpreter

    def get(self, requirements: tuple[str, ...], run: RunJob) -> Environment:
        """The environment with `requirements`, built if it is not there; `run` is used to look at it.

        Raises:
            TemplateError: a requirement cannot be installed.
            SandboxUnavailable: the environment cannot be made.
        """
        check_requirements(requirements)
        key = environment_key(requirements, self._interpreter.version)
        folder = self._folder.resolve() / key
        python = folder / "bin" / "python"
        with file_lock(self._folder / f"{key}.lock"):
            done = folder / "built"
            if not (done.is_file() and python.exists()):
                self._build(folder, requirements)
                write_durably(done, "\n".join(requirements).encode())
            environment = Environment(hash="", handle=str(folder), python=str(python))
            return described(environment, folder, run)

    def _build(self, folder: Path, requirements: tuple[str, ...]) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        make = [str(self._interpreter.executable), "-I", "-m", "venv", "--without-pip", str(folder)]
        variables = {name: value for name, value in os.environ.items() if name not in MISLEADING}
        made = subprocess.run(make, capture_output=True, text=True, check=False, umask=0o022, env=variables)
        if made.returncode != 0:
            raise SandboxUnavailable(f"no virtual environment could be made: {made.stderr.strip()[-300:]}")
        if not requirements:
            return
        install = [*self._pip(), "--python", str(folder / "bin" / "python"), "install", *PIP_FLAGS]
        done = subprocess.run(
            [*install, *requirements], capture_output=True, text=True, check=False, umask=0o022, env=variables
        )
        if done.returncode != 0:
            shutil.rmtree(folder, ignore_errors=True)
            raise failed_install(requirements, done.stderr or done.stdout)

    def _pip(self) -> list[str]:
        """A pip of the host: this program's, else the interpreter's."""
        if importlib.util.find_spec("pip") is not None:
            return [sys.executable, "-m", "pip"]
        pip = [str(self._interpreter.executable), "-m", "pip"]
        if subprocess.run([*pip, "--version"], capture_output=True, check=False).returncode != 0:
            raise SandboxUnavailable("pip is missing: python -m ensurepip, or apt-get install python3-pip")
        return pip


MISLEADING = ("PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")
"""Variables that would make pip install elsewhere, or believe that a package is there already."""
PIP_FLAGS = ("--no-input", "--disable-pip-version-check", "--quiet", "--only-binary", ":all:")


def check_requirements(requirements: tuple[str, ...]) -> None:
    """Refuse what is not a plain requirement: options would change where packages come from.

    Raises:
        TemplateError: a requirement is none.
    """
    for text in requirements:
        if not re.match(r"^[A-Za-z0-9][A-Za-z0-9._-]*(\[[^\]]*\])?\s*([<>=!~;(].*)?$", text):
            raise TemplateError(f"requirements: {text!r} is not a package with a version, like numpy==2.4.6")


def environment_key(requirements: tuple[str, ...], *more: str) -> str:
    """Name of an environment: a hash of what goes into it."""
    return sha256_of([sorted(requirements), platform.machine(), *more])[:24]


def failed_install(requirements: tuple[str, ...], log: str) -> TemplateError:
    """The error for a failed pip, with the requirement that it stumbled over."""
    found = re.search(r"(?:No matching distribution found for|satisfies the requirement) ([^\s(]+)", log)
    errors = [line for line in log.splitlines() if line.startswith("ERROR")] or log.strip().splitlines()[-1:]
    named = found[1] if found else ", ".join(requirements)
    reason = errors[-1].removeprefix("ERROR: ") if errors else "pip said nothing"
    return TemplateError(f"requirement {named} cannot be installed: {reason[:300]}")


def described(environment: Environment, folder: Path, run: RunJob) -> Environment:
    """`environment` with its hash, looked up from inside once for each kind of processor.

    Raises:
        SandboxUnavailable: the environment's Python does not run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / f"environment-{processor()}.json"
    try:
        facts = json.loads(record.read_text())
    except (FileNotFoundError, ValueError):
        facts = _look_inside(environment, run)
        write_durably(record, json.dumps(facts, indent=1).encode())
    return Environment(hash=sha256_of(facts), handle=environment.handle, python=environment.python)


def processor() -> str:
    """A short name for the kind of processor, which decides the numeric kernels that libraries pick."""
    lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    wanted = ("model name", "flags", "Features", "CPU part", "CPU implementer")
    facts = [line for line in lines if line.split("\t")[0].split(":")[0].strip() in wanted]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:12]


def _look_inside(environment: Environment, run: RunJob) -> dict[str, Any]:
    script = PROBE.read_text(encoding="utf-8")
    outcome = run(
        Job(
            argv=(environment.python, "-c", script, "/out/environment.json"),
            mounts=(),
            environment=environment,
            limits=PROBE_LIMITS,
            purpose="environment",
        )
    )
    try:
        if outcome.status != "ok" or outcome.outputs is None:
            tail = outcome.log_tail.strip().splitlines()[-1:] or [outcome.status]
            raise SandboxUnavailable(f"the environment's Python does not run: {tail[0]}")
        facts: dict[str, Any] = json.loads(Path(outcome.outputs, "environment.json").read_text())
    finally:
        if outcome.outputs is not None:
            discard(Path(outcome.outputs))
    return facts
