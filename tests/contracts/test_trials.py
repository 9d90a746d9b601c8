"""What the code of a trial can see of its template, its data and other trials."""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.artifacts import Change, Split
from agent.ports import Sandbox
from agent.templates import load_template
from agent.trials.code import hash_folder
from agent.trials.prepare import Prepared, prepare
from agent.trials.runner import experiment_job, run_trial
from tests.contracts.support import PRELUDE, ROOT, files_of
from tests.sandboxes.ordinary import USER, OrdinaryBubblewrap

MICRO = ROOT / "tests" / "templates" / "micro"
LOOK = """
import glob, sys
def read(path):
    try: return open(path, errors="replace").read()
    except OSError: return ""
def below(top):
    return [os.path.join(folder, name) for folder, _, names in os.walk(top) for name in names]
config, store = read("/job/config.json"), json.loads(read("/job/data/common/store.json"))
for path in below("/job"):
    for attack in (lambda: open(path, "a"), lambda: os.remove(path), lambda: os.chmod(path, 0o777)):
        assert tried(attack) != "done", path
answer({
    "job": {path: read(path) for path in sorted(below("/job")) if not path.startswith("/job/code")},
    "code": sorted(below("/job/code")), "argv": sys.argv, "mounts": read("/proc/self/mountinfo"),
    "processes": [read(path) for path in glob.glob("/proc/[0-9]*/cmdline")], "environment": dict(os.environ),
    "elsewhere": below(store),
    "above": [tried(os.listdir, f"{store}/{name}") for name in ("scratch", "data")],
})
"""


@pytest.fixture(scope="module")
def curious(sandbox: Sandbox) -> Iterator[Prepared]:
    """The micro-template with an experiment that looks around, prepared; its data say where the store is."""
    with tempfile.TemporaryDirectory(prefix="shoal-trial-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        root, store = folder / "template", folder / "workspace" / "experiments" / ".store"
        store.mkdir(mode=0o700, parents=True)
        if isinstance(sandbox, OrdinaryBubblewrap):
            os.chown(store, USER, USER)  # the store of a trial belongs to whoever runs it
        shutil.copytree(MICRO, root)
        (root / "experiment.py").write_text(f"import json\n{PRELUDE}\n{LOOK}")
        told = f'    write(data / "common" / "store.json", {str(store)!r})\n'
        source = (root / "prepare.py").read_text()
        (root / "prepare.py").write_text(
            source.replace("    for replicate in", f"{told}    for replicate in")
        )
        yield prepare(load_template(root), None, sandbox, store)


def seen(curious: Prepared, sandbox: Sandbox, split: Split) -> dict[str, Any]:
    """What the experiment of a trial on `split` saw."""
    trial = curious.setup.trial(Change(), 0, split)
    outcome = sandbox.run(experiment_job(trial, Change(), curious))
    assert outcome.status == "ok", outcome.log_tail
    found: dict[str, Any] = json.loads(files_of(outcome)["answer.json"])
    shutil.rmtree(str(outcome.outputs))
    return found


def test_a_trial_sees_its_code_its_data_and_nothing_that_scores_it(
    curious: Prepared, sandbox: Sandbox
) -> None:
    before = hash_folder(curious.data), hash_folder(curious.setup.template.root)
    found = seen(curious, sandbox, "test")
    assert found["code"] == ["/job/code/experiment.py"]
    assert set(found["job"]) == {
        *("/job/config.json", "/job/data/common/about.json", "/job/data/common/store.json"),
        *("/job/data/replicate/offset.json", "/job/data/eval/numbers.json"),
    }
    signs = (curious.answers("test", 0) / "signs.json").read_text()
    text = json.dumps(found)
    assert json.dumps(signs)[1:-1] not in text
    assert not re.search(r"private|signs|evaluate\.py|template\.toml", text)
    assert (hash_folder(curious.data), hash_folder(curious.setup.template.root)) == before


def test_no_path_tells_the_splits_apart(curious: Prepared, sandbox: Sandbox) -> None:
    dev, test = (seen(curious, sandbox, split) for split in ("dev", "test"))
    names = {curious.inputs("dev").name: "EVAL", curious.inputs("test").name: "EVAL"}
    numbers = "/job/data/eval/numbers.json"
    assert dev["job"].pop(numbers) != test["job"].pop(numbers)
    for found, split in ((dev, "dev"), (test, "test")):
        assert curious.inputs(split).name in found["mounts"]
        sources = " ".join(line.split(" ")[3] for line in found["mounts"].splitlines())
        assert not re.search(rf"\b{split}\b", sources)
        for name, blind in names.items():
            found["mounts"] = found["mounts"].replace(name, blind)
        found["mounts"] = sorted(
            line.split(" ", 3)[3] for line in found["mounts"].splitlines() if "EVAL" in line
        )
    assert dev == test


def test_outputs_of_other_trials_are_not_there(curious: Prepared, sandbox: Sandbox) -> None:
    other = curious.store / "scratch" / "other-trial"
    other.mkdir(parents=True)
    (other / "predictions.json").write_text("[1, 0]")
    found = seen(curious, sandbox, "dev")
    inside = str(curious.store / "environments")
    assert [path for path in found["elsewhere"] if not path.startswith(inside)] == []
    assert "done" not in found["above"]
    assert (other / "predictions.json").read_text() == "[1, 0]"


def test_a_trial_that_only_looks_around_gets_no_number(curious: Prepared, sandbox: Sandbox) -> None:
    result, scores, outcomes = run_trial(curious.setup.trial(Change(), 0, "dev"), Change(), curious, sandbox)
    assert (result.status, scores) == ("invalid", None)
    assert "predictions.json is missing" in result.reason
    assert [outcome.status for outcome in outcomes] == ["ok", "ok"]
