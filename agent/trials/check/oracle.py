"""Checks the evaluator against outputs whose score is known from the answers alone.

Only the template knows what predictions look like, so it may bring an `oracle.py` that writes them:
`python oracle.py --private DIR --kind truth|permuted|constant --seed N --out DIR`, run in the evaluator's
environment with one split's answers. Beside the outputs it writes `expected.json`, {metric: value}, counted
from the answers without `evaluate.py`, which it cannot see. Trials and evaluations never see an oracle.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from agent.artifacts import Change, Result, Split
from agent.errors import TemplateError
from agent.ports import Job, Mount, Sandbox
from agent.templates import Template
from agent.trials.check.rows import Row, row
from agent.trials.code import place_code
from agent.trials.prepare import Prepared, describe, remove_outputs, template_contents
from agent.trials.runner import NOT_FOR_TRIALS, score

Kind = Literal["truth", "permuted", "constant"]
ORACLE = "oracle.py"
EXACT = 1e-9
"""How far the evaluator may be from what the oracle counted, for truth and constant answers."""
SEEDS = 8
"""Permutations that are scored."""
T_QUANTILE = 5.408
"""Student's t, 7 degrees of freedom, two-sided 99.9 %: a sound evaluator fails one time in a thousand."""
_EXPECTED = TypeAdapter(dict[str, float])


@dataclass(frozen=True)
class Answer:
    """What the evaluator said of one kind of outputs, and what the oracle counted."""

    kind: Kind
    split: Split
    expected: Mapping[str, float]
    result: Result | None
    problem: str = ""
    """Why there is nothing to compare; empty otherwise."""

    def measured(self, metric: str) -> float:
        """The evaluator's number; NaN where it gave none."""
        value = self.result.metric(metric) if self.result else None
        return math.nan if value is None else value


def consult_oracle(prepared: Prepared, sandbox: Sandbox, pool: Executor) -> list[Row]:
    """A row each for truth, a constant answer and permuted truth.

    Raises:
        SandboxUnavailable: the engine failed.
    """
    template = prepared.setup.template
    if not (template.root / ORACLE).is_file():
        return [
            row(
                *("evaluator", "oracle", "truth, a constant and permuted truth get the scores they deserve"),
                *("the template has no oracle.py", "bring one: docs/writing-a-template.md"),
                passed=None,
            )
        ]
    asked: list[tuple[Kind, int, Split]] = [("truth", 0, "dev"), ("truth", 0, "test"), ("constant", 0, "dev")]
    asked += [("permuted", seed, "dev") for seed in range(SEEDS)]
    said = list(pool.map(lambda one: _ask(one[0], one[1], one[2], prepared, sandbox), asked))
    return [
        _truth(said, template),
        _constant(said[2]),
        _permuted(said[3:]),
    ]


def _ask(kind: Kind, seed: int, split: Split, prepared: Prepared, sandbox: Sandbox) -> Answer:
    """Let the oracle write outputs, and evaluate them."""
    template = prepared.setup.template
    # its trial only says which split and replicate are meant: no experiment runs
    trial = prepared.setup.trial(Change(), 0, split)
    outcome = sandbox.run(_oracle_job(kind, seed, split, prepared))
    try:
        if outcome.status != "ok" or outcome.outputs is None:
            return Answer(kind, split, {}, None, f"{ORACLE} --kind {kind} {describe(outcome)}")
        outputs = Path(outcome.outputs)
        try:
            expected = _EXPECTED.validate_json((outputs / "expected.json").read_bytes())
        except (FileNotFoundError, ValidationError):
            return Answer(kind, split, {}, None, f"{ORACLE} --kind {kind} wrote no expected.json of numbers")
        (outputs / "expected.json").unlink()
        if template.primary[0] not in expected or not set(expected) <= set(template.spec.metrics):
            wrong = f"expected.json names {', '.join(expected) or 'nothing'}"
            return Answer(kind, split, {}, None, f"{wrong}; metrics are {', '.join(template.spec.metrics)}")
        try:
            result, _, _ = score(trial, prepared, outputs, sandbox)
        except TemplateError as error:
            return Answer(kind, split, expected, None, str(error))
        problem = "" if result.status == "ok" else f"{kind} is invalid: {result.reason}"
        return Answer(kind, split, expected, result, problem)
    finally:
        remove_outputs(outcome)


def _oracle_job(kind: Kind, seed: int, split: Split, prepared: Prepared) -> Job:
    template = prepared.setup.template
    files = template_contents(template, NOT_FOR_TRIALS | set(template.spec.files.editable))
    files[ORACLE] = (template.root / ORACLE).read_bytes()
    return Job(
        argv=(
            *(prepared.evaluate.python, f"/job/oracle/{ORACLE}", "--private", "/job/private"),
            *("--kind", kind, "--seed", str(seed), "--out", "/out"),
        ),
        mounts=(
            Mount(place_code(prepared.store, files), "/job/oracle"),
            Mount(prepared.answers(split, 0), "/job/private"),
        ),
        environment=prepared.evaluate,
        limits=template.spec.limits,
        purpose="check",
    )


def _truth(said: Sequence[Answer], template: Template) -> Row:
    truths = [one for one in said if one.kind == "truth"]
    faults = [fault for one in truths for fault in (*_differences(one), *_beaten(one, said, template))]
    return row(
        *("evaluator", "truth", "the answers themselves get the best score, on dev and on test"),
        "; ".join(faults) or "; ".join(f"{one.split}: {_numbers(one)}" for one in truths),
        "compare how evaluate.py reads predictions and answers: order, offset, type, direction of the goal",
        passed=not faults,
    )


def _beaten(truth: Answer, said: Sequence[Answer], template: Template) -> Iterator[str]:
    """Metrics in which the truth is not the best there is."""
    for name in truth.expected if not truth.problem else ():
        metric, value = template.spec.metrics[name], truth.measured(name)
        up = metric.goal == "maximize"
        if metric.bounds is not None:
            best = metric.bounds[1] if up else metric.bounds[0]
            if abs(value - best) > EXACT:
                yield f"{truth.split}: {name} of the truth is {value:g}, the best is {best:g}"
            continue
        for other in (one for one in said if one.kind != "truth" and one.split == truth.split):
            better = other.measured(name) > value if up else other.measured(name) < value
            if better:
                yield f"{name} of {other.kind} is {other.measured(name):g}, of the truth {value:g}"


def _constant(answer: Answer) -> Row:
    faults = list(_differences(answer))
    return row(
        *(
            "evaluator",
            "constant",
            "one answer for all gets its share of the items, as counted from the answers",
        ),
        "; ".join(faults) or _numbers(answer),
        "let evaluate.py count each item once, against its own answer",
        passed=not faults,
    )


def _differences(answer: Answer) -> Iterator[str]:
    """Metrics in which evaluator and oracle differ."""
    if answer.problem:
        yield f"{answer.split}: {answer.problem}"
        return
    for name, expected in answer.expected.items():
        measured = answer.measured(name)
        if not abs(measured - expected) <= EXACT:
            yield f"{answer.split}: evaluate.py says {name} = {measured:.12g}, the answers {expected:.12g}"


def _permuted(answers: Sequence[Answer]) -> Row:
    question = f"the answers in another order get chance, over {SEEDS} permutations"
    mend = "let evaluate.py compare item by item, and give nothing for what is not right"
    problems = [answer.problem for answer in answers if answer.problem]
    if problems:
        return row("evaluator", "permuted", question, problems[0], mend, passed=False)
    told, fine = [], True
    for name in answers[0].expected:
        values = [answer.measured(name) for answer in answers]
        chance = statistics.fmean(answer.expected.get(name, math.nan) for answer in answers)
        tolerance = T_QUANTILE * statistics.stdev(values) / math.sqrt(len(values)) + EXACT
        mean = statistics.fmean(values)
        fine &= abs(mean - chance) <= tolerance
        told.append(f"{name} = {mean:.4g} where chance is {chance:.4g} ± {tolerance:.2g}")
    return row("evaluator", "permuted", question, "; ".join(told), mend, passed=fine)


def _numbers(answer: Answer) -> str:
    return ", ".join(f"{name} = {answer.measured(name):g}" for name in answer.expected)
