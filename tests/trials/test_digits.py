"""The digits template in its real environments: scikit-learn holds every clean label, and no trial has it."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent.artifacts import Change, Edit
from agent.sandboxes.bubblewrap import Bubblewrap
from agent.templates import load_template
from agent.trials.check import check_template
from agent.trials.check.attacks import ATTACKS
from agent.trials.check.forgery import try_forgeries
from agent.trials.check.smoke import honest_run
from agent.trials.prepare import prepare
from agent.trials.runner import run_trial

DIGITS = Path(__file__).resolve().parents[2] / "templates" / "digits"
READ = """        with path.open("rb") as file:
            array = np.lib.format.read_array(file, allow_pickle=False)
            rest = file.read(1)
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("digits")


@pytest.fixture(scope="module")
def bubblewrap(store: Path) -> Bubblewrap:
    return Bubblewrap(store)


def test_digits_is_fit(bubblewrap: Bubblewrap, store: Path) -> None:
    rows = check_template(load_template(DIGITS), None, bubblewrap, store)
    assert [row for row in rows if row.state != "passed"] == []


def test_a_trial_cannot_import_scikit_learn(bubblewrap: Bubblewrap, store: Path) -> None:
    prepared = prepare(load_template(DIGITS), None, bubblewrap, store)
    peek = Edit(file="experiment.py", search="import argparse\n", replace="import sklearn\n")
    change = Change(edits=(peek,))
    result, _, outcomes = run_trial(prepared.setup.trial(change, 0, "dev"), change, prepared, bubblewrap)
    assert result.status == "crashed"
    assert "No module named 'sklearn'" in outcomes[0].log_tail


def test_an_evaluator_that_lets_numpy_unpickle_is_found(
    bubblewrap: Bubblewrap, store: Path, tmp_path: Path
) -> None:
    shutil.copytree(DIGITS, tmp_path / "naive")
    evaluator = tmp_path / "naive" / "evaluate.py"
    assert READ in evaluator.read_text()
    naive = "        array, rest = np.load(path, allow_pickle=True), b''\n"
    evaluator.write_text(evaluator.read_text().replace(READ, naive))
    prepared = prepare(load_template(tmp_path / "naive"), None, bubblewrap, store)
    with ThreadPoolExecutor(2) as pool, honest_run(prepared, bubblewrap) as (honest, _):
        assert honest is not None
        named = tuple(attack for attack in ATTACKS if attack.name in ("pickles", "object-arrays", "texts"))
        rows = {row.name: row for row in try_forgeries(honest, prepared, bubblewrap, pool, named)}
    states = {name: row.state for name, row in rows.items()}
    assert states == {"pickles": "failed", "object-arrays": "failed", "texts": "passed"}
    assert "allow_pickle=False" in rows["object-arrays"].mend
    assert "accuracy = 1" in rows["object-arrays"].evidence
