"""One trial: the experiment without the answers, then the template's evaluator over its outputs.

Promises that the experiment's code sees neither evaluator nor answers nor which split it predicts, that
what it says about its own score is not read, and that a failure has no number.
"""

from __future__ import annotations

from pathlib import Path

from agent.artifacts import Change, Outcome, Result, Scores, Status, Trial, canonical_json
from agent.ports import Job, Mount, Sandbox
from agent.templates import Template
from agent.trials.code import hash_folder, place_code
from agent.trials.evaluation import read_evaluation
from agent.trials.prepare import Prepared, remove_outputs, template_contents

NOT_FOR_TRIALS = frozenset({"template.toml", "library.bib", "prepare.py", "evaluate.py", "oracle.py"})
NOT_FOR_EVALUATION = frozenset({"template.toml", "library.bib", "prepare.py", "oracle.py"})
STARVED = 0.5
"""A time-out that used less than this share of its processor time was the machine's doing."""


def run_trial(
    trial: Trial, change: Change, prepared: Prepared, sandbox: Sandbox
) -> tuple[Result, Scores | None, list[Outcome]]:
    """Run a trial in two sandboxes.

    Args:
        trial: made by `prepared.setup.trial(change, …)`; others are refused.

    Returns:
        The result, per-item scores where the evaluator gave them, and the outcome of each sandbox.

    Raises:
        SandboxUnavailable: the engine failed; nothing is known about the trial.
        TemplateError: the evaluator breaks its format.
        Stopped: the sandbox was stopped.
    """
    if trial != prepared.setup.trial(change, trial.replicate, trial.split):
        raise ValueError("the trial is not this change on this setup")
    job = experiment_job(trial, change, prepared)
    outcomes = produce(job, sandbox)
    outcome = outcomes[-1]
    try:
        if outcome.status != "ok" or outcome.outputs is None:
            return failed(trial, outcome.status, reason(outcome)), None, without_outputs(outcomes)
        result, scores, evaluated = score(trial, prepared, Path(outcome.outputs), sandbox)
        outcomes.append(evaluated)
        return result, scores, without_outputs(outcomes)
    finally:
        remove_outputs(outcome)


def produce(job: Job, sandbox: Sandbox) -> list[Outcome]:
    """Run an experiment, and once more where the machine gave it no processor time; the last one counts.

    Raises:
        SandboxUnavailable: the engine failed.
        Stopped: the sandbox was stopped.
    """
    outcome = sandbox.run(job)
    if not starved(outcome, job):
        return [outcome]
    remove_outputs(outcome)
    return [outcome, sandbox.run(job)]


def score(
    trial: Trial, prepared: Prepared, outputs: Path, sandbox: Sandbox
) -> tuple[Result, Scores | None, Outcome]:
    """Run the template's evaluator over the outputs of a trial.

    Returns:
        The result, per-item scores where the evaluator gave them, and the outcome of its sandbox.

    Raises:
        SandboxUnavailable: the engine failed.
        TemplateError: the evaluator breaks its format.
        Stopped: the sandbox was stopped.
    """
    evaluated = sandbox.run(evaluation_job(trial, prepared, outputs))
    try:
        result, scores = judge(trial, prepared.setup.template, outputs, evaluated)
    finally:
        remove_outputs(evaluated)
    return result, scores, evaluated


def experiment_job(trial: Trial, change: Change, prepared: Prepared) -> Job:
    """The first sandbox: the changed code, its replicate's data and the split's inputs."""
    template = prepared.setup.template
    files = template_contents(template, NOT_FOR_TRIALS | set(template.spec.files.editable))
    files |= {name: text.encode() for name, text in template.code(change.edits).items()}
    knobs = {knob.name: knob.value for knob in trial.knobs}
    config = canonical_json({"knobs": knobs, "threads": trial.limits.cpus}).encode()
    data = prepared.data / "data"
    return Job(
        argv=(
            *(prepared.experiment.python, "/job/code/experiment.py", "--config", "/job/config.json"),
            *("--replicate", str(trial.replicate), "--data", "/job/data", "--out", "/out"),
        ),
        mounts=(
            Mount(place_code(prepared.store, files), "/job/code"),
            Mount(place_code(prepared.store, {"config.json": config}) / "config.json", "/job/config.json"),
            Mount(data / "common", "/job/data/common"),
            Mount(data / "replicates" / str(trial.replicate), "/job/data/replicate"),
            Mount(prepared.inputs(trial.split), "/job/data/eval"),
        ),
        environment=prepared.experiment,
        limits=trial.limits,
        purpose="experiment",
    )


def evaluation_job(trial: Trial, prepared: Prepared, outputs: Path) -> Job:
    """The second sandbox: the read-only evaluator, the outputs and this split's answers."""
    template = prepared.setup.template
    files = template_contents(template, NOT_FOR_EVALUATION | set(template.spec.files.editable))
    return Job(
        argv=(
            *(prepared.evaluate.python, "/job/evaluate/evaluate.py", "--outputs", "/job/outputs"),
            *("--private", "/job/private", "--split", trial.split, "--replicate", str(trial.replicate)),
            *("--out", "/out/metrics.json"),
        ),
        mounts=(
            Mount(place_code(prepared.store, files), "/job/evaluate"),
            Mount(outputs, "/job/outputs"),
            Mount(prepared.answers(trial.split, trial.replicate), "/job/private"),
        ),
        environment=prepared.evaluate,
        limits=template.evaluate_limits,
        purpose="evaluate",
    )


def starved(outcome: Outcome, job: Job) -> bool:
    """Whether a time-out is the machine's doing: the job was not given half of its processor time."""
    return outcome.status == "timeout" and outcome.cpu_s < STARVED * outcome.wall_s * job.limits.cpus


def reason(outcome: Outcome) -> str:
    """Why an experiment failed, the same whenever it fails the same way."""
    if outcome.status == "crashed":
        return f"exit code {outcome.exit_code}"
    return ", ".join(outcome.limits_hit)


def failed(trial: Trial, status: Status, why: str, outputs_hash: str | None = None) -> Result:
    """A result without numbers."""
    return Result(trial=trial.id, status=status, reason=why, outputs_hash=outputs_hash)


def without_outputs(outcomes: list[Outcome]) -> list[Outcome]:
    """The outcomes as they are kept: their folders are gone."""
    return [outcome.model_copy(update={"outputs": None}) for outcome in outcomes]


def judge(
    trial: Trial, template: Template, outputs: Path, evaluated: Outcome
) -> tuple[Result, Scores | None]:
    """The result of a trial from the evaluator's outcome over `outputs`.

    Raises:
        TemplateError: the evaluator breaks its format.
    """
    produced = hash_folder(outputs)
    if evaluated.status != "ok" or evaluated.outputs is None:
        why = f"the evaluator gave no result: {evaluated.status}, {reason(evaluated)}"
        return failed(trial, "invalid", why, produced), None
    found = read_evaluation(Path(evaluated.outputs, "metrics.json"), template)
    if found.status != "ok":
        return failed(trial, "invalid", found.reason, produced), None
    result = Result(
        trial=trial.id,
        status="ok",
        metrics=found.metrics,
        scores_hash=found.scores.hash if found.scores else None,
        curves=found.curves,
        outputs_hash=produced,
    )
    return result, found.scores
