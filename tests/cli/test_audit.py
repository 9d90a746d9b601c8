"""`shoal audit` of a paper that Shoal did not write."""

import json
from pathlib import Path

from tests.cli.support import Shoal, assert_refused

PAPER = "\\documentclass{article}\\begin{document}\nThe accuracy of Adam is %s.\n\\end{document}\n"


def given(here: Path, value: str) -> tuple[str, ...]:
    """A paper that prints this accuracy, and the command for it."""
    (here / "paper.tex").write_text(PAPER % value)
    (here / "runs").mkdir(exist_ok=True)
    (here / "runs" / "all.csv").write_text("method,accuracy,loss\nadam,0.912,0.31\nsgd,0.881,0.39\n")
    return ("audit", "paper.tex", "--results", "runs")


def test_a_supported_paper_passes(here: Path, shoal: Shoal) -> None:
    done = shoal(*given(here, "0.912"), "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["passed"] is True
    (number,) = document["numbers"]
    assert (number["status"], number["line"], number["column"]) == ("supported", 2, 25)
    assert "all.csv: adam.accuracy" in number["evidence"]


def test_findings_are_exit_1_in_every_format(here: Path, shoal: Shoal) -> None:
    command = given(here, "0.957")
    plain = shoal(*command)
    assert plain.returncode == 1
    assert "paper.tex:2:25: 0.957" in plain.stdout
    assert max(map(len, plain.stdout.splitlines())) <= 80
    sarif = shoal(*command, "--sarif")
    assert sarif.returncode == 1
    log = json.loads(sarif.stdout)
    assert log["version"] == "2.1.0"
    (result,) = log["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 2


def test_what_cannot_be_read_is_exit_2(here: Path, shoal: Shoal) -> None:
    given(here, "1")
    assert_refused(shoal("audit", "none.tex", "--results", "runs"), "none.tex")
    assert_refused(shoal("audit", "paper.tex", "--results", "none"), "no such folder")
