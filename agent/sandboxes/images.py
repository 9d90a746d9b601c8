"""Docker images that jobs run in: the base, one a requirement set, one with TeX.

Promises that an image is built once under a lock and keyed by the base's id and what goes into it, and that
a failing requirement is named. Builds have a network, jobs do not.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.artifacts import sha256_of
from agent.errors import SandboxUnavailable
from agent.ports import Environment
from agent.sandboxes.environments import (
    PIP_FLAGS,
    RunJob,
    check_requirements,
    described,
    environment_key,
    failed_install,
)
from agent.workspace import file_lock

if TYPE_CHECKING:
    from docker import APIClient

REPOSITORY = "shoal"
BUILD = "/shoal-build"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
TEX_PACKAGES = (
    "texlive-latex-base", "texlive-latex-recommended", "texlive-latex-extra", "texlive-fonts-recommended",
    "texlive-science", "texlive-pictures", "latexmk",
)  # fmt: skip


class BuildFailed(Exception):
    """An image could not be built; the text is the end of the build's log."""


class Images:
    """Builds images on one engine."""

    def __init__(self, client: APIClient, folder: Path, base: str, ca_bundle: Path | None) -> None:
        self._client = client
        self._folder = folder
        self._base = base
        self._ca_bundle = ca_bundle

    def see_to_base(self) -> None:
        """Pull the base image unless it is there.

        Raises:
            SandboxUnavailable: it is not there and cannot be pulled.
        """
        from docker.errors import APIError

        if self._id_of(self._base) is not None:
            return
        try:
            self._client.pull(*_repository_and_tag(self._base))
        except APIError as error:
            raise SandboxUnavailable(
                f"the Docker image {self._base} is not there and cannot be pulled ({error.explanation})"
            ) from error

    def environment(self, requirements: tuple[str, ...], run: RunJob) -> Environment:
        """The image with `requirements`; `run` is used to look at it."""
        check_requirements(requirements)
        base = self._base_id()
        key = environment_key(requirements, base)
        with file_lock(self._folder / f"{key}.lock"):
            handle, python = base, "python3"
            if requirements:
                handle, python = f"{REPOSITORY}:env-{key}", "/opt/env/bin/python"
                if self._id_of(handle) is None:
                    try:
                        self._build(handle, self._environment_recipe(), "\n".join(requirements))
                    except BuildFailed as error:
                        raise failed_install(requirements, str(error)) from error
            environment = Environment(hash="", handle=handle, python=python)
            return described(environment, self._folder / key, run)

    def tex(self) -> Environment:
        """The image with TeX.

        Raises:
            SandboxUnavailable: the packages cannot be installed.
        """
        key = sha256_of([self._base_id(), TEX_PACKAGES])[:24]
        handle = f"{REPOSITORY}:tex-{key}"
        with file_lock(self._folder / f"tex-{key}.lock"):
            if self._id_of(handle) is None:
                try:
                    self._build(handle, self._tex_recipe(), "")
                except BuildFailed as error:
                    raise SandboxUnavailable(f"the TeX image could not be built: {error}") from error
        return Environment(hash=key, handle=handle, python="python3")

    def _environment_recipe(self) -> str:
        pip = f"{BUILD}/pip/bin/pip --python /opt/env/bin/python install {' '.join(PIP_FLAGS)}"
        return self._recipe(
            f"RUN python3 -m venv {BUILD}/pip && python3 -m venv --without-pip /opt/env "
            f"&& {self._variable('PIP_CERT')}{pip} -r {BUILD}/requirements.txt && rm -rf {BUILD}"
        )

    def _tex_recipe(self) -> str:
        options = f"-o Acquire::https::CAInfo={BUILD}/ca.pem " if self._ca_bundle else ""
        install = f"apt-get {options}install -y --no-install-recommends {' '.join(TEX_PACKAGES)}"
        return self._recipe(
            f"RUN apt-get {options}update -q && DEBIAN_FRONTEND=noninteractive {install} "
            f"&& rm -rf /var/lib/apt/lists/* {BUILD}"
        )

    def _recipe(self, step: str) -> str:
        return f"FROM {self._base_id()}\nUSER root\nCOPY . {BUILD}/\n{step}\n"

    def _variable(self, name: str) -> str:
        return f"{name}={BUILD}/ca.pem " if self._ca_bundle else ""

    def _build(self, tag: str, recipe: str, requirements: str) -> None:
        context = {"Dockerfile": recipe.encode(), "requirements.txt": requirements.encode()}
        if self._ca_bundle:
            context["ca.pem"] = self._ca_bundle.read_bytes()
        log: list[str] = []
        for row in self._client.build(
            fileobj=_archive(context), custom_context=True, tag=tag, rm=True, forcerm=True, decode=True
        ):
            log.append(COLOUR.sub("", row.get("stream", "")))
            if "error" in row:
                raise BuildFailed("".join(log)[-4000:] or row["error"])

    def _base_id(self) -> str:
        found = self._id_of(self._base)
        if found is None:
            raise SandboxUnavailable(f"the Docker image {self._base} has gone")
        return found

    def _id_of(self, image: str) -> str | None:
        from docker.errors import ImageNotFound

        client: Any = self._client
        try:
            found: str = client.inspect_image(image)["Id"]
        except ImageNotFound:
            return None
        return found


def _repository_and_tag(image: str) -> tuple[str, str]:
    repository, colon, tag = image.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (image, "latest")


def _archive(files: Mapping[str, bytes]) -> io.BytesIO:
    """A tar archive of `files`, rewound."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    archive.seek(0)
    return archive
