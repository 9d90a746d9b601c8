"""A figure that a model adds is tried in the sandbox, refused unless it shows results, and checked again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from agent.artifacts import AddedFigure, Axes, Ideas, Run
from agent.cli.recorded import reading
from agent.deps import Deps
from agent.evidence.added import Unfit
from agent.models.ask import Asked
from agent.models.wire import Reply
from agent.models.wire import Request as Question
from agent.sandboxes.bubblewrap import Bubblewrap
from agent.stages.figure import add_figure, compute, metrics_of, recorded_results
from agent.stages.study import Study
from agent.templates import load_template
from agent.trials.calculate import Sandboxed
from agent.trials.prepare import prepare
from agent.workspace import Workspace
from tests.served_model import FIGURE, answer_to, completion_of, stage_of

MICRO = Path(__file__).parents[1] / "templates" / "micro"
CONSTANT = {
    **FIGURE,
    "code": 'def series(results):\n    return [{"arm": "treatment", "y": [0.8, 0.82, 0.79]}]\n',
}
"""A figure of numbers that nothing measured."""


@dataclass(frozen=True)
class Served:
    """A study whose model first gives numbers of its own, and mends that when it is told."""

    root: Path
    asked: list[dict[str, Any]]
    """The requests for a figure."""
    said: str
    """What the run printed."""


def shoal(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "agent", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("added")
    asked: list[dict[str, Any]] = []

    def handle(request: Request) -> Response:
        body = json.loads(request.data)
        answer = answer_to(body)
        if stage_of(body) == "figure":
            asked.append(body)
            answer = answer if len(asked) > 1 else CONSTANT
        return Response(json.dumps(completion_of(body, json.dumps(answer))), content_type="application/json")

    with HTTPServer() as server:
        server.expect_request("/v1/chat/completions", method="POST").respond_with_handler(handle)
        ended = shoal(
            *("run", MICRO, "--name", "served", "--workspace", root, "--sandbox", "bubblewrap", "--no-pdf"),
            *("--model", "vllm:x", "--base-url", server.url_for("/v1"), "--explore", "2", "--figures", "1"),
            *("--replicates", "8", "--allow-uninformative"),
        )
        assert ended.returncode == 0, ended.stderr
        yield Served(root, asked, ended.stderr)


@pytest.fixture(scope="module")
def deps(served: Served) -> Deps:
    """What the stages may use of the served study, with the sandbox that it had."""
    workspace = Workspace(served.root)
    template, sandbox = load_template(MICRO), Bubblewrap(workspace.store)
    run = workspace.get(Run, "served")
    prepared = prepare(template, run.regime, sandbox, workspace.store)
    calculator = Sandboxed(prepared, sandbox, workspace, run.name)
    return replace(reading(run, workspace, template), calculator=calculator)


@pytest.fixture(scope="module")
def study(deps: Deps) -> Study:
    return Study.read(deps.workspace.get(Ideas, "served").items[0].id, deps)


def paper(served: Served, study: Study) -> Path:
    return served.root / "papers" / "served" / study.idea.id / "round-0"


# ------------------------------------------------------------------------------------------ the study


def test_numbers_of_the_models_own_go_back_to_it_and_the_mended_figure_stands_in_the_paper(
    served: Served, study: Study
) -> None:
    assert len(served.asked) == 2
    told = served.asked[1]["messages"][-1]["content"]
    assert "do not follow the results" in told or "outside of what was recorded" in told
    assert "an added figure did not pass its trial" in served.said
    assert study.added is not None
    assert study.added.asked == 2
    text = (paper(served, study) / "paper.tex").read_text()
    assert (
        r"\includegraphics[width=\linewidth,height=0.42\textheight,keepaspectratio]{figures/added.pdf}"
        in text
    )
    assert "Drawn by code that a model wrote, from the recorded results of" in text
    assert r"\ref{fig:added}" in text
    assert (paper(served, study) / "figures" / "added.py").read_text() == study.added.code
    assert (paper(served, study) / "figures" / "added.pdf").read_bytes().startswith(b"%PDF")


def test_the_model_is_told_the_form_of_the_results_and_no_value(
    served: Served, study: Study, deps: Deps
) -> None:
    text = served.asked[0]["messages"][-1]["content"]
    measured = {
        value
        for trial in recorded_results(study, deps)["trials"]
        for value in trial["metrics"].values()
        if len(str(value)) > 4
    }
    assert measured
    assert [value for value in measured if str(value) in text] == []


def test_verify_replay_and_show_know_the_figure(served: Served, study: Study) -> None:
    verified = shoal("verify", "served", "--workspace", served.root, "--json")
    assert verified.returncode == 0, verified.stderr
    rows = {row["check"]: row for row in json.loads(verified.stdout)["rows"]}
    assert rows["added figure"]["status"] == "ok"
    replayed = shoal("replay", "served", "--workspace", served.root)
    assert replayed.returncode == 0, replayed.stderr
    shown = shoal("show", f"served/{study.idea.id}", "--workspace", served.root)
    assert "figure      added: " in shown.stdout


def changed(served: Served, tmp_path: Path, study: Study) -> tuple[Path, Path]:
    """A copy of the study, and its record of the figure."""
    root = tmp_path / "copy"
    shutil.copytree(served.root, root, symlinks=True)
    return root, Workspace(root).path(AddedFigure, f"served/{study.idea.id}")


def test_verify_sees_a_series_that_was_changed_with_its_hash(
    served: Served, study: Study, tmp_path: Path
) -> None:
    root, path = changed(served, tmp_path, study)
    assert study.added is not None
    first, *others = study.added.series
    forged = first.model_copy(update={"y": (first.y[0] + 0.01, *first.y[1:])})
    path.unlink()
    record = study.added.model_copy(update={"series": (forged, *others)})
    Workspace(root).put(f"served/{study.idea.id}", record)
    verified = shoal("verify", "served", "--workspace", root)
    assert verified.returncode == 1
    assert "its series are not what its code computes from the recorded results" in verified.stderr


def test_a_study_that_was_killed_while_the_code_ran_ends_in_the_same_bytes_without_another_call(
    served: Served, study: Study, tmp_path: Path
) -> None:
    root, path = changed(served, tmp_path, study)
    folder = Workspace(root).run_folder("served")
    for calculation in sorted((folder / "calculations").glob("*.json"))[::2]:
        calculation.unlink()
    for gone in (path, *folder.glob("checkpoint.sqlite*"), *(root / "reviews").rglob("*.json")):
        gone.unlink()
    shutil.rmtree(root / "papers")
    asked = len(served.asked)
    resumed = shoal("resume", "served", "--workspace", root)
    assert resumed.returncode == 0, resumed.stderr
    assert len(served.asked) == asked
    for before in sorted(paper(served, study).rglob("*")):
        if before.is_file():
            after = root / before.relative_to(served.root)
            assert after.read_bytes() == before.read_bytes(), before.name
    assert (
        path.read_bytes() == Workspace(served.root).path(AddedFigure, f"served/{study.idea.id}").read_bytes()
    )


# ----------------------------------------------------------------------------- what the sandbox sees


LEVELS = Axes(metric="accuracy", y="level", x="arm", marks="points")
START = "def series(results):\n"
MEANS = """
    ends = [(t["arm"], t["metrics"]["accuracy"]) for t in results["trials"] if t["metrics"]]
    arms = [arm["name"] for arm in results["arms"]]
    return [{"arm": a, "y": [sum(v for b, v in ends if a == b) / sum(a == b for b, _ in ends)]} for a in arms]
"""
REFUSED = {
    "constants": ('    return [{"arm": "treatment", "y": [0.75]}]', "do not follow|outside"),
    "random numbers": (
        '    import random\n    return [{"arm": "treatment", "y": [0.7 + random.random() / 1e3]}]',
        "differ: the code is not deterministic|outside",
    ),
    "the time": (
        '    import time\n    return [{"arm": "treatment", "y": [0.7 + time.time_ns() % 9973 / 1e6]}]',
        "differ: the code is not deterministic|outside",
    ),
    "a crash": ('    return [{"arm": "treatment", "y": [1 / 0]}]', "ZeroDivisionError"),
    "no number": ('    return [{"arm": "treatment", "y": [float("nan")]}]', "failed"),
    "the network": (
        "    import socket\n    socket.create_connection(('127.0.0.1', 80), 1)\n    return []",
        "failed",
    ),
    "another file": ("    return open('/job/data/common').read()", "failed"),
    "its own output": (
        '    open("/out/series.json", "w").write("{}")\n    import os\n    os._exit(0)',
        "series",
    ),
    "nothing": ("    return []", "no point"),
}


@pytest.mark.parametrize(("body", "why"), REFUSED.values(), ids=REFUSED)
def test_code_that_shows_no_results_is_refused_with_the_reason(
    body: str, why: str, study: Study, deps: Deps
) -> None:
    results = recorded_results(study, deps)
    with pytest.raises(Unfit, match=why):
        compute(START + body, LEVELS, results, metrics_of(deps), deps)


def test_honest_code_passes_and_is_not_run_again_where_its_runs_are_recorded(
    study: Study, deps: Deps
) -> None:
    results = recorded_results(study, deps)
    first = compute(START + MEANS, LEVELS, results, metrics_of(deps), deps)
    folder = deps.workspace.run_folder("served") / "calculations"
    recorded = {path: path.stat().st_mtime_ns for path in folder.glob("*.json")}
    assert compute(START + MEANS, LEVELS, results, metrics_of(deps), deps) == first
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*.json")} == recorded
    assert len(first.calculations) == 6


# ------------------------------------------------------------------------------ an author who gives none


@dataclass
class Always:
    """A client with one answer."""

    answer: dict[str, Any]
    asked: int = 0

    def complete(self, request: Question) -> Reply:
        """That answer."""
        self.asked += 1
        return Reply(text=json.dumps(self.answer), finish="stop", mode="json")


@pytest.mark.parametrize(
    ("answer", "asked", "why"),
    [
        (CONSTANT, 3, "none passed its trial"),
        ({**FIGURE, "caption": r"The treatment is better, as each point of these shows."}, 3, "Caption"),
        ({**FIGURE, "code": "", "none_because": "The table says it all."}, 1, "The table says it all."),
        ({**FIGURE, "caption": "Up by 97.31 percent."}, 3, "97.31"),
        ({"nothing": "of it"}, 3, "no usable answer"),
    ],
    ids=["constants", "a result in the caption", "none", "a number in the caption", "no answer"],
)
def test_a_figure_that_comes_to_nothing_is_left_out_and_ends_no_study(
    answer: dict[str, Any], asked: int, why: str, study: Study, deps: Deps, tmp_path: Path
) -> None:
    root = tmp_path / "copy"
    shutil.copytree(deps.workspace.root, root, symlinks=True)
    workspace, client, told = Workspace(root), Always(answer), []
    workspace.path(AddedFigure, f"served/{study.idea.id}").unlink()
    again = replace(
        deps,
        workspace=workspace,
        model=Asked(client, {"default": "test:x"}),
        emit=lambda event: told.append(event.text),
    )
    added = add_figure(Study.read(study.idea.id, again), again)
    assert added is not None
    assert added.figure is None
    assert why in added.why_none
    assert client.asked == asked
    assert any("gets no added figure" in text for text in told)
