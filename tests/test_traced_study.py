"""A study of edited code knows which changed lines ran: it drops dead edits, and its paper tells the rest."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from agent.artifacts import Executed, Paper, Result, Run, SectionText, Tree
from agent.cli.recorded import reading
from agent.deps import Deps
from agent.evidence.audit import audit
from agent.stages.manuscript import held_against
from agent.stages.study import Study
from agent.templates import load_template
from agent.workspace import Workspace
from tests.served_model import MICRO_LINE, answer_to, completion_of, stage_of

HERE = Path(__file__).parent
STOPPED = 3
WORDS = """
title = "A bonus for careful guessing"
hypothesis = "A bonus to the chance of a right guess raises accuracy over the baseline."
what = "The function chance returns another probability."
prediction = "Accuracy rises."
refuted_if = "Accuracy does not rise by the smallest effect of interest."
"""
MICRO = HERE / "templates" / "micro"
DEAD = [
    {
        "file": "experiment.py",
        "search": "\n\n\ndef main(",
        "replace": "\n    if numbers is None:\n        return []\n\n\ndef main(",
    }
]
"""Stands behind the end of a function."""
BRANCH = """    careful = -0.05 if knobs["mode"] == "slow" else -0.1
    if knobs["width"] > 99:
        careful = gated_bonus(careful)
"""
HELPER = """def gated_bonus(x: float) -> float:
    shifted = x + 1.0
    return shifted


def chance("""
WORSE = [
    {"file": "experiment.py", "search": MICRO_LINE, "replace": BRANCH},
    {"file": "experiment.py", "search": "def chance(", "replace": HELPER},
]
"""Runs but for a branch and the function that only this calls, and scores less than the template."""


@pytest.fixture(scope="module")
def server() -> Iterator[HTTPServer]:
    def handle(request: Request) -> Response:
        body = json.loads(request.data)
        answer: dict[str, Any] = answer_to(body)
        if stage_of(body) == "edit":
            text = "\n".join(message["content"] for message in body["messages"])
            answer["edits"] = DEAD if "Step 1 of" in text else WORSE
        return Response(json.dumps(completion_of(body, json.dumps(answer))), content_type="application/json")

    with HTTPServer() as served:
        served.expect_request("/v1/chat/completions", method="POST").respond_with_handler(handle)
        yield served


def shoal(*command: str, program: tuple[str, ...] = ("-m", "agent")) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *program, *command], capture_output=True, text=True, cwd=HERE.parent
    )


@pytest.fixture(scope="module")
def searched(server: HTTPServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exploration that was killed before it wrote down which lines ran, and then resumed."""
    root = tmp_path_factory.mktemp("searched")
    killed = shoal(
        *("put", "lines", "before", "run", str(MICRO), "--name", "traced", "--workspace", str(root)),
        *("--sandbox", "bubblewrap", "--model", "vllm:x", "--base-url", server.url_for("/v1")),
        *("--explore", "4", "--until", "explore"),
        program=(str(HERE / "faults" / "killer.py"),),
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    resumed = shoal("resume", "traced", "--workspace", str(root), "--until", "explore")
    assert resumed.returncode == STOPPED, resumed.stderr
    return root


def bring(root: Path, edits: list[dict[str, str]]) -> subprocess.CompletedProcess[str]:
    """A scripted study of code that a person brings."""
    tables = "\n".join(
        "[[edits]]\n" + "\n".join(f"{k} = {json.dumps(v)}" for k, v in e.items()) for e in edits
    )
    (root / "idea.toml").write_text(f"{WORDS}\n{tables}\n")
    return shoal(
        *("run", str(MICRO), "--idea", str(root / "idea.toml"), "--name", "traced", "--workspace", str(root)),
        *(
            "--sandbox",
            "bubblewrap",
            "--explore",
            "3",
            "--replicates",
            "8",
            "--allow-uninformative",
            "--no-pdf",
        ),
    )


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study of brought code of which a part does not run."""
    root = tmp_path_factory.mktemp("brought")
    ended = bring(root, WORSE)
    assert ended.returncode == 0, ended.stderr
    return root


def opened(root: Path) -> Deps:
    store = Workspace(root)
    return reading(store.get(Run, "traced"), store, load_template(MICRO))


@pytest.fixture
def deps(workspace: Path) -> Deps:
    return opened(workspace)


def key(deps: Deps) -> str:
    (folder,) = (deps.workspace.run_folder("traced") / "ideas").iterdir()
    return f"traced/{folder.name}"


def test_the_best_edit_gives_way_where_nothing_of_it_runs(searched: Path) -> None:
    deps = opened(searched)
    edits = [c for c in deps.workspace.get(Tree, key(deps)).candidates if c.origin == "edit"]
    assert [(one.dead, one.traced is not None) for one in edits] == [(True, True), (False, True)]
    first, second = (one.trials[0].score for one in edits)
    assert first is not None
    assert second is not None
    assert first > second
    (winner,) = (w for w in deps.workspace.get(Tree, key(deps)).winners if w.arm == "treatment")
    assert winner.index != edits[0].index


def test_the_record_names_the_lines_that_did_not_run(deps: Deps) -> None:
    (arm,) = deps.workspace.get(Executed, key(deps)).arms
    assert arm.arm == "treatment"
    assert arm.trace is not None
    assert arm.trace.whole
    study = Study.read(key(deps).partition("/")[2], deps)
    code = deps.setup.template.code(study.plan.arms[0].change.edits)["experiment.py"].split("\n")
    assert [code[line - 1].strip() for line in arm.trace.files[0].missed] == [
        "shifted = x + 1.0", "return shifted", "careful = gated_bonus(careful)",
    ]  # fmt: skip
    assert study.facts.named("code.treatment.changed_lines").value == 6
    assert study.facts.named("code.treatment.missed_lines").value == 3


def test_a_traced_trial_has_no_score_and_runs_once(searched: Path) -> None:
    deps = opened(searched)
    (arm,) = deps.workspace.get(Executed, key(deps)).arms
    assert deps.workspace.get(Result, f"traced/{arm.trial}").metrics == ()
    lines = (searched / "experiments" / "traced" / "events.jsonl").read_text().splitlines()
    told = [event for event in map(json.loads, lines) if event.get("trial") == arm.trial]
    assert [event["reused"] for event in told].count(False) == 1
    assert all(event["score"] is None for event in told)


def test_the_paper_the_review_and_the_commands_tell_it(searched: Path, workspace: Path, deps: Deps) -> None:
    paper = workspace / "papers" / key(deps) / "round-0" / "paper.tex"
    assert "did not run in the trial that noted which lines run" in " ".join(paper.read_text().split())
    review = (workspace / "reviews" / key(deps) / "round-0" / "review.md").read_text()
    assert "Did every changed line of code run" in review
    shown = shoal("show", key(deps), "--workspace", str(workspace))
    assert "3 of 6 changed lines ran, not lines" in shown.stdout
    tree = shoal("tree", "traced", "--workspace", str(searched))
    assert "nothing of it ran" in tree.stdout


def test_a_paper_that_leaves_it_out_or_describes_dead_code_is_found(deps: Deps) -> None:
    paper = deps.workspace.get(Paper, f"{key(deps)}/0")
    context = held_against(Study.read(paper.idea, deps), deps)
    assert context.never_ran == {"x", "shifted", "gated_bonus"}

    def findings(*changed: SectionText) -> list[tuple[str, str]]:
        texts = {section.name: section for section in (*paper.sections, *changed)}
        return [(one.rule, one.reason) for one in audit(tuple(texts.values()), context).findings]

    assert findings() == []
    limitations = next(one.latex for one in paper.sections if one.name == "limitations")
    silent = limitations.replace(r"\setting{code.missed.treatment}", "some lines")
    assert [rule for rule, reason in findings(SectionText(name="limitations", latex=silent))] == [
        "completeness"
    ]
    method = next(one.latex for one in paper.sections if one.name == "method")
    for name in (r"\texttt{gated\_bonus}", "gated bonus"):
        told = f"{method} The {name} shifts every probability."
        (found,) = (f for f in findings(SectionText(name="method", latex=told)) if "traced" in f[1])
        assert found[0] == "recorded"
    denied = f"{method} The gated bonus never ran."
    assert not [f for f in findings(SectionText(name="method", latex=denied)) if "traced" in f[1]]


def test_brought_code_of_which_nothing_runs_ends_before_it_costs_anything(tmp_path: Path) -> None:
    ended = bring(tmp_path, DEAD)
    assert ended.returncode == 1
    assert "no changed line of the code brought" in ended.stderr
    assert len(list((tmp_path / "experiments" / "traced" / "results").iterdir())) == 1


def test_verify_and_replay_hold_the_record_against_the_trials(workspace: Path, tmp_path: Path) -> None:
    verified = shoal("verify", "traced", "--workspace", str(workspace), "--json")
    assert verified.returncode == 0, verified.stderr
    rows = {row["check"]: row["status"] for row in json.loads(verified.stdout)["rows"]}
    assert rows["lines"] == "ok"
    replayed = shoal("replay", "traced", "--workspace", str(workspace))
    assert replayed.returncode == 0, replayed.stderr
    copy = tmp_path / "copy"
    shutil.copytree(workspace, copy)
    (record,) = (copy / "experiments" / "traced" / "ideas").glob("*/executed.json")
    record.write_text(record.read_text().replace('"whole": true', '"whole": false'))
    assert shoal("verify", "traced", "--workspace", str(copy)).returncode == 1
