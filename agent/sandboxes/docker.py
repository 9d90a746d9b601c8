"""Jobs in Docker containers: one fresh container a job, removed by the engine at its end.

Promises what `agent.ports.Sandbox` says. Files leave through the attached output stream, never through
`docker cp` or a writable bind of the host. After SIGKILL of Shoal process 1 ends with its standard input,
and the engine removes the container; the guard removes one that was made and not yet started. Labels name
the process that made a container, so that the next start removes what is left even so, and nothing else.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from agent.artifacts import Outcome
from agent.errors import SandboxUnavailable, Stopped
from agent.ports import Environment, Job
from agent.sandboxes.attached import Attached
from agent.sandboxes.collect import (
    OVERTIME_S,
    SHM_MB,
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
from agent.sandboxes.enforcement import Enforced, engine_rows
from agent.sandboxes.gpus import Pool, request
from agent.sandboxes.guard import stand_guard
from agent.sandboxes.images import Images
from agent.sandboxes.owner import LABEL, Owner
from agent.sandboxes.running import Roll, Running
from agent.sandboxes.staging import USER, new_outputs, stage, sweep_scratch

if TYPE_CHECKING:
    from docker import APIClient

INIT = "/shoal/init.py"
BASE_IMAGE = "python:3.11-slim"
ENGINE_TIMEOUT_S = 60
READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", "/proc/pressure")
"""The engine's own list and what keeps the kernel busy as it ends; what a machine lacks is passed over."""
START_S = 60.0
"""Seconds that the engine may take to start a container, beside the job's own."""


@dataclass(eq=False)
class _Container:
    """A container that was made; it starts unless it was stopped before."""

    client: APIClient
    id: str
    lock: threading.Lock = field(default_factory=threading.Lock)
    started: bool = False

    def start(self, running: Running, job: Job) -> None:
        """Start it.

        Raises:
            Stopped: its job was stopped before.
        """
        with self.lock:
            if running.stopped:
                raise Stopped(f"{job.purpose} was stopped")
            self.client.start(self.id)
            self.started = True

    def end(self) -> None:
        """Kill it if it has started."""
        from docker.errors import APIError

        with self.lock, contextlib.suppress(APIError):  # suppressed: it has ended by itself
            if self.started:
                self.client.kill(self.id)


class Docker:
    """Runs jobs on a Docker engine."""

    name: Literal["docker", "bubblewrap", "none"] = "docker"

    def __init__(
        self,
        store: Path,
        *,
        base_image: str = BASE_IMAGE,
        ca_bundle: Path | None = None,
        gpus: tuple[str, ...] = (),
    ) -> None:
        """Connect to the engine that the environment names, and see to the base image.

        Args:
            store: folder for locks and scratch files; the engine must see it under the same path.
            base_image: Debian or Ubuntu with python3, venv and ca-certificates; pulled if it is missing.
            ca_bundle: further certificates for downloads while images are built.
            gpus: devices to hand out, one for each running trial.

        Raises:
            SandboxUnavailable: no engine answers, or the base image is neither there nor can be pulled.
            StorageFailed: the store cannot be written.
        """
        self._store = store
        with _translated("connecting"):
            self._client = connect()
        self._images = Images(self._client, store / "images", base_image, ca_bundle)
        with _translated("the base image"):
            self._images.see_to_base()
        self._staged = stage(store)
        self._gpus = Pool(gpus)
        self._owner = Owner.of_this_process()
        stand_guard(self._owner.label)
        self._roll = Roll()
        self._asked: dict[str, list[str]] = {}
        """The volumes of images that were looked at, by handle."""
        sweep_scratch(store)
        with _translated("cleaning up"):
            self._sweep()

    def enforcement(self) -> tuple[Enforced, ...]:
        """Which limits hold here, as the engine itself says.

        Raises:
            SandboxUnavailable: the engine failed.
        """
        with _translated("asking what it enforces"):
            return engine_rows(self._client.info())

    @property
    def gpu_count(self) -> int:
        """Devices that this sandbox hands out."""
        return self._gpus.count

    def environment(self, requirements: tuple[str, ...]) -> Environment:
        """An image with `requirements`, built once (see `agent.ports.Sandbox`)."""
        with _translated("building an environment"):
            return self._images.environment(requirements, self.run)

    def tex_environment(self) -> Environment:
        """An image with TeX, built once from the base image.

        Raises:
            SandboxUnavailable: the packages cannot be installed, or the engine failed.
        """
        with _translated("building the TeX image"):
            return self._images.tex()

    def run(self, job: Job) -> Outcome:
        """Run a job (see `agent.ports.Sandbox`)."""
        outputs = new_outputs(self._store)
        began = time.monotonic()
        with (
            _translated(job.purpose),
            self._gpus.one_for(job.purpose) as gpu,
            self._container(job, gpu) as (made, running, stream),
        ):
            try:
                report = collect(stream.read, outputs, job.limits)
            except Torn as torn:
                if running.stopped:
                    raise Stopped(f"{job.purpose} was stopped") from torn
                self._remove(made.id)  # what the engine noted is complete once the container has gone
                if self._memory_kills(made.id):
                    return killed_for_memory(job.limits, self.name, time.monotonic() - began)
                if isinstance(torn, Silent) and torn.started:
                    return overdue(self.name, time.monotonic() - began)
                detail = stream.errors.decode("utf-8", "replace").strip().splitlines()[-1:] or [str(torn)]
                raise SandboxUnavailable(f"docker failed in {job.purpose}: {detail[0]}") from torn
            kills = report.memory_kills or self._memory_kills(made.id)
        return outcome_of(report, self.name, outputs, Seen(memory_kills=kills))

    def stop_all(self) -> None:
        """End every running job (see `agent.ports.Sandbox`)."""
        self._roll.stop_all()

    @contextlib.contextmanager
    def _container(self, job: Job, gpu: str | None) -> Iterator[tuple[_Container, Running, Attached]]:
        created = self._client.create_container(
            job.environment.handle,
            entrypoint=["python3", "-I", "-S", INIT],
            command=["filter=1", *init_arguments(job.limits), *job.argv],
            user=f"{USER}:{USER}",
            working_dir="/tmp",
            stdin_open=True,
            hostname="shoal",
            labels={LABEL: self._owner.label, "shoal.purpose": job.purpose},
            healthcheck={"test": ["NONE"]},  # the image's own would run beside process 1
            use_config_proxy=False,  # the client's settings may hold a proxy's password
            host_config=self._host_config(job, gpu),
        )
        made = _Container(self._client, created["Id"])
        with self._roll.job(made.end) as running:
            try:
                streams = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
                with contextlib.closing(self._client.attach_socket(made.id, params=streams)) as attached:
                    made.start(running, job)
                    yield made, running, Attached(attached, START_S + job.limits.wall_s + OVERTIME_S)
            finally:
                self._remove(made.id)

    def _host_config(self, job: Job, gpu: str | None = None) -> dict[str, Any]:
        from docker.types import LogConfig, Mount, Ulimit

        limits = job.limits
        mounts = [(mount.source.resolve(), mount.target) for mount in job.mounts]
        mounts += [(self._staged / name, f"/shoal/{name}") for name in ("init.py", "filter")]
        volumes = set(self._volumes(job.environment.handle)) - {"/tmp", "/out"}
        memory = total_memory_mb(limits) << 20
        inodes = 2 * limits.out_files + 128
        common = "rw,exec,nosuid,nodev,mode=1777"
        config: dict[str, Any] = self._client.create_host_config(
            network_mode="bridge" if job.network else "none",
            auto_remove=True,
            ipc_mode="private",
            read_only=True,
            tmpfs={
                "/tmp": f"{common},size={limits.tmp_mb}m",
                "/out": f"{common},size={limits.out_mb}m,nr_inodes={inodes}",
            },
            shm_size=SHM_MB << 20,
            mem_limit=memory,
            memswap_limit=memory,
            nano_cpus=limits.cpus * 10**9,
            pids_limit=limits.pids + 1,  # process 1
            device_requests=request(gpu),
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            ulimits=[Ulimit(name="core", soft=1, hard=1)],
            log_config=LogConfig(type=LogConfig.types.NONE),
            mounts=[
                *(Mount(target, str(source), type="bind", read_only=True) for source, target in mounts),
                *(Mount(target, None, type="tmpfs", read_only=True) for target in volumes),
            ],
        )
        config["ReadonlyPaths"] = list(READ_ONLY)
        return config

    def _volumes(self, image: str) -> list[str]:
        """The folders for which an image asks for a disk of the host, which would have no limit."""
        if image not in self._asked:
            client: Any = self._client
            config = client.inspect_image(image)["Config"]
            self._asked[image] = sorted(config.get("Volumes") or ())
        return self._asked[image]

    def _memory_kills(self, container: str) -> int:
        """How often the engine noted that a process of the container was killed for memory."""
        client: Any = self._client
        span = {"since": "0", "until": f"{time.time():.9f}"}
        filters = {"container": container, "event": "oom"}
        return sum(1 for _ in client.events(**span, filters=filters, decode=True))

    def _remove(self, container: str) -> None:
        """Remove a container, or wait until the engine has done so."""
        from docker.errors import APIError, NotFound

        with contextlib.suppress(NotFound):
            try:
                self._client.remove_container(container, force=True, v=True)
            except APIError as error:
                if error.status_code != HTTPStatus.CONFLICT:
                    raise
                self._client.wait(container, timeout=ENGINE_TIMEOUT_S, condition="removed")

    def _sweep(self) -> None:
        """Remove containers whose Shoal is gone."""
        from docker.errors import APIError

        for row in self._client.containers(all=True, filters={"label": LABEL}):
            if self._owner.outlived(row["Labels"][LABEL]):
                with contextlib.suppress(APIError):  # another process may be removing it
                    self._remove(row["Id"])


def connect() -> APIClient:
    """A client of the engine that DOCKER_HOST or the default socket names.

    Raises:
        docker.errors.DockerException: no engine answers.
    """
    from docker import APIClient
    from docker.utils import kwargs_from_env

    return APIClient(version="auto", timeout=ENGINE_TIMEOUT_S, **kwargs_from_env())


@contextlib.contextmanager
def _translated(what: str) -> Iterator[None]:
    """Turn the SDK's errors into SandboxUnavailable."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        yield
    except (DockerException, RequestException, ConnectionError) as error:
        text = " ".join(str(error).split())
        raise SandboxUnavailable(f"docker, {what}: {text[:300]}") from error
