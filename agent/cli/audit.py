"""`shoal audit`: a paper that Shoal did not write, held against the results beside it."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import UserError

if TYPE_CHECKING:
    from agent.evidence.audit.foreign import Judged, Remark, Report

_WIDTH = 80
_MOST = 200
"""Findings of one kind that the plain output lists; `--json` has all."""


def audit_foreign(paper: Path, results: Path, *, json: bool, sarif: bool) -> int:
    """Print what the audit finds; 0 if nothing, 1 if something.

    Raises:
        UserError: both formats are asked for, or the paper or the results cannot be read.
    """
    from agent import __version__
    from agent.cli.look import print_json
    from agent.evidence.audit.foreign import audit_paper
    from agent.evidence.audit.foreign.sarif import sarif as log

    if json and sarif:
        raise UserError("--json and --sarif are two formats of one document: give one of them")
    report = audit_paper(paper, results)
    if sarif:
        print_json(log(report, __version__))
    elif json:
        print_json(report.document())
    else:
        print(plain(report))
    for skipped in report.skipped:
        print(f"shoal: not read: {skipped}", file=sys.stderr)
    return 0 if report.passed else 1


def plain(report: Report) -> str:
    """The report to read, at most 80 columns where the paper's own words allow."""
    lines: list[str] = []
    if report.unsupported:
        lines += ["Numbers that the results do not support", ""]
        for number in report.unsupported[:_MOST]:
            lines += _number(number)
        lines += _rest(len(report.unsupported))
    for title, remarks in (
        ("References", report.references),
        ("Figures", report.figures),
        ("Statements", report.statements),
        ("Files of the paper that were not read", report.files),
    ):
        if remarks:
            lines += [title, ""]
            for remark in remarks[:_MOST]:
                lines += _remark(remark)
            lines += _rest(len(remarks))
    counts = {
        status: sum(n.status == status for n in report.numbers)
        for status in ("supported", "unsupported", "setting", "structural")
    }
    numbers = ", ".join(f"{count} {status}" for status, count in counts.items())
    lines += _wrapped(f"{len(report.numbers)} numbers: {numbers}", "")
    others = len(report.remarks)
    lines.append(
        "passed"
        if report.passed
        else f"{counts['unsupported'] + others} findings; --json shows the evidence of every number"
    )
    return "\n".join(lines)


def _number(number: Judged) -> list[str]:
    lines = [f"{number.file}:{number.line}:{number.column}: {number.literal}"]
    lines += _wrapped(number.how, "    ")
    if number.nearest:
        lines += _wrapped(f"nearest: {number.nearest}", "    ")
    if number.quotation:
        lines += _wrapped(f"“{number.quotation}”", "    ")
    return lines


def _remark(remark: Remark) -> list[str]:
    return [
        f"{remark.file}:{remark.line}:{remark.column}: {remark.kind}",
        *_wrapped(f"{remark.subject}: {remark.reason}", "    "),
    ]


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _rest(count: int) -> list[str]:
    return [f"… and {count - _MOST} more (--json shows all)", ""] if count > _MOST else [""]
