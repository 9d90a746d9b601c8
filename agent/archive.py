"""What later ideation may know of the finished studies of a workspace.

Promises that no test number gets in: titles, hypotheses, verdict words and what exploring saw on the dev
split, nothing else (docs/how-a-study-works.md).
"""

from __future__ import annotations

from agent.artifacts import Archive, ArchivedStudy, Idea, Run, Tree, Verdict
from agent.errors import WorkspaceCorrupt
from agent.workspace import Workspace


def collect(workspace: Workspace, template: str, regime: str, exclude_run: str) -> Archive:
    """The studies of one template and regime that have a verdict, by run and idea.

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
    folders = sorted((workspace.run_folder(name) / "ideas").glob("*/verdict.json"))
    return [_archived(workspace, run, path.parent.name) for path in folders]


def _archived(workspace: Workspace, run: Run, idea_id: str) -> ArchivedStudy:
    key = f"{run.name}/{idea_id}"
    idea = workspace.get(Idea, key)
    return ArchivedStudy(
        run=run.name,
        idea=idea.id,
        template=run.template,
        regime=run.regime,
        title=idea.title,
        hypothesis=idea.hypothesis,
        treated=idea.treated,
        word=workspace.get(Verdict, key).word,
        explored=_explored(workspace.get(Tree, key)),
    )


def _explored(tree: Tree) -> str:
    """Dev scores of the winners in words, such as "baseline 0.861 (SE 0.004)"."""
    return ", ".join(
        f"{winner.arm} {winner.mean:.4g} (SE {winner.standard_error:.2g})" for winner in tree.winners
    )
