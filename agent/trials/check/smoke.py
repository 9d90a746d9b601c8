"""Smoke trials: whether a template prepares, runs, repeats, keeps its limits and hides its packages."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.artifacts import Change, Outcome, Result
from agent.ports import Job, Sandbox
from agent.templates import Template
from agent.trials.check.forgery import Honest
from agent.trials.check.rows import Row, row
from agent.trials.prepare import Prepared, describe, remove_outputs
from agent.trials.runner import experiment_job, failed, produce, reason, run_trial, score

INSTALLED = """
import importlib.metadata, json, sys
names = [found.metadata["Name"] for found in importlib.metadata.distributions()]
json.dump(names, open(sys.argv[1], "w"))
"""


@contextmanager
def honest_run(prepared: Prepared, sandbox: Sandbox) -> Iterator[tuple[Honest | None, list[Row]]]:
    """Run the smoke trial of exploring replicate 0 on the dev split and keep its outputs for a while.

    Yields:
        The run where it ended well, and the rows about it.

    Raises:
        TemplateError: the evaluator breaks its format.
    """
    template = prepared.setup.template
    change = Change.of(template.spec.smoke.knobs)
    trial = prepared.setup.trial(change, 0, "dev")
    job = experiment_job(trial, change, prepared)
    outcomes = produce(job, sandbox)
    outcome = outcomes[-1]
    try:
        if outcome.status != "ok" or outcome.outputs is None:
            result = failed(trial, outcome.status, reason(outcome))
        else:
            result, _, evaluated = score(trial, prepared, Path(outcome.outputs), sandbox)
            outcomes.append(evaluated)
        rows = [_prepared(prepared), _runs(template, result, outcomes)]
        if result.status != "ok" or outcome.outputs is None:
            yield None, rows
        else:
            yield Honest(trial, job, Path(outcome.outputs), result), rows
    finally:
        remove_outputs(outcome)


def further_trials(honest: Honest | None, prepared: Prepared, sandbox: Sandbox) -> list[Row]:
    """The same trial again, one with the defaults, one without predictions, and a look at the packages."""
    rows = [] if honest is None else [_repeats(honest, prepared, sandbox)]
    rows += [_keeps_its_limits(prepared, sandbox), _needs_predictions(prepared, sandbox)]
    return [*rows, _hides_packages(prepared, sandbox)]


def _prepared(prepared: Prepared) -> Row:
    template = prepared.setup.template
    replicates = len(template.exploring) + len(template.confirming)
    return row(
        *("trials", "prepares", "prepare.py writes every replicate and both splits with their answers"),
        *(f"{replicates} replicates, data {prepared.setup.data_hash[:12]}", ""),
        passed=True,
    )


def _runs(template: Template, result: Result, outcomes: list[Outcome]) -> Row:
    metrics = ", ".join(f"{metric.name} = {metric.value:g}" for metric in result.metrics)
    evidence = metrics or f"{result.status}: {result.reason}; the last job {describe(outcomes[-1])}"
    took = sum(outcome.wall_s for outcome in outcomes)
    allowed = template.spec.smoke.wall_s
    if allowed is not None and took > allowed:
        evidence += f"; took {took:.1f} s, smoke.wall_s allows {allowed:g} s"
    return row(
        *("trials", "runs", "a smoke trial ends well and gives every metric"),
        *(
            evidence,
            "make experiment.py and evaluate.py run with the knobs of [smoke]; the log says where it fails",
        ),
        passed=result.status == "ok" and (allowed is None or took <= allowed),
    )


def _repeats(honest: Honest, prepared: Prepared, sandbox: Sandbox) -> Row:
    change = Change.of(prepared.setup.template.spec.smoke.knobs)
    second, _, _ = run_trial(honest.trial, change, prepared, sandbox)
    hashes = [(one.outputs_hash or "none")[:12] for one in (honest.result, second)]
    return row(
        *("trials", "repeats", "the same trial twice gives the same outputs and metrics"),
        f"outputs {hashes[0]} and {hashes[1]}",
        "derive every random number from the replicate and a name, and write no times into outputs",
        passed=second == honest.result,
    )


def _keeps_its_limits(prepared: Prepared, sandbox: Sandbox) -> Row:
    change = Change()
    result, _, outcomes = run_trial(prepared.setup.trial(change, 0, "dev"), change, prepared, sandbox)
    limits = prepared.setup.template.spec.limits
    used = outcomes[0]
    return row(
        *("trials", "limits", "a trial with the defaults keeps its limits"),
        f"{result.status}; {used.wall_s:.2f} of {limits.wall_s:g} s, "
        f"{used.peak_mb:.0f} of {limits.mem_mb} MB",
        "raise [limits], or make the trial smaller",
        passed=result.status == "ok",
    )


def _needs_predictions(prepared: Prepared, sandbox: Sandbox) -> Row:
    """Evaluate outputs that are not there."""
    change = Change.of(prepared.setup.template.spec.smoke.knobs)
    trial = prepared.setup.trial(change, 0, "dev")
    with tempfile.TemporaryDirectory(prefix="shoal-check-") as folder:
        empty = Path(folder) / "outputs"
        empty.mkdir()
        empty.chmod(0o755)
        result, _, _ = score(trial, prepared, empty, sandbox)
    return row(
        *("trials", "needs-predictions", "a trial without predictions is invalid"),
        *(f"{result.status}: {result.reason}", "let evaluate.py say invalid where predictions are missing"),
        passed=result.status == "invalid",
    )


def _hides_packages(prepared: Prepared, sandbox: Sandbox) -> Row:
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
    return row(
        *("trials", "packages", "packages of prepare.py and evaluate.py cannot be imported in a trial"),
        f"a trial has {', '.join(sorted(found)) or 'the standard library only'}",
        f"take what requires {', '.join(sorted(leaked))} out of [requirements] experiment",
        passed=not leaked,
    )


def _names(requirements: tuple[str, ...] | list[str]) -> set[str]:
    """Normalised package names (PEP 503)."""
    return {re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", text)[0]).lower() for text in requirements}
