"""`shoal verify` passes a study as it was left, and names each forgery by the check that it breaks."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.artifacts import (
    Artifact,
    Facts,
    Measure,
    Paper,
    PaperFile,
    Plan,
    Registration,
    Result,
    Tree,
    Trial,
)
from agent.cli import run as command
from agent.ledger import Entry, Ledger
from agent.templates import load_template
from agent.workspace import Workspace, envelope
from tests.cli.recorded import RULES, SERVED, Recorded
from tests.cli.support import MICRO, REPOSITORY, files, in_folder

IDEA = "study/attention"
CRASH = """    if knobs["attention"] > 0.0 and arguments.replicate >= 16 and arguments.replicate % 4 == 0:
        raise SystemExit("too attentive")
"""
"""Some confirming trials of the treatment end without a score."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a whole study, its PDF too, in which some trials of the treatment failed."""
    here = tmp_path_factory.mktemp("verified") / "here"
    template = here / "templates" / "micro"
    shutil.copytree(MICRO, template)
    experiment = template / "experiment.py"
    before, knobs, after = experiment.read_text().partition("    offset = json.loads(")
    experiment.write_text(before + CRASH + knobs + after)
    done = in_folder(here)(
        *("run", "micro", "--name", "study", "--sandbox", "bubblewrap", "--idea", "attention"),
        *("--explore", "2", "--replicates", "8", "--allow-uninformative"),
    )
    assert done.returncode == 0, done.stderr
    return here


@dataclass(frozen=True)
class Study:
    """A copy of the study that may be forged."""

    workspace: Workspace
    verify: Callable[[], tuple[int, dict[tuple[str, str], dict[str, Any]]]]
    """Exit code, and the rows by idea and check."""

    def plan(self) -> tuple[Plan, Registration]:
        return self.workspace.get(Plan, f"{IDEA}/1"), self.workspace.get(Registration, f"{IDEA}/1")

    def confirming(self, arm: str) -> list[Result]:
        """The results of an arm, in the order of the registration."""
        plan, registration = self.plan()
        knobs = load_template(MICRO).knobs(next(one.change for one in plan.arms if one.name == arm))
        paths = sorted((self.workspace.run_folder("study") / "trials").glob("*.json"))
        trials = [self.workspace.get(Trial, f"study/{path.stem}") for path in paths]
        ids = {one.replicate: one.id for one in trials if one.split == "test" and one.knobs == knobs}
        found = [ids[replicate] for replicate in registration.replicates]
        return [self.workspace.get(Result, f"study/{one}") for one in found]

    def forge(self, key: str, artifact: Artifact) -> None:
        """Put other content under a key, with the hash that fits it."""
        self.workspace.path(type(artifact), key).write_bytes(envelope(artifact))


@pytest.fixture
def study(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Study:
    here = tmp_path / "here"
    shutil.copytree(finished, here, ignore=shutil.ignore_patterns(".store"))
    monkeypatch.chdir(here)

    def verify() -> tuple[int, dict[tuple[str, str], dict[str, Any]]]:
        code = command(["verify", IDEA, "--json"])
        printed = capsys.readouterr()
        assert printed.out, printed.err
        document = json.loads(printed.out)
        assert document["passed"] == (code == 0)
        return code, {(one["idea"], one["check"]): one for one in document["rows"]}

    return Study(Workspace(here), verify)


def test_a_study_as_it_was_left_passes_every_check_and_stays_as_it_was(study: Study) -> None:
    before = files(study.workspace.root)
    code, rows = study.verify()
    assert [one for one in rows.values() if one["status"] != "ok"] == []
    assert code == 0
    assert {check for _, check in rows} == {
        *("files", "ledger", "trials", "exploration", "plan", "registration", "verdict", "facts", "claims"),
        *("figures", "paper", "audit", "references", "numbers", "links"),
    }
    assert files(study.workspace.root) == before
    assert any(result.status == "crashed" for result in study.confirming("treatment"))


@pytest.mark.parametrize("run", [SERVED, RULES])
def test_a_study_of_a_model_s_code_passes_as_one_without_a_model_does(
    recorded: Recorded, run: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["verify", run, "--workspace", str(recorded.workspace)]) == 0, capsys.readouterr().err


def scored(study: Study, arm: str) -> Result:
    return next(result for result in study.confirming(arm) if result.status == "ok")


def one_digit_of_a_result(study: Study) -> None:
    result = scored(study, "treatment")
    raised = tuple(
        Measure(name=m.name, value=m.value + 0.001 if m.name == "accuracy" else m.value)
        for m in result.metrics
    )
    study.forge(f"study/{result.trial}", result.model_copy(update={"metrics": raised}))


def one_digit_of_a_result_and_not_its_hash(study: Study) -> None:
    path = study.workspace.path(Result, f"study/{scored(study, 'treatment').trial}")
    path.write_text(path.read_text().replace('"value": 0.', '"value": 0.1', 1))


def one_digit_of_a_fact(study: Study) -> None:
    facts = study.workspace.get(Facts, IDEA)
    items = tuple(
        f.model_copy(update={"value": f.value + 0.01}) if f.name == "effect.baseline.mean" else f
        for f in facts.items
    )
    study.forge(IDEA, facts.model_copy(update={"items": items}))


def with_other_latex(study: Study, change: Callable[[str], str]) -> None:
    """Other bytes of `paper.tex`, with the hash that fits them."""
    path = study.workspace.path(Paper, f"{IDEA}/0").parent / "paper.tex"
    changed = change(path.read_text())
    assert changed != path.read_text()
    path.write_text(changed)
    paper = study.workspace.get(Paper, f"{IDEA}/0")
    kept = tuple(file for file in paper.files if file.path != path.name)
    file = PaperFile(path=path.name, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    study.forge(f"{IDEA}/0", paper.model_copy(update={"files": (*kept, file)}))


def one_digit_of_the_paper(study: Study) -> None:
    value = study.workspace.get(Facts, IDEA).named("arm.treatment.mean")
    printed, other = (f"{number:.{value.digits}f}" for number in (value.value, value.value + 0.1))
    with_other_latex(study, lambda text: text.replace(printed, other))


def a_row_of_the_paper_s_appendix(study: Study) -> None:
    with_other_latex(study, lambda text: re.sub(r"\\shoalrow{arm\.control\.mean}.*\n", "", text))


def a_caption_of_the_paper(study: Study) -> None:
    with_other_latex(study, lambda text: text.replace("Bars are", "Bars are narrow: they are", 1))


def a_section_of_the_paper(study: Study) -> None:
    """The stored text of a section; its `paper.tex` stays."""
    paper = study.workspace.get(Paper, f"{IDEA}/0")
    sections = tuple(
        section.model_copy(update={"latex": section.latex.replace("was", "is", 1)})
        if section.name == "method"
        else section
        for section in paper.sections
    )
    assert sections != paper.sections
    study.forge(f"{IDEA}/0", paper.model_copy(update={"sections": sections}))


def a_line_of_the_run_s_ledger(study: Study) -> None:
    path = study.workspace.run_folder("study") / "ledger.jsonl"
    path.write_text(path.read_text().replace('"plan":"', '"plan":"0'))


def a_line_of_the_workspace_s_ledger(study: Study) -> None:
    path = study.workspace.root / "experiments" / "ledger.jsonl"
    path.write_text(path.read_text().replace('"kind":"primary"', '"kind":"reproduce"'))


def a_registration_that_the_run_does_not_hold(study: Study) -> None:
    path = study.workspace.run_folder("study") / "ledger.jsonl"
    path.write_text(path.read_text() + path.read_text().replace('"plan":"', '"plan":"f'))


def a_confirming_trial_before_the_registration(study: Study) -> None:
    path = study.workspace.run_folder("study") / "events.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    confirming = next(line for line in lines if '"stage": "confirm"' in line and '"trial"' in line)
    path.write_text("".join((confirming, *lines)))


def a_replicate_of_the_registration(study: Study) -> None:
    _, registration = study.plan()
    other = next(r for r in range(16, 32) if r not in registration.replicates)
    replicates = (*registration.replicates[:-1], other)
    study.forge(f"{IDEA}/1", registration.model_copy(update={"replicates": replicates}))


def two_arms_results_swapped(study: Study) -> None:
    for ours, theirs in zip(study.confirming("treatment"), study.confirming("baseline"), strict=True):
        study.forge(f"study/{ours.trial}", theirs.model_copy(update={"trial": ours.trial}))
        study.forge(f"study/{theirs.trial}", ours.model_copy(update={"trial": theirs.trial}))


def two_arms_files_swapped(study: Study) -> None:
    ours, theirs = scored(study, "treatment"), scored(study, "baseline")
    study.forge(f"study/{ours.trial}", theirs)
    study.forge(f"study/{theirs.trial}", ours)


def a_failed_trial_dropped(study: Study) -> None:
    failed = next(result for result in study.confirming("treatment") if result.status != "ok")
    for kind in (Trial, Result):
        study.workspace.path(kind, f"study/{failed.trial}").unlink()


def a_failed_trial_said_to_be_ok(study: Study) -> None:
    failed = next(result for result in study.confirming("treatment") if result.status != "ok")
    good = scored(study, "treatment")
    study.forge(f"study/{failed.trial}", good.model_copy(update={"trial": failed.trial}))


def a_trial_added(study: Study) -> None:
    _, registration = study.plan()
    result = scored(study, "treatment")
    trial = study.workspace.get(Trial, f"study/{result.trial}")
    other = next(r for r in range(16, 32) if r not in registration.replicates)
    added = trial.model_copy(update={"replicate": other})
    study.workspace.put(f"study/{added.id}", added)
    study.workspace.put(f"study/{added.id}", result.model_copy(update={"trial": added.id}))


def a_score_that_chose_the_winner(study: Study) -> None:
    tree = study.workspace.get(Tree, IDEA)
    first = tree.candidates[0]
    better = first.trials[0].model_copy(update={"score": 0.999})
    changed = first.model_copy(update={"trials": (better, *first.trials[1:])})
    study.forge(IDEA, tree.model_copy(update={"candidates": (changed, *tree.candidates[1:])}))


def the_smallest_effect_of_interest(study: Study) -> None:
    plan, _ = study.plan()
    study.forge(f"{IDEA}/1", plan.model_copy(update={"sesoi": 0.01}))


def a_figure(study: Study) -> None:
    figures = study.workspace.run_folder("study") / "ideas" / "attention" / "figures"
    shutil.copy(figures / "exploration.pdf", figures / "effects.pdf")


def the_pdf(study: Study) -> None:
    """Another study's PDF beside this one's LaTeX: its own, compiled from forged numbers, would be alike."""
    other = REPOSITORY / "papers" / "example-supported" / "knn-clean" / "round-0" / "paper.pdf"
    shutil.copy(other, study.workspace.path(Paper, f"{IDEA}/0").parent / "paper.pdf")


FORGERIES: list[tuple[Callable[[Study], None], set[str]]] = [
    (one_digit_of_a_result, {"verdict", "facts", "figures"}),
    (one_digit_of_a_result_and_not_its_hash, {"files", "verdict"}),
    (one_digit_of_a_fact, {"facts", "paper"}),
    (one_digit_of_the_paper, {"paper", "audit", "links"}),
    (a_row_of_the_paper_s_appendix, {"paper", "audit"}),
    (a_caption_of_the_paper, {"paper"}),
    (a_section_of_the_paper, {"paper"}),
    (a_line_of_the_run_s_ledger, {"ledger"}),
    (a_line_of_the_workspace_s_ledger, {"ledger"}),
    (a_registration_that_the_run_does_not_hold, {"ledger"}),
    (a_confirming_trial_before_the_registration, {"ledger"}),
    (a_replicate_of_the_registration, {"registration", "trials"}),
    (two_arms_results_swapped, {"verdict", "facts"}),
    (two_arms_files_swapped, {"trials", "verdict"}),
    (a_failed_trial_dropped, {"trials"}),
    (a_failed_trial_said_to_be_ok, {"verdict", "facts"}),
    (a_trial_added, {"trials"}),
    (a_score_that_chose_the_winner, {"exploration", "plan"}),
    (the_smallest_effect_of_interest, {"plan", "registration", "ledger"}),
    (a_figure, {"files", "figures"}),
    (the_pdf, {"numbers", "links"}),
]


@pytest.mark.parametrize(("forge", "checks"), FORGERIES, ids=lambda one: getattr(one, "__name__", ""))
def test_a_forgery_is_named_by_the_check_that_it_breaks(
    study: Study, forge: Callable[[Study], None], checks: set[str]
) -> None:
    forge(study)
    code, rows = study.verify()
    wrong = {check for (_, check), one in rows.items() if one["status"] == "wrong"}
    assert code == 1
    assert checks <= wrong, {check: rows[key]["findings"] for key in rows if (check := key[1]) in wrong}
    assert all(one["findings"] for one in rows.values() if one["status"] == "wrong")


def test_a_line_that_was_changed_in_the_paper_is_named_with_what_should_stand_there(study: Study) -> None:
    a_caption_of_the_paper(study)
    lines = (study.workspace.path(Paper, f"{IDEA}/0").parent / "paper.tex").read_text().splitlines()
    number = next(i for i, line in enumerate(lines, start=1) if "Bars are narrow" in line)
    column = lines[number - 1].index("narrow") + 1
    _, rows = study.verify()
    (found,) = rows["attention", "paper"]["findings"]
    assert found.startswith(f"paper.tex:{number}:{column}: ")
    assert "Bars are t intervals" in found


def test_what_cannot_be_checked_is_said_and_is_no_pass(study: Study) -> None:
    (study.workspace.path(Paper, f"{IDEA}/0").parent / "paper.pdf").unlink()
    (study.workspace.root / "experiments" / "ledger.jsonl").unlink()
    code, rows = study.verify()
    assert code == 0
    assert [key[1] for key, one in rows.items() if one["status"] == "not checked"] == ["numbers", "links"]
    assert "ledger is not here" in rows["", "ledger"]["evidence"]


def test_an_idea_without_a_verdict_is_no_finding_beside_one_that_has_it(study: Study) -> None:
    """A second idea is registered and under way."""
    ideas = study.workspace.run_folder("study") / "ideas"
    plan, registration = study.plan()
    other = plan.model_copy(update={"idea": "another", "sesoi": 0.2})
    (ideas / "another").mkdir()
    for name in ("idea.json", "tree.json"):
        shutil.copy(ideas / "attention" / name, ideas / "another" / name)
    study.workspace.put("study/another/1", other)
    study.workspace.put("study/another/1", registration.model_copy(update={"plan_hash": other.hash}))
    entry = Entry(run="study", plan=other.hash, pool=registration.pool, kind="primary")
    Ledger(study.workspace).append(entry)
    code, rows = study.verify()
    assert rows["another", "verdict"]["status"] == "not checked"
    assert [check for (_, check), one in rows.items() if one["status"] == "wrong"] == []
    assert code == 0


def test_a_run_whose_own_record_is_damaged_cannot_be_read(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    (study.workspace.run_folder("study") / "run.json").write_text("{")
    assert command(["verify", "study"]) == 4
    assert "run.json" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["study/nobody", "nothing"])
def test_what_is_not_there_is_the_user_s_mistake(study: Study, name: str) -> None:
    assert command(["verify", name]) == 2


@pytest.mark.parametrize("run", ["example-supported", "example-refuted", "example-inconclusive"])
def test_the_examples_verify_as_they_are_committed(
    run: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(REPOSITORY)
    assert command(["verify", run]) == 0, capsys.readouterr().err
