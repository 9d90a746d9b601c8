"""What a whole study promises, seen in what it leaves behind: fair arms, a plan first, fresh replicates."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agent.artifacts import Facts, Figures, Idea, Ideas, Plan, Registration, Run, Tree, Trial, Verdict
from agent.errors import Stopped
from agent.ledger import Ledger
from agent.templates import load_template
from agent.workspace import Workspace

MICRO = Path(__file__).parents[1] / "templates" / "micro"
EXPLORE = 3


def run(workspace: Path, *more: str) -> None:
    command = [
        *("run", str(MICRO), "--name", "study", "--workspace", str(workspace), "--sandbox", "bubblewrap"),
        *("--explore", str(EXPLORE), "--replicates", "8", "--no-pdf", "--allow-uninformative", *more),
    ]
    ended = subprocess.run([sys.executable, "-m", "agent", *command], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = tmp_path_factory.mktemp("two-ideas")
    run(workspace, "--ideas", "2", "--workers", "1")
    return workspace


@pytest.fixture
def workspace(root: Path) -> Workspace:
    return Workspace(root)


def keys(workspace: Workspace) -> list[str]:
    return [f"study/{idea.id}" for idea in workspace.get(Ideas, "study").items[:2]]


def trials(workspace: Workspace) -> list[Trial]:
    folder = workspace.run_folder("study") / "trials"
    return [workspace.get(Trial, f"study/{path.stem}") for path in sorted(folder.iterdir())]


def test_baseline_and_treatment_are_tuned_over_as_many_configurations(workspace: Workspace) -> None:
    for key in keys(workspace):
        arms = [candidate.arm for candidate in workspace.get(Tree, key).candidates]
        assert arms.count("baseline") == arms.count("treatment") == arms.count("control") == EXPLORE


def test_baseline_and_treatment_differ_in_the_treated_knob_alone(workspace: Workspace) -> None:
    for key in keys(workspace):
        treated = workspace.get(Idea, key).treated.knob  # type: ignore[union-attr]
        candidates = workspace.get(Tree, key).candidates
        by_arm = {
            arm: {c.index: dict(c.change.values()) for c in candidates if c.arm == arm}
            for arm in ("baseline", "treatment")
        }
        default = load_template(MICRO).defaults[treated]
        for index, baseline in by_arm["baseline"].items():
            treatment = by_arm["treatment"][index]
            assert treatment.pop(treated) != default
            assert baseline.pop(treated, default) == default
            assert baseline == treatment


def test_the_test_split_sees_the_registered_trials_and_no_other(workspace: Workspace) -> None:
    template = load_template(MICRO)
    registered = set()
    for key in keys(workspace):
        plan, registration = workspace.get(Plan, f"{key}/1"), workspace.get(Registration, f"{key}/1")
        for arm in plan.arms:
            registered |= {(template.knobs(arm.change), r) for r in registration.replicates}
    tested = {(trial.knobs, trial.replicate) for trial in trials(workspace) if trial.split == "test"}
    assert tested == registered


def test_exploring_and_confirming_share_no_replicate(workspace: Workspace) -> None:
    template = load_template(MICRO)
    for trial in trials(workspace):
        assert trial.replicate in (template.exploring if trial.split == "dev" else template.confirming)


def test_every_plan_is_in_the_ledger_and_numbered_by_its_place(workspace: Workspace) -> None:
    plans = [workspace.get(Plan, f"{key}/1").hash for key in keys(workspace)]
    assert sorted(entry.plan for entry in Ledger(workspace).entries()) == sorted(plans)
    registrations = [workspace.get(Registration, f"{key}/1") for key in keys(workspace)]
    assert [(r.number, r.total) for r in registrations] == [(1, 2), (2, 2)]


def test_ideas_of_one_run_share_its_level(workspace: Workspace) -> None:
    assert {workspace.get(Plan, f"{key}/1").alpha for key in keys(workspace)} == {0.025 / 2}


def test_a_verdict_follows_from_its_plan_and_registration(workspace: Workspace) -> None:
    for key in keys(workspace):
        plan, registration = workspace.get(Plan, f"{key}/1"), workspace.get(Registration, f"{key}/1")
        assert {plan.hash, registration.hash} <= set(workspace.get(Verdict, key).parents)
        assert registration.plan_hash == plan.hash


def test_the_facts_name_everything_that_they_follow_from(workspace: Workspace) -> None:
    for key in keys(workspace):
        sources = {
            workspace.get(Plan, f"{key}/1").hash,
            workspace.get(Registration, f"{key}/1").hash,
            workspace.get(Tree, key).hash,
            workspace.get(Verdict, key).hash,
        }
        assert set(workspace.get(Facts, key).parents) == sources


def test_no_hashed_artifact_holds_a_time_or_a_path_of_the_machine(workspace: Workspace) -> None:
    for path in workspace.run_folder("study").rglob("*.json"):
        if "outcomes" in path.parts or "calls" in path.parts:
            continue
        text = path.read_text()
        assert str(workspace.root) not in text, path
        assert not {"wall_s_used", "started", "duration", "hostname"} & set(json.loads(text)["content"]), path


def test_the_number_of_workers_changes_no_artifact(root: Path, tmp_path: Path) -> None:
    run(tmp_path, "--ideas", "2", "--workers", "2")
    for path in sorted((root / "experiments" / "study").rglob("*.json")):
        if "outcomes" not in path.parts:
            other = tmp_path / path.relative_to(root)
            assert other.read_bytes() == path.read_bytes(), path


def test_a_later_run_knows_words_and_dev_scores_of_an_earlier_one(root: Path, tmp_path: Path) -> None:
    from agent.archive import collect

    workspace = Workspace(root)
    name = workspace.get(Run, "study")
    archive = collect(workspace, name.template, name.regime, "another")
    assert [f"{study.run}/{study.idea}" for study in archive.studies] == sorted(keys(workspace))
    assert collect(workspace, name.template, name.regime, "study").studies == ()
    text = archive.model_dump_json()
    for key in keys(workspace):
        for comparison in workspace.get(Verdict, key).comparisons:
            assert f"{comparison.mean:.4f}" not in text


def test_a_stop_ends_the_drawing_after_the_figure_that_is_being_drawn(root: Path, tmp_path: Path) -> None:
    from agent.cli.recorded import reading
    from agent.stages.analyse import analyse

    shutil.copytree(root / "experiments" / "study", tmp_path / "experiments" / "study")
    workspace = Workspace(tmp_path)
    key = keys(workspace)[0]
    drawn = workspace.path(Figures, key).parent / "figures"
    whole = {path.name: path.read_bytes() for path in drawn.iterdir()}
    workspace.path(Figures, key).unlink()
    shutil.rmtree(drawn)
    deps = reading(workspace.get(Run, "study"), workspace, load_template(MICRO))
    stopping = replace(deps, stop=lambda: Stopped("stopped") if drawn.exists() else None)
    recorded = (
        workspace.get(Plan, f"{key}/1"),
        workspace.get(Registration, f"{key}/1"),
        workspace.get(Tree, key),
    )
    with pytest.raises(Stopped):
        analyse(*recorded, stopping)
    assert len(list(drawn.iterdir())) == 1
    assert not workspace.has(Figures, key)
    analyse(*recorded, deps)
    assert {path.name: path.read_bytes() for path in drawn.iterdir()} == whole
