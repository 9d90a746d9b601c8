"""Carries what people said in a run over to its replay: answers at gates, and wishes with their choices.

Promises that each wish comes into force in the replay at the choice at which it did in the run.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from agent.artifacts import Approval, Ideas, Steered, Steering, Tree
from agent.stages.steering import choices_path, wishes
from agent.workspace import Workspace, write_durably

EVERY = 10**9
"""Number of a choice that no exploration comes to: after it no wish is new."""


def copy_answers(run: str, source: Workspace, target: Workspace) -> None:
    """Copy the answers that people gave at the gates."""
    for path in sorted((source.run_folder(run) / "ideas").glob("*/approvals/*.json")):
        key = f"{run}/{path.parents[1].name}/{path.stem}"
        target.put(key, source.get(Approval, key))


def copy_wishes(run: str, source: Workspace, target: Workspace) -> None:
    """Copy what people asked of the explorations, with the choices that took each wish up."""
    every = wishes(source, run)
    if not every:
        return
    for number, wish in every.items():
        target.put(f"{run}/{number}", wish)
    hints = source.get(Ideas, run).hints if source.has(Ideas, run) else ()
    heard = [number for number, wish in every.items() if wish.act == "hint" and wish.text in hints]
    _record(target, run, None, dict.fromkeys(heard, 0))
    for folder in sorted((source.run_folder(run) / "ideas").iterdir()):
        if source.has(Tree, f"{run}/{folder.name}"):
            steered = source.get(Tree, f"{run}/{folder.name}").steering
            own = {n: wish for n, wish in every.items() if wish.idea in (None, folder.name)}
            _record(target, run, folder.name, _taken(own, steered))


def _taken(every: dict[int, Steering], steered: Sequence[Steered]) -> dict[int, int]:
    """The choice of each wish: a tree lists the wishes that were taken up in the order of their numbers."""
    taken: dict[int, int] = {}
    left = list(steered)
    for number, wish in sorted(every.items()):
        if left and (left[0].act, left[0].node, left[0].text) == (wish.act, wish.node, wish.text):
            taken[number] = left.pop(0).choice
    return taken


def _record(target: Workspace, run: str, idea: str | None, taken: dict[int, int]) -> None:
    record = {"made": EVERY, "taken": {str(number): choice for number, choice in taken.items()}}
    write_durably(choices_path(target, run, idea), (json.dumps(record) + "\n").encode())
