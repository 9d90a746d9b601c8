"""Before a damaged journal is made again: what its lost calls cost stays booked.

Promises that every file of the journal that `--remake` sets aside, and every entry that the events tell of
and that is gone, leaves a note which the caps and `shoal calls` count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agent.artifacts import Run
from agent.cli import build
from agent.cli.damage import Damage
from agent.cli.events import calls_told
from agent.cli.settings import Settings
from agent.errors import WorkspaceCorrupt
from agent.workspace import Workspace


def keep_booked(workspace: Workspace, run: Run, found: Iterable[Damage], settings: Settings) -> Iterator[str]:
    """Book the lost calls among what is damaged, once each; yields a line for each one.

    Raises:
        StorageFailed: a note cannot be written.
    """
    folder = workspace.run_folder(run.name) / "calls"
    lost = [damage.path for damage in found if damage.path.parent == folder]
    if not lost or run.model == "scripted":
        return
    from agent.models.budget import spent_on
    from agent.models.lost import Known, book, lost_call

    models, described = build.Models.parse(run.model), build.model_settings(settings)
    prompts = [0]
    for path in folder.glob("*.json"):
        try:
            prompts.append(spent_on(path)[1].usage.prompt_tokens)
        except WorkspaceCorrupt:  # one of those that are booked below
            continue
    known = Known(
        told=calls_told(workspace.run_folder(run.name)),
        models=tuple(sorted({models.default, *models.others.values()})),
        largest=max(prompts),
        limit=settings.models.max_output_tokens,
        prices=described.prices,
    )
    for path in lost:
        call = lost_call(path, known)
        book(path, call)
        yield f"{path}: {call.text}"
