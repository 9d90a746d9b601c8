"""Reads what `init.py` streams: the files of /out and the report on the job.

Promises that nothing outside `folder` is written, whatever the stream holds, and never more than the
job's limits allow. Does not open, parse or unpickle a single collected file.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from agent.artifacts import Limits, Outcome, OutcomeStatus
from agent.workspace import storage_failed

SHM_MB = 8
"""Size of /dev/shm in every sandbox; counts as memory."""
OVERTIME_S = 30.0
"""Seconds after the wall-clock limit until the host ends a sandbox whose process 1 does not answer."""

NO_SPACE = ("No space left on device", "Disk quota exceeded")
NO_MEMORY = ("MemoryError", "Cannot allocate memory", "std::bad_alloc")

Read = Callable[[int], bytes]
"""Returns 1 to n bytes of a stream, or none at its end."""


class Torn(Exception):
    """The stream ended early, or it is not what `init.py` writes."""


class Silent(Torn):
    """Nothing came before the deadline."""

    started = False
    """Process 1 had begun the job by then."""


@dataclass(frozen=True)
class Report:
    """What process 1 says about a job."""

    exit_code: int
    """Negative for a signal."""
    late: bool
    wall_s: float
    cpu_s: float
    peak_mb: float
    """Of the whole job where process 1 can see it, else of its largest process."""
    memory_kills: int
    refused_forks: int
    """How often the limit of processes was met, as far as process 1 can see it."""
    full: tuple[str, ...]
    """File systems that were full at the end: `out_bytes`, `out_files`, `tmp_bytes` …"""
    hit: str
    """`out_mb` or `out_files` where the outputs were too large or too many."""
    log_tail: str


@dataclass(frozen=True)
class Seen:
    """What was seen of a job from outside its sandbox; 0 where it could not be seen."""

    memory_kills: int = 0
    """Processes that were killed for memory."""
    refused_forks: int = 0
    """How often the limit of processes was met."""
    peak_mb: float = 0.0
    """The most MiB that all processes held together."""


def init_arguments(
    limits: Limits, *, data_mb: int = 0, processes: int = 0, cpu_s: int = 0
) -> tuple[str, ...]:
    """The arguments of `init.py` up to and with `--`; what is 0 gets no resource limit.

    Args:
        data_mb: RLIMIT_DATA: private writable memory of each process. RLIMIT_AS would also count what
            is only reserved, which numeric libraries do by the gigabyte.
        processes: RLIMIT_NPROC: processes and threads of the user in its user namespace.
        cpu_s: RLIMIT_CPU: seconds of processor time of each process.
    """
    values = {
        "wall_ms": int(limits.wall_s * 1000),
        "cpus": limits.cpus,
        "out_bytes": limits.out_mb << 20,
        "out_files": limits.out_files,
        "data_bytes": data_mb << 20,
        "processes": processes,
        "cpu_s": cpu_s,
    }
    return (*(f"{key}={value}" for key, value in values.items()), "--")


def total_memory_mb(limits: Limits) -> int:
    """MiB a sandbox may hold: memory and the file systems that live in memory."""
    return limits.mem_mb + limits.out_mb + limits.tmp_mb + SHM_MB


def collect(read: Read, folder: Path, limits: Limits) -> Report:
    """Write the streamed files under `folder`, which must be new, and return the report.

    Raises:
        Torn: the stream ended early or breaks the format. The folder is gone then.
        Silent: `read` gave up; says whether the job had started.
        StorageFailed: the host's disk is full or cannot be written.
    """
    try:
        _make(folder)
        return _collect(read, folder, limits)
    except BaseException as error:
        discard(folder)
        if isinstance(error, FileExistsError | NotADirectoryError):
            raise Torn("a name that comes twice") from error
        if isinstance(error, OSError):
            raise storage_failed(folder, error) from error
        raise


def _collect(read: Read, folder: Path, limits: Limits) -> Report:
    path: Path | None = None
    tail = ""
    room, files = limits.out_mb << 20, limits.out_files
    started = False
    while True:
        try:
            kind, length = _header(read)
        except Silent as silent:
            silent.started = started
            raise
        if kind == b"C":
            room -= length
            files -= 1
            if path is None or room < 0 or files < 0:
                raise Torn("more outputs than the limits allow")
            _write(read, path, length)
            path = None
        elif length > 1 << 20:
            raise Torn(f"a frame {kind!r} of {length} bytes")
        elif kind == b"S":
            started = True
        elif kind == b"N":
            path = folder / safe_path(_exactly(read, length))
        elif kind == b"L":
            tail = plain_text(_exactly(read, length))
        elif kind == b"E":
            return _report(_exactly(read, length), tail)
        else:
            raise Torn(f"an unknown frame {kind!r}")


def safe_path(raw: bytes) -> PurePosixPath:
    """A relative path that stays below its folder.

    Raises:
        Torn: it does not.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Torn("a name that is not UTF-8") from error
    path = PurePosixPath(text)
    if (
        not path.parts
        or not text.isprintable()
        or path.is_absolute()
        or ".." in path.parts
        or str(path) != text
    ):
        raise Torn(f"the name {text!r}")
    return path


def plain_text(raw: bytes) -> str:
    """What a job printed, without the control characters by which it could steer a terminal."""
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    if text.translate(dict.fromkeys(map(ord, "\n\t"))).isprintable():
        return text
    return "".join(one if one.isprintable() or one in "\n\t" else "\ufffd" for one in text)


def outcome_of(
    report: Report, sandbox: str, outputs: Path, seen: Seen, *, by_rlimits: frozenset[str] = frozenset()
) -> Outcome:
    """The Outcome behind a report.

    Args:
        seen: what the engine or a control group says beside process 1.
        by_rlimits: `memory` where allocations fail instead of kills, `cpu` where each process has its time.
    """
    hits = [report.hit] if report.hit else []
    no_space = any(text in report.log_tail for text in NO_SPACE) and report.exit_code != 0
    if no_space or any(name.startswith("out_") for name in report.full):
        hits += [name.replace("_bytes", "_mb") for name in report.full if name.startswith(("out_", "tmp_"))]
        hits = hits or ["out_mb" if no_space and not report.full else "tmp_mb"]
    no_memory = seen.memory_kills + report.memory_kills > 0
    if "memory" in by_rlimits and report.exit_code != 0:
        no_memory |= any(text in report.log_tail for text in NO_MEMORY)
    no_time = "cpu" in by_rlimits and report.exit_code == -signal.SIGXCPU
    status = _status(report, no_memory=no_memory, no_time=report.late or no_time, no_space=bool(hits))
    if report.late:
        hits.append("wall_s")
    if no_time:
        hits.append("cpus")
    if no_memory:
        hits.append("mem_mb")
    if seen.refused_forks or report.refused_forks:
        hits.append("pids")
    return Outcome(
        status=status,
        exit_code=None if report.late or (no_memory and report.exit_code < 0) else report.exit_code,
        log_tail=report.log_tail,
        outputs=str(outputs),
        wall_s=report.wall_s,
        cpu_s=report.cpu_s,
        peak_mb=seen.peak_mb or report.peak_mb,
        limits_hit=tuple(dict.fromkeys(hits)),
        sandbox=sandbox,
    )


def killed_for_memory(limits: Limits, sandbox: str, wall_s: float) -> Outcome:
    """The Outcome of a sandbox whose process 1 was itself killed for the job's memory."""
    return _unreported("out_of_memory", "mem_mb", float(total_memory_mb(limits)), sandbox, wall_s)


def overdue(sandbox: str, wall_s: float) -> Outcome:
    """The Outcome of a job that started, and of which process 1 said nothing when its time was over."""
    return _unreported("timeout", "wall_s", 0.0, sandbox, wall_s)


def _unreported(status: OutcomeStatus, limit: str, peak_mb: float, sandbox: str, wall_s: float) -> Outcome:
    return Outcome(
        status=status,
        exit_code=None,
        log_tail="",
        outputs=None,
        wall_s=wall_s,
        cpu_s=0.0,
        peak_mb=peak_mb,
        limits_hit=(limit,),
        sandbox=sandbox,
    )


def discard(folder: Path) -> None:
    """Remove collected outputs."""
    shutil.rmtree(folder, ignore_errors=True)


def _status(report: Report, *, no_memory: bool, no_time: bool, no_space: bool) -> OutcomeStatus:
    if no_memory:
        return "out_of_memory"
    if no_time:
        return "timeout"
    if no_space:
        return "disk_full"
    return "ok" if report.exit_code == 0 else "crashed"


def _header(read: Read) -> tuple[bytes, int]:
    head = _exactly(read, 9)
    return head[:1], int.from_bytes(head[1:], "big")


def _exactly(read: Read, length: int) -> bytes:
    parts = []
    while length:
        part = read(min(length, 1 << 16))
        if not part:
            raise Torn("it ended early")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _write(read: Read, path: Path, length: int) -> None:
    _make(path.parent)
    with path.open("xb") as file:
        while length:
            part = read(min(length, 1 << 16))
            if not part:
                raise Torn("it ended within a file")
            file.write(part)
            length -= len(part)
    path.chmod(0o644)


def _make(folder: Path) -> None:
    """Make a folder, and those above it, that the user of the next sandbox can read whatever the umask."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir()
        folder.chmod(0o755)


def _report(raw: bytes, tail: str) -> Report:
    try:
        values = dict(line.split("=", 1) for line in raw.decode("ascii").splitlines())
        left_out = int(values["left_out"])
        note = f"\n[{left_out} entries of /out are not plain files and were left out]" if left_out else ""
        return Report(
            exit_code=int(values["exit"]),
            late=values["late"] == "1",
            wall_s=int(values["wall_us"]) / 1e6,
            cpu_s=int(values["cpu_us"]) / 1e6,
            peak_mb=int(values["peak_kb"]) / 1024,
            memory_kills=int(values["memory_kills"]),
            refused_forks=int(values["refused_forks"]),
            full=tuple(filter(None, values["full"].split(","))),
            hit=values["hit"],
            log_tail=tail + note,
        )
    except (ValueError, KeyError) as error:
        raise Torn(f"its report cannot be read: {error}") from error
