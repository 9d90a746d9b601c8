"""Requirement sets become environments: built once under a lock, keyed by what goes into them.

Promises that two runs that start together build an environment once, that what a killed build left is never
taken for built, that a requirement that cannot be installed is named, and that the hash is the same for any
engine with the same Python, wheels and processor kernel. What is built needs no network again. Only wheels
are installed: building a source archive would run its code on the host.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.artifacts import Limits, Outcome, sha256_of
from agent.errors import SandboxUnavailable, TemplateError
from agent.ports import Environment, Job
from agent.sandboxes.collect import discard
from agent.sandboxes.sources import NEUTRAL
from agent.workspace import file_lock, storage_failed, write_durably

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

    def __init__(self, folder: Path, interpreter: Interpreter, ca_bundle: Path | None = None) -> None:
        """`ca_bundle`: certificates for downloads, before those that pip was told of."""
        self._folder = folder
        self._interpreter = interpreter
        self._ca_bundle = ca_bundle

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
        with file_lock(self._folder / f"{key}.lock") as held:
            if built(folder) is None or not python.exists():
                self._build(folder, requirements, held)
                mark_built(folder, requirements)
            mark_used(folder)
            environment = Environment(hash="", handle=str(folder), python=str(python))
            return described(environment, folder, run)

    def _build(self, folder: Path, requirements: tuple[str, ...], lock: int) -> None:
        """Make the environment; its programs inherit the lock, and thus outlive no killed Shoal unseen."""
        _remove(folder)
        variables = {name: value for name, value in os.environ.items() if name not in MISLEADING}
        variables |= {"PIP_USER": "0"} | (
            {"PIP_CERT": str(self._ca_bundle.resolve())} if self._ca_bundle else {}
        )
        make = [str(self._interpreter.executable), "-I", "-m", "venv", "--without-pip", str(folder)]
        made = _run(make, variables, lock)
        if made.returncode != 0:
            raise SandboxUnavailable(f"no virtual environment could be made: {made.stderr.strip()[-300:]}")
        if not requirements:
            return
        install = [*host_pip(self._interpreter), "--python", str(folder / "bin" / "python"), "install"]
        done = _run([*install, *PIP_FLAGS, "--", *requirements], variables, lock)
        if done.returncode != 0:
            _remove(folder)
            raise failed_install(requirements, done.stderr or done.stdout, folder.with_suffix(".log"))


def _run(command: list[str], variables: Mapping[str, str], lock: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=NEUTRAL,
        umask=0o022,
        env=variables,
        pass_fds=(lock,),
    )


def _remove(folder: Path) -> None:
    """Remove what is left of an environment.

    Raises:
        StorageFailed: it cannot be removed.
    """
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise storage_failed(folder, error) from error


def host_pip(interpreter: Interpreter) -> list[str]:
    """The command of a pip of the host, this program's, else the interpreter's; to be run in `NEUTRAL`.

    Nothing in the folder that Shoal was started in is taken for pip or for a module of its.

    Raises:
        SandboxUnavailable: there is none.
    """
    for executable in dict.fromkeys((sys.executable, str(interpreter.executable))):
        pip = [executable, "-P", "-m", "pip"]  # -I would hide a pip that the user installed for himself
        if subprocess.run([*pip, "--version"], capture_output=True, check=False, cwd=NEUTRAL).returncode == 0:
            return pip
    raise SandboxUnavailable("pip is missing: python -m ensurepip, or apt-get install python3-pip")


# ------------------------------------------------------------------------ what the store knows of them

BUILT = "built"
"""File beside an environment that is whole: its requirements, a line each; touched whenever it is used."""


def built(folder: Path) -> tuple[str, ...] | None:
    """The requirements of an environment that was built to its end; None for any other folder."""
    try:
        return tuple(filter(None, (folder / BUILT).read_text(encoding="utf-8").split("\n")))
    except FileNotFoundError:
        return None


def mark_built(folder: Path, requirements: tuple[str, ...]) -> None:
    """Say that an environment is whole; the log of an earlier failure is of no more use."""
    write_durably(folder / BUILT, "\n".join(requirements).encode())
    folder.with_suffix(".log").unlink(missing_ok=True)


def mark_used(folder: Path) -> None:
    """Say that an environment was used now."""
    os.utime(folder / BUILT)


# ------------------------------------------------------------------------------ requirements and hashes

MISLEADING = (
    "PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON",
    "PIP_DRY_RUN", "PIP_REQUIREMENT", "PIP_EDITABLE", "PIP_NO_BINARY", "PIP_NO_DEPS", "PIP_IGNORE_INSTALLED",
)  # fmt: skip
"""Variables that would make pip install elsewhere or something else, or believe that it is there already."""
PIP_FLAGS = ("--no-input", "--disable-pip-version-check", "--quiet", "--only-binary", ":all:")


PLAIN = re.compile(r"""[A-Za-z0-9._,<>=!~*+\-\[\]()"'; ]+""")
"""Characters of a requirement that names a package of the index: none for addresses, paths, line ends …"""
ARCHIVES = (
    ".whl", ".egg", ".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz", ".xz", ".txz", ".lz", ".tlz", ".lzma",
)  # fmt: skip
"""What pip takes for a file if there is one, whatever else the text means."""


def check_requirements(requirements: tuple[str, ...]) -> None:
    """Refuse what is not a plain requirement: it could change where packages come from, or build an archive.

    Raises:
        TemplateError: a requirement is none.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    for text in requirements:
        problem = TemplateError(f"requirements: {text!r} is not a package with a version, like numpy==2.4.6")
        if not PLAIN.fullmatch(text):
            raise problem
        try:
            read = Requirement(text)
        except InvalidRequirement as error:
            raise problem from error
        versions = [one.version for one in read.specifier]
        if any(part.lower().endswith(ARCHIVES) for part in (read.name, *versions)):
            raise problem


def environment_key(requirements: tuple[str, ...], *more: str) -> str:
    """Name of an environment: a hash of what goes into it."""
    return sha256_of([sorted(requirements), platform.machine(), *more])[:24]


def failed_install(requirements: tuple[str, ...], log: str, kept: Path | None = None) -> TemplateError:
    """The error for a failed pip, with the requirement that it stumbled over and why.

    Args:
        kept: where to leave pip's whole output.
    """
    found = re.search(r"(?:No matching distribution found for|satisfies the requirement) ([^\s(]+)", log)
    conflict = re.search(r"Cannot install (.+?) because", log)
    named = found[1] if found else conflict[1] if conflict else ", ".join(requirements)
    where = ""
    if kept is not None:
        write_durably(kept, log.encode("utf-8", "replace"))
        where = f" (log: {kept})"
    return TemplateError(f"requirement {named} cannot be installed: {_why(log)[:300]}{where}")


def _why(log: str) -> str:
    """Why pip failed, from its output."""
    if "CERTIFICATE_VERIFY_FAILED" in log:
        return "the package index has a certificate that is not trusted: set sandbox.ca_bundle or PIP_CERT"
    if re.search(r"Retrying \(|Temporary failure in name resolution|Max retries exceeded", log):
        return "the package index cannot be reached: check the network, or pip's index-url and proxy"
    errors = [line for line in log.splitlines() if line.startswith("ERROR")]
    telling = [line for line in errors if "ResolutionImpossible" not in line] or log.strip().splitlines()[-1:]
    return telling[-1].removeprefix("ERROR: ") if telling else "pip said nothing"


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
