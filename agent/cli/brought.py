"""`shoal study PLAN.toml`: from a person's plan to a run that tests it as it stands and writes it up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.artifacts import Gate
from agent.cli.plan import read_plan
from agent.cli.run import Own, Request, start
from agent.deps import Consent


@dataclass(frozen=True)
class Bringing:
    """What `shoal study` was asked for."""

    plan: Path
    flags: Mapping[str, Mapping[str, Any]]
    sandbox: str | None
    workspace: Path
    name: str | None
    until: str | None
    pdf: bool
    approve: tuple[Gate, ...]
    consents: frozenset[Consent]
    fresh: bool
    allow_network: bool
    json: bool
    yes: bool = False
    """Do not ask whether a paid model may cost what it is estimated to."""


def study(asked: Bringing) -> int:
    """Test a plan as it stands; returns the exit code.

    Raises:
        UserError: the plan is wrong, or something else must be mended first; no run was left behind.
        MachineryError: something broke before the run began.
    """
    brought = read_plan(asked.plan)
    given = asked.flags.get("run", {})
    pages = given.get("max_pages") or brought.max_pages
    run = {**given, "ideas": 1, "replicates": brought.n, "max_pages": pages}
    flags = {**asked.flags, "run": run}
    return start(
        Request(
            template=str(brought.template.root), flags=flags, idea=None, sandbox=asked.sandbox,
            workspace=asked.workspace, name=asked.name, regime=brought.regime, until=asked.until,
            pdf=asked.pdf, approve=asked.approve, consents=asked.consents, fresh=asked.fresh,
            allow_network=asked.allow_network, json=asked.json, yes=asked.yes,
            own=Own(brought.idea, brought.plan),
        )
    )  # fmt: skip
