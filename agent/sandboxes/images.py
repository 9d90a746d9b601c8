"""Docker images that jobs run in: the base, one a requirement set, one with TeX.

Promises that an image is built once under a lock and keyed by the base's id and what goes into it, that a
killed build leaves no image, that a failing requirement is named, and that addresses, credentials and
certificates of the build end neither in an image nor in its history: they are mounted into a container
that is committed without its mounts. Builds have a network, jobs do not.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.artifacts import sha256_of
from agent.errors import SandboxUnavailable
from agent.ports import Environment
from agent.sandboxes.environments import (
    PIP_FLAGS,
    Interpreter,
    RunJob,
    built,
    check_requirements,
    described,
    environment_key,
    failed_install,
    host_pip,
    mark_built,
    mark_used,
)
from agent.sandboxes.owner import LABEL, Owner
from agent.sandboxes.sources import NEUTRAL, Sources, sources_of_host
from agent.workspace import file_lock

if TYPE_CHECKING:
    from docker import APIClient

REPOSITORY = "shoal"
BUILD = "/mnt"
"""Where a build finds what it needs; mounted, so that nothing of it is left in the image."""
PRIVATE = ".build-"
"""How folders begin that hold what one build is given to read; the builder's token follows."""
BUILD_S = 3600
CONTENT = "shoal.image"
"""Label of an image: `environment` or `tex`."""
REQUIREMENTS = "shoal.requirements"
BASE = "shoal.base"
GUARD = "exec 3<&0; (cat <&3 >/dev/null; kill -KILL -1) & exec 3<&-; set -e; . {}/variables; "
"""Ends a build whose Shoal is gone: its standard input ends then, and everything but process 1 is killed."""
CAPABILITIES = {
    "environment": ("DAC_OVERRIDE",),  # folders of packages may belong to whoever runs Shoal
    "tex": ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"),  # apt and dpkg
}
"""What root may do in a build, by content."""
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
        _sweep(folder)

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
        """The image with `requirements`; `run` is used to look at it.

        Raises:
            TemplateError: a requirement cannot be installed.
            SandboxUnavailable: the base image has gone, or its Python does not run.
        """
        check_requirements(requirements)
        base = self._base_id()
        key = environment_key(requirements, base)
        folder = self._folder / key
        with file_lock(self._folder / f"{key}.lock"):
            handle, python = base, "python3"
            if requirements:
                handle, python = f"{REPOSITORY}:env-{key}", "/opt/env/bin/python"
                self._see_to(handle, folder, "environment", requirements)
            environment = Environment(hash="", handle=handle, python=python)
            return described(environment, folder, run)

    def tex(self) -> Environment:
        """The image with TeX.

        Raises:
            SandboxUnavailable: the packages cannot be installed.
        """
        key = sha256_of([self._base_id(), TEX_PACKAGES])[:24]
        handle = f"{REPOSITORY}:tex-{key}"
        with file_lock(self._folder / f"tex-{key}.lock"):
            self._see_to(handle, self._folder / f"tex-{key}", "tex", ())
        return Environment(hash=key, handle=handle, python="python3")

    def _see_to(self, handle: str, folder: Path, content: str, requirements: tuple[str, ...]) -> None:
        """Build an image unless it is there, and note in the store and on the engine that it is used."""
        if self._id_of(handle) is None:
            try:
                self._build(handle, content, requirements)
            except BuildFailed as error:
                if requirements:
                    raise failed_install(requirements, str(error), folder.with_suffix(".log")) from error
                raise SandboxUnavailable(f"the TeX image could not be built: {str(error)[-300:]}") from error
            mark_built(folder, requirements)
        elif built(folder) is None:
            mark_built(folder, requirements)
        mark_used(folder)
        self._client.tag(handle, *_repository_and_tag(handle))  # the engine notes when this was last done

    def _build(self, handle: str, content: str, requirements: tuple[str, ...]) -> None:
        """Run the build in a container of the base image and commit it.

        Raises:
            BuildFailed: the programs in it failed.
        """
        named = {name.lower() for name in os.environ}
        proxies = {name: url for name, url in _proxies_of_client().items() if name.lower() not in named}
        environ = {**os.environ, **proxies}
        sources = sources_of_host(host_pip(Interpreter.of_host()), environ, self._ca_bundle)
        script = _environment_script(requirements) if content == "environment" else _tex_script(sources)
        labels = {
            LABEL: Owner.of_this_process().label,
            CONTENT: content,
            REQUIREMENTS: json.dumps(requirements),
            BASE: self._base_id(),
        }
        with (
            self._mounted(sources) as mounts,
            self._container(GUARD.format(BUILD) + script, labels, mounts, sources) as container,
        ):
            streams = {"stdin": 1, "stream": 1}
            with closing(self._client.attach_socket(container, params=streams)):
                self._client.start(container)
                ended = self._client.wait(container, timeout=BUILD_S)
            if ended["StatusCode"] != 0:
                log = self._client.logs(container).decode("utf-8", "replace")
                raise BuildFailed(COLOUR.sub("", log) or f"exit code {ended['StatusCode']}")
            self._client.commit(
                container,
                *_repository_and_tag(handle),
                changes=["ENTRYPOINT []", 'CMD ["python3"]', f'LABEL {LABEL}=""'],
            )

    @contextmanager
    def _mounted(self, sources: Sources) -> Iterator[list[tuple[Path, str]]]:
        """What a build gets to see, with where: files of a folder that only this user can enter."""
        self._folder.mkdir(parents=True, exist_ok=True)
        private = Path(
            tempfile.mkdtemp(prefix=f"{PRIVATE}{Owner.of_this_process().token}-", dir=self._folder.resolve())
        )
        names = {path: f"{BUILD}/folder-{number}" for number, path in enumerate(sources.folders())}
        files = {"variables": sources.script(BUILD, names).encode()}
        for name, path in (("ca.pem", sources.certificates), ("client.pem", sources.client_certificate)):
            if path is not None:
                files[name] = path.read_bytes()
        try:
            for name, content in files.items():
                (private / name).write_bytes(content)
                (private / name).chmod(0o644)  # an engine that maps users has another root
            yield [*((private / name, f"{BUILD}/{name}") for name in files), *names.items()]
        finally:
            shutil.rmtree(private)

    @contextmanager
    def _container(
        self, script: str, labels: dict[str, str], mounts: list[tuple[Path, str]], sources: Sources
    ) -> Iterator[str]:
        from docker.types import LogConfig, Mount

        config = self._client.create_host_config(
            network_mode="host" if sources.on_loopback else "bridge",
            tmpfs={BUILD: "rw,exec"},
            mounts=[Mount(target, str(path), type="bind", read_only=True) for path, target in mounts],
            cap_drop=["ALL"],
            cap_add=list(CAPABILITIES[labels[CONTENT]]),
            security_opt=["no-new-privileges"],
            log_config=LogConfig(type=LogConfig.types.JSON, config={"max-size": "10m"}),
        )
        container: str = self._client.create_container(
            self._base_id(),
            entrypoint=["/bin/sh", "-c"],
            command=[script],
            user="root",
            stdin_open=True,
            labels=labels,
            host_config=config,
            use_config_proxy=False,  # its variables would stay in the image
        )["Id"]
        try:
            yield container
        finally:
            self._client.remove_container(container, force=True, v=True)

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


def _proxies_of_client() -> dict[str, str]:
    """The proxies that the Docker client's configuration names for containers."""
    from docker.utils.config import load_general_config
    from docker.utils.proxy import ProxyConfig

    tables = load_general_config().get("proxies", {})
    variables = ProxyConfig.from_dict(tables.get("default", {})).get_environment()
    return {name: str(value) for name, value in variables.items()}


def _sweep(folder: Path) -> None:
    """Remove what killed builds were given to read, of this process namespace only."""
    owner = Owner.of_this_process()
    for private in folder.glob(f"{PRIVATE}*"):
        token = private.name.removeprefix(PRIVATE).rpartition("-")[0]
        if owner.outlived(token.replace("_", " ")):
            shutil.rmtree(private, ignore_errors=True)


def _environment_script(requirements: tuple[str, ...]) -> str:
    """The build of an environment; no file of requirements, which pip would split into lines its own way."""
    pip = f"{BUILD}/pip/bin/pip --python /opt/env/bin/python install --no-cache-dir {' '.join(PIP_FLAGS)}"
    return (
        f"cd {NEUTRAL}; python3 -m venv {BUILD}/pip; python3 -m venv --without-pip /opt/env; "
        f"{pip} -- {shlex.join(requirements)}"
    )


def _tex_script(sources: Sources) -> str:
    options = f"-o Acquire::https::CAInfo={BUILD}/ca.pem " if sources.certificates else ""
    return (
        f"export DEBIAN_FRONTEND=noninteractive; apt-get {options}update -q; "
        f"apt-get {options}install -y --no-install-recommends {' '.join(TEX_PACKAGES)}; "
        "apt-get clean; rm -rf /var/lib/apt/lists/*"
    )
