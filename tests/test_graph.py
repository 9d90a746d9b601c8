"""What the graph promises that needs no trial: its picture in the docs is the graph."""

from __future__ import annotations

from pathlib import Path

from agent.graph import STAGES, draw

ROOT = Path(__file__).parents[1]


def test_the_picture_in_the_docs_is_the_graph() -> None:
    assert draw().strip() in (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_every_stage_stands_in_the_graph() -> None:
    assert all(f"({stage})" in draw() for stage in STAGES)
