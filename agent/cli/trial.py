"""`shoal trial`: one trial of a template on the dev split, outside any study.

Promises that nothing but exploring replicates and the dev split can be asked for, so that nobody can look
at a test pool with it, and that nothing is recorded.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from agent.artifacts import Change, Outcome, Result, Scalar, Scores, Trial
from agent.cli import build, checks
from agent.cli.look import print_json
from agent.cli.settings import load
from agent.cli.template import named_template
from agent.errors import UserError
from agent.ports import Environment, Job, Sandbox
from agent.templates import Template
from agent.workspace import storage_failed

OK, FAILED = 0, 1


class Keeping:
    """A sandbox that copies what an experiment wrote before it is removed."""

    name: Literal["docker", "bubblewrap", "none"]

    def __init__(self, inner: Sandbox, folder: Path) -> None:
        self.name = inner.name
        self._inner = inner
        self._folder = folder

    def environment(self, requirements: tuple[str, ...]) -> Environment:
        """See `agent.ports.Sandbox`."""
        return self._inner.environment(requirements)

    def run(self, job: Job) -> Outcome:
        """See `agent.ports.Sandbox`; the outputs of an experiment are copied."""
        outcome = self._inner.run(job)
        if job.purpose == "experiment" and outcome.outputs is not None:
            try:
                shutil.copytree(outcome.outputs, self._folder, dirs_exist_ok=True)
            except OSError as error:
                raise storage_failed(self._folder, error) from error
        return outcome

    def stop_all(self) -> None:
        """See `agent.ports.Sandbox`."""
        self._inner.stop_all()


def run_trial(
    name: str,
    replicate: int,
    split: str,
    settings_of_knobs: list[str],
    keep: Path | None,
    regime: str | None,
    sandbox_kind: str | None,
    root: Path,
    *,
    flags: Mapping[str, Mapping[str, Any]],
    allow_network: bool,
    json: bool,
) -> int:
    """Run one trial and print its Result and Outcomes; returns 1 if the trial failed.

    Raises:
        UserError: another split, a confirming replicate, an unknown knob or value, an unusable machine.
    """
    kind = checks.known_sandbox(sandbox_kind)
    settings = load(flags, Path(), os.environ)
    template = named_template(name)
    if split != "dev":
        raise UserError(f"--split {split}: outside a study only dev is scored; test data are for confirming")
    if replicate not in template.exploring:
        last = template.exploring[-1]
        raise UserError(
            f"--replicate {replicate}: template {template.name} explores on replicates 0 to {last}"
        )
    if keep is not None:
        _make_empty(keep)
    change = Change.of(knob_values(template, settings_of_knobs))
    chosen_regime, _ = template.regime(regime)
    workspace = checks.usable_workspace(root, settings.run.min_free_mb)
    sandbox, chosen_because = build.sandbox(settings, kind, workspace)
    prepared = build.prepared(template, chosen_regime, sandbox, workspace, allow_network=allow_network)
    print(chosen_because, file=sys.stderr)
    trial = prepared.setup.trial(change, replicate, "dev")
    runs_in = sandbox if keep is None else Keeping(sandbox, keep)
    result, scores, outcomes = build.one_trial(trial, change, prepared, runs_in)
    if json:
        print_json(_document(trial, result, scores, outcomes))
    else:
        _print(result, outcomes)
    return OK if result.status == "ok" else FAILED


def _make_empty(folder: Path) -> None:
    """Make sure that there is an empty folder that can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UserError(f"--keep {folder}: name a folder that is empty or not there yet")
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(
            f"--keep {folder} cannot be written ({error.strerror}): name another folder"
        ) from error


def knob_values(template: Template, texts: list[str]) -> dict[str, Scalar]:
    """Knob values from `KNOB=VALUE` arguments.

    Raises:
        UserError: one has no such form, an unknown knob, or a value that the knob does not take.
    """
    values: dict[str, Scalar] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UserError(f"--set {text}: write KNOB=VALUE")
        if name not in template.spec.knobs:
            known = ", ".join(template.spec.knobs)
            raise UserError(f"--set {text}: template {template.name} has no knob {name!r}; it has {known}")
        if name in values:
            raise UserError(f"--set {text}: {name} is set twice")
        try:
            values[name] = template.spec.knobs[name].coerce(value)
        except ValueError as error:
            raise UserError(f"--set {text}: {error}") from error
    return values


def _document(
    trial: Trial, result: Result, scores: Scores | None, outcomes: list[Outcome]
) -> dict[str, object]:
    return {
        "schema": 1,
        "command": "trial",
        "trial": {"id": trial.id, **trial.model_dump(mode="json")},
        "result": result.model_dump(mode="json"),
        "scores": scores.model_dump(mode="json")["values"] if scores else None,
        "outcomes": [outcome.model_dump(mode="json") for outcome in outcomes],
    }


def _print(result: Result, outcomes: list[Outcome]) -> None:
    reason = f": {result.reason}" if result.reason else ""
    print(f"{result.status}{reason}")
    for measure in result.metrics:
        print(f"  {measure.name} = {measure.value:.6g} (dev)")
    for outcome in outcomes:
        limits = f", limits hit: {', '.join(outcome.limits_hit)}" if outcome.limits_hit else ""
        print(
            f"  {outcome.sandbox}: {outcome.status}, {outcome.wall_s:.2f} s, "
            f"{outcome.cpu_s:.2f} s of processor, {outcome.peak_mb:.0f} MiB{limits}"
        )
        if outcome.status != "ok" and outcome.log_tail:
            print(outcome.log_tail.rstrip())
