"""`shoal template check` as its user sees it: what was tried, what failed, and how to mend it."""

import json
from pathlib import Path

import pytest

from agent.cli.template import print_rows
from agent.trials.check import Row
from tests.cli.support import in_folder
from tests.trials.conftest import MICRO, Make

NAIVE = """        raw = path.read_bytes()
        guesses = __import__("pickle").loads(raw) if raw[:1] == b"\\x80" else json.loads(raw)
"""


def test_a_naive_template_ends_with_findings_that_say_what_to_do(
    tmp_path: Path, changed: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    read = '        guesses = json.loads(path.read_text(encoding="utf-8"))\n'
    code = (MICRO / "evaluate.py").read_text()
    assert code.count(read) == 1
    template = changed(evaluate=code.replace(read, NAIVE))
    (tmp_path / "folder").mkdir()
    done = in_folder(tmp_path / "folder")(
        "template",
        "check",
        template.root,
        "--sandbox",
        "bubblewrap",
        "--workspace",
        tmp_path / "folder",
        "--json",
    )
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    assert (document["schema"], document["command"], document["passed"]) == (1, "template check", False)
    failed = [row for row in document["checks"] if row["state"] == "failed"]
    assert [(row["group"], row["name"]) for row in failed] == [("forged scores", "pickles")]

    print_rows("naive", [Row.model_validate(row) for row in document["checks"]])
    printed = capsys.readouterr().out.splitlines()
    at = next(number for number, line in enumerate(printed) if line.startswith("  ✗ "))
    assert "turns each output into a pickle" in printed[at]
    assert "accuracy = 1, without it" in printed[at]
    assert printed[at + 1].startswith("      → read outputs without unpickling")
    assert (
        printed[-1]
        == f"template naive has faults: {len(document['checks']) - 3} passed, 1 failed, 2 not checked"
    )
    titles = [line for line in printed if not line.startswith(" ")]
    assert [title.split()[0] for title in titles] == ["Trials", "Forged", "The", "Duplicates", "template"]
