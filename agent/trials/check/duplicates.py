"""Counts near-duplicates between training, dev and test inputs, in a sandbox: the host parses no data.

What counts as one, and how large data are thinned, is said in `inside/neighbours.py`. Three per cent of
CIFAR-10's test images have near-duplicates in its training set (Barz and Denzler, Do we train on test
data?, Journal of Imaging 6(6), 2020), enough to move scores; a template fails at a third of that in exact
duplicates. Near-duplicates are reported and never fail: some are in the nature of data.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.ports import Job, Mount, Sandbox
from agent.trials.check.rows import Row, row
from agent.trials.code import place_code
from agent.trials.prepare import Prepared, describe, remove_outputs

INSIDE = Path(__file__).parent / "inside"
MOST_EXACT = 0.01
"""Largest share of rows that may be exact duplicates."""
WALL_S = 60.0


class _Pair(BaseModel):
    model_config = ConfigDict(extra="forbid")

    of: str
    among: str
    rows: int
    against: int
    exact: int
    near: int
    sought: int


class _Counts(BaseModel):
    model_config = ConfigDict(extra="forbid")

    pairs: list[_Pair]
    unread: list[str]
    numpy: bool


def count_duplicates(prepared: Prepared, sandbox: Sandbox) -> list[Row]:
    """A row for each pair: dev and test inputs against training data, test against dev.

    Raises:
        TemplateError: the environment of `prepare.py` cannot be built.
        SandboxUnavailable: the engine failed.
    """
    outcome = sandbox.run(_job(prepared, sandbox))
    try:
        if outcome.status != "ok" or outcome.outputs is None:
            return [_unread(f"counting {describe(outcome)}")]
        try:
            counts = _Counts.model_validate_json(Path(outcome.outputs, "duplicates.json").read_bytes())
        except (FileNotFoundError, ValidationError) as error:
            return [_unread(f"counting gave nothing that can be read: {error}")]
    finally:
        remove_outputs(outcome)
    if not any(pair.rows for pair in counts.pairs):
        return [_unread(_nothing(counts))]
    return [_row(pair, counts) for pair in counts.pairs]


def _job(prepared: Prepared, sandbox: Sandbox) -> Job:
    template = prepared.setup.template
    environment = sandbox.environment(template.spec.requirements.prepare)
    limits = template.prepare_limits
    data = prepared.data / "data"
    return Job(
        argv=(
            environment.python,
            "/job/code/neighbours.py",
            "--data",
            "/job/data",
            "--out",
            "/out/duplicates.json",
        ),
        mounts=(
            Mount(
                place_code(prepared.store, {"neighbours.py": (INSIDE / "neighbours.py").read_bytes()}),
                "/job/code",
            ),
            Mount(data / "common", "/job/data/training/common"),
            Mount(data / "replicates" / "0", "/job/data/training/replicate"),
            Mount(prepared.inputs("dev"), "/job/data/dev"),
            Mount(prepared.inputs("test"), "/job/data/test"),
        ),
        environment=environment,
        limits=limits.model_copy(update={"wall_s": min(limits.wall_s, WALL_S)}),
        purpose="check",
    )


def _row(pair: _Pair, counts: _Counts) -> Row:
    question = (
        f"{pair.of} inputs are not among the {pair.among} {'data' if pair.among == 'training' else 'inputs'}"
    )
    name = f"{pair.of}-among-{pair.among}"
    if not pair.rows:
        return row("duplicates", name, question, _nothing(counts), "", passed=None)
    share = pair.exact / pair.rows
    evidence = (
        f"{pair.exact} exact of {pair.rows} ({share:.1%}; at most {MOST_EXACT:.0%}), "
        f"{pair.near} near of {pair.sought}, among {pair.against}"
    )
    if counts.unread:
        evidence += f"; not read: {_some(counts.unread)}"
    mend = f"take rows that {pair.of} and {pair.among} share out of one of them in prepare.py"
    return row("duplicates", name, question, evidence, mend, passed=share <= MOST_EXACT)


def _unread(why: str) -> Row:
    return row(
        *("duplicates", "duplicates", "dev and test inputs are not among the training data", why),
        "count them in prepare.py, or write inputs as .npy, .npz, .csv, .jsonl or .txt",
        passed=None,
    )


def _nothing(counts: _Counts) -> str:
    numpy = "" if counts.numpy else " (prepare.py has no NumPy to read arrays with)"
    unread = f"; not read: {_some(counts.unread)}" if counts.unread else ""
    return f"no rows that could be compared{numpy}{unread}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
