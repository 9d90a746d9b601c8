"""Which sandbox works here, found out by running a job in each.

Promises that a sandbox it returns has run a job, and holds every limit that the user did not let go of by
name; or that the error says how to get one.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent.artifacts import Limits
from agent.errors import SandboxMissing, SandboxUnavailable, SettingsError
from agent.ports import Job, Sandbox
from agent.sandboxes.bubblewrap import Bubblewrap
from agent.sandboxes.collect import discard
from agent.sandboxes.docker import BASE_IMAGE, Docker
from agent.sandboxes.enforcement import Enforced, LimitName, reasons, still_open, ways_out
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
    enforcement: tuple[Enforced, ...] = ()
    """Which limits hold; empty where no job runs at all."""


def choose(
    kind: Kind,
    store: Path,
    *,
    base_image: str | None = None,
    ca_bundle: Path | None = None,
    allowed: Collection[LimitName] = (),
    gpus: tuple[str, ...] = (),
) -> tuple[Sandbox, str]:
    """The sandbox to use and one line that says which and why.

    Args:
        kind: `auto` takes Docker where an engine answers and has or gets the base image, else bubblewrap.
        store: folder for environments and scratch files, `experiments/.store` of a workspace.
        allowed: limits that need not hold. `none` is taken as it is: whoever asks for it wants no limits.
        gpus: devices to hand out, one for each running trial; only Docker can.

    Raises:
        SandboxMissing: what was asked for does not work here, or leaves a limit open; the text says how to
            get it.
        SettingsError: GPUs for a sandbox that cannot hand them out.
        StorageFailed: the store cannot be written.
    """
    if gpus and kind not in ("auto", "docker"):
        raise SettingsError(f"--gpus needs Docker, and the sandbox is {kind}: use --sandbox docker")
    if kind == "none":
        return Unconfined(store), "no sandbox: the experiments' code can read and change this machine"
    problems = []
    if kind in ("auto", "docker"):
        try:
            docker = working_docker(store, base_image, ca_bundle, gpus)
        except SandboxUnavailable as error:
            problems.append(f"docker: {error} — {_mend_docker(str(error), base_image or BASE_IMAGE)}")
        else:
            rows = docker.enforcement()
            problem = refusal(docker.name, rows, allowed)
            if not problem:
                return docker, f"sandbox: docker{_left_open(rows)}"
            problems.append(problem)
    if gpus:
        raise SandboxMissing(f"--gpus needs Docker, which does not serve here. {problems[0]}")
    if kind in ("auto", "bubblewrap"):
        try:
            bubblewrap = working_bubblewrap(store, ca_bundle)
        except SandboxUnavailable as error:
            problems.append(f"bubblewrap: {error} — {_mend_bubblewrap(str(error))}")
        else:
            rows = bubblewrap.enforcement()
            problem = refusal(bubblewrap.name, rows, allowed)
            if not problem:
                because = " (no Docker engine that serves)" if kind == "auto" else ""
                by = bubblewrap.limits_by
                return bubblewrap, f"sandbox: bubblewrap{because}, limits by {by}{_left_open(rows)}"
            problems.append(problem)
    asked = "no sandbox works here" if kind == "auto" else "the sandbox that was asked for does not work here"
    raise SandboxMissing(f"{asked}. {'; '.join(problems)}")


def refusal(sandbox: str, rows: Collection[Enforced], allowed: Collection[LimitName]) -> str:
    """Why a sandbox is not used though it runs jobs: its open limits and the ways out; empty where it is."""
    found = still_open(rows, allowed)
    return f"{sandbox} cannot enforce {reasons(found)} — {ways_out(sandbox, found)}" if found else ""


def open_limits(sandbox: Sandbox) -> tuple[LimitName, ...]:
    """The limits that do not hold in a chosen sandbox.

    Raises:
        SandboxUnavailable: the engine failed.
    """
    if isinstance(sandbox, Docker | Bubblewrap | Unconfined):
        return tuple(row.limit for row in still_open(sandbox.enforcement(), ()))
    return ()


def _left_open(rows: Collection[Enforced]) -> str:
    found = still_open(rows, ())
    return f"; not enforced, as allowed: {reasons(found)}" if found else ""


def working_docker(
    store: Path, base_image: str | None, ca_bundle: Path | None, gpus: tuple[str, ...] = ()
) -> Docker:
    """Docker, after it has run a job.

    Raises:
        SandboxUnavailable: it does not work.
    """
    sandbox = Docker(store, base_image=base_image or BASE_IMAGE, ca_bundle=ca_bundle, gpus=gpus)
    _try(sandbox)
    return sandbox


def working_bubblewrap(store: Path, ca_bundle: Path | None = None) -> Bubblewrap:
    """Bubblewrap, after it has run a job.

    Raises:
        SandboxUnavailable: it does not work.
    """
    sandbox = Bubblewrap(store, ca_bundle=ca_bundle)
    _try(sandbox)
    return sandbox


def probe_docker(
    base_image: str | None = None, ca_bundle: Path | None = None, allowed: Collection[LimitName] = ()
) -> Probe:
    """Whether Docker runs a job here, under every limit that is not `allowed` to be open."""
    with tempfile.TemporaryDirectory(prefix="shoal-doctor-") as folder:
        try:
            rows = working_docker(Path(folder), base_image, ca_bundle).enforcement()
        except SandboxUnavailable as error:
            return Probe("docker", False, str(error), _mend_docker(str(error), base_image or BASE_IMAGE))
    return _probed("docker", f"ran a job on {base_image or BASE_IMAGE}", rows, allowed)


def probe_bubblewrap(allowed: Collection[LimitName] = ()) -> Probe:
    """Whether bubblewrap runs a job here, under every limit that is not `allowed` to be open."""
    with tempfile.TemporaryDirectory(prefix="shoal-doctor-") as folder:
        try:
            sandbox = working_bubblewrap(Path(folder))
        except SandboxUnavailable as error:
            return Probe("bubblewrap", False, str(error), _mend_bubblewrap(str(error)))
    detail = f"ran a job; limits by {sandbox.limits_by}"
    return _probed("bubblewrap", detail, sandbox.enforcement(), allowed)


def _probed(name: str, detail: str, rows: tuple[Enforced, ...], allowed: Collection[LimitName]) -> Probe:
    found = still_open(rows, allowed)
    if not found:
        return Probe(name, True, detail, enforcement=rows)
    unmet = ", ".join(row.limit for row in found)
    return Probe(name, False, f"{detail}, but cannot enforce {unmet}", ways_out(name, found), rows)


def _try(sandbox: Sandbox) -> None:
    environment = sandbox.environment(())
    argv = (environment.python, "-I", "-c", "pass")
    outcome = sandbox.run(Job(argv, (), environment, TINY, "probe"))
    if outcome.outputs is not None:
        discard(Path(outcome.outputs))
    if outcome.status != "ok":
        raise SandboxUnavailable(f"a first job ended as {outcome.status}: {outcome.log_tail.strip()[-200:]}")


def _mend_docker(problem: str, image: str) -> str:
    if "could not select device driver" in problem:
        return "install the NVIDIA container toolkit, or leave --gpus away"
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
