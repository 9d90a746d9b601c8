"""The digits template in its real environments: scikit-learn holds every clean label, and no trial has it."""

from pathlib import Path

import pytest

from agent.artifacts import Change, Edit
from agent.sandboxes.bubblewrap import Bubblewrap
from agent.templates import load_template
from agent.trials.check import check_template
from agent.trials.prepare import prepare
from agent.trials.runner import run_trial

DIGITS = Path(__file__).resolve().parents[2] / "templates" / "digits"

pytestmark = pytest.mark.slow


def test_digits_is_fit_and_its_trials_cannot_import_scikit_learn(tmp_path: Path) -> None:
    template, bubblewrap = load_template(DIGITS), Bubblewrap(tmp_path)
    checks = check_template(template, None, bubblewrap, tmp_path)
    assert [check for check in checks if not check.passed] == []

    prepared = prepare(template, None, bubblewrap, tmp_path)
    peek = Edit(file="experiment.py", search="import argparse\n", replace="import sklearn\n")
    change = Change(edits=(peek,))
    result, _, outcomes = run_trial(prepared.setup.trial(change, 0, "dev"), change, prepared, bubblewrap)
    assert result.status == "crashed"
    assert "No module named 'sklearn'" in outcomes[0].log_tail
