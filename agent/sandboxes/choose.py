"""Which sandbox works here, found out by running a job in each.

Promises that a sandbox it returns has run a job, or that the error says how to get one.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent.artifacts import Limits
from agent.errors import SandboxMissing, SandboxUnavailable
from agent.ports import Job, Sandbox
from agent.sandboxes.bubblewrap import Bubblewrap
from agent.sandboxes.collect import discard
from agent.sandboxes.docker import BASE_IMAGE, Docker
from agent.sandboxes.unconfined import Unconfined

Kind = Literal["auto", "docker", "bubblewrap", "none"]
TINY = Limits(wall_s=30, mem_mb=64, out_mb=1, out_files=1, tmp_mb=1, pids=8)
APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
CLONE = Path("/proc/sys/kernel/unprivileged_userns_clone")
CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))


@dataclass(frozen=True)
class Probe:
    """Whether something works on this machine, and what mends it if not."""

    name: str
    works: bool
    detail: str
    """One line: what was found."""
    mend: str = ""
    """A command or a change that makes it work; empty where it does."""


def choose(
    kind: Kind, store: Path, *, base_image: str | None = None, ca_bundle: Path | None = None
) -> tuple[Sandbox, str]:
    """The sandbox to use and one line that says which and why.

    Args:
        kind: `auto` takes Docker where an engine answers and has or gets the base image, else bubblewrap.
        store: folder for environments and scratch files, `experiments/.store` of a workspace.

    Raises:
        SandboxMissing: what was asked for does not work here; the text says how to get it.
        StorageFailed: the store cannot be written.
    """
    if kind == "none":
        return Unconfined(store), "no sandbox: the experiments' code can read and change this machine"
    problems = []
    if kind in ("auto", "docker"):
        try:
            return working_docker(store, base_image, ca_bundle), "sandbox: docker"
        except SandboxUnavailable as error:
            problems.append(f"docker: {error} — {_mend_docker(str(error), base_image or BASE_IMAGE)}")
    if kind in ("auto", "bubblewrap"):
        try:
            sandbox = working_bubblewrap(store)
        except SandboxUnavailable as error:
            problems.append(f"bubblewrap: {error} — {_mend_bubblewrap(str(error))}")
        else:
            because = " (no Docker engine that has or gets the base image)" if kind == "auto" else ""
            return sandbox, f"sandbox: bubblewrap{because}, limits by {sandbox.limits_by}"
    asked = "no sandbox works here" if kind == "auto" else "the sandbox that was asked for does not work here"
    raise SandboxMissing(f"{asked}. {'; '.join(problems)}")


def working_docker(store: Path, base_image: str | None, ca_bundle: Path | None) -> Docker:
    """Docker, after it has run a job.

    Raises:
        SandboxUnavailable: it does not work.
    """
    sandbox = Docker(store, base_image=base_image or BASE_IMAGE, ca_bundle=ca_bundle)
    _try(sandbox)
    return sandbox


def working_bubblewrap(store: Path) -> Bubblewrap:
    """Bubblewrap, after it has run a job.

    Raises:
        SandboxUnavailable: it does not work.
    """
    sandbox = Bubblewrap(store)
    _try(sandbox)
    return sandbox


def probe_docker(base_image: str | None = None, ca_bundle: Path | None = None) -> Probe:
    """Whether Docker runs a job here."""
    with tempfile.TemporaryDirectory(prefix="shoal-doctor-") as folder:
        try:
            working_docker(Path(folder), base_image, ca_bundle)
        except SandboxUnavailable as error:
            return Probe("docker", False, str(error), _mend_docker(str(error), base_image or BASE_IMAGE))
    return Probe("docker", True, f"ran a job on {base_image or BASE_IMAGE}")


def probe_bubblewrap() -> Probe:
    """Whether bubblewrap runs a job here."""
    with tempfile.TemporaryDirectory(prefix="shoal-doctor-") as folder:
        try:
            sandbox = working_bubblewrap(Path(folder))
        except SandboxUnavailable as error:
            return Probe("bubblewrap", False, str(error), _mend_bubblewrap(str(error)))
    return Probe("bubblewrap", True, f"ran a job; limits by {sandbox.limits_by}")


def _try(sandbox: Sandbox) -> None:
    environment = sandbox.environment(())
    argv = (environment.python, "-I", "-c", "pass")
    outcome = sandbox.run(Job(argv, (), environment, TINY, "probe"))
    if outcome.outputs is not None:
        discard(Path(outcome.outputs))
    if outcome.status != "ok":
        raise SandboxUnavailable(f"a first job ended as {outcome.status}: {outcome.log_tail.strip()[-200:]}")


def _mend_docker(problem: str, image: str) -> str:
    if "Permission denied" in problem:
        return "sudo usermod -aG docker $USER, then log in again"
    if "image" in problem:
        return f"docker pull {image}, or set sandbox.base_image to an image that is there"
    if shutil.which("dockerd") or shutil.which("docker"):
        return "start the engine: sudo systemctl start docker"
    if _in_container():
        return "inside a container: pass the engine's socket in, or run Shoal outside"
    return "install Docker: https://docs.docker.com/engine/install/"


def _mend_bubblewrap(problem: str) -> str:
    if "not installed" in problem or "libseccomp" in problem:
        return "sudo apt-get install bubblewrap libseccomp2 util-linux"
    if "nknown option" in problem:
        return "bubblewrap 0.8 or newer is needed"
    if _reads_one(APPARMOR):
        return (
            "AppArmor forbids user namespaces: give bwrap a profile with `userns,` in /etc/apparmor.d, "
            "or sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"
        )
    if CLONE.exists() and not _reads_one(CLONE):
        return "sudo sysctl kernel.unprivileged_userns_clone=1"
    if _in_container():
        return "inside a container: start it with --privileged, or run Shoal outside"
    return "run `bwrap --ro-bind / / true` and mend what it reports"


def _reads_one(path: Path) -> bool:
    return path.exists() and path.read_text().strip() == "1"


def _in_container() -> bool:
    return any(mark.exists() for mark in CONTAINER_MARKS)
