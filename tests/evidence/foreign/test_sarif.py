"""The SARIF log of an audit has the fields and types that SARIF 2.1.0 requires."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from agent.evidence.audit.foreign import audit_paper
from agent.evidence.audit.foreign.sarif import RULES, sarif

PAPER = r"""\documentclass{article}
\begin{document}
The accuracy of Adam is 95.7\% \citep{nobody}.
\begin{figure}\includegraphics{gone}\caption{Gone.}\label{fig:gone}\end{figure}
\input{../outside}
The accuracy of SGD improves from 91\% to 88\% with Adam.
\end{document}
"""


def log_of(folder: Path) -> dict[str, Any]:
    """The log of a paper with findings of several kinds, in a folder whose name needs quoting."""
    paper = folder / "two words" / "päper.tex"
    paper.parent.mkdir()
    paper.write_text(PAPER)
    (folder / "runs").mkdir()
    (folder / "runs" / "all.json").write_text(
        json.dumps({"adam": {"accuracy": 0.88}, "sgd": {"accuracy": 0.91}})
    )
    made: dict[str, Any] = json.loads(json.dumps(sarif(audit_paper(paper, folder / "runs"), "1.0")))
    return made


def test_the_log_has_what_the_standard_requires(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("/sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert isinstance(driver["name"], str)
    assert driver["name"]
    ids = [rule["id"] for rule in driver["rules"]]
    assert ids == list(RULES)
    assert len(set(ids)) == len(ids)
    assert all(isinstance(rule["shortDescription"]["text"], str) for rule in driver["rules"])
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert isinstance(result["message"]["text"], str)
        assert result["message"]["text"]
    assert {"unsupported-number", "reference", "figure", "file"} <= {r["ruleId"] for r in run["results"]}


def test_every_place_is_a_uri_and_a_region_inside_the_file(tmp_path: Path) -> None:
    (run,) = log_of(tmp_path)["runs"]
    base = run["originalUriBaseIds"]["PAPER"]["uri"]
    assert base.startswith("file:///")
    assert base.endswith("/")
    for result in run["results"]:
        (location,) = result["locations"]
        place = location["physicalLocation"]
        uri = place["artifactLocation"]["uri"]
        assert place["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"]
        assert uri.isascii()
        assert " " not in uri
        assert not urlsplit(uri).scheme
        lines = Path(unquote(urlsplit(base + uri).path)).read_text().split("\n")
        region = place["region"]
        assert all(type(region[key]) is int for key in ("startLine", "startColumn", "endColumn"))
        assert 1 <= region["startLine"] <= len(lines)
        line = lines[region["startLine"] - 1]
        assert 1 <= region["startColumn"] < region["endColumn"] <= len(line) + 2


def test_the_region_of_a_number_is_its_literal(tmp_path: Path) -> None:
    (run,) = log_of(tmp_path)["runs"]
    first = next(r for r in run["results"] if r["message"]["text"].startswith("95.7"))
    region = first["locations"][0]["physicalLocation"]["region"]
    line = PAPER.split("\n")[region["startLine"] - 1]
    assert line[region["startColumn"] - 1 : region["endColumn"] - 1].startswith("95.7")
