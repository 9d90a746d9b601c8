"""`shoal template check`: a good template passes, and each fault is found."""

from pathlib import Path

import pytest

from agent.errors import TemplateError
from agent.ports import Sandbox
from agent.templates import load_template
from agent.trials.check import check_template
from tests.trials.conftest import MICRO, Make


def failures(template_root: Path, sandbox: Sandbox, store: Path) -> list[str]:
    checks = check_template(load_template(template_root), None, sandbox, store)
    return [check.question for check in checks if not check.passed]


def test_the_micro_template_is_fit(sandbox: Sandbox, store: Path) -> None:
    assert failures(MICRO, sandbox, store) == []


def test_chance_in_a_trial_is_found(sandbox: Sandbox, store: Path, changed: Make) -> None:
    code = (MICRO / "experiment.py").read_text()
    template = changed(
        experiment=code.replace('random.Random(f"{replicate}/guesses")', "random.SystemRandom()")
    )
    assert failures(template.root, sandbox, store) == [
        "the same trial twice gives the same outputs and metrics"
    ]


def test_an_evaluator_that_scores_nothing_at_all_is_found(
    sandbox: Sandbox, store: Path, changed: Make
) -> None:
    lenient = """open("/out/metrics.json", "w").write('{"status": "ok", "metrics": {"accuracy": 0.5}}')"""
    assert failures(changed(evaluate=lenient).root, sandbox, store) == [
        "a trial without predictions is invalid"
    ]


def test_a_trial_that_crashes_is_found(sandbox: Sandbox, store: Path, changed: Make) -> None:
    found = failures(changed(experiment="raise SystemExit(1)").root, sandbox, store)
    assert found == [
        "a smoke trial ends well and gives every metric",
        "a trial with the defaults keeps its limits",
    ]


def test_a_template_that_prepares_with_a_network_is_checked_where_the_user_lets_it(
    sandbox: Sandbox, tmp_path: Path, changed: Make
) -> None:
    path = changed().root / "template.toml"
    path.write_text(path.read_text().replace("[prepare]\n", "[prepare]\nnetwork = true\n"))
    template = load_template(path.parent)
    with pytest.raises(TemplateError, match="--allow-network"):
        check_template(template, None, sandbox, tmp_path)
    assert all(
        check.passed for check in check_template(template, None, sandbox, tmp_path, allow_network=True)
    )
