"""What the recorder promises: one Result per run, and only trustworthy results shared between runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.artifacts import Limits, Measure, Result, Scores, Status, Trial
from agent.errors import WorkspaceCorrupt
from agent.store import Recorder
from agent.workspace import Workspace

TRIAL = Trial(
    template_hash="t",
    data_hash="d",
    code_hash="c",
    knobs=(),
    replicate=0,
    split="dev",
    limits=Limits(wall_s=1),
    environment_hash="e",
)
SCORES = Scores(values={"score": (1.0, 0.0)})


def result(status: Status = "ok") -> Result:
    if status != "ok":
        return Result(trial=TRIAL.id, status=status)
    metrics = (Measure(name="score", value=0.5),)
    return Result(trial=TRIAL.id, status="ok", metrics=metrics, scores_hash=SCORES.hash)


def recorder(root: Path, run: str, *, shared: bool = True, fresh: bool = False) -> Recorder:
    return Recorder(Workspace(root), run, shared=shared, fresh=fresh)


def test_a_recorded_trial_is_known_with_its_scores(tmp_path: Path) -> None:
    recorder(tmp_path, "a").record(TRIAL, result(), SCORES, [])
    known = recorder(tmp_path, "a").known(TRIAL)
    assert known is not None
    assert (known.result, known.scores, known.reused) == (result(), SCORES, True)


@pytest.mark.parametrize(
    ("status", "shared"),
    [("ok", True), ("invalid", True), ("crashed", False), ("timeout", False), ("disk_full", False)],
)
def test_only_ok_and_invalid_results_reach_another_run(tmp_path: Path, status: Status, shared: bool) -> None:
    scores = SCORES if status == "ok" else None
    recorder(tmp_path, "a").record(TRIAL, result(status), scores, [])
    assert (recorder(tmp_path, "b").known(TRIAL) is not None) is shared
    assert recorder(tmp_path, "a").known(TRIAL) is not None


def test_a_reused_result_stands_in_the_run_that_reuses_it(tmp_path: Path) -> None:
    recorder(tmp_path, "a").record(TRIAL, result(), SCORES, [])
    recorder(tmp_path, "b").known(TRIAL)
    workspace = Workspace(tmp_path)
    assert workspace.get(Result, f"b/{TRIAL.id}") == result()
    assert workspace.get(Trial, f"b/{TRIAL.id}") == TRIAL
    assert workspace.get(Scores, f"b/{SCORES.hash}") == SCORES


def test_unsandboxed_results_neither_enter_nor_leave_the_store(tmp_path: Path) -> None:
    recorder(tmp_path, "a", shared=False).record(TRIAL, result(), SCORES, [])
    assert recorder(tmp_path, "b").known(TRIAL) is None
    recorder(tmp_path, "c").record(TRIAL, result(), SCORES, [])
    assert recorder(tmp_path, "d", shared=False).known(TRIAL) is None


def test_a_fresh_run_inherits_nothing_and_keeps_its_own(tmp_path: Path) -> None:
    recorder(tmp_path, "a").record(TRIAL, result(), SCORES, [])
    assert recorder(tmp_path, "b", fresh=True).known(TRIAL) is None
    recorder(tmp_path, "b", fresh=True).record(TRIAL, result(), SCORES, [])
    assert recorder(tmp_path, "b", fresh=True).known(TRIAL) is not None


def test_a_damaged_record_of_the_store_says_how_to_be_rid_of_it(tmp_path: Path) -> None:
    recorder(tmp_path, "a").record(TRIAL, result(), SCORES, [])
    (Workspace(tmp_path).store / "results" / f"{TRIAL.id}.json").write_text("{")
    with pytest.raises(WorkspaceCorrupt, match="shoal clean --store"):
        recorder(tmp_path, "b").known(TRIAL)
