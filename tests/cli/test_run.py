"""A whole study from the command line, and what can be looked at afterwards; on the micro template."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.cli.checks import STAGES
from agent.cli.look import Summary
from agent.cli.study import Report, why
from agent.errors import PaperRefused, WorkspaceConflict
from agent.workspace import Workspace
from tests.cli.support import MICRO, assert_refused, environment, files, in_folder, run_record, small


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one finished study, `done`; tests read it only."""
    folder = tmp_path_factory.mktemp("study")
    ended = in_folder(folder)(*small("done"), "--json")
    assert ended.returncode == 0, ended.stderr
    (folder / "document.json").write_text(ended.stdout)
    (folder / "progress.txt").write_text(ended.stderr)
    return folder


@pytest.fixture(scope="module")
def document(study: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((study / "document.json").read_text())
    return document


def test_the_document_has_the_shape_of_the_contract(document: dict[str, Any]) -> None:
    assert list(document) == ["schema", "command", "run", "status", "ideas", "trials", "cost_usd"]
    assert (document["schema"], document["command"], document["run"]) == (1, "run", "done")
    assert document["status"] == "done"
    assert document["cost_usd"] == 0
    (idea,) = document["ideas"]
    assert list(idea) == ["id", "verdict", "pdf", "review", "error"]
    assert idea["verdict"] in ("supported", "refuted", "inconclusive")
    assert idea["error"] is None


def test_without_pdf_the_source_and_the_review_are_there(document: dict[str, Any], study: Path) -> None:
    (idea,) = document["ideas"]
    assert idea["pdf"] is None
    assert Path(idea["review"]).is_file()
    assert (study / "papers" / "done" / idea["id"] / "round-0" / "paper.tex").is_file()


def test_the_number_of_trials_is_that_of_the_results(document: dict[str, Any], study: Path) -> None:
    assert document["trials"] == len(list((study / "experiments/done/results").iterdir()))


def test_plain_progress_names_every_stage_and_no_test_score(study: Path) -> None:
    lines = (study / "progress.txt").read_text().splitlines()
    for stage in STAGES:
        assert any(stage in line for line in lines)
    assert not any("confirm" in line and "best" in line for line in lines)


def test_the_stages_of_the_flag_are_those_of_the_graph() -> None:
    from agent.graph import STAGES as OF_THE_GRAPH

    assert STAGES == OF_THE_GRAPH


def test_list_shows_the_run(study: Path) -> None:
    shown = in_folder(study)("list").stdout
    assert "done" in shown
    assert "micro" in shown
    runs = json.loads(in_folder(study)("list", "--json").stdout)["runs"]
    assert [run["run"] for run in runs] == ["done"]
    assert runs[0]["running"] is False


def test_show_prints_plan_effects_and_verdict(study: Path, document: dict[str, Any]) -> None:
    (idea,) = document["ideas"]
    shown = in_folder(study)("show", f"done/{idea['id']}").stdout
    for word in ("plan", "baseline", "effects", "verdict", idea["verdict"], "paper.tex", "review.md"):
        assert word in shown
    detail = json.loads(in_folder(study)("show", "done", "--json").stdout)["ideas"][0]
    assert detail["plan"]["n"] == 8
    assert detail["result"]["word"] == idea["verdict"]


def test_show_refuses_an_idea_that_is_not_there(study: Path, document: dict[str, Any]) -> None:
    assert_refused(in_folder(study)("show", "done/colour"), "colour", document["ideas"][0]["id"])


def test_logs_show_the_latest_events(study: Path) -> None:
    shown = in_folder(study)("logs", "done", "-n", "3").stdout.splitlines()
    assert len(shown) == 3
    assert "review" in shown[1] + shown[2]


def test_logs_show_what_a_trial_printed(study: Path) -> None:
    trial = next((study / "experiments/done/results").iterdir()).stem
    shown = in_folder(study)("logs", "done", "--trial", trial[:12])
    assert shown.returncode == 0
    assert trial in shown.stdout
    assert "bubblewrap" in shown.stdout
    assert_refused(in_folder(study)("logs", "done", "--trial", "nothing"), "no trial")


def test_looking_changes_nothing(study: Path) -> None:
    before = files(study)
    for command in (["list"], ["show", "done"], ["logs", "done"], ["clean"], ["stop", "done"]):
        in_folder(study)(*command)
    assert files(study) == before


def test_stopping_a_run_that_does_not_run_is_refused(study: Path) -> None:
    assert_refused(in_folder(study)("stop", "done"), "not running", "shoal resume done")


def test_resuming_an_ended_run_reports_it_again(study: Path, document: dict[str, Any]) -> None:
    again = in_folder(study)("resume", "done", "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout) == {**document, "command": "resume"}


def test_later_runs_get_the_next_free_number(study: Path, tmp_path: Path) -> None:
    shutil.copytree(study, tmp_path, dirs_exist_ok=True, symlinks=True)
    for number in (1, 2):
        stopped = in_folder(tmp_path)(*small(None), "--until", "ideate", "--json")
        assert stopped.returncode == 3, stopped.stderr
        document = json.loads(stopped.stdout)
        assert (document["run"], document["status"]) == (f"micro-{number}", "stopped")
        assert "shoal resume" in stopped.stderr.splitlines()[-1]


def test_resuming_removes_what_a_killed_process_left_half_written(study: Path, tmp_path: Path) -> None:
    shutil.copytree(study, tmp_path, dirs_exist_ok=True, symlinks=True)
    torn = tmp_path / "experiments/done/results/.0815.json.42.7.part"
    torn.write_text('{"schema": ')
    assert in_folder(tmp_path)("resume", "done").returncode == 0
    assert files(tmp_path / "experiments/done") == files(study / "experiments/done")


def test_removing_a_run_keeps_its_registration(study: Path, tmp_path: Path) -> None:
    shutil.copytree(study, tmp_path, dirs_exist_ok=True, symlinks=True)
    ledger = (tmp_path / "experiments/ledger.jsonl").read_bytes()
    assert_refused(in_folder(tmp_path)("clean", "--run", "done"), "--yes")
    assert Workspace(tmp_path).runs() == ["done"]
    assert in_folder(tmp_path)("clean", "--run", "done", "--store", "--yes").returncode == 0
    assert Workspace(tmp_path).runs() == []
    assert not (tmp_path / "papers/done").exists()
    assert not (tmp_path / "experiments/.store").exists()
    assert (tmp_path / "experiments/ledger.jsonl").read_bytes() == ledger


def test_a_question_too_many_leaves_no_run_behind(study: Path, tmp_path: Path) -> None:
    shutil.copytree(study, tmp_path, dirs_exist_ok=True, symlinks=True)
    refused = in_folder(tmp_path)(*small("many"), "--ideas", "19")
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[-1].startswith("shoal: ")
    assert Workspace(tmp_path).runs() == ["done"]
    assert not (tmp_path / "experiments/many").exists()


def test_a_run_of_another_graph_is_not_resumed(tmp_path: Path) -> None:
    Workspace(tmp_path).put("old", run_record("old").model_copy(update={"graph_version": 99}))
    assert_refused(in_folder(tmp_path)("resume", "old"), "version 99", "new run")


def test_a_changed_evaluator_is_named_on_resume(tmp_path: Path) -> None:
    shutil.copytree(MICRO, tmp_path / "templates" / "micro")
    shoal = in_folder(tmp_path)
    command = [*small("begun", template="micro"), "--until", "ideate"]
    assert shoal(*command).returncode == 3
    evaluator = tmp_path / "templates/micro/evaluate.py"
    evaluator.write_text(evaluator.read_text() + "\n# another one\n")
    assert_refused(shoal("resume", "begun"), "changed since it began", "evaluator")


def test_one_trial_prints_result_and_outcomes_and_records_nothing(tmp_path: Path) -> None:
    shoal = in_folder(tmp_path)
    arguments = ["trial", MICRO, "--replicate", "3", "--set", "width=4", "--sandbox", "bubblewrap"]
    done = shoal(*arguments, "--json", "--keep", "kept")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["result"]["status"] == "ok"
    assert document["trial"]["split"] == "dev"
    assert {"name": "width", "value": 4} in document["trial"]["knobs"]
    assert [outcome["status"] for outcome in document["outcomes"]] == ["ok", "ok"]
    assert any((tmp_path / "kept").iterdir())
    assert not list((tmp_path / "experiments").glob("*/run.json"))
    assert_refused(shoal(*arguments, "--keep", "kept"), "--keep", "empty")


def test_a_changed_experiment_is_named_on_resume(tmp_path: Path) -> None:
    shutil.copytree(MICRO, tmp_path / "templates" / "micro")
    shoal = in_folder(tmp_path)
    assert shoal(*small("begun", template="micro"), "--until", "explore").returncode == 3
    experiment = tmp_path / "templates/micro/experiment.py"
    experiment.write_text(experiment.read_text() + "\n# another one\n")
    assert_refused(shoal("resume", "begun"), "changed since it began", "experiment")


@pytest.mark.parametrize("damage", [b"\xff\xfe\n", b'[1]\n"x"\n{\n'])
def test_damaged_events_keep_nothing_from_being_shown(study: Path, tmp_path: Path, damage: bytes) -> None:
    shutil.copytree(study, tmp_path, dirs_exist_ok=True, symlinks=True)
    (tmp_path / "experiments/done/events.jsonl").write_bytes(damage)
    for command in (["list"], ["show", "done"], ["logs", "done"]):
        shown = in_folder(tmp_path)(*command)
        assert (shown.returncode, shown.stderr) == (0, "")


def test_a_damaged_run_is_named_and_can_be_removed(study: Path, tmp_path: Path) -> None:
    shutil.copytree(study, tmp_path, dirs_exist_ok=True, symlinks=True)
    (tmp_path / "experiments/done/run.json").write_text("{")
    for command in (["list"], ["resume", "done"], [*small("next"), "--until", "ideate"]):
        refused = in_folder(tmp_path)(*command)
        assert refused.returncode == 4
        assert len(refused.stderr.splitlines()) == 1
        assert "shoal clean --run done" in refused.stderr
    assert in_folder(tmp_path)("clean", "--run", "done", "--yes").returncode == 0
    assert Workspace(tmp_path).runs() == []


def test_a_closed_standard_output_is_no_fault(study: Path) -> None:
    command = f"{sys.executable} -m agent list >&-"
    done = subprocess.run(
        ["sh", "-c", command], cwd=study, env=environment(study), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_an_idea_that_failed_is_no_longer_said_to_fail_after_it_went_well(
    study: Path, tmp_path: Path
) -> None:
    shutil.copytree(study, tmp_path, dirs_exist_ok=True, symlinks=True)
    shoal = in_folder(tmp_path)
    shoal(*small("half"), "--until", "analyse")
    in_the_way = tmp_path / "papers/half"
    in_the_way.parent.mkdir(exist_ok=True)
    in_the_way.write_text("")
    failed = shoal("resume", "half", "--json")
    assert failed.returncode == 4, failed.stderr
    assert json.loads(failed.stdout)["ideas"][0]["error"].startswith("write: ")
    in_the_way.unlink()
    went_on = shoal("resume", "half", "--json")
    assert went_on.returncode == 0, went_on.stderr
    assert [idea["error"] for idea in json.loads(went_on.stdout)["ideas"]] == [None]


def test_each_failed_idea_is_named_once_with_the_way_on() -> None:
    ended = Summary(
        id="width", title="", stage="analyse", verdict="refuted", reason="", effects=(), pdf=None, tex=None,
        review=None, failed="write: the audit holds something",
    )  # fmt: skip
    well = replace(ended, id="mode", failed=None)
    report = Report("run", "two", "failed", [well, ended], 24, 0.0)
    text = why(PaperRefused("the audit holds something"), report)
    assert text == "two/width: write: the audit holds something (`shoal resume two` goes on)"
    assert why(None, report) == "two/width: write: the audit holds something"
    assert "resume" not in why(WorkspaceConflict("start a new run"), report)
