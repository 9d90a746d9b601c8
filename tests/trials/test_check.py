"""`shoal template check`: a good template passes, and each fault of its trials is found."""

from pathlib import Path

import pytest

from agent.errors import TemplateError
from agent.ports import Sandbox
from agent.sandboxes.bubblewrap import Bubblewrap
from agent.templates import load_template
from agent.trials.check import check_template
from agent.trials.check.smoke import further_trials, honest_run
from agent.trials.prepare import prepare
from tests.trials.conftest import MICRO, Make


def faults(template_root: Path, sandbox: Sandbox, store: Path) -> list[str]:
    """Names of the rows about trials that did not pass."""
    prepared = prepare(load_template(template_root), None, sandbox, store)
    with honest_run(prepared, sandbox) as (honest, rows):
        rows = [*rows, *further_trials(honest, prepared, sandbox)]
    return [row.name for row in rows if row.state != "passed"]


def test_the_micro_template_is_fit(sandbox: Sandbox, store: Path, changed: Make) -> None:
    rows = check_template(changed(), None, sandbox, store)
    not_passed = {row.name: row.state for row in rows if row.state != "passed"}
    # its training data hold no rows, only one number a replicate
    assert not_passed == {"dev-among-training": "not checked", "test-among-training": "not checked"}
    assert {row.group for row in rows} == {"trials", "forged scores", "evaluator", "duplicates"}
    assert all(row.mend for row in rows if row.state == "failed")


def test_chance_in_a_trial_is_found(sandbox: Sandbox, store: Path, changed: Make) -> None:
    code = (MICRO / "experiment.py").read_text()
    template = changed(
        experiment=code.replace('random.Random(f"{replicate}/guesses")', "random.SystemRandom()")
    )
    assert faults(template.root, sandbox, store) == ["repeats"]


def test_an_evaluator_that_scores_nothing_at_all_is_found(
    sandbox: Sandbox, store: Path, changed: Make
) -> None:
    lenient = """open("/out/metrics.json", "w").write('{"status": "ok", "metrics": {"accuracy": 0.5}}')"""
    assert faults(changed(evaluate=lenient).root, sandbox, store) == ["needs-predictions"]


def test_a_trial_that_crashes_is_found(sandbox: Sandbox, store: Path, changed: Make) -> None:
    template = changed(experiment="raise SystemExit(1)")
    assert faults(template.root, sandbox, store) == ["runs", "limits"]


def test_nothing_is_forged_from_a_trial_that_crashes(tmp_path: Path, changed: Make) -> None:
    template = changed(experiment="raise SystemExit(1)")
    rows = {row.name: row for row in check_template(template, None, Bubblewrap(tmp_path), tmp_path)}
    assert {name for name, row in rows.items() if row.state == "failed"} == {"runs", "limits"}
    assert (rows["all"].group, rows["all"].state) == ("forged scores", "not checked")


def test_a_template_that_prepares_with_a_network_is_checked_where_the_user_lets_it(
    sandbox: Sandbox, tmp_path: Path, changed: Make
) -> None:
    path = changed().root / "template.toml"
    path.write_text(path.read_text().replace("[prepare]\n", "[prepare]\nnetwork = true\n"))
    template = load_template(path.parent)
    with pytest.raises(TemplateError, match="--allow-network"):
        check_template(template, None, sandbox, tmp_path)
    assert prepare(template, None, sandbox, tmp_path, allow_network=True).inputs("dev").is_dir()
