"""A trial: what its code sees, what counts as its score, and that a failure has no number."""

import json
import os
from pathlib import Path

import pytest

from agent.artifacts import Change, Edit, Outcome, Result, Scores, Split
from agent.errors import EditFailed, TemplateError
from agent.ports import Sandbox
from agent.templates import Template, load_template
from agent.trials.prepare import Prepared, prepare
from agent.trials.runner import STARVED, experiment_job, run_trial
from tests.trials.conftest import MICRO, Make

EXPERIMENT = (MICRO / "experiment.py").read_text()
EVALUATE = (MICRO / "evaluate.py").read_text()
LOOK = """
import json, os, subprocess, sys
print(json.dumps({
    "job": sorted(os.path.join(top, name) for top, _, names in os.walk("/job") for name in names),
    "argv": sys.argv, "environment": dict(os.environ),
    "mounts": open("/proc/self/mountinfo").read(),
    "numbers": sorted(os.listdir("/job/data/eval")),
}))
"""


def trial(
    prepared: Prepared,
    sandbox: Sandbox,
    change: Change | None = None,
    split: Split = "dev",
    replicate: int = 0,
) -> tuple[Result, Scores | None, list[Outcome]]:
    change = change or Change()
    return run_trial(prepared.setup.trial(change, replicate, split), change, prepared, sandbox)


def ready(template: Template, sandbox: Sandbox, store: Path) -> Prepared:
    return prepare(template, None, sandbox, store)


def test_a_trial_comes_back_with_metrics_curves_and_scores(micro: Prepared, sandbox: Sandbox) -> None:
    result, scores, outcomes = trial(micro, sandbox)
    assert result.status == "ok"
    assert scores is not None
    assert result.scores_hash == scores.hash
    assert result.metric("accuracy") == sum(scores.values["accuracy"]) / len(scores.values["accuracy"])
    assert len(result.curves) == 1
    assert [outcome.status for outcome in outcomes] == ["ok", "ok"]
    assert all(outcome.outputs is None for outcome in outcomes)


def test_the_same_trial_gives_the_same_result(micro: Prepared, sandbox: Sandbox) -> None:
    assert trial(micro, sandbox)[0] == trial(micro, sandbox)[0]


def test_a_strict_umask_hides_nothing_from_the_sandbox(
    sandbox: Sandbox, tmp_path: Path, changed: Make
) -> None:
    before = os.umask(0o077)
    try:
        template = changed()
        (template.root / "experiment.py").chmod(0o600)
        result, _, _ = trial(ready(template, sandbox, tmp_path / "store"), sandbox)
    finally:
        os.umask(before)
    assert result.status == "ok"


def test_knobs_and_edits_reach_the_experiment(micro: Prepared, sandbox: Sandbox) -> None:
    wrong = Edit(file="experiment.py", search="(number > 0.0) ==", replace="(number < 0.0) ==")
    right, _, _ = trial(micro, sandbox)
    turned, _, _ = trial(micro, sandbox, Change(edits=(wrong,)))
    assert right.metric("accuracy") == pytest.approx(1 - (turned.metric("accuracy") or 0.0))
    with pytest.raises(EditFailed):
        trial(micro, sandbox, Change(edits=(Edit(file="experiment.py", search="not there", replace=""),)))


def test_a_trial_that_is_not_of_this_setup_is_refused(micro: Prepared, sandbox: Sandbox) -> None:
    other = micro.setup.trial(Change(), 0, "dev").model_copy(update={"data_hash": "0" * 64})
    with pytest.raises(ValueError, match="not this change"):
        run_trial(other, Change(), micro, sandbox)


def test_a_trial_cannot_read_evaluator_answers_or_the_other_split(
    sandbox: Sandbox, store: Path, changed: Make
) -> None:
    prepared = ready(changed(experiment=LOOK), sandbox, store)
    seen = json.loads(trial(prepared, sandbox)[2][0].log_tail)
    assert seen["job"] == [
        "/job/code/experiment.py",
        "/job/config.json",
        "/job/data/common/about.json",
        "/job/data/eval/numbers.json",
        "/job/data/replicate/offset.json",
    ]
    assert seen["numbers"] == ["numbers.json"]


def test_a_trial_cannot_tell_which_split_it_predicts(sandbox: Sandbox, store: Path, changed: Make) -> None:
    prepared = ready(changed(experiment=LOOK), sandbox, store)
    dev, test = (
        json.loads(trial(prepared, sandbox, split=split)[2][0].log_tail) for split in ("dev", "test")
    )
    for key in ("job", "argv", "environment", "numbers"):
        assert dev[key] == test[key]
    for seen in (dev, test):
        roots = [line.split()[3] for line in seen["mounts"].splitlines() if " /job/data/eval " in line]
        assert len(roots) == 1
        assert not {"dev", "test"} & set(roots[0].split("/"))


def test_what_the_experiment_says_about_its_score_is_not_read(
    sandbox: Sandbox, store: Path, changed: Make
) -> None:
    forged = '{"status": "ok", "metrics": {"accuracy": 1.0}}'
    boast = f"\n    (arguments.out / 'metrics.json').write_text({forged!r})\n"
    honest = ready(changed(), sandbox, store)
    boasting = ready(
        changed(experiment=EXPERIMENT.replace("\n\nif __name__", boast + "\n\nif __name__")), sandbox, store
    )
    assert trial(boasting, sandbox)[0].metrics == trial(honest, sandbox)[0].metrics


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("raise SystemExit(3)", "crashed", "exit code 3"),
        ("while True: pass", "timeout", "wall_s"),
        ("held = []\nwhile True: held.append(bytearray(1 << 20))", "out_of_memory", "mem_mb"),
        ("file = open('/out/big', 'wb')\nwhile True: file.write(bytes(1 << 20))", "disk_full", "out_mb"),
        ("pass", "invalid", "predictions.json is missing or too large"),
        ("open('/out/predictions.json', 'w').write('[1, 0')", "invalid", ""),
    ],
)
def test_a_failed_trial_has_no_number(
    sandbox: Sandbox, store: Path, changed: Make, code: str, status: str, reason: str
) -> None:
    prepared = ready(quick(changed(experiment=code)), sandbox, store)
    result, scores, _ = trial(prepared, sandbox)
    assert (result.status, result.metrics, result.curves, scores) == (status, (), (), None)
    assert reason in result.reason


def test_a_time_out_without_processor_time_runs_once_more(
    sandbox: Sandbox, store: Path, changed: Make
) -> None:
    asleep = ready(quick(changed(experiment="import time; time.sleep(600)")), sandbox, store)
    busy = ready(quick(changed(experiment="while True: pass")), sandbox, store)
    result, _, outcomes = trial(asleep, sandbox)
    assert result.status == "timeout"
    assert [outcome.status for outcome in outcomes] == ["timeout", "timeout"]
    outcomes = trial(busy, sandbox)[2]
    # on a machine with other work even a busy loop may be starved
    assert (len(outcomes) == 2) == (outcomes[0].cpu_s < STARVED * outcomes[0].wall_s)


def quick(template: Template) -> Template:
    """The template with a wall-clock limit of one second."""
    path = template.root / "template.toml"
    lines = ["wall_s = 1" if line.startswith("wall_s") else line for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines))
    return load_template(template.root)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise SystemExit(1)", "the evaluator gave no result: crashed, exit code 1"),
        ('{"status": "invalid", "reason": "too short"}', "too short"),
        ('{"status": "ok", "metrics": {"accuracy": NaN}}', "accuracy is not finite"),
        ('{"status": "ok", "metrics": {"accuracy": 1.5}}', "accuracy = 1.5 lies outside its bounds 0 to 1"),
        ('{"status": "ok", "metrics": {"accuracy": 0.5}, "scores": {"accuracy": [Infinity]}}', "not finite"),
    ],
)
def test_what_outputs_can_cause_in_the_evaluator_is_invalid(
    sandbox: Sandbox, store: Path, changed: Make, code: str, reason: str
) -> None:
    result, _, _ = trial(ready(changed(evaluate=saying(code)), sandbox, store), sandbox)
    assert result.status == "invalid"
    assert reason in result.reason


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("pass", r"wrote no metrics\.json"),
        (
            "import os; os.makedirs('/out/metrics.json/x'); open('/out/metrics.json/x/y', 'w')",
            "wrote no metrics",
        ),
        ('{"status": "ok", "metrics": {}}', "gave no metric 'accuracy'; template.toml declares accuracy"),
        ('{"status": "ok", "metrics": {"accuracy": 0.5, "speed": 1}}', "gave 'speed'"),
        ('{"status": "fine"}', "metrics.json: status"),
        ('{"status": "ok", "metrics": {"accuracy": "high"}}', "metrics.accuracy"),
        ('{"status": "ok"', "is not JSON"),
    ],
)
def test_an_evaluator_that_breaks_its_format_is_the_templates_fault(
    sandbox: Sandbox, store: Path, changed: Make, code: str, problem: str
) -> None:
    with pytest.raises(TemplateError, match=problem):
        trial(ready(changed(evaluate=saying(code)), sandbox, store), sandbox)


def saying(code: str) -> str:
    """An evaluator that writes a fixed document, or runs code."""
    return f"open('/out/metrics.json', 'w').write({code!r})" if code.startswith("{") else code


def test_the_evaluator_gets_the_answers_of_one_split_and_replicate(
    sandbox: Sandbox, store: Path, changed: Make
) -> None:
    common = 'write(private / split / "signs.json", [int(number > 0.0) for number in numbers])'
    own = 'for r in range(REPLICATES):\n            write(private / split / str(r) / f"{split}-{r}.json", [])'
    code = (MICRO / "prepare.py").read_text()
    assert common in code
    look = "import os; raise SystemExit(str(sorted(os.listdir('/job/private'))))"
    prepared = ready(changed(prepare=code.replace(common, own), evaluate=look), sandbox, store)
    _, _, outcomes = trial(prepared, sandbox, split="test", replicate=17)
    assert outcomes[-1].log_tail == "['test-17.json']\n"


WHERE = """
import json, os, sys
raise SystemExit(json.dumps({
    "path": sys.path, "writable": [path for path in sys.path if os.access(path or ".", os.W_OK)],
    "folder": os.getcwd(), "variables": sorted(os.environ),
}))
"""


def test_no_output_can_stand_where_the_evaluator_looks_for_modules(
    sandbox: Sandbox, store: Path, changed: Make
) -> None:
    found = json.loads(trial(ready(changed(evaluate=WHERE), sandbox, store), sandbox)[2][-1].log_tail)
    assert found["path"][0] == "/job/evaluate"
    assert not any(one.startswith(("/job/outputs", "/out")) for one in found["path"])
    assert (found["writable"], found["folder"]) == ([], "/tmp")
    python = {name for name in found["variables"] if name.startswith("PYTHON")}
    assert python <= {"PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE"}


def test_the_experiment_is_told_its_threads(micro: Prepared) -> None:
    job = experiment_job(micro.setup.trial(Change(), 0, "dev"), Change(), micro)
    config = next(mount.source for mount in job.mounts if mount.target == "/job/config.json")
    assert json.loads(config.read_text())["threads"] == micro.setup.template.spec.limits.cpus
