"""What `shoal template check` finds out by running a template.

Promises that every row is computed from jobs that just ran in the sandbox, on exploring replicate 0;
nothing is recorded, and no test score of an experiment is made.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from agent.ports import Sandbox
from agent.templates import Template
from agent.trials.check.duplicates import count_duplicates
from agent.trials.check.forgery import try_forgeries
from agent.trials.check.oracle import consult_oracle
from agent.trials.check.rows import Row, row
from agent.trials.check.smoke import further_trials, honest_run
from agent.trials.prepare import prepare

__all__ = ["Row", "check_template"]

MOST_WORKERS = 4


def check_template(
    template: Template, regime: str | None, sandbox: Sandbox, store: Path, *, allow_network: bool = False
) -> list[Row]:
    """Prepare a template, run smoke trials of it, try to forge scores, and look at evaluator and data.

    Raises:
        TemplateError: the template cannot be prepared, or its evaluator breaks its format.
        SandboxUnavailable: the engine failed.
    """
    prepared = prepare(template, regime, sandbox, store, allow_network=allow_network)
    workers = max(1, min(MOST_WORKERS, len(os.sched_getaffinity(0))))
    with (
        ThreadPoolExecutor(workers, thread_name_prefix="check") as pool,
        honest_run(prepared, sandbox) as (honest, rows),
    ):
        further = pool.submit(further_trials, honest, prepared, sandbox)
        duplicates = pool.submit(count_duplicates, prepared, sandbox)
        forgeries = [_not_tried()] if honest is None else try_forgeries(honest, prepared, sandbox, pool)
        oracle = consult_oracle(prepared, sandbox, pool)
        return [*rows, *further.result(), *forgeries, *oracle, *duplicates.result()]


def _not_tried() -> Row:
    return row(
        *("forged scores", "all", "an experiment that forges its score gains nothing"),
        *("attempts start from a smoke trial that ends well", "mend the smoke trial first"),
        passed=None,
    )
