"""Tries forged scores on a template: every attempt in real sandboxes, on the dev split of replicate 0.

Promises that an attempt is judged by one rule, `forged`, and that one which could not be tried is not
counted as one that failed. The attempts' trials are no Trials: nothing of them is kept.
"""

from __future__ import annotations

import ast
import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

from agent.artifacts import Outcome, Result, Trial
from agent.errors import TemplateError
from agent.ports import Job, Mount, Sandbox
from agent.templates import Template
from agent.trials.check.attacks import ATTACKS, Attack, controls
from agent.trials.check.rows import Row, row
from agent.trials.code import place_code
from agent.trials.prepare import Prepared, describe, remove_outputs, template_contents
from agent.trials.runner import NOT_FOR_EVALUATION, score

INSIDE = Path(__file__).parent / "inside"
MOST_TEXT = 120
"""Characters of an evaluator's reason that are shown."""
FAR = 1e6
"""How much better than the honest one a forged score is, for a metric without bounds."""


@dataclass(frozen=True)
class Honest:
    """The run of the template's own experiment that every attempt starts from."""

    trial: Trial
    job: Job
    outputs: Path
    result: Result
    """With status ok."""


@dataclass(frozen=True)
class Attempt:
    """What came of an attack."""

    attack: Attack
    outcome: Outcome
    """Of the experiment's sandbox."""
    result: Result | None
    """None where the attack only looks, or where the evaluator broke its format."""
    broke: str = ""
    """How the evaluator broke its format."""

    @property
    def did(self) -> int:
        """How many things it did; 0 where it broke off or there was nothing to do."""
        said = re.findall(r"^attempted (\d+)$", self.outcome.log_tail, re.MULTILINE)
        return int(said[-1]) if said else 0

    @property
    def found(self) -> list[str]:
        """What it saw that a trial must not see."""
        return re.findall(r"^found (.*)$", self.outcome.log_tail, re.MULTILINE)


def forged(attempt: Attempt, honest: Result, plain: Sequence[Result], template: Template) -> bool:
    """Whether an attempt got more than a plain wrong prediction would: the one rule.

    It did not if it found nothing that it looked for and its trial ended without a number, or with exactly
    the metrics, scores and curves of the honest outputs (it added something that nobody read, or spoiled
    what nobody reads). Well-formed predictions may also have a number of their own, if no metric of it is
    better than the best of the honest and the plain ones. Predictions that are malformed may not: the
    contract calls them invalid.
    """
    if attempt.found or attempt.broke:
        return True
    result = attempt.result
    if result is None or result.status != "ok":
        return False
    if (result.metrics, result.scores_hash, result.curves) == (
        honest.metrics,
        honest.scores_hash,
        honest.curves,
    ):
        return False
    if attempt.attack.kind != "plain":
        return True
    rivals = [honest, *(one for one in plain if one.status == "ok")]
    return any(_beats(name, result, rivals, template) for name in template.spec.metrics)


def _beats(metric: str, result: Result, rivals: Sequence[Result], template: Template) -> bool:
    sign = 1.0 if template.spec.metrics[metric].goal == "maximize" else -1.0
    reached = sign * (result.metric(metric) or 0.0)
    return all(reached > sign * (rival.metric(metric) or 0.0) for rival in rivals)


def try_forgeries(
    honest: Honest,
    prepared: Prepared,
    sandbox: Sandbox,
    pool: Executor,
    attacks: Sequence[Attack] = ATTACKS,
) -> list[Row]:
    """One row for each attack; `pool` runs several at a time.

    Raises:
        SandboxUnavailable: the engine failed.
    """
    if sandbox.name == "none":
        note = "attempts at a forged score run inside sandboxes only"
        return [_row(attack, note, passed=None, mend="check with Docker or bubblewrap") for attack in attacks]
    plan = _plan(honest, prepared)
    template, plain = prepared.setup.template, controls()
    attempts = list(
        pool.map(lambda attack: attempt_forgery(attack, plan, honest, prepared, sandbox), (*plain, *attacks))
    )
    rivals = [one.result for one in attempts[: len(plain)] if one.result is not None]
    return [_judged(one, honest.result, rivals, template) for one in attempts[len(plain) :]]


def attempt_forgery(
    attack: Attack, plan: Mapping[str, object], honest: Honest, prepared: Prepared, sandbox: Sandbox
) -> Attempt:
    """Run an attack in place of the experiment, and the template's evaluator over what it left."""
    outcome = sandbox.run(_attacking(attack, plan, honest, prepared))
    try:
        if attack.kind == "looks" or outcome.status != "ok" or outcome.outputs is None:
            return Attempt(attack, outcome, None)
        try:
            result, _, evaluated = score(honest.trial, prepared, Path(outcome.outputs), sandbox)
        except TemplateError as error:
            return Attempt(attack, outcome, None, broke=str(error))
        if result.status != "ok" and evaluated.status == "crashed":
            last = evaluated.log_tail.strip().splitlines()[-1:] or [""]
            result = result.model_copy(update={"reason": f"{result.reason}: {last[0][:120]}"})
        return Attempt(attack, outcome, result)
    finally:
        remove_outputs(outcome)


def _attacking(attack: Attack, plan: Mapping[str, object], honest: Honest, prepared: Prepared) -> Job:
    """The honest experiment's job with the attack for its code, and the honest outputs to start from."""
    files = {name: (INSIDE / name).read_bytes() for name in ("forge.py", "contents.py")}
    files["plan.json"] = json.dumps(plan, sort_keys=True).encode()
    files["experiment.py"] = f"from forge import *\n\nbegin()\n{attack.code.strip()}\nfinish()\n".encode()
    mounts = (
        *(
            replace(one, target="/job/template") if one.target == "/job/code" else one
            for one in honest.job.mounts
        ),
        Mount(place_code(prepared.store, files), "/job/code"),
        Mount(honest.outputs, "/job/honest"),
    )
    return replace(honest.job, mounts=mounts, purpose="check")


def _judged(attempt: Attempt, honest: Result, plain: Sequence[Result], template: Template) -> Row:
    attack, outcome = attempt.attack, attempt.outcome
    caught = forged(attempt, honest, plain, template)
    if outcome.status == "crashed":
        why = f"the attempt itself {describe(outcome).splitlines()[0]}: {outcome.log_tail.strip()[-160:]}"
        return _row(attack, why, passed=None, mend="report this as a fault of Shoal")
    if not attempt.did and outcome.status == "ok":
        return _row(attack, "no output of a kind that it could be tried on", passed=None, mend="")
    if attempt.found:
        evidence = "found " + "; ".join(attempt.found[:3])
    elif attempt.broke:
        evidence = f"a run would end here: {attempt.broke}"
    elif attempt.result is None:
        evidence = (
            describe(outcome).splitlines()[0]
            if outcome.status != "ok"
            else f"looked {attempt.did} times, found none"
        )
    elif attempt.result.status != "ok":
        evidence = f"{attempt.result.status}: {attempt.result.reason[:MOST_TEXT]}"
    else:
        same = attempt.result.metrics == honest.metrics
        evidence = f"{_numbers(attempt.result)}, " + (
            "as without it" if same else f"without it {_numbers(honest)}"
        )
    return _row(attack, evidence, passed=not caught, mend=attack.mend)


def _row(attack: Attack, evidence: str, *, passed: bool | None, mend: str) -> Row:
    return row("forged scores", attack.name, attack.tries, evidence, mend, passed=passed)


def _numbers(result: Result) -> str:
    return ", ".join(f"{one.name} = {one.value:g}" for one in result.metrics)


# ------------------------------------------------------------------------------------------ what to forge


def _plan(honest: Honest, prepared: Prepared) -> dict[str, object]:
    """What the attempts are told: as much as somebody who knows the template well could."""
    template, trial = prepared.setup.template, honest.trial
    files = template_contents(template, NOT_FOR_EVALUATION | set(template.spec.files.editable))
    texts = [content.decode("utf-8", "replace") for name, content in files.items() if name.endswith(".py")]
    constants, modules = _named(texts)
    answers = prepared.answers(trial.split, trial.replicate)
    data = prepared.data / "data"  # not the job's mounts: whether they are right is what is tried
    own = _digests(
        [data / "common", data / "replicates" / str(trial.replicate), prepared.inputs(trial.split)]
    )
    private = _digests([prepared.data / "private"])
    elsewhere = _digests([data, prepared.inputs("dev"), prepared.inputs("test")])
    names = sorted(path.relative_to(answers).as_posix() for path in answers.rglob("*") if path.is_file())
    return {
        "forged": {name: _best(name, honest.result, template) for name in template.spec.metrics},
        "out_mb": trial.limits.out_mb,
        "out_files": trial.limits.out_files,
        "files": [name for name in constants if not name.endswith(".py")],
        "programs": [name for name in constants if name.endswith(".py")],
        "modules": modules,
        "answers": names or ["answers"],
        "private": private,
        "elsewhere": {digest: held for digest, held in elsewhere.items() if digest not in own | private},
    }


def _best(name: str, honest: Result, template: Template) -> float:
    """A score better than the honest one, and the best there is where that differs."""
    metric, value = template.spec.metrics[name], honest.metric(name) or 0.0
    up = metric.goal == "maximize"
    if metric.bounds is None:
        return value + FAR if up else value - FAR
    best, other = reversed(metric.bounds) if up else metric.bounds
    return best if not math.isclose(best, value) else (best + other) / 2


def _named(texts: Iterable[str]) -> tuple[list[str], list[str]]:
    """File names that stand in programs as constants, and top-level modules that they import."""
    files: set[str] = set()
    modules: set[str] = set()
    for node in (node for text in texts for node in _nodes(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            files |= {node.value} & set(re.findall(r"[\w-][\w.-]*\.\w{1,8}", node.value))
        elif isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module.partition(".")[0])
    return sorted(files), sorted(modules - {"__future__"})


def _nodes(text: str) -> list[ast.AST]:
    try:
        return list(ast.walk(ast.parse(text)))
    except SyntaxError:  # of another Python than this one: the attempts know less
        return []


def _digests(folders: Iterable[Path]) -> dict[str, tuple[str, int]]:
    """Name and bytes of each file that is not empty, by the SHA-256 of its content."""
    found = {}
    for path in (path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()):
        size = path.stat().st_size
        if size:
            with path.open("rb") as file:
                found[hashlib.file_digest(file, "sha256").hexdigest()] = (path.name, size)
    return found
