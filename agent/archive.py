"""What later ideation may know of the finished studies of a workspace.

Promises that no test number gets in: titles, hypotheses, verdict words and what exploring saw on the dev
split, nothing else (docs/how-a-study-works.md).
"""

from __future__ import annotations

from typing import Literal

from agent.artifacts import Archive, ArchivedStudy, Ending, Idea, Ideas, Run, Tree, Verdict, Word
from agent.errors import WorkspaceCorrupt
from agent.workspace import Workspace


def collect(workspace: Workspace, template: str, regime: str, exclude_run: str) -> Archive:
    """The studies of one template and regime that came to their end, by run and idea.

    Those without a verdict too: what led to nothing, and what a person rejected, is knowledge.

    Raises:
        WorkspaceCorrupt: an artifact of an earlier run is damaged; the text names it.
    """
    studies: list[ArchivedStudy] = []
    for name in workspace.runs():
        if name == exclude_run:
            continue
        try:
            studies += _studies(workspace, name, template, regime)
        except WorkspaceCorrupt as error:
            mend = f"put it back, or remove that run with `shoal clean --run {name}`"
            raise WorkspaceCorrupt(f"{error}: {mend}") from error
    return Archive(studies=tuple(studies))


def _studies(workspace: Workspace, name: str, template: str, regime: str) -> list[ArchivedStudy]:
    run = workspace.get(Run, name)
    if (run.template, run.regime) != (template, regime):
        return []
    folders = sorted((workspace.run_folder(name) / "ideas").glob("*"))
    found = (_archived(workspace, run, folder.name) for folder in folders)
    return [study for study in found if study is not None]


def _archived(workspace: Workspace, run: Run, idea_id: str) -> ArchivedStudy | None:
    """What is told of an idea; None while it is under way."""
    key = f"{run.name}/{idea_id}"
    ending = workspace.get(Ending, key) if workspace.has(Ending, key) else None
    if workspace.has(Verdict, key):
        idea, word = workspace.get(Idea, key), workspace.get(Verdict, key).word
        return _told(run, idea, word, _explored(workspace.get(Tree, key)))
    if ending is None:
        return None
    proposed = next(idea for idea in workspace.get(Ideas, run.name).items if idea.id == idea_id)
    idea = workspace.get(Idea, key) if workspace.has(Idea, key) else proposed
    return _told(run, idea, "rejected" if ending.rejected else "none", ending.reason)


def _told(run: Run, idea: Idea, word: Word | Literal["none", "rejected"], explored: str) -> ArchivedStudy:
    return ArchivedStudy(
        run=run.name,
        idea=idea.id,
        template=run.template,
        regime=run.regime,
        title=idea.title,
        hypothesis=idea.hypothesis,
        treated=idea.treated,
        word=word,
        explored=explored,
    )


def _explored(tree: Tree) -> str:
    """Dev scores of the winners in words, such as "baseline 0.861 (SE 0.004)"."""
    return ", ".join(
        f"{winner.arm} {winner.mean:.4g} (SE {winner.standard_error:.2g})" for winner in tree.winners
    )
