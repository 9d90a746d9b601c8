"""`shoal ledger` counts the registrations of a pool, knows their verdicts, and names a broken line."""

import json
from pathlib import Path

import pytest

from agent.artifacts import Verdict
from agent.cli import run as command
from agent.ledger import Entry, Ledger
from agent.workspace import Workspace, envelope
from tests.cli.support import run_record
from tests.evidence.studies import plan_of, registration_of

POOL, OTHER = "a" * 64, "b" * 64


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Two pools, four lines; of the runs only `first` is still there, and its own plan is judged."""
    workspace = Workspace(tmp_path)
    workspace.put("first", run_record("first"))
    chain = Ledger(workspace)
    for run, plan, pool, kind in (
        ("first", "1" * 64, POOL, "primary"),
        ("first", "1" * 64, POOL, "reproduce"),
        ("second", "2" * 64, OTHER, "primary"),
        ("third", "3" * 64, POOL, "replicate"),
    ):
        chain.append(Entry.model_validate({"run": run, "plan": plan, "pool": pool, "kind": kind}))
    return workspace


def listed(workspace: Workspace, capsys: pytest.CaptureFixture[str], *flags: str) -> list[dict[str, object]]:
    assert command(["ledger", "--workspace", str(workspace.root), "--json", *flags]) == 0
    return list(json.loads(capsys.readouterr().out)["registrations"])


def test_each_pool_counts_for_itself_and_reproducing_counts_nowhere(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [(row["run"], row["number"]) for row in listed(workspace, capsys)]
    assert rows == [("first", 1), ("first", None), ("second", 1), ("third", 2)]


def test_a_pool_is_chosen_by_its_first_digits(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [row["run"] for row in listed(workspace, capsys, "--pool", "bb")] == ["second"]
    assert command(["ledger", "--workspace", str(workspace.root), "--pool", "c"]) == 2
    assert "shoal ledger" in capsys.readouterr().err


def test_a_line_that_only_a_run_s_folder_has_is_counted_and_told(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    path = workspace.root / "experiments" / "ledger.jsonl"
    path.unlink()
    (row,) = [row for row in listed(workspace, capsys) if row["counted"]]
    assert (row["run"], row["line"], row["number"]) == ("first", None, 1)


def test_a_broken_chain_is_named_with_its_line(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    path = workspace.root / "experiments" / "ledger.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join((lines[0], *lines[2:])))
    assert command(["ledger", "--workspace", str(workspace.root)]) == 4
    assert "ledger.jsonl:2: the chain is broken" in capsys.readouterr().err


def test_a_judged_plan_shows_its_verdict_once_it_is_known(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    workspace = Workspace(tmp_path)
    workspace.put("first", run_record("first"))
    plan = plan_of(("treatment", "baseline"), 8)
    workspace.put(f"first/{plan.idea}/1", plan)
    workspace.put(f"first/{plan.idea}/1", registration_of(plan))
    Ledger(workspace).append(Entry(run="first", plan=plan.hash, pool="p", kind="primary"))
    (row,) = listed(workspace, capsys)
    assert (row["idea"], row["budget"], row["verdict"]) == (plan.idea, 20, None)
    verdict = Verdict(word="refuted", comparisons=(), reason="it was")
    path = workspace.path(Verdict, f"first/{plan.idea}")
    path.write_bytes(envelope(verdict))
    (row,) = listed(workspace, capsys)
    assert row["verdict"] == "refuted"
    assert command(["ledger", "--workspace", str(workspace.root)]) == 0
    assert "1 of 20 registrations used" in capsys.readouterr().out
