"""One traced trial of a candidate with edits: does anything of its code run at all?

Promises that a traced trial is like any other but for its score, of which it has none: it is capped,
recorded, resumed and known again. It runs on the exploring replicate of the first looks.
"""

from __future__ import annotations

from agent.artifacts import Candidate, Result
from agent.search import FIRST
from agent.stages.batch import Batch, Request

REPLICATE = FIRST[0]


def look(candidate: Candidate, batch: Batch) -> Candidate:
    """A candidate with what its traced trial says of it; as it is where no line of its code is new.

    Raises:
        Stopped: the run is to end here; recorded trials are kept.
        SandboxUnavailable: the machinery broke.
    """
    if batch.deps.setup.traced_trial(candidate.change, REPLICATE) is None:
        return candidate
    request = Request(candidate.arm, candidate.index, candidate.change, REPLICATE, traced=True)
    result = batch.run([request])[request].result
    return candidate.model_copy(update={"traced": result.trial, "dead": is_dead(result)})


def is_dead(result: Result) -> bool:
    """Whether a traced trial shows that no changed line is executed at all."""
    return result.status == "ok" and result.trace is not None and result.trace.is_dead
