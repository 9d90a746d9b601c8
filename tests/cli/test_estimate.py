"""`shoal estimate` comes near what a study takes, asks nobody, and a paid run asks before it is begun."""

import json
import os
import pty
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from agent.artifacts import Trial
from agent.cli import run as command
from agent.cli.caps import STAGE_OF
from agent.cli.estimate import Estimate, Stage, agree
from agent.cli.settings import load
from agent.errors import UserError
from agent.workspace import Workspace
from tests.cli.recorded import KEY, MODEL, SERVED, STUDY, Recorded, Telltale
from tests.cli.support import MICRO, Shoal

NEAR = 1.5
"""Factor within which the estimate of prompt tokens lies; the server counts four bytes a token."""
SAME = ("--explore", "2", "--replicates", "8", "--json")


def test_the_estimate_is_near_what_the_study_took(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = len(recorded.bodies)
    where = ("--workspace", str(recorded.workspace))
    assert command(["estimate", str(MICRO), "--model", MODEL, *SAME, *where]) == 0
    made = json.loads(capsys.readouterr().out)
    assert command(["calls", SERVED, "--json", *where]) == 0
    took = json.loads(capsys.readouterr().out)
    assert len(recorded.bodies) == asked

    stages = {stage["stage"]: stage for stage in made["stages"]}
    for name, real in took["stages"].items():
        assert stages[name]["calls"] == real["calls"]
        assert real["prompt_tokens"] / NEAR < stages[name]["prompt_tokens"] < real["prompt_tokens"] * NEAR
    assert made["sum"]["cost_usd"] > took["sum"]["cost_usd"] / NEAR

    workspace = Workspace(recorded.workspace)
    names = (path.stem for path in (workspace.run_folder(SERVED) / "trials").glob("*.json"))
    ran = Counter(STAGE_OF[workspace.get(Trial, f"{SERVED}/{name}").split] for name in names)
    assert {name: stages[name]["trials"] for name in ran} == ran
    assert "earlier trials in this workspace" in made["trial_seconds_from"]
    assert made["call_seconds_from"].endswith("earlier calls in this workspace")


def test_without_earlier_runs_the_limits_are_taken_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["estimate", str(MICRO), *SAME, "--workspace", str(tmp_path)]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["trial_seconds_from"] == "the template's limits, so at most"
    assert (made["sum"]["calls"], made["sum"]["cost_usd"], made["call_seconds_from"]) == (0, 0, "")
    assert made["sum"]["trials"] > 0
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_template_or_idea_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["estimate", "nothing", "--workspace", str(tmp_path)]) == 2
    assert command(["estimate", str(MICRO), "--idea", "nothing", "--workspace", str(tmp_path)]) == 2
    assert "knobs attention" in capsys.readouterr().err


# ------------------------------------------------------------------------------------ before a paid run


def made(cost: float | None) -> Estimate:
    stage = Stage("write", 9, 30_000, 4_000, cost, 0, 60.0)
    return Estimate((stage,), () if cost is not None else ("openai:m",), 1.0, "a test", "a test", ())


def allowed(cost: float | None, *, yes: bool = False, **budget: float) -> None:
    agree(made(cost), load({"budget": budget}, Path("/nowhere"), {}), yes=yes, json=False)


def test_a_cheap_study_a_capped_one_and_one_that_was_allowed_just_start(
    capsys: pytest.CaptureFixture[str],
) -> None:
    allowed(0.99)
    allowed(9.0, ask_above_usd=10)
    allowed(9.0, max_cost_usd=2)
    allowed(None, max_tokens=1000)
    allowed(None, yes=True)
    assert capsys.readouterr().err.count("estimate: ") == 5


@pytest.mark.parametrize(
    ("cost", "told"),
    [
        (1.01, r"about \$1.01: allow it with --max-cost USD, cap it with --max-tokens N, or .* --yes"),
        (None, r'not known: state the price under \[prices."openai:m"\] in shoal.toml, cap it'),
    ],
)
def test_where_nobody_can_be_asked_a_dear_study_wants_a_cap(cost: float | None, told: str) -> None:
    with pytest.raises(UserError, match=told):
        allowed(cost)
    with pytest.raises(UserError, match=told):
        allowed(cost, max_trials=3)


ASKING = """
import sys
sys.path.insert(0, sys.argv[1])
from tests.cli.test_estimate import allowed
allowed(3.0)
"""


@pytest.mark.parametrize(("typed", "goes_on"), [("y\n", True), ("\n", False)])
def test_on_a_terminal_the_user_is_asked(typed: str, goes_on: bool) -> None:
    terminal, theirs = pty.openpty()
    root = str(MICRO.parents[2])
    with subprocess.Popen([sys.executable, "-c", ASKING, root], stdin=theirs, stderr=theirs) as asking:
        os.write(terminal, typed.encode())
        code = asking.wait()
    os.close(theirs)
    shown = os.read(terminal, 100_000).decode()
    os.close(terminal)
    assert "It may cost about $3.00. Go on? [y/N]" in shown
    assert (code == 0) is goes_on
    assert ("nothing was spent" in shown) is not goes_on


def test_a_paid_run_shows_its_estimate_and_is_not_begun_without_leave(here: Path, shoal: Shoal) -> None:
    (here / "shoal.toml").write_text("[budget]\nask_above_usd = 0.001\n")
    with HTTPServer() as server:
        telltale = Telltale(server)
        done = shoal(*STUDY, "--model", MODEL, "--base-url", telltale.base_url, env={"OPENAI_API_KEY": KEY})
    assert done.returncode == 2
    assert done.stderr.startswith("estimate: about $0.0")
    assert "it may cost about $0.0" in done.stderr.lower()
    assert telltale.bodies == []
    assert not (here / "experiments").exists() or not list((here / "experiments").glob("*/run.json"))


def test_the_table_says_where_its_figures_come_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["estimate", str(MICRO), *SAME[:-1], "--workspace", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["stage", "calls", "prompt", "tok", "answer", "tok", "USD", "trials", "time"]
    assert any(line.startswith("all ") for line in lines)
    assert "no language model is asked: models cost nothing" in lines
