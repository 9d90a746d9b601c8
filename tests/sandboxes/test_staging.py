"""Scratch folders: whose they are, and that a start removes those of the dead alone."""

import subprocess
from dataclasses import replace
from pathlib import Path

from agent.sandboxes.owner import Owner
from agent.sandboxes.staging import new_outputs, sweep_scratch


def test_scratch_of_the_dead_is_removed_and_that_of_others_stays(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    here = Owner.of_this_process()
    dead = replace(here, pid=ended.pid, started="1")
    mine = new_outputs(tmp_path)
    others = [replace(dead, namespace="1"), replace(dead, boot="another-boot")]
    kept = [mine, *(mine.with_name(f"{one.token}-0") for one in others), mine.with_name("notes-1")]
    gone = [mine.with_name(f"{one.token}-7") for one in (dead, replace(here, started="1"))]
    for folder in (*kept, *gone):
        (folder / "sub").mkdir(parents=True)
    sweep_scratch(tmp_path)
    assert set(mine.parent.iterdir()) == set(kept)


def test_two_jobs_never_share_a_folder(tmp_path: Path) -> None:
    assert new_outputs(tmp_path) != new_outputs(tmp_path)
