"""The report as SARIF 2.1.0, which editors and code hosts show beside the lines (OASIS standard, 2020)."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from agent.evidence.audit.foreign.report import Report

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
RULES = {
    "unsupported-number": "A number that no result fits",
    "reference": "A citation or bibliography entry that does not match",
    "figure": "A figure that is missing or that nothing points at",
    "statement": "A statement that the results contradict",
    "file": "A file of the paper that was not read",
}


def sarif(report: Report, version: str) -> dict[str, Any]:
    """The SARIF log of a report; places are relative to the paper's folder (`PAPER`)."""
    results = [
        _result(
            "unsupported-number",
            f"{n.literal}: {n.how}" + (f"; nearest is {n.nearest}" if n.nearest else ""),
            n.file,
            n.line,
            n.column,
            len(n.literal),
        )
        for n in report.unsupported
    ]
    for rule, remarks in (
        ("reference", report.references),
        ("figure", report.figures),
        ("statement", report.statements),
        ("file", report.files),
    ):
        results += [_result(rule, f"{r.subject}: {r.reason}", r.file, r.line, r.column, 1) for r in remarks]
    rules = [{"id": rule, "shortDescription": {"text": text}} for rule, text in RULES.items()]
    folder = PurePath(report.paper).parent.as_posix()
    base = quote(folder.rstrip("/") + "/") if folder.startswith("/") else ""
    run: dict[str, Any] = {
        "tool": {"driver": {"name": "shoal audit", "version": version, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    if base:
        run["originalUriBaseIds"] = {"PAPER": {"uri": f"file://{base}"}}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(rule: str, text: str, file: str, line: int, column: int, length: int) -> dict[str, Any]:
    region = {"startLine": line, "startColumn": column, "endColumn": column + max(1, length)}
    place = {"artifactLocation": {"uri": quote(file), "uriBaseId": "PAPER"}, "region": region}
    return {
        "ruleId": rule,
        "ruleIndex": list(RULES).index(rule),
        "level": "error" if rule == "unsupported-number" else "warning",
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
    }
