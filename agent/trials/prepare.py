"""Makes a template ready for one regime: its data prepared, its three environments known.

Promises that `prepare.py` runs once for each regime and content, in a sandbox of its own, that two
processes do not prepare the same data twice, and that data which lack a part name the missing part.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from agent.artifacts import Outcome, Split, hash_files, sha256_of
from agent.errors import TemplateError
from agent.ports import Environment, Job, Mount, Sandbox
from agent.templates import Setup, Template, template_files
from agent.trials.code import hash_folder, place_code
from agent.workspace import file_lock, keep_private, storage_failed, write_durably

RECORD = "prepared.json"
LAYOUT = 2
"""Number of the layout below a folder of prepared data: what another layout left is prepared again."""
LOG_LINES = 12


@dataclass(frozen=True)
class Prepared:
    """A setup with the folder of its data and its environments."""

    setup: Setup
    data: Path
    """Holds `data/{common,replicates/<r>}`, `private/{dev,test}`, and `inputs/` under blind names."""
    store: Path
    """The workspace's store, for code folders and scratch files."""
    experiment: Environment
    evaluate: Environment

    def inputs(self, split: Split) -> Path:
        """The folder of what a trial on `split` predicts; its name does not tell the split."""
        return self.data / "inputs" / _blind_name(self.setup.data_hash, split)

    def answers(self, split: Split, replicate: int) -> Path:
        """The folder of a split's answers; of one replicate where the answers differ by replicate."""
        folder = self.data / "private" / split
        own = folder / str(replicate)
        return own if own.is_dir() else folder


def prepare(
    template: Template, regime: str | None, sandbox: Sandbox, store: Path, *, allow_network: bool = False
) -> Prepared:
    """Prepare the data of a regime, or find it prepared.

    Args:
        regime: name of a regime; the template's first without.
        store: the workspace's store; data go to `<store>/data/<key>`.
        allow_network: the user lets `prepare.py` use the network where the template asks for it.

    Raises:
        TemplateError: unknown regime, a failing `prepare.py`, missing data, an uninstallable requirement.
        SandboxUnavailable: the engine failed.
        StorageFailed: the store cannot be written.
    """
    name, table = template.regime(regime)
    keep_private(store)  # not every sandbox lies in this store
    experiment = sandbox.environment(template.spec.requirements.experiment)
    evaluate = sandbox.environment(template.spec.requirements.evaluate)
    folder = store / "data" / data_key(template, name)
    with file_lock(folder.with_name(f"{folder.name}.lock")):
        hashes = _recorded(template, folder)
        if hashes is None:
            if template.spec.prepare.network and not allow_network:
                raise TemplateError(f"template {template.name} prepares with a network: add --allow-network")
            hashes = _run_prepare(template, name, sandbox, store, folder)
    scope = template.spec.scope
    if table.scope not in scope:
        scope = f"{scope}; {table.scope}"
    setup = Setup(
        template=template,
        regime=name,
        scope=scope,
        data_hash=hashes.data,
        pool=hashes.pool,
        template_hash=template.hash(evaluate.hash),
        environment_hash=experiment.hash,
    )
    return Prepared(setup, folder.resolve(), store, experiment, evaluate)


def data_key(template: Template, regime: str) -> str:
    """Name of the folder of prepared data: a hash of what `prepare.py` can read."""
    files = {path: text for path, text in prepare_files(template).items() if path != "template.toml"}
    spec = template.spec.model_dump(
        mode="json", include={"replicates", "regimes", "prepare", "requirements", "knobs"}
    )
    parts = {"layout": LAYOUT, "files": hash_files(files), "spec": spec, "regime": regime}
    return sha256_of(parts)[:24]


def prepare_files(template: Template) -> dict[str, bytes]:
    """What `prepare.py` sees: every file but the editable ones, evaluator, oracle and texts for people."""
    skip = {"evaluate.py", "oracle.py", "library.bib", *template.spec.files.editable}
    return template_contents(template, skip)


def template_contents(template: Template, skip: AbstractSet[str]) -> dict[str, bytes]:
    """The template's files by relative path, without those in `skip` and Markdown."""
    files = {path.relative_to(template.root).as_posix(): path for path in template_files(template.root)}
    return {
        name: path.read_bytes()
        for name, path in files.items()
        if name not in skip and path.suffix != ".md" and not name.startswith("private/")
    }


def _run_prepare(template: Template, regime: str, sandbox: Sandbox, store: Path, folder: Path) -> _Hashes:
    code = place_code(store, prepare_files(template))
    environment = sandbox.environment(template.spec.requirements.prepare)
    outcome = sandbox.run(
        Job(
            argv=(environment.python, "/job/template/prepare.py", "--out", "/out", "--regime", regime),
            mounts=(Mount(code, "/job/template"),),
            environment=environment,
            limits=template.prepare_limits,
            purpose="prepare",
            network=template.spec.prepare.network,
        )
    )
    where = f"template {template.name}: prepare.py --regime {regime}"
    try:
        if outcome.status != "ok" or outcome.outputs is None:
            raise TemplateError(f"{where} {describe(outcome)}")
        outputs = Path(outcome.outputs)
        missing = missing_data(template, outputs, ("data/dev", "data/test"))
        if missing:
            raise TemplateError(f"{where} wrote no {missing}")
        hashes = _record(outputs)
        try:
            if folder.exists():  # what is left of damaged data
                shutil.rmtree(folder)
            outputs.rename(folder)
        except OSError as error:
            raise storage_failed(folder, error) from error
        return hashes
    finally:
        remove_outputs(outcome)


@dataclass(frozen=True)
class _Hashes:
    """What `prepared.json` holds."""

    data: str
    pool: str

    def inputs(self) -> tuple[str, str]:
        """The folders of the two splits' inputs."""
        return f"inputs/{_blind_name(self.data, 'dev')}", f"inputs/{_blind_name(self.data, 'test')}"


def _recorded(template: Template, folder: Path) -> _Hashes | None:
    """The hashes of data that were prepared before; None where they are not there or no longer whole."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        hashes = _Hashes(str(record["data_hash"]), str(record["pool"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return None if missing_data(template, folder, hashes.inputs()) else hashes


def _record(outputs: Path) -> _Hashes:
    """Write the hashes of the data beside them, and give the splits' inputs their blind names."""
    hashes = _Hashes(hash_folder(outputs), hash_folder(outputs, ("data/test", "private/test")))
    for folder in ("data/common", "inputs"):
        (outputs / folder).mkdir(exist_ok=True)
        (outputs / folder).chmod(0o755)
    # a trial sees the paths of its mounts in /proc/self/mountinfo
    for split, blind in zip(("dev", "test"), hashes.inputs(), strict=True):
        (outputs / "data" / split).rename(outputs / blind)
    write_durably(outputs / RECORD, json.dumps({"data_hash": hashes.data, "pool": hashes.pool}).encode())
    return hashes


def _blind_name(data_hash: str, split: str) -> str:
    return sha256_of([data_hash, split])[:16]


def missing_data(template: Template, outputs: Path, inputs: tuple[str, str]) -> str:
    """The first folder that prepared data lack or that is empty; empty when all are there.

    Args:
        inputs: the folders of what the two splits predict.
    """
    replicates = [f"data/replicates/{r}" for r in (*template.exploring, *template.confirming)]
    for name in (*inputs, "private/dev", "private/test", *replicates):
        folder = outputs / name
        if not folder.is_dir() or next(folder.iterdir(), None) is None:
            return name
    return ""


def describe(outcome: Outcome) -> str:
    """How a job ended, in words, with the last lines of its output."""
    how = {
        "crashed": f"ended with exit code {outcome.exit_code}",
        "timeout": "ran out of time (wall_s)",
        "out_of_memory": "ran out of memory (mem_mb)",
        "disk_full": f"filled its disk ({', '.join(outcome.limits_hit)})",
    }.get(outcome.status, outcome.status)
    tail = outcome.log_tail.strip().splitlines()[-LOG_LINES:]
    return how + (":\n" + "\n".join(tail) if tail else "")


def remove_outputs(outcome: Outcome) -> None:
    """Remove the collected files of a job that nobody needs any more."""
    if outcome.outputs is not None:
        shutil.rmtree(outcome.outputs, ignore_errors=True)
