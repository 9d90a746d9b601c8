"""What a study does when trials fail: an honest paper, or an end where there is nothing to compare."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent.archive import collect
from agent.artifacts import Audit, Idea, Run, Verdict
from agent.workspace import Workspace

MICRO = Path(__file__).parents[1] / "templates" / "micro"
BEGINS = '    knobs = json.loads(arguments.config.read_text())["knobs"]\n'


def study(tmp_path: Path, fails_if: str) -> subprocess.CompletedProcess[str]:
    """A study of `attention` with an experiment that ends with an error where the condition holds."""
    template = tmp_path / "failing"
    shutil.copytree(MICRO, template)
    code = (template / "experiment.py").read_text()
    assert code.count(BEGINS) == 1
    failing = f"{BEGINS}    if {fails_if}:\n        raise RuntimeError('broken here')\n"
    (template / "experiment.py").write_text(code.replace(BEGINS, failing))
    command = [
        *("run", str(template), "--name", "study", "--workspace", str(tmp_path), "--sandbox", "bubblewrap"),
        *("--explore", "2", "--replicates", "8", "--idea", "attention", "--no-pdf", "--allow-uninformative"),
    ]
    return subprocess.run([sys.executable, "-m", "agent", *command], capture_output=True, text=True)


@pytest.mark.parametrize(
    ("fails_if", "word"),
    [
        ("arguments.replicate >= 16 and knobs['attention'] > 0", "refuted"),
        ("arguments.replicate >= 16 and knobs['attention'] == 0", "inconclusive"),
        ("arguments.replicate >= 16", "inconclusive"),
    ],
    ids=["treatment and control", "baseline", "everything"],
)
def test_failed_confirming_trials_count_and_are_reported(tmp_path: Path, fails_if: str, word: str) -> None:
    ended = study(tmp_path, fails_if)
    assert ended.returncode == 0, ended.stderr
    workspace = Workspace(tmp_path)
    assert workspace.get(Verdict, "study/attention").word == word
    assert workspace.get(Audit, "study/attention/0").passed
    text = (tmp_path / "papers" / "study" / "attention" / "round-0" / "paper.tex").read_text()
    assert "count.failures" in text


def test_an_idea_of_which_no_exploring_trial_scored_ends_there(tmp_path: Path) -> None:
    ended = study(tmp_path, "knobs['attention'] > 0")
    assert ended.returncode == 1
    assert "nothing to confirm" in ended.stderr
    workspace = Workspace(tmp_path)
    assert not workspace.has(Verdict, "study/attention")
    run = workspace.get(Run, "study")
    (known,) = collect(workspace, run.template, run.regime, "another").studies
    assert (known.title, known.word) == (workspace.get(Idea, "study/attention").title, "none")
    assert "nothing to confirm" in known.explored
