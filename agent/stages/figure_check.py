"""Holds an added figure against the record: the runs of its code, its series, its caption and its picture."""

from __future__ import annotations

from agent.deps import Deps
from agent.evidence.added import Unfit, results_hash
from agent.stages.figure import closing, compute, drawn, metrics_of, recorded_results
from agent.stages.study import Study


def figure_again(idea: str, deps: Deps) -> tuple[str, list[str], bytes | None]:
    """An idea's added figure made again from the recorded results and runs; None where there is none.

    Where `deps.calculator` runs programs instead of reading their recorded runs, the code is run again.

    Returns:
        What was looked at, what is wrong, and the picture of the stored series.

    Raises:
        KeyError: part of the study is not there, or no author was asked for a figure.
        Stopped: a run of the code that the figure rests on is not recorded.
    """
    study = Study.read(idea, deps)
    added = study.added
    if added is None:
        raise KeyError(f"no author was asked for a figure of {idea}")
    if added.figure is None or added.axes is None:
        return f"none was added: {' '.join(added.why_none.split())[:160]}", [], None
    results, metrics = recorded_results(study, deps), metrics_of(deps)
    findings = []
    if added.results_hash != results_hash(results):
        findings.append("the results that its code was given are not those of the registered trials")
    try:
        computed = compute(added.code, added.axes, results, metrics, deps)
    except Unfit as error:
        findings.append(f"its code does not pass its trial: {error}")
    else:
        if computed.series != added.series:
            findings.append("its series are not what its code computes from the recorded results")
        if computed.calculations != added.calculations:
            findings.append("it names other runs of its code than those that are recorded")
    if not added.figure.caption.endswith(closing(deps)):
        findings.append("its caption does not say who wrote its code")
    text = f"{len(added.calculations)} runs of its code over recorded, moved and permuted results"
    return text, findings, drawn(added.axes, added.series, study.plan, results, metrics)


def computed_again(idea: str, deps: Deps, *, exact: bool) -> str:
    """What the code of an idea's added figure does otherwise, run again over the recorded results.

    Args:
        exact: Packages and kernel are those of the run, so that the series have to be equal.

    Returns:
        Empty where it does the same, or where there is no such figure.

    Raises:
        SandboxUnavailable: the machinery broke.
        Stopped: the command is to end here.
    """
    study = Study.read(idea, deps)
    added = study.added
    if added is None or added.axes is None:
        return ""
    results = recorded_results(study, deps)
    try:
        series = compute(added.code, added.axes, results, metrics_of(deps), deps).series
    except Unfit as error:
        return f"its code does not pass its trial: {error}"
    return "its code computes other series" if exact and series != added.series else ""
