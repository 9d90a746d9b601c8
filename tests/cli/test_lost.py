"""What a call cost stays counted when its record is damaged or gone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from agent.artifacts import Run
from agent.cli.damage import damages
from agent.cli.events import calls_told
from agent.cli.lost import keep_booked
from agent.cli.settings import Settings
from agent.models.budget import Spending, spent_before
from agent.models.journal import entry_paths
from agent.workspace import Workspace
from tests.cli.recorded import SERVED, Recorded
from tests.cli.support import in_folder


@pytest.fixture
def here(recorded: Recorded, tmp_path: Path) -> Path:
    """A copy of the recorded study."""
    folder = tmp_path / "here"
    shutil.copytree(recorded.workspace, folder, symlinks=True)
    return folder


def calls(here: Path) -> Path:
    return here / "experiments" / SERVED / "calls"


def spent(here: Path) -> Spending:
    return sum(spent_before(calls(here)).values(), Spending())


def spoil(path: Path) -> None:
    """Change a letter of the answer, so that only the hash tells."""
    text = path.read_text()
    place = text.index('"text": "') + 12
    path.write_text(text[:place] + ("x" if text[place] != "x" else "y") + text[place + 1 :])


def without_calls(here: Path) -> None:
    """Take what calls cost out of the events, as runs of earlier versions have them."""
    path = here / "experiments" / SERVED / "events.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    kept = [{key: value for key, value in row.items() if not key.endswith("_tokens")} for row in rows]
    path.write_text("".join(json.dumps(row) + "\n" for row in kept))


def booked(here: Path) -> tuple[list[str], Spending]:
    """Book what is lost, twice as after a kill; what was said, and all that is counted then."""
    workspace = Workspace(here)
    run, found = workspace.get(Run, SERVED), damages(workspace, SERVED)
    said = list(keep_booked(workspace, run, found, Settings()))
    assert list(keep_booked(workspace, run, found, Settings())) == said
    for damage in found:
        damage.path.unlink(missing_ok=True)
    return said, spent(here)


def test_a_run_that_is_made_again_counts_what_its_lost_calls_cost(here: Path) -> None:
    shoal = in_folder(here)
    before = json.loads(shoal("calls", SERVED, "--json").stdout)["sum"]
    changed, gone, *_ = entry_paths(calls(here))
    spoil(changed)
    gone.unlink()
    refused = shoal("resume", SERVED)
    assert refused.returncode == 4
    assert f"{changed.name} is damaged (and 1 more)" in refused.stderr
    remade = shoal("resume", SERVED, "--remake", "--allow-uninformative")
    assert remade.returncode == 0, remade.stderr
    assert remade.stderr.count("stay booked, as the run's events tell") == 2
    document = json.loads(shoal("calls", SERVED, "--json").stdout)
    assert [row["ended"] for row in document["calls"]].count("lost") == 2
    for name in ("calls", "prompt_tokens", "completion_tokens", "cost_usd"):
        assert document["sum"][name] == pytest.approx(before[name])
    assert shoal("resume", SERVED).returncode == 0
    capped = shoal("resume", SERVED, "--json")
    assert json.loads(capped.stdout)["cost_usd"] == pytest.approx(before["cost_usd"])


def test_a_damaged_file_that_can_still_be_read_tells_what_it_cost(here: Path) -> None:
    without_calls(here)
    before, path = spent(here), entry_paths(calls(here))[0]
    spoil(path)
    (said,), after = booked(here)
    assert "as the damaged file still tells" in said
    assert (after.calls, after.usage) == (before.calls, before.usage)
    assert after.cost_usd == pytest.approx(before.cost_usd)


@pytest.mark.parametrize("left", [0, 300])
def test_where_nothing_is_known_the_most_is_booked_and_said_to_be_an_estimate(here: Path, left: int) -> None:
    without_calls(here)
    before, path = spent(here), entry_paths(calls(here))[0]
    path.write_bytes(path.read_bytes()[:left])
    (said,), after = booked(here)
    assert "an estimate" in said
    assert after.calls == before.calls
    assert after.tokens > before.tokens
    assert (after.cost_usd or 0) > (before.cost_usd or 0)
    (row,) = [
        row
        for row in json.loads(in_folder(here)("calls", SERVED, "--json").stdout)["calls"]
        if row["ended"] == "lost"
    ]
    assert row["estimated"]


def test_a_damaged_note_of_an_unanswered_call_stays_counted(here: Path) -> None:
    before = spent(here)
    note = calls(here) / f"{'0' * 64}-0.reserved.json"
    note.write_text('{"site": "a/write/results", "usage": {"prompt_tokens": 7, ')
    (said,), after = booked(here)
    assert "an estimate" in said
    assert after.calls == before.calls + 1
    assert after.tokens > before.tokens


def test_the_events_tell_of_each_call_what_it_cost(here: Path) -> None:
    told = calls_told(here / "experiments" / SERVED)
    assert sum(row["cost_usd"] for row in told.values()) == pytest.approx(spent(here).cost_usd)
