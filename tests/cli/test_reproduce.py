"""`shoal reproduce` finds the same trials, `shoal replicate` the same effect; neither changes a study."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.artifacts import Measure, Plan, Registration, Replication, Result, Run, Trial, Verdict
from agent.cli import run as command
from agent.ledger import Entry, Ledger
from agent.workspace import Workspace, envelope
from tests.cli.support import files, in_folder, small

IDEA = "study/attention"
Again = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a finished study of three arms on 8 replicates; 8 are left."""
    here = tmp_path_factory.mktemp("again") / "here"
    here.mkdir()
    done = in_folder(here)(*small("study"))
    assert done.returncode == 0, done.stderr
    return here


@pytest.fixture
def study(finished: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(finished, tmp_path / "here", symlinks=True)
    return Workspace(tmp_path / "here")


@pytest.fixture
def again(study: Workspace, capsys: pytest.CaptureFixture[str]) -> Again:
    """Runs a command on the study; gives exit code, document and standard error."""

    def run(*words: str) -> tuple[int, dict[str, Any], str]:
        code = command([*words, "--workspace", str(study.root), "--json"])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else {}, err

    return run


def registered(study: Workspace, version: int = 1) -> tuple[Plan, Registration]:
    return study.get(Plan, f"{IDEA}/{version}"), study.get(Registration, f"{IDEA}/{version}")


def confirming(study: Workspace) -> list[Trial]:
    paths = sorted((study.run_folder("study") / "trials").glob("*.json"))
    trials = [study.get(Trial, f"study/{path.stem}") for path in paths]
    return [trial for trial in trials if trial.split == "test"]


def forge(study: Workspace, trial: Trial, by: float) -> None:
    """Change a recorded accuracy, with the hash that fits it."""
    key = f"study/{trial.id}"
    result = study.get(Result, key)
    metrics = tuple(
        Measure(name=m.name, value=m.value - by if m.name == "accuracy" else m.value) for m in result.metrics
    )
    study.path(Result, key).write_bytes(envelope(result.model_copy(update={"metrics": metrics})))


def on_another_processor(study: Workspace, by: float) -> None:
    """As if the run had begun on another numeric kernel, on which every effect was `by` larger."""
    for trial in confirming(study):
        elsewhere = trial.model_copy(update={"environment_hash": "e" * 64})
        result = study.get(Result, f"study/{trial.id}").model_copy(update={"trial": elsewhere.id})
        for kind in (Trial, Result):
            study.path(kind, f"study/{trial.id}").unlink()
        study.put(f"study/{elsewhere.id}", elsewhere)
        study.put(f"study/{elsewhere.id}", result)
    run = study.get(Run, "study").model_copy(update={"environment_hash": "e" * 64})
    study.path(Run, "study").write_bytes(envelope(run))
    verdict = study.get(Verdict, IDEA)
    moved = tuple(c.model_copy(update={"mean": c.mean + by}) for c in verdict.comparisons)
    study.path(Verdict, IDEA).write_bytes(envelope(verdict.model_copy(update={"comparisons": moved})))


def test_the_same_trials_come_out_again_and_the_study_stays_as_it_is(study: Workspace, again: Again) -> None:
    before = {name: (study.root / name).read_bytes() for name in files(study.root) if name.endswith(".json")}
    code, document, _ = again("reproduce", "study")
    assert (code, document["passed"]) == (0, True)
    (one,) = document["ideas"]
    assert (one["exact"], one["trials"], one["differing"]) == (True, 24, [])
    assert {name: (study.root / name).read_bytes() for name in before} == before
    new = {
        name
        for name in files(study.root / "experiments" / "study")
        if f"experiments/study/{name}" not in before
    }
    assert {name for name in new if name.endswith(".json")} == {"ideas/attention/reproductions/1.json"}
    pool = study.get(Run, "study").pool
    assert [entry.kind for entry in Ledger(study).entries()] == ["primary", "reproduce"]
    assert Ledger(study).count(pool) == 1
    assert not (study.store / "reproductions" / "study" / "attention").exists()


def test_a_trial_that_comes_out_otherwise_is_named(study: Workspace, again: Again) -> None:
    trial = confirming(study)[0]
    forge(study, trial, 0.025)
    code, document, told = again("reproduce", IDEA)
    assert (code, document["passed"]) == (1, False)
    (differing,) = document["ideas"][0]["differing"]
    assert differing["trial"] == trial.id
    assert f"on replicate {trial.replicate}" in told
    assert "recorded accuracy" in told


@pytest.mark.parametrize(("by", "passed"), [(0.09, True), (0.11, False)])
def test_on_another_processor_the_effects_have_to_lie_within_the_tolerance(
    study: Workspace, again: Again, by: float, passed: bool
) -> None:
    """The tolerance is the smallest effect of interest: 0.1."""
    on_another_processor(study, by)
    code, document, _ = again("reproduce", "study")
    (one,) = document["ideas"]
    assert one["otherwise"] == ["packages, Python or numeric kernel"]
    assert (code, one["passed"]) == (0 if passed else 1, passed)


def test_a_reproduction_that_a_cap_stopped_goes_on_where_it_was(
    study: Workspace, again: Again, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOAL_BUDGET__MAX_TRIALS", "5")
    code, _, told = again("reproduce", "study")
    assert (code, "`shoal reproduce study` goes on" in told) == (3, True)
    scratch = study.store / "reproductions" / "study" / "attention"
    kept = set((scratch / "experiments" / "study" / "results").iterdir())
    assert len(kept) == 5
    assert [entry.kind for entry in Ledger(study).entries()] == ["primary"]
    monkeypatch.setenv("SHOAL_BUDGET__MAX_TRIALS", "24")
    assert again("reproduce", "study")[0] == 0


def test_fresh_replicates_are_registered_counted_and_held_against_the_limits(
    study: Workspace, again: Again
) -> None:
    code, document, _ = again("replicate", "study")
    assert (code, document["passed"]) == (0, True)
    (_, first), (plan, second) = registered(study), registered(study, 2)
    assert plan.kind == "additional"
    assert {arm.name for arm in plan.arms} == {"treatment", "baseline"}
    assert not set(first.replicates) & set(second.replicates)
    assert set(plan.excluded) == set(first.replicates)
    assert [entry.kind for entry in Ledger(study).entries()] == ["primary", "replicate"]
    assert second.number == Ledger(study).count(first.pool) == 2
    code, document, told = again("verify", "study")
    assert code == 0, told
    assert again("replay", "study")[0] == 0
    (shown,) = again("show", IDEA)[1]["ideas"]
    assert [one["passed"] for one in shown["replications"]] == [True]


def test_a_replication_that_a_cap_stopped_is_not_counted_twice(
    study: Workspace, again: Again, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = len(list((study.run_folder("study") / "outcomes").iterdir()))
    monkeypatch.setenv("SHOAL_BUDGET__MAX_TRIALS", str(ran + 3))
    assert again("replicate", "study")[0] == 3
    assert not study.has(Replication, f"{IDEA}/2")
    before = registered(study, 2)
    assert again("verify", "study")[0] == 1
    monkeypatch.delenv("SHOAL_BUDGET__MAX_TRIALS")
    assert again("replicate", "study")[0] == 0
    assert registered(study, 2) == before
    assert [entry.kind for entry in Ledger(study).entries()] == ["primary", "replicate"]


def test_too_few_fresh_replicates_are_refused(study: Workspace, again: Again) -> None:
    code, _, told = again("replicate", "study", "--replicates", "9")
    assert (code, len(told.strip().splitlines())) == (2, 2)
    assert "choose 8 to 8" in told
    assert [entry.kind for entry in Ledger(study).entries()] == ["primary"]


def test_a_worn_out_pool_needs_consent(study: Workspace, again: Again) -> None:
    pool, chain = study.get(Run, "study").pool, Ledger(study)
    for number in range(19):
        chain.append(Entry(run="study", plan=f"{number:064d}", pool=pool, kind="additional"))
    code, _, told = again("replicate", "study")
    assert code == 3
    assert "--allow-exhausted" in told
    assert not study.has(Plan, f"{IDEA}/2")
    assert again("replicate", "study", "--allow-exhausted")[0] == 0
    assert registered(study, 2)[1].exhausted


def test_a_study_without_a_verdict_has_nothing_to_run_again(study: Workspace, again: Again) -> None:
    (study.run_folder("study") / "ideas" / "attention" / "verdict.json").unlink()
    for name in ("reproduce", "replicate", "verify"):
        code, _, told = again(name, "study")
        assert (code, "no verdict yet" in told) == (2, True)
