"""What the workspace promises: whole files, one content per key, damage that is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.artifacts import Claim, Claims, Scores
from agent.errors import MachineryError, StorageFailed, WorkspaceConflict, WorkspaceCorrupt
from agent.workspace import Workspace, append_durably

CLAIMS = Claims(
    items=(
        Claim(
            id="effect",
            text=r"it improves by \fact{effect.baseline.mean}",
            wording="improves",
            direction="better",
            facts=("effect.baseline.mean",),
            arms=("treatment", "baseline"),
            metric="accuracy",
            scope="digits",
        ),
    )
)


def test_what_was_put_is_what_get_returns(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.put("run/idea", CLAIMS)
    assert workspace.get(Claims, "run/idea") == CLAIMS


def test_numbers_survive_the_disk_bit_by_bit(tmp_path: Path) -> None:
    scores = Scores(values={"accuracy": (0.1, 1 / 3, 1e-300, -0.0, 1.0)})
    workspace = Workspace(tmp_path)
    workspace.put(f"run/{scores.hash}", scores)
    assert workspace.get(Scores, f"run/{scores.hash}").hash == scores.hash


def test_storing_the_same_again_is_nothing_and_other_content_is_refused(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.put("run/idea", CLAIMS)
    before = workspace.path(Claims, "run/idea").stat().st_mtime_ns
    workspace.put("run/idea", CLAIMS)
    assert workspace.path(Claims, "run/idea").stat().st_mtime_ns == before
    with pytest.raises(WorkspaceConflict, match=r"claims\.json"):
        workspace.put("run/idea", Claims(items=()))


def test_once_makes_an_artifact_a_single_time(tmp_path: Path) -> None:
    workspace, made = Workspace(tmp_path), []

    def make() -> Claims:
        made.append(1)
        return CLAIMS

    assert workspace.once(Claims, "run/idea", make) == workspace.once(Claims, "run/idea", make)
    assert len(made) == 1


def test_a_missing_artifact_is_a_key_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match=r"claims\.json"):
        Workspace(tmp_path).get(Claims, "run/idea")


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("improves by", "improves a lot by"),
        lambda text: text.replace('"kind": "Claims"', '"kind": "Facts"'),
        lambda text: "",
        lambda text: json.dumps({**json.loads(text), "schema": 99}),
    ],
    ids=["cut short", "changed", "another kind", "empty", "another schema"],
)
def test_a_damaged_artifact_is_named(tmp_path: Path, damage: object) -> None:
    workspace = Workspace(tmp_path)
    workspace.put("run/idea", CLAIMS)
    path = workspace.path(Claims, "run/idea")
    path.write_text(damage(path.read_text()))  # type: ignore[operator]
    with pytest.raises(WorkspaceCorrupt, match=r"claims\.json"):
        workspace.get(Claims, "run/idea")


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "experiments").write_text("a file where a folder should be")
    with pytest.raises(StorageFailed, match=r"claims\.json"):
        Workspace(tmp_path).put("run/idea", CLAIMS)
    assert [path.name for path in tmp_path.iterdir()] == ["experiments"]


def test_a_torn_line_is_dropped_before_the_next_is_appended(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"whole": 1}\n{"torn": ')
    append_durably(path, '{"next": 2}')
    assert path.read_text() == '{"whole": 1}\n{"next": 2}\n'


def test_a_second_holder_of_a_run_is_refused(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with (
        workspace.lock("run"),
        pytest.raises(MachineryError, match="another process"),
        workspace.lock("run"),
    ):
        pass
