"""Which environments were built, how large they are and when they were last used; and their removal.

Promises to look at and remove nothing but what Shoal made: folders of this workspace's store, and images that
carry Shoal's label or that this store has a record of. What is being built or used is left alone.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from agent.sandboxes.environments import BUILT, built
from agent.sandboxes.images import BASE, CONTENT, REPOSITORY, REQUIREMENTS
from agent.workspace import idle_lock, storage_failed

Client = Any
"""A `docker.APIClient`, whose types are incomplete."""
Content = Literal["environment", "tex", "unfinished"]
ENVIRONMENTS, IMAGES = "environments", "images"
"""Folders of a store."""


@dataclass(frozen=True)
class Kept:
    """Something that was built and takes room."""

    engine: Literal["bubblewrap", "docker"]
    key: str
    """What `agent.sandboxes.environments.environment_key` says; of an image without a name, its id."""
    content: Content
    requirements: tuple[str, ...] | None
    """None where nobody wrote them down."""
    python: str
    """Version; empty where it is not known."""
    bytes: int
    """What its removal frees, about."""
    used: datetime | None
    """When it was last asked for; of an image, by any workspace."""
    own: bool
    """This workspace has built or used it."""
    handle: str
    """Its folder, or the name or id of the image."""


def virtual_environments(store: Path) -> list[Kept]:
    """The virtual environments of a store, whole and half-built."""
    found = []
    for folder in sorted((store / ENVIRONMENTS).glob("[0-9a-f]*")):
        if folder.is_dir():
            requirements = built(folder)
            used = (folder / BUILT if requirements is not None else folder).stat().st_mtime
            found.append(
                Kept(
                    engine="bubblewrap",
                    key=folder.name,
                    content="environment" if requirements is not None else "unfinished",
                    requirements=requirements,
                    python=_python_of(folder / "pyvenv.cfg"),
                    bytes=sum(p.lstat().st_size for p in folder.rglob("*") if not p.is_dir()),
                    used=datetime.fromtimestamp(used, UTC),
                    own=True,
                    handle=str(folder),
                )
            )
    return found


def images(client: Client, store: Path) -> list[Kept]:
    """The images that carry Shoal's label, and those that this store has a record of.

    Raises:
        docker.errors.DockerException: the engine failed.
    """
    from docker.errors import ImageNotFound

    wanted = {row["Id"] for row in client.images(filters={"label": CONTENT})}
    found = []
    for name in (*wanted, *_recorded(store)):
        with suppress(ImageNotFound):  # removed by hand, or a moment ago
            found.append(_image(client, client.inspect_image(name), store))
    return sorted({one.handle: one for one in found}.values(), key=lambda one: (one.content, one.handle))


def remove(one: Kept, client: Client | None) -> str:
    """Remove what was kept; returns why it was left, which is empty where it has gone.

    Raises:
        StorageFailed: a folder cannot be removed.
    """
    if one.engine == "bubblewrap":
        return _remove_folder(Path(one.handle))
    from docker.errors import APIError

    assert client is not None  # who found an image has one
    try:
        client.remove_image(one.handle)
    except APIError as error:
        return f"the engine refused: {error.explanation or error}"
    return ""


def _remove_folder(folder: Path) -> str:
    with idle_lock(folder.with_name(f"{folder.name}.lock")) as held:
        if not held:
            return "it is being built or looked up just now"
        try:
            (folder / BUILT).unlink(missing_ok=True)  # first: what a kill leaves must not look built
            shutil.rmtree(folder)
        except OSError as error:
            raise storage_failed(folder, error) from error
    return ""


def _python_of(configuration: Path) -> str:
    """The version that a virtual environment was made with."""
    try:
        rows = configuration.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ""
    return next((row.partition("=")[2].strip() for row in rows if row.startswith("version")), "")


def _recorded(store: Path) -> Iterator[str]:
    """The names of the images that this store's locks tell of."""
    for lock in (store / IMAGES).glob("*.lock"):
        yield f"{REPOSITORY}:{lock.stem if lock.stem.startswith('tex-') else f'env-{lock.stem}'}"


def _image(client: Client, facts: dict[str, Any], store: Path) -> Kept:
    labels = facts["Config"].get("Labels") or {}
    names = [tag for tag in facts["RepoTags"] or () if tag.startswith(f"{REPOSITORY}:")]
    tag = names[0].removeprefix(f"{REPOSITORY}:") if names else ""
    key = tag.removeprefix("env-") or facts["Id"]
    content: Content = "unfinished" if not tag else "tex" if tag.startswith("tex-") else "environment"
    record = store / IMAGES / key
    requirements = built(record)
    if requirements is None and REQUIREMENTS in labels:
        requirements = tuple(json.loads(labels[REQUIREMENTS]))
    return Kept(
        engine="docker",
        key=key,
        content=content,
        requirements=requirements,
        python=_python_in(record),
        bytes=facts["Size"] - _size_of_base(client, labels),
        used=_when(facts["Metadata"]["LastTagTime"]) or _when(facts["Created"]),
        own=record.with_name(f"{key}.lock").exists(),
        handle=names[0] if names else facts["Id"],
    )


def _python_in(record: Path) -> str:
    """The Python version that was seen inside an image."""
    for path in sorted(record.glob("environment-*.json")):
        version: str = json.loads(path.read_text(encoding="utf-8"))["python"]
        return version
    return ""


def _size_of_base(client: Client, labels: dict[str, str]) -> int:
    """Bytes that an image shares with the one it was built on; 0 where that is not known."""
    from docker.errors import ImageNotFound

    if BASE not in labels:
        return 0
    try:
        size: int = client.inspect_image(labels[BASE])["Size"]
    except ImageNotFound:
        return 0
    return size


def _when(text: str) -> datetime | None:
    """A time of the engine, which writes nanoseconds; None for the one that means never."""
    moment = datetime.fromisoformat(f"{text[:19]}+00:00")
    return None if moment.year == 1 else moment
