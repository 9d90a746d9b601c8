"""The typed workspace on disk: put, get, once.

Promises that a file is either absent or whole (write, fsync, rename), that a key never changes its
bytes, and that what `get` returns is what was put. Does not decide what a stage stores where it is
told nothing: the layout is the table below.
"""

from __future__ import annotations

import errno
import fcntl
import itertools
import json
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from agent.artifacts import (
    AddedFigure,
    Approval,
    Archive,
    Artifact,
    Audit,
    Calculation,
    Claims,
    Draft,
    Ending,
    Executed,
    Facts,
    Figures,
    Idea,
    Ideas,
    MetaReview,
    Outcome,
    Paper,
    Plan,
    Registration,
    Replication,
    Reproduction,
    Result,
    Review,
    Run,
    Scores,
    Steering,
    Tree,
    Trial,
    Verdict,
)
from agent.errors import MachineryError, StorageFailed, WorkspaceConflict, WorkspaceCorrupt

ArtifactT = TypeVar("ArtifactT", bound=Artifact)

SCHEMA = 1
LAYOUT: dict[type[Artifact], str] = {
    Run: "experiments/{}/run.json",
    Archive: "experiments/{}/archive.json",
    Ideas: "experiments/{}/ideas.json",
    Idea: "experiments/{}/ideas/{}/idea.json",
    Tree: "experiments/{}/ideas/{}/tree.json",
    Executed: "experiments/{}/ideas/{}/executed.json",
    Draft: "experiments/{}/ideas/{}/draft-{}.json",
    Approval: "experiments/{}/ideas/{}/approvals/{}.json",
    Ending: "experiments/{}/ideas/{}/ending.json",
    Steering: "experiments/{}/steering/{}.json",
    Plan: "experiments/{}/ideas/{}/plan-{}.json",
    Registration: "experiments/{}/ideas/{}/registration-{}.json",
    Facts: "experiments/{}/ideas/{}/facts.json",
    Claims: "experiments/{}/ideas/{}/claims.json",
    Verdict: "experiments/{}/ideas/{}/verdict.json",
    Figures: "experiments/{}/ideas/{}/figures.json",
    AddedFigure: "experiments/{}/ideas/{}/added-figure.json",
    Replication: "experiments/{}/ideas/{}/replication-{}.json",
    Reproduction: "experiments/{}/ideas/{}/reproductions/{}.json",
    Trial: "experiments/{}/trials/{}.json",
    Result: "experiments/{}/results/{}.json",
    Scores: "experiments/{}/scores/{}.json",
    Calculation: "experiments/{}/calculations/{}.json",
    Paper: "papers/{}/{}/round-{}/paper.json",
    Audit: "papers/{}/{}/round-{}/audit.json",
    Review: "reviews/{}/{}/round-{}/review-{}.json",
    MetaReview: "reviews/{}/{}/round-{}/meta.json",
}
"""Where an artifact stands; a key has one part, separated by slashes, for each pair of braces."""

_numbers = itertools.count()


class Workspace:
    """The folder that runs leave their artifacts in."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def store(self) -> Path:
        """What runs share and what can be rebuilt: data, environments, known results (see `keep_private`)."""
        return self.root / "experiments" / ".store"

    def run_folder(self, run: str) -> Path:
        """The folder of one run's records."""
        return self.root / "experiments" / run

    def runs(self) -> list[str]:
        """Names of all runs, by name."""
        return sorted(path.parent.name for path in (self.root / "experiments").glob("*/run.json"))

    def path(self, kind: type[Artifact], key: str) -> Path:
        """Where the artifact of this kind and key stands, there or not."""
        parts = key.split("/")
        pattern = LAYOUT[kind]
        if pattern.count("{}") != len(parts):
            raise ValueError(f"{kind.__name__} keys have {pattern.count('{}')} parts; got {key!r}")
        return self.root / pattern.format(*parts)

    def has(self, kind: type[Artifact], key: str) -> bool:
        """Whether an artifact stands under this key."""
        return self.path(kind, key).exists()

    def put(self, key: str, artifact: ArtifactT) -> ArtifactT:
        """Store an artifact under its kind and `key`; storing the same one again is nothing.

        Raises:
            WorkspaceConflict: other bytes stand there already.
            StorageFailed: the disk is full or the file cannot be written.
        """
        self._put_bytes(self.path(type(artifact), key), envelope(artifact))
        return artifact

    def get(self, kind: type[ArtifactT], key: str) -> ArtifactT:
        """The artifact under this key, validated and checked against its hash.

        Raises:
            KeyError: there is none.
            WorkspaceCorrupt: the file is not what was written; the text names it.
        """
        return read_artifact(kind, self.path(kind, key))

    def once(self, kind: type[ArtifactT], key: str, make: Callable[[], ArtifactT]) -> ArtifactT:
        """The artifact under this key; made and stored first if there is none yet."""
        try:
            return self.get(kind, key)
        except KeyError:
            return self.put(key, make())

    def put_file(self, relative: str, content: bytes) -> Path:
        """Store a file that is no artifact (LaTeX, BibTeX, figures) under the same promises as `put`."""
        path = self.root / relative
        self._put_bytes(path, content)
        return path

    def put_outcomes(self, run: str, trial: str, outcomes: Sequence[Outcome]) -> None:
        """Keep how a trial's sandboxes ended, beside its Result; never hashed, the last one stays."""
        rows = [outcome.model_dump(mode="json") for outcome in outcomes]
        write_durably(self._outcomes(run, trial), (json.dumps(rows, indent=1) + "\n").encode())

    def outcomes(self, run: str, trial: str) -> tuple[Outcome, ...]:
        """How a trial's sandboxes ended; empty where the trial was taken from another run.

        Raises:
            WorkspaceCorrupt: the file is damaged.
        """
        path = self._outcomes(run, trial)
        try:
            return tuple(Outcome.model_validate(row) for row in json.loads(path.read_bytes()))
        except FileNotFoundError:
            return ()
        except (ValueError, TypeError, RecursionError, ValidationError) as error:
            raise WorkspaceCorrupt(f"{path} is damaged") from error

    def log_tail(self, run: str, trial: str) -> str:
        """The end of what a trial printed."""
        return "\n".join(outcome.log_tail for outcome in self.outcomes(run, trial)).strip()

    def _outcomes(self, run: str, trial: str) -> Path:
        return self.run_folder(run) / "outcomes" / f"{trial}.json"

    def _put_bytes(self, path: Path, content: bytes) -> None:
        try:
            present = path.read_bytes()
        except FileNotFoundError:
            write_durably(path, content)
            return
        except OSError as error:
            raise storage_failed(path, error) from error
        if present != content:
            raise WorkspaceConflict(
                f"{path} holds other content than this step computed; "
                "a changed program or a changed file: start a new run"
            )

    @contextmanager
    def lock(self, run: str) -> Iterator[None]:
        """Hold the run's lock.

        Raises:
            MachineryError: another process holds it.
        """
        with _flock(self.run_folder(run) / "lock", wait=False) as held:
            if held is None:
                raise MachineryError(f"run {run} is being worked on by another process")
            yield


def envelope(artifact: Artifact) -> bytes:
    """The bytes of an artifact's file: schema, kind, hash and content, readable and deterministic."""
    content = artifact.model_dump(mode="json")
    document = {
        "schema": SCHEMA,
        "kind": type(artifact).__name__,
        "hash": artifact.hash,
        "content": content,
    }
    return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def read_artifact(kind: type[ArtifactT], path: Path) -> ArtifactT:
    """The artifact in a file, validated and checked against its hash.

    Raises:
        KeyError: there is no such file.
        WorkspaceCorrupt: the file is not what was written.
        StorageFailed: it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise KeyError(f"{path} does not exist") from None
    except OSError as error:
        raise StorageFailed(f"{path} cannot be read ({error.strerror}): mend that") from error
    except UnicodeDecodeError as error:
        raise WorkspaceCorrupt(f"{path} is damaged: {error}") from error
    try:
        document = json.loads(text)
        if document["schema"] != SCHEMA or document["kind"] != kind.__name__:
            raise WorkspaceCorrupt(f"{path} is not a {kind.__name__} of schema {SCHEMA}")
        artifact = kind.model_validate_json(json.dumps(document["content"]))
        stated = document["hash"]
    except (ValueError, KeyError, TypeError, RecursionError, ValidationError) as error:
        raise WorkspaceCorrupt(f"{path} is damaged: {str(error).splitlines()[0]}") from error
    if artifact.hash != stated:
        raise WorkspaceCorrupt(f"{path} was changed after it was written (its hash does not fit)")
    return artifact


def keep_private(store: Path) -> None:
    """Make a store if it is not there, and close it to other users of the machine: it holds the test answers.

    Raises:
        StorageFailed: it cannot be made, or belongs to another user and is open to others.
    """
    try:
        store.mkdir(mode=0o700, parents=True, exist_ok=True)
        if stat.S_IMODE(store.stat().st_mode) & 0o077:
            store.chmod(0o700)
    except PermissionError as error:
        raise StorageFailed(
            f"{store} is open to other users, and cannot be closed ({error.strerror}): `chmod 700` it as its "
            "owner, or choose another folder with --workspace"
        ) from error
    except OSError as error:
        raise storage_failed(store, error) from error


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that a crash leaves either the old one or the new one, whole.

    Raises:
        StorageFailed: the disk is full or the file cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.{next(_numbers)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise storage_failed(path, error) from error


def append_durably(path: Path, line: str) -> None:
    """Append one line and wait until it is on disk; a torn last line of an earlier crash is dropped.

    Raises:
        StorageFailed: the disk is full or the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            file.seek(0)
            present = file.read()
            if present and not present.endswith(b"\n"):
                file.truncate(present.rfind(b"\n") + 1)
            file.write(line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise storage_failed(path, error) from error


def storage_failed(path: Path, error: OSError) -> StorageFailed:
    """The error to raise for an `OSError` at `path`, with what to do about it."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFailed(f"the disk is full at {path}: make room (`shoal clean`), then `shoal resume`")
    return StorageFailed(
        f"{path} cannot be written ({error.strerror}): mend that, or choose another folder with --workspace"
    )


@contextmanager
def _flock(path: Path, *, wait: bool) -> Iterator[int | None]:
    """The descriptor that holds the lock; None where another holds it and nobody waits."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise storage_failed(path, error) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield None
            return
        yield file.fileno()


@contextmanager
def file_lock(path: Path) -> Iterator[int]:
    """Hold an exclusive lock on `path` against other threads and processes; waits for it.

    Gives the descriptor that holds it: a child process that inherits it keeps the lock until it ends.
    """
    with _flock(path, wait=True) as held:
        assert held is not None  # it was waited for
        yield held


@contextmanager
def idle_lock(path: Path) -> Iterator[bool]:
    """Hold the lock of `file_lock` if nobody else does; says whether it is held."""
    with _flock(path, wait=False) as held:
        yield held is not None


@contextmanager
def passing_lock(path: Path) -> Iterator[bool]:
    """Try to hold the lock on a file that is gone once nobody holds it; says whether it is held.

    For locks of which there are many: unlike `file_lock` it leaves no file behind, but for a killed process.
    """
    with _flock(path, wait=False) as held:
        if held is None or not _still_there(path, held):
            yield False
            return
        try:
            yield True
        finally:
            path.unlink(missing_ok=True)


def _still_there(path: Path, descriptor: int) -> bool:
    """Whether an open file is the one that stands at `path`: its last holder may just have removed it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
