"""`shoal env list`, `build` and `prune`: the sets of packages that trials run with.

Promises that a template whose environments were built ahead needs no network for them again, and that
nothing is removed without a yes. Which templates need an environment is known as far as this workspace knows
them: those in ./templates and in the package, and those of its runs.
"""

from __future__ import annotations

import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.cli.events import beginning
from agent.cli.look import print_json, print_table
from agent.cli.stop import is_running
from agent.cli.template import named_template, template_folders
from agent.errors import TemplateError, UserError
from agent.templates import Template
from agent.workspace import Workspace

if TYPE_CHECKING:
    from agent.sandboxes.inventory import Client, Kept

Need = tuple[str, str]
"""Engine and key of an environment."""
SOCKET = Path("/var/run/docker.sock")


@dataclass(frozen=True)
class Stock:
    """What was built, and what is needed."""

    kept: tuple[Kept, ...]
    needed: Mapping[Need, tuple[str, ...]]
    """The templates that need an environment."""
    client: Client | None
    """None where no engine answers."""
    base_known: bool
    """Whether the engine has the base image, without which it is not known which images are needed."""

    def users(self, one: Kept) -> tuple[str, ...]:
        """The known templates that need it."""
        return self.needed.get((one.engine, one.key), ())

    def surplus(self, one: Kept, before: datetime | None) -> str:
        """Why it may go; empty where it has to stay.

        Args:
            before: What was last used before this may go, whoever needs or made it.
        """
        if one.content == "unfinished":
            return "left by a build that ended early"
        if before is not None and one.used is not None and one.used < before:
            return f"last used {one.used:%Y-%m-%d}"
        if not one.own or one.requirements == () or (one.engine == "docker" and not self.base_known):
            return ""  # another workspace may need it; every sandbox needs the empty one; or it is not known
        return "" if self.users(one) else "no known template needs it"


def list_environments(root: Path, *, json: bool) -> int:
    """Print every environment with its size, when it was last used, and who needs it."""
    workspace = Workspace(root)
    with _stock(workspace) as stock:
        rows = [{**_row(one), "templates": list(stock.users(one))} for one in stock.kept]
        answers = stock.client is not None
    if json:
        print_json({"schema": 1, "command": "env list", "docker": answers, "environments": rows})
        return 0
    if not rows:
        print(f"no environments in {root.resolve()}; `shoal env build TEMPLATE` makes a template's")
        return 0
    _print(rows, "templates")
    return 0


def build_environments(name: str, sandbox_kind: str | None, root: Path, *, json: bool) -> int:
    """Build the environments of a template, or find them built.

    Raises:
        UserError: the template is wrong, a requirement cannot be installed, or no sandbox works here.
        SandboxUnavailable: the engine failed.
    """
    from agent.cli import build, checks
    from agent.cli.settings import load

    kind = checks.known_sandbox(sandbox_kind)
    settings = load({}, Path(), os.environ)
    template = named_template(name)
    workspace = checks.usable_workspace(root, settings.run.min_free_mb)
    sandbox, chosen_because = build.sandbox(settings, kind, workspace)
    print(chosen_because, file=sys.stderr)
    rows = []
    for requirements, steps in _steps(template).items():
        what, who = _packages(requirements), ", ".join(steps)
        print(f"{who}: {what} …", file=sys.stderr, flush=True)
        began = time.monotonic()
        environment = sandbox.environment(requirements)
        print(f"{who}: ready after {time.monotonic() - began:.1f} s", file=sys.stderr)
        row = {"for": list(steps), "requirements": list(requirements)}
        rows.append({**row, "hash": environment.hash, "handle": environment.handle})
    if json:
        document = {"schema": 1, "command": "env build", "template": template.name, "sandbox": sandbox.name}
        print_json({**document, "environments": rows})
        return 0
    for one in rows:
        print(f"{', '.join(one['for'])}: {_packages(one['requirements'])} in {one['handle']}")
    return 0


def prune_environments(root: Path, days: int | None, *, yes: bool, json: bool) -> int:
    """Remove environments that nobody needs, after a question or `--yes`.

    Raises:
        UserError: a run of the workspace is running, or there is no terminal to ask on.
        StorageFailed: one cannot be removed.
    """
    from agent.sandboxes.inventory import remove

    workspace = Workspace(root)
    busy = [run for run in workspace.runs() if is_running(workspace, run)]
    if busy:
        raise UserError(f"{', '.join(busy)} is running: `shoal stop {busy[0]}` first")
    before = None if days is None else datetime.now(UTC) - timedelta(days=days)
    with _stock(workspace) as stock:
        surplus = [(one, why) for one in stock.kept if (why := stock.surplus(one, before))]
        rows: list[dict[str, Any]] = [{**_row(one), "because": why} for one, why in surplus]
        if rows and not json:
            _print(rows, "because")
        if rows and not yes:
            _ask(rows)
        for (one, _), row in zip(surplus, rows, strict=True):
            row["left"] = remove(one, stock.client)
    if json:
        print_json({"schema": 1, "command": "env prune", "environments": rows})
        return 0
    gone = [row for row in rows if not row["left"]]
    for row in rows:
        if row["left"]:
            print(f"left {row['handle']}: {row['left']}", file=sys.stderr)
    if not rows:
        print("nothing to remove; `--days N` removes by age, other workspaces' images too")
    else:
        print(f"removed {len(gone)} of {len(rows)}, {_size(sum(row['bytes'] for row in gone))}")
    return 0


# ------------------------------------------------------------------------------- what is there, and needed


@contextmanager
def _stock(workspace: Workspace) -> Iterator[Stock]:
    from docker.errors import DockerException, ImageNotFound

    from agent.cli.settings import load
    from agent.sandboxes.docker import BASE_IMAGE, connect
    from agent.sandboxes.inventory import images, virtual_environments

    base_image = load({}, Path(), os.environ).sandbox.base_image or BASE_IMAGE
    kept, base = virtual_environments(workspace.store), None
    try:
        client: Client = connect()
    except DockerException:
        if SOCKET.exists():
            print("no Docker engine answers: its images are left out", file=sys.stderr)
        yield Stock(tuple(kept), _needs(workspace, None), None, False)
        return
    try:
        with suppress(ImageNotFound):
            base = client.inspect_image(base_image)["Id"]
        kept += images(client, workspace.store)
        yield Stock(tuple(kept), _needs(workspace, base), client, base is not None)
    finally:
        client.close()


def _needs(workspace: Workspace, base: str | None) -> dict[Need, tuple[str, ...]]:
    """Which templates need which environment.

    Args:
        base: Id of the base image; None where it is not known.
    """
    from agent.artifacts import sha256_of
    from agent.sandboxes.environments import Interpreter, environment_key
    from agent.sandboxes.images import TEX_PACKAGES

    version = Interpreter.of_host().version
    found: dict[Need, list[str]] = defaultdict(list)
    for template in _known_templates(workspace):
        for requirements in _steps(template):
            found["bubblewrap", environment_key(requirements, version)].append(template.name)
            if base is not None:
                found["docker", environment_key(requirements, base)].append(template.name)
    if base is not None:
        found["docker", f"tex-{sha256_of([base, TEX_PACKAGES])[:24]}"].append("every paper")
    return {need: tuple(dict.fromkeys(names)) for need, names in found.items()}


def _known_templates(workspace: Workspace) -> list[Template]:
    """The templates that a name means here, and those that the runs of the workspace were started with."""
    names = [path.parent.name for folder in template_folders() for path in folder.glob("*/template.toml")]
    began = (beginning(workspace.run_folder(run)).template for run in workspace.runs())
    found: dict[Path, Template] = {}
    for name in (*names, *(name for name in began if name)):
        try:
            template = named_template(name)
        except TemplateError as error:
            print(f"{name} cannot be read, so what it needs is not known: {error}", file=sys.stderr)
            continue
        found[template.root] = template
    return sorted(found.values(), key=lambda template: template.name)


def _steps(template: Template) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The sets of requirements of a template, each with the steps that run with it."""
    table = template.spec.requirements
    sets: dict[tuple[str, ...], tuple[str, ...]] = {}
    for step in ("prepare", "experiment", "evaluate"):
        requirements: tuple[str, ...] = getattr(table, step)
        sets[requirements] = (*sets.get(requirements, ()), step)
    return sets


# ------------------------------------------------------------------------------------------- for people


def _row(one: Kept) -> dict[str, Any]:
    return {
        "engine": one.engine,
        "content": one.content,
        "requirements": None if one.requirements is None else list(one.requirements),
        "python": one.python or None,
        "bytes": one.bytes,
        "used": None if one.used is None else one.used.isoformat(timespec="seconds"),
        "handle": one.handle,
    }


def _print(rows: Sequence[Mapping[str, Any]], last: str) -> None:
    lines: list[tuple[str, ...]] = [("packages", "engine", "Python", "size", "last used", last)]
    for row in rows:
        more = row[last]
        lines.append(
            (
                _packages(row["requirements"])
                if row["content"] == "environment"
                else _CONTENT[row["content"]],
                row["engine"],
                row["python"] or "–",
                _size(row["bytes"]),
                (row["used"] or "–")[:10],
                more if isinstance(more, str) else ", ".join(more) or "–",
            )
        )
    print_table(lines)


_CONTENT = {"tex": "TeX", "unfinished": "(half-built)"}


def _packages(requirements: Sequence[str] | None) -> str:
    if requirements is None:
        return "(not recorded)"
    return " ".join(requirements) or "(standard library only)"


def _size(count: int) -> str:
    return f"{count / 1e6:.0f} MB"


def _ask(rows: Sequence[Mapping[str, Any]]) -> None:
    import typer

    which = "this environment" if len(rows) == 1 else f"these {len(rows)} environments"
    total = _size(sum(row["bytes"] for row in rows))
    if not sys.stdin.isatty():
        raise UserError(f"add --yes to remove {which} ({total})")
    if not typer.confirm(f"Remove {which} ({total})?", err=True):
        raise UserError("nothing was removed")
