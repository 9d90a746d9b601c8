"""Hints, pruning and pinning: in force from a fixed choice, the same over a kill, refused where too late."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from agent.artifacts import Candidate, Change, Edit, Idea, Run, Scored, Tree
from agent.search import branches, next_parent
from agent.stages.people import notes
from agent.workspace import Workspace
from tests.cli.at_once import at_once
from tests.cli.support import MICRO, assert_refused, environment, in_folder, small
from tests.served_model import answer_to

EXPLORE = 8
"""Four edits: choices 0 to 3."""
ASKED_AT, KILLED_AT = 2, 3
"""The person speaks while edit 2 is written, so from choice 3 on; the kill hits while edit 3 is written."""
HINT = "Think of the width of the guess"


class Author:
    """A server that writes edits which build on one another, and does something while it writes one."""

    def __init__(self, server: HTTPServer) -> None:
        self.prompts: list[tuple[int, str]] = []
        """Step, from 0, and text of every request for an edit."""
        self.meanwhile: dict[int, Callable[[], None]] = {}
        server.expect_request("/v1/chat/completions", method="POST").respond_with_handler(self.handle)

    def handle(self, request: Request) -> Response:
        body = json.loads(request.data)
        text = "\n".join(message["content"] for message in body["messages"])
        if body["response_format"]["json_schema"]["name"] == "edit":
            step = re.search(r"[Ss]tep (\d+) of", text)
            assert step is not None
            number = int(step[1]) - 1
            self.prompts.append((number, text))
            self.meanwhile.pop(number, lambda: None)()
            (line,) = re.findall(r"^    careful = .*\n", text, re.MULTILINE)
            bonus = f'    careful = 0.0{number + 1} if knobs["mode"] == "slow" else 0.0{number + 1}\n'
            edit = {"file": "experiment.py", "search": line, "replace": bonus}
            answer: dict[str, Any] = {"description": f"Step {number}.", "edits": [edit], "none_because": ""}
        else:
            answer = answer_to(body)
        message = {"role": "assistant", "content": json.dumps(answer)}
        return Response(
            json.dumps({
                "id": "a", "object": "chat.completion", "created": 0, "model": body["model"],
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18},
            }),
            content_type="application/json",
        )  # fmt: skip


def exploring(folder: Path, name: str, url: str) -> subprocess.Popen[str]:
    """A run against the server that ends after exploring; each edit knows all earlier ones."""
    command = [
        *("run", str(MICRO), "--name", name, "--sandbox", "bubblewrap", "--explore", str(EXPLORE)),
        *("--model", "vllm:x", "--base-url", url, "--no-pdf", "--until", "explore"),
    ]
    return subprocess.Popen(
        [sys.executable, "-m", "agent", *command],
        cwd=folder,
        env={**environment(folder), "SHOAL_RUN__LAG": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def server() -> Any:
    with HTTPServer() as running:
        yield running


@pytest.fixture(scope="module")
def steered(server: HTTPServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, Author]:
    """A workspace with `straight`, steered and left alone, and `killed`, steered, killed and resumed."""
    folder = tmp_path_factory.mktemp("steered")
    author, url = Author(server), server.url_for("/v1")

    def speak(name: str) -> None:
        in_folder(folder)("hint", name, HINT)
        (idea,) = (path.parent.name for path in folder.glob(f"experiments/{name}/ideas/*/idea.json"))
        in_folder(folder)("prune", f"{name}/{idea}", "t0")
        in_folder(folder)("pin", f"{name}/{idea}", "t0")  # which is cut off: it is refused
        in_folder(folder)("pin", f"{name}/{idea}", "t1")

    author.meanwhile = {ASKED_AT: lambda: speak("straight")}
    straight = exploring(folder, "straight", url)
    _, err = straight.communicate()
    assert straight.returncode == 3, err

    author.meanwhile = {ASKED_AT: lambda: speak("killed"), KILLED_AT: lambda: kill_it()}
    killed = exploring(folder, "killed", url)

    def kill_it() -> None:
        os.kill(killed.pid, signal.SIGKILL)

    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    return folder, url, author


def resumed(folder: Path, url: str) -> None:
    ended = in_folder(folder)(
        "resume", "killed", "--base-url", url, "--until", "explore", env={"SHOAL_RUN__LAG": "1"}
    )
    assert ended.returncode == 3, ended.stderr


def tree_of(folder: Path, run: str) -> tuple[bytes, Tree]:
    (path,) = folder.glob(f"experiments/{run}/ideas/*/tree.json")
    return path.read_bytes(), Workspace(folder).get(Tree, f"{run}/{path.parent.name}")


def test_wishes_hold_from_a_fixed_choice_and_a_kill_changes_nothing(
    steered: tuple[Path, str, Author],
) -> None:
    folder, url, author = steered
    answer = at_once(folder)
    (idea,) = (path.parent.name for path in folder.glob("experiments/killed/ideas/*/idea.json"))
    shown = answer("tree", f"killed/{idea}").stdout
    assert re.search(r"t0 .*pruned", shown)
    assert re.search(r"t1 .*pinned", shown)
    assert_refused(answer("prune", f"killed/{idea}", "t9"), "no candidate 't9'", "shoal tree")
    assert_refused(answer("prune", f"killed/{idea}", "b0"), "baseline", "only candidates of the treatment")

    asked = len(author.prompts)
    resumed(folder, url)
    assert [step for step, _ in author.prompts[asked:]] == [KILLED_AT], "an answer was asked for again"
    (straight, tree), (killed, _) = tree_of(folder, "straight"), tree_of(folder, "killed")
    assert killed == straight
    assert not list(folder.glob("experiments/*/ideas/*/choices.json"))

    assert [(one.act, one.node, one.choice) for one in tree.steering] == [
        ("hint", "", ASKED_AT + 1),
        ("prune", "t0", ASKED_AT + 1),
        ("pin", "t1", ASKED_AT + 1),
    ]
    assert all((HINT in text) == (step > ASKED_AT) for step, text in author.prompts)
    treatment = [one for one in tree.candidates if one.arm == "treatment"]
    cut = branches(treatment, {0})
    assert all(one.parent not in cut for one in treatment if one.index > ASKED_AT)
    (won,) = (one.index for one in tree.winners if one.arm == "treatment")
    assert won not in cut
    assert_refused(answer("prune", f"straight/{idea}", "t1"), "has ended")
    assert_refused(answer("hint", "straight", "too late"), "has ended")


def edit(index: int, score: float | None, parent: int | None = None) -> Candidate:
    trial = Scored(replicate=0, trial=f"t{index}", status="crashed" if score is None else "ok", score=score)
    change = Change(edits=(Edit(file="a.py", search="a", replace=str(index)),))
    return Candidate(
        arm="treatment",
        index=index,
        change=change,
        code_hash="c",
        origin="edit",
        parent=parent,
        trials=(trial,),
    )


EDITS = [edit(0, 0.9), edit(1, 0.5), edit(2, 0.8, parent=0), edit(3, 0.6, parent=1), edit(4, None, parent=1)]


def parent(k: int, *, pruned: set[int], pinned: set[int]) -> int | None:
    return next_parent(EDITS, k, 1, goal="maximize", worst=0.0, root=0.1, pruned=pruned, pinned=pinned)


def test_a_pruned_branch_gets_no_children() -> None:
    assert parent(5, pruned=set(), pinned=set()) == 0
    assert parent(5, pruned={0}, pinned=set()) == 3
    assert parent(5, pruned={0, 1}, pinned=set()) is None


def test_a_pinned_branch_gets_every_second_choice_and_its_best_working_edit_is_built_on() -> None:
    assert [parent(k, pruned=set(), pinned={1}) for k in (5, 6, 7, 8)] == [0, 3, 0, 3]
    assert parent(6, pruned=set(), pinned={4}) == 0
    assert parent(6, pruned={1}, pinned={1}) == 0


def test_a_scripted_study_records_a_hint_and_says_that_nobody_reads_it(tmp_path: Path) -> None:
    shoal, answer = in_folder(tmp_path), at_once(tmp_path)
    assert shoal(*small("knob"), "--until", "ideate").returncode == 3
    given = answer("hint", "knob", "look at the width")
    assert (given.returncode, "nobody reads it" in given.stderr) == (0, True)
    assert_refused(answer("hint", "knob", " "), "1 to 2000 characters")
    assert_refused(answer("prune", "knob", "t0"), "no candidate 't0'")
    key = {"OPENAI_API_KEY": "sk-SECRETKEY12345"}
    assert_refused(answer("hint", "knob", "key sk-SECRETKEY12345 here", env=key), "holds the key")
    assert_refused(answer("hint", "knob", "look \x1b[2J here"), "control character")
    assert_refused(answer("hint", "knob", "bytes \udcff here"), "no valid UTF-8")
    assert len(list(tmp_path.glob("experiments/knob/steering/*"))) == 1
    ended = shoal("resume", "knob", "--until", "explore")
    assert ended.returncode == 3, ended.stderr
    _, tree = tree_of(tmp_path, "knob")
    shown = answer("tree", "knob")
    assert (shown.returncode, "winner" in shown.stdout) == (0, True), shown.stderr
    again = answer("replay", "knob")
    assert again.returncode == 0, again.stderr
    refused = answer("replay", "knob", "--out", "/proc/x")
    assert_refused(refused, "--out /proc/x: it cannot be made")
    assert [(one.act, one.choice, one.read) for one in tree.steering] == [("hint", 0, False)]
    workspace = Workspace(tmp_path)
    idea = workspace.get(Idea, f"knob/{tree.idea}")
    (said,) = notes(idea, tree, workspace.get(Run, "knob"), workspace)
    assert "the hint ‘look at the width’" in said
    assert "which no language model read" in said
