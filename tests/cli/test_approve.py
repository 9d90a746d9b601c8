"""People at the gates: waiting over restarts and kills, answers while a run lives, edits, refusals."""

import json
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent.archive import collect
from agent.artifacts import Ideas, Plan, Run
from agent.cli.approve import taken_back
from agent.errors import UserError
from agent.stages.approvals import take_up
from agent.workspace import Workspace, envelope
from tests.cli.at_once import at_once
from tests.cli.support import MICRO, assert_refused, environment, in_folder, small

TWO = [
    *("run", str(MICRO), "--name", "seen", "--sandbox", "bubblewrap", "--no-pdf", "--explore", "2"),
    *("--replicates", "8", "--allow-uninformative", "--ideas", "2"),
]
OWN_TO_A_RUN = {"run.json", "events.jsonl", "ledger.jsonl", "lock", "approvals.lock"}
"""What holds times, the order in which ideas registered, or that a person was to be asked."""


def evidence(folder: Path) -> dict[str, bytes]:
    """What the experiments of the run `seen` left behind."""
    run = folder / "experiments" / "seen"
    return {
        path.relative_to(run).as_posix(): path.read_bytes()
        for path in sorted(run.rglob("*"))
        if path.is_file()
        and path.name not in OWN_TO_A_RUN
        and not path.name.startswith("checkpoint")
        and not {"approvals", "outcomes", "calls"} & set(path.relative_to(run).parts)
    }


def begun(folder: Path, words: str, *command: str) -> subprocess.Popen[str]:
    """A process that has just said `words`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "agent", *command],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    hear(process, words)
    return process


def hear(process: subprocess.Popen[str], words: str) -> None:
    assert process.stderr is not None
    if not any(words in line for line in process.stderr):
        raise AssertionError(f"it ended with {process.wait()} and never said {words!r}")


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the run `seen` of two ideas that both wait."""
    folder = tmp_path_factory.mktemp("waiting")
    stopped = in_folder(folder)(*TWO, "--approve", "idea", "--json")
    assert stopped.returncode == 3, stopped.stderr
    (folder / "stderr").write_text(stopped.stderr)
    (folder / "document.json").write_text(stopped.stdout)
    return folder


@pytest.fixture
def folder(waiting: Path, tmp_path: Path) -> Path:
    """A copy of it to answer in."""
    shutil.copytree(waiting, tmp_path, dirs_exist_ok=True, symlinks=True)
    return tmp_path


def test_a_run_says_in_a_line_each_what_it_waits_for_and_how_to_answer(waiting: Path) -> None:
    lines = [line for line in (waiting / "stderr").read_text().splitlines() if line.startswith("shoal:")]
    assert len(lines) == 3
    assert all(f"`shoal approve seen/{idea}`" in lines[i] for i, idea in enumerate(("attention", "ritual")))
    assert "`shoal resume seen`" in lines[2]
    assert json.loads((waiting / "document.json").read_text())["status"] == "stopped"
    assert at_once(waiting)("list").stdout.count("waits for you") == 2
    shown = json.loads(at_once(waiting)("show", "seen/ritual", "--json").stdout)
    assert "shoal approve seen/ritual" in shown["ideas"][0]["waits"]


def test_approved_ideas_go_on_over_kills_and_find_what_an_unwatched_run_finds(folder: Path) -> None:
    shoal, answer = in_folder(folder), at_once(folder)
    assert answer("approve", "seen/attention").returncode == 0
    kill(begun(folder, "attention explore:", "resume", "seen"))  # while ritual waits

    living = begun(folder, "attention explore:", "resume", "seen")
    answered = answer("approve", "seen/ritual", "--why", "worth it")
    assert answered.returncode == 0, answered.stderr
    assert "the run takes it up" in answered.stderr
    hear(living, "ritual explore")
    kill(living)

    resumed = shoal("resume", "seen", "--allow-uninformative")
    assert resumed.returncode == 0, resumed.stderr
    (paper,) = (folder / "papers/seen/ritual").glob("round-0/paper.tex")
    assert "approved the idea before anything was run" in paper.read_text()

    other = folder / "unwatched"
    shutil.copytree(folder / "experiments/.store", other / "experiments/.store", symlinks=True)
    assert in_folder(other)(*TWO).returncode == 0
    watched, unwatched = evidence(folder), evidence(other)
    assert sorted(watched) == sorted(unwatched)
    assert [name for name in unwatched if watched[name] != unwatched[name]] == []


def test_a_person_changes_idea_and_plan_and_rejects_the_paper(tmp_path: Path) -> None:
    shoal, answer = in_folder(tmp_path), at_once(tmp_path)
    assert shoal(*small("one"), "--approve", "idea,plan,paper").returncode == 3
    stale = answer("approve", "one/attention", "--of", "0123456789")
    assert (stale.returncode, "look at it" in stale.stderr) == (2, True)

    def editor(sed: str) -> dict[str, str]:
        script = tmp_path / "editor"
        script.write_text(f'#!/bin/sh\nsed -i "{sed}" "$1"\n')
        script.chmod(0o755)
        return {"VISUAL": str(script), "TMPDIR": str(tmp_path)}

    def edited(sed: str) -> subprocess.CompletedProcess[str]:
        return answer("approve", "one/attention", "--edit", env=editor(sed))

    assert edited("s/^title = .*/title = 'Attention, renamed'/").returncode == 0
    assert shoal("resume", "one").returncode == 3
    for sed, words in (
        ("s/^n = .*/n = 7/", "choose 8 to 16"),
        ("s/^n = .*/n = 17/", "choose 8 to 16"),
        ("s/^arms = .*/arms = ['baseline']/", "'baseline' cannot be in the list"),
        ("$ a alpha = 0.5", "it may have n, arms"),
        ("s/^n = .*/n =/", "nothing was recorded"),
    ):
        refused = edited(sed)
        assert (refused.returncode, words in refused.stderr) == (2, True), refused.stderr
    assert edited("s/^n = .*/n = 9/; s/^arms = .*/arms = []/").returncode == 0
    waits = shoal("resume", "one")
    assert (waits.returncode, "its paper" in waits.stderr) == (3, True), waits.stderr

    workspace = Workspace(tmp_path)
    plan = workspace.get(Plan, "one/attention/1")
    assert (plan.n, [arm.name for arm in plan.arms]) == (9, ["treatment", "baseline"])
    paper = (tmp_path / "papers/one/attention/round-0/paper.tex").read_text()
    assert "Attention, renamed" in paper
    assert "after changing its title" in paper
    assert "after setting the number of replicates to 9 and taking out the control" in paper

    assert answer("reject", "one/attention", "--why", "it says little").returncode == 0
    ended = shoal("resume", "one", "--json")
    assert ended.returncode == 1, ended.stderr
    (idea,) = json.loads(ended.stdout)["ideas"]
    assert idea["verdict"] in ("supported", "refuted", "inconclusive")
    assert idea["error"] == "paper: rejected by a person: it says little"
    assert_refused(answer("approve", "one/attention"), "was rejected (it says little)")


def test_a_rejected_idea_ends_and_the_other_goes_on(folder: Path) -> None:
    shoal, answer = in_folder(folder), at_once(folder)
    assert answer("reject", "seen/ritual", "--why", "superstition").returncode == 0
    waits = shoal("resume", "seen", "--json")
    assert waits.returncode == 3
    assert "`shoal approve seen/attention`" in waits.stderr
    errors = [idea["error"] for idea in json.loads(waits.stdout)["ideas"]]
    assert errors == [None, "idea: rejected by a person: superstition"]
    workspace = Workspace(folder)
    run = workspace.get(Run, "seen")
    (known,) = collect(workspace, run.template, run.regime, "another").studies
    assert (known.idea, known.word) == ("ritual", "rejected")
    assert known.explored == "rejected by a person: superstition"
    assert not (folder / "experiments/seen/ideas/ritual/tree.json").exists()


def test_an_answer_to_something_that_changed_since_does_not_count(folder: Path) -> None:
    shoal, answer = in_folder(folder), at_once(folder)
    for idea in ("attention", "ritual"):
        assert answer("approve", f"seen/{idea}").returncode == 0
    workspace = Workspace(folder)
    ideas = workspace.get(Ideas, "seen")
    other = tuple(idea.model_copy(update={"title": f"{idea.title}, again"}) for idea in ideas.items)
    workspace.path(Ideas, "seen").write_bytes(envelope(ideas.model_copy(update={"items": other})))
    waits = shoal("resume", "seen")
    assert waits.returncode == 3, waits.stderr
    lines = [line for line in waits.stderr.splitlines() if line.startswith("shoal: seen/")]
    assert ["`shoal approve seen/" in line for line in lines] == [True, True]
    assert answer("approve", "seen/attention").returncode == 0


def test_what_cannot_be_answered_is_refused(folder: Path) -> None:
    answer = at_once(folder)
    assert_refused(answer("approve", "seen"), "several ideas wait", "seen/attention", "seen/ritual")
    assert_refused(answer("approve", "seen/width"), "no idea 'width'")
    assert_refused(answer("reject", "seen/ritual", "--why", " "), "--why")
    assert_refused(answer("reject", "seen/ritual", "--why", "no \udcff"), "--why", "UTF-8")
    assert_refused(answer("reject", "seen/ritual", "--why", "no \x1b[31m"), "--why", "control character")
    for left in (r"printf '\377' >", "rm"):
        script = folder / "editor"
        script.write_text(f'#!/bin/sh\n{left} "$1"\n')
        script.chmod(0o755)
        spoilt = answer("approve", "seen/ritual", "--edit", env={"VISUAL": str(script)})
        assert (spoilt.returncode, "cannot be read" in spoilt.stderr) == (2, True), spoilt.stderr
    assert_refused(answer(*small("x"), "--approve", ","), "--approve", "idea, plan, paper")
    assert_refused(answer(*small("x"), "--approve", "money"), "--approve money", "idea, plan, paper")
    refused = answer("approve", "seen/ritual", "--edit", env={"VISUAL": "", "EDITOR": ""})
    assert (refused.returncode, "set EDITOR" in refused.stderr) == (2, True)
    assert answer("approve", "seen/ritual", "--json").returncode == 0
    assert_refused(answer("approve", "seen/ritual"), "its idea is approved already")


def test_an_answer_can_be_taken_back_until_the_run_went_on_from_it(folder: Path) -> None:
    shoal, answer = in_folder(folder), at_once(folder)
    assert_refused(answer("approve", "--undo", "seen/ritual"), "no answer that could be taken back")
    given = answer("reject", "seen/ritual", "--why", "a slip of the hand")
    assert "`shoal approve --undo seen/ritual` takes the answer back until then" in given.stderr
    assert_refused(answer("approve", "seen/ritual"), "was rejected", "approve --undo seen/ritual")
    assert_refused(answer("approve", "--undo", "seen/ritual", "--why", "x"), "without --edit, --why")
    undone = answer("approve", "--undo", "seen", "--json")
    assert undone.returncode == 0, undone.stderr
    assert json.loads(undone.stdout)["undone"]["why"] == "a slip of the hand"
    assert "waits for a person to approve its idea" in undone.stderr

    for idea in ("attention", "ritual"):
        assert answer("approve", f"seen/{idea}").returncode == 0
    assert_refused(answer("approve", "--undo", "seen"), "several answers", "name one as seen/IDEA")
    assert shoal("resume", "seen", "--until", "ideate").returncode == 3
    assert_refused(answer("approve", "--undo", "seen/ritual"), "the run has gone on from the answer")


def test_an_answer_is_either_taken_up_or_taken_back(folder: Path) -> None:
    answer, workspace, key = at_once(folder), Workspace(folder), "seen/ritual"
    for _ in range(20):
        assert answer("approve", key).returncode == 0
        with ThreadPoolExecutor(2) as both:
            undone = both.submit(taken_back, key, folder, json=False)
            taken = both.submit(take_up, "idea", key, workspace)
            refused = isinstance(undone.exception(), UserError)
            assert (taken.result() is not None) == refused
        if refused:
            return
