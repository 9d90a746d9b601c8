"""What the ledger promises: each registration counted once, changes visible, crashes mended."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.errors import WorkspaceCorrupt
from agent.ledger import Entry, Ledger, read_entries
from agent.workspace import Workspace


def entry(run: str = "a", plan: str = "p1", kind: str = "primary") -> Entry:
    return Entry.model_validate({"run": run, "plan": plan, "pool": "pool", "kind": kind})


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    for run in ("a", "b"):
        folder = tmp_path / "experiments" / run
        folder.mkdir(parents=True)
        (folder / "run.json").write_text("{}")
    return Workspace(tmp_path)


def test_the_same_plan_of_the_same_run_counts_once(workspace: Workspace) -> None:
    ledger = Ledger(workspace)
    ledger.append(entry())
    ledger.append(entry())
    assert ledger.count("pool") == 1
    assert len(ledger.path.read_text().splitlines()) == 1


def test_another_run_of_a_known_plan_counts_again(workspace: Workspace) -> None:
    ledger = Ledger(workspace)
    ledger.append(entry("a"))
    ledger.append(entry("b"))
    assert ledger.count("pool") == 2


def test_reproducing_is_recorded_and_not_counted(workspace: Workspace) -> None:
    ledger = Ledger(workspace)
    ledger.append(entry())
    ledger.append(entry(kind="reproduce"))
    assert len(ledger.entries()) == 2
    assert ledger.count("pool") == 1


def test_other_pools_are_not_counted(workspace: Workspace) -> None:
    ledger = Ledger(workspace)
    ledger.append(entry())
    assert ledger.count("another pool") == 0


def test_a_line_lost_between_run_and_chain_is_taken_up(workspace: Workspace) -> None:
    ledger = Ledger(workspace)
    ledger.append(entry("a"))
    ledger.append(entry("b"))
    ledger.path.unlink()
    assert ledger.count("pool") == 0
    assert ledger.take_up() == 2
    assert ledger.count("pool") == 2
    assert ledger.take_up() == 0


def test_a_torn_append_never_happened(workspace: Workspace) -> None:
    ledger = Ledger(workspace)
    ledger.append(entry("a"))
    with ledger.path.open("a") as file:
        file.write('{"entry": {"run": "b"')
    assert ledger.count("pool") == 1
    ledger.append(entry("b"))
    assert [e.run for e in ledger.entries()] == ["a", "b"]


@pytest.mark.parametrize("line", [0, 1])
def test_a_changed_line_breaks_the_chain_there(workspace: Workspace, line: int) -> None:
    ledger = Ledger(workspace)
    for plan in ("p1", "p2"):
        ledger.append(entry(plan=plan))
    lines = ledger.path.read_text().splitlines()
    raw = json.loads(lines[line])
    raw["entry"]["pool"] = "elsewhere"
    lines[line] = json.dumps(raw)
    ledger.path.write_text("\n".join(lines) + "\n")
    with pytest.raises(WorkspaceCorrupt, match=f"ledger.jsonl:{line + 1}"):
        ledger.count("pool")


def test_a_removed_line_breaks_the_chain(workspace: Workspace) -> None:
    ledger = Ledger(workspace)
    for plan in ("p1", "p2", "p3"):
        ledger.append(entry(plan=plan))
    lines = ledger.path.read_text().splitlines()
    ledger.path.write_text("\n".join([lines[0], lines[2]]) + "\n")
    with pytest.raises(WorkspaceCorrupt, match=r"ledger.jsonl:2"):
        ledger.entries()


def test_a_run_keeps_its_own_lines(workspace: Workspace) -> None:
    ledger = Ledger(workspace)
    ledger.append(entry("a"))
    ledger.append(entry("b"))
    assert read_entries(workspace.run_folder("a") / "ledger.jsonl") == [entry("a")]


@pytest.mark.parametrize("damage", [b"\xff\xfe\n", b"[1]\n", b"7\n"])
def test_a_line_of_rubbish_is_named_with_what_to_do(workspace: Workspace, damage: bytes) -> None:
    ledger = Ledger(workspace)
    ledger.append(entry("a"))
    with ledger.path.open("ab") as file:
        file.write(damage)
    with pytest.raises(WorkspaceCorrupt, match=r"ledger.jsonl:2: damaged line; put the file back"):
        ledger.entries()
