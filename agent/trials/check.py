"""What `shoal template check` finds out by running a template.

Promises that every answer is computed from trials that just ran in the sandbox; nothing is recorded.
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

from agent.artifacts import Change, Check, Outcome, Result, Trial
from agent.ports import Job, Sandbox
from agent.templates import Template
from agent.trials.prepare import Prepared, describe, prepare, remove_outputs
from agent.trials.runner import evaluation_job, judge, run_trial

INSTALLED = """
import importlib.metadata, json, sys
names = [found.metadata["Name"] for found in importlib.metadata.distributions()]
json.dump(names, open(sys.argv[1], "w"))
"""


def check_template(
    template: Template, regime: str | None, sandbox: Sandbox, store: Path, *, allow_network: bool = False
) -> list[Check]:
    """Prepare a template and run smoke trials of it on exploring replicate 0 and the dev split.

    Raises:
        TemplateError: the template cannot be prepared, or its evaluator breaks its format.
        SandboxUnavailable: the engine failed.
    """
    prepared = prepare(template, regime, sandbox, store, allow_network=allow_network)
    smoke = Change.of(template.spec.smoke.knobs)
    trial = prepared.setup.trial(smoke, 0, "dev")
    first, _, outcomes = run_trial(trial, smoke, prepared, sandbox)
    checks = [_prepared(prepared), _runs(template, first, outcomes)]
    if first.status == "ok":
        second, _, _ = run_trial(trial, smoke, prepared, sandbox)
        checks.append(_repeats(first, second))
    checks.append(_keeps_its_limits(prepared, sandbox))
    checks.append(_needs_predictions(trial, prepared, sandbox))
    checks.append(_hides_packages(prepared, sandbox))
    return checks


def _prepared(prepared: Prepared) -> Check:
    template = prepared.setup.template
    replicates = len(template.exploring) + len(template.confirming)
    return Check(
        question="prepare.py writes every replicate and both splits with their answers",
        passed=True,
        evidence=f"{replicates} replicates, data {prepared.setup.data_hash[:12]}",
    )


def _runs(template: Template, result: Result, outcomes: list[Outcome]) -> Check:
    metrics = ", ".join(f"{metric.name} = {metric.value:g}" for metric in result.metrics)
    evidence = metrics or f"{result.status}: {result.reason}; the last job {describe(outcomes[-1])}"
    took = sum(outcome.wall_s for outcome in outcomes)
    allowed = template.spec.smoke.wall_s
    if allowed is not None and took > allowed:
        evidence += f"; took {took:.1f} s, smoke.wall_s allows {allowed:g} s"
    return Check(
        question="a smoke trial ends well and gives every metric",
        passed=result.status == "ok" and (allowed is None or took <= allowed),
        evidence=evidence,
    )


def _repeats(first: Result, second: Result) -> Check:
    return Check(
        question="the same trial twice gives the same outputs and metrics",
        passed=first == second,
        evidence=f"outputs {(first.outputs_hash or '')[:12]} and {(second.outputs_hash or '')[:12]}",
    )


def _keeps_its_limits(prepared: Prepared, sandbox: Sandbox) -> Check:
    change = Change()
    result, _, outcomes = run_trial(prepared.setup.trial(change, 0, "dev"), change, prepared, sandbox)
    limits = prepared.setup.template.spec.limits
    used = outcomes[0]
    return Check(
        question="a trial with the defaults keeps its limits",
        passed=result.status == "ok",
        evidence=f"{result.status}; {used.wall_s:.2f} of {limits.wall_s:g} s, "
        f"{used.peak_mb:.0f} of {limits.mem_mb} MB",
    )


def _needs_predictions(trial: Trial, prepared: Prepared, sandbox: Sandbox) -> Check:
    """Evaluate outputs that are not there."""
    with tempfile.TemporaryDirectory(prefix="shoal-check-") as folder:
        empty = Path(folder) / "outputs"
        empty.mkdir()
        empty.chmod(0o755)
        outcome = sandbox.run(evaluation_job(trial, prepared, empty))
        try:
            result, _ = judge(trial, prepared.setup.template, empty, outcome)
        finally:
            remove_outputs(outcome)
    return Check(
        question="a trial without predictions is invalid",
        passed=result.status == "invalid",
        evidence=f"{result.status}: {result.reason}",
    )


def _hides_packages(prepared: Prepared, sandbox: Sandbox) -> Check:
    """Packages that only prepare or evaluate ask for must not be there in a trial."""
    template = prepared.setup.template
    argv = (prepared.experiment.python, "-c", INSTALLED, "/out/names.json")
    outcome = sandbox.run(Job(argv, (), prepared.experiment, template.spec.limits, "check"))
    try:
        found = json.loads(Path(str(outcome.outputs), "names.json").read_text())
    finally:
        remove_outputs(outcome)
    wanted = template.spec.requirements
    others = _names(wanted.prepare) | _names(wanted.evaluate)
    leaked = (others - _names(wanted.experiment)) & _names(found)
    return Check(
        question="packages of prepare.py and evaluate.py cannot be imported in a trial",
        passed=not leaked,
        evidence=f"a trial has {', '.join(sorted(found)) or 'the standard library only'}",
    )


def _names(requirements: tuple[str, ...] | list[str]) -> set[str]:
    """Normalised package names (PEP 503)."""
    return {re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", text)[0]).lower() for text in requirements}
