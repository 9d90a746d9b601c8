"""The audit of one foreign paper from its files to its report."""

from __future__ import annotations

from pathlib import Path

from agent.evidence.audit.foreign.dimensions import families
from agent.evidence.audit.foreign.evidence import Evidence
from agent.evidence.audit.foreign.judging import judge
from agent.evidence.audit.foreign.reading import Reading, read
from agent.evidence.audit.foreign.references import figure_remarks, reference_remarks
from agent.evidence.audit.foreign.report import Remark, Report
from agent.evidence.audit.foreign.results import load
from agent.evidence.audit.foreign.statements import statement_remarks


def audit_paper(paper: Path, folder: Path) -> Report:
    """Hold a paper against a folder of results.

    Raises:
        Unauditable: the paper or the results cannot be read.
    """
    results = load(folder)
    reading = read(paper)
    evidence = Evidence(families(results))
    verdicts = judge(reading, results, evidence)
    report = Report(str(paper), str(folder), skipped=results.skipped)
    report.references = reference_remarks(reading)
    report.figures = figure_remarks(reading, folder)
    report.statements = [*statement_remarks(verdicts, results), *_mislabelled(reading, evidence)]
    report.numbers = [verdict.judged for verdict in verdicts]
    for name, position, reason in reading.source.unread:
        spot = reading.source.spot(position)
        report.files.append(Remark("unread", spot.file, spot.line, spot.column, name, reason))
    return report


def _mislabelled(reading: Reading, evidence: Evidence) -> list[Remark]:
    """Names that the paper gives to one run while its numbers are another's."""
    remarks = []
    for phrase, said, found, votes in evidence.mislabelled:
        position = next((b.at[b.text.find(phrase)] for b in reading.blocks if phrase in b.text), None)
        spot = reading.source.spot(position if position is not None else 0)
        reason = f"the paper calls it {said}, but {votes} numbers beside that name are those of {found}"
        remarks.append(Remark("label", spot.file, spot.line, spot.column, phrase, reason))
    return remarks
