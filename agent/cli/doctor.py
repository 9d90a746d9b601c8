"""`shoal doctor`: does this machine have what a study needs, and which command mends what it lacks.

Promises to start real probes, not to look at version numbers, and to change nothing.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.cli import build, checks, tex
from agent.cli.look import print_json, print_table
from agent.cli.reach import reach
from agent.cli.settings import load
from agent.errors import ShoalError, UserError

if TYPE_CHECKING:
    from agent.cli.settings import Settings
    from agent.sandboxes.choose import Probe

FINE, FINDINGS = 0, 1
OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    works: bool
    needed: bool
    """A study cannot go without it."""
    detail: str
    mend: str
    """The command that mends it; empty where nothing is to be mended."""


def examine(root: Path, *, json: bool) -> int:
    """Print the state of this machine; 1 if something that a study needs is missing.

    Raises:
        SettingsError: the settings cannot be read.
    """
    settings = load({}, Path(), os.environ)
    probes = _probes(settings)
    findings = [_python(), _workspace(root, settings), *_sandboxes(probes), *_model(settings)]
    fine = all(finding.works for finding in findings if finding.needed)
    if json:
        rows = [asdict(finding) for finding in findings]
        limits = [{"sandbox": probe.name, **asdict(row)} for probe in probes for row in probe.enforcement]
        print_json({"schema": 1, "command": "doctor", "fine": fine, "findings": rows, "limits": limits})
        return FINE if fine else FINDINGS
    print_table(
        [("", "what", "state", "to mend it")]
        + [(_mark(one), one.name, one.detail, one.mend if not one.works else "") for one in findings]
    )
    if any(probe.enforcement for probe in probes):
        print()
        print_table(_limits(probes))
        print()
    print("a study can run here" if fine else "a study cannot run here yet: mend what is marked with ✗")
    return FINE if fine else FINDINGS


def _mark(finding: Finding) -> str:
    if finding.works:
        return "✓"
    return "✗" if finding.needed else "–"


def _python() -> Finding:
    works = sys.version_info[:2] >= OLDEST_PYTHON
    return Finding("Python", works, True, platform.python_version(), "install Python 3.11 or newer")


def _workspace(root: Path, settings: Settings) -> Finding:
    try:
        checks.usable_workspace(root, settings.run.min_free_mb)
    except UserError as error:
        return Finding("workspace and disk", False, True, str(error), "shoal clean, or --workspace DIR")
    free = shutil.disk_usage(root.absolute().anchor if not root.exists() else root).free / 1e9
    return Finding("workspace and disk", True, True, f"writable, {free:.1f} GB free", "")


def _probes(settings: Settings) -> tuple[Probe, Probe]:
    """What runs jobs here: Docker and bubblewrap."""
    from agent.sandboxes.choose import probe_bubblewrap, probe_docker

    table = settings.sandbox
    allowed = table.allow_unenforced
    return probe_docker(table.base_image, table.ca_bundle, allowed), probe_bubblewrap(allowed)


def _limits(probes: Sequence[Probe]) -> list[tuple[str, ...]]:
    """The rows of a table: each limit, and what holds it in each sandbox that runs jobs."""
    shown = [probe for probe in probes if probe.enforcement]
    rows = [("limit", *(f"held in {probe.name} by" for probe in shown))]
    for cells in zip(*(probe.enforcement for probe in shown), strict=True):
        rows.append((cells[0].limit, *(one.how if one.holds else f"✗ {one.how}" for one in cells)))
    return rows


def _sandboxes(probes: tuple[Probe, Probe]) -> list[Finding]:
    docker, bubblewrap = probes
    either = docker.works or bubblewrap.works
    host = tex.host_problem()
    compiles = host is None and bubblewrap.works
    how = "the host's TeX in bubblewrap" if compiles else "an image that Shoal builds in Docker"
    reason = host or "it needs bubblewrap, which does not work"
    return [
        Finding(docker.name, docker.works, not either, docker.detail, docker.mend),
        Finding(bubblewrap.name, bubblewrap.works, not either, bubblewrap.detail, bubblewrap.mend),
        Finding(
            "TeX",
            compiles or docker.works,
            True,
            how if compiles or docker.works else reason,
            bubblewrap.mend if host is None else f"{tex.INSTALL} (or run with --no-pdf)",
        ),
    ]


def _model(settings: Settings) -> list[Finding]:
    """The model servers, if any are configured."""
    models = build.models_of(settings)
    if models.scripted:
        return [Finding("model", True, False, "scripted study, no language model", "")]
    findings = []
    for text in sorted({models.default, *models.others.values()}):
        try:
            detail = reach(text, settings.models.base_url, os.environ)
            findings.append(Finding(f"model {text}", True, True, detail, ""))
        except ShoalError as error:
            mend = "start the server, name it with [models] base_url, or set the key's variable"
            findings.append(Finding(f"model {text}", False, True, str(error), mend))
    return findings
