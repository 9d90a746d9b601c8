"""What people ask of a running exploration, each wish in force from a fixed choice on.

Promises that a wish takes effect at the first choice that was not made yet when it came, that this is on disk
before the choice is made, and that a resumed or replayed exploration applies it at the same choice. So the
same wishes give the same tree, whatever interrupts it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from agent.artifacts import Steered, Steering
from agent.errors import WorkspaceCorrupt
from agent.workspace import Workspace, write_durably

FILE = "choices.json"
"""Which choices were made and which wishes they knew; kept while an exploration goes on."""


def node_id(arm: str, index: int) -> str:
    """How people call a candidate: the first letter of its arm and its place, such as `t3`."""
    return arm if arm.startswith("ablation") else f"{arm[0]}{index}"


def choices_path(workspace: Workspace, run: str, idea: str | None) -> Path:
    """Where the choices of an idea's exploration stand, or those of ideation."""
    folder = workspace.run_folder(run)
    return folder / "ideas" / idea / FILE if idea else folder / FILE


def wishes(workspace: Workspace, run: str) -> dict[int, Steering]:
    """Everything that people asked of a run, by number."""
    folder = workspace.run_folder(run) / "steering"
    numbers = sorted(int(path.stem) for path in folder.glob("*.json") if path.stem.isdecimal())
    return {number: workspace.get(Steering, f"{run}/{number}") for number in numbers}


class Steer:
    """The wishes that one exploration, or ideation where `idea` is None, has to follow."""

    def __init__(self, workspace: Workspace, run: str, idea: str | None) -> None:
        """Read which choices were made before a crash or a stop.

        Raises:
            WorkspaceCorrupt: that record is damaged.
        """
        self._workspace, self._run, self._idea = workspace, run, idea
        self._path = choices_path(workspace, run, idea)
        self._made, self._taken = _read(self._path)
        self._now = -1

    def at(self, choice: int) -> tuple[Steering, ...]:
        """Come to a choice, from 0 and ascending; returns the wishes that are new to it.

        Raises:
            StorageFailed: it cannot be recorded.
        """
        self._now = choice
        if choice > self._made:
            self._taken |= {number: choice for number in self._addressed() if number not in self._taken}
            self._made = choice
            record = {"made": choice, "taken": {str(number): at for number, at in self._taken.items()}}
            write_durably(self._path, (json.dumps(record) + "\n").encode())
        given = self._addressed()
        return tuple(given[number] for number, at in sorted(self._taken.items()) if at == choice)

    def at_last(self) -> None:
        """Look at the latest choice that was made, without making one."""
        self._now = self._made

    @property
    def hints(self) -> tuple[str, ...]:
        """The hints in force, in their order."""
        return tuple(wish.text for wish in self._in_force() if wish.act == "hint")

    @property
    def pruned(self) -> frozenset[int]:
        """Places of the candidates of the treatment that people pruned."""
        return _places(wish.node for wish in self._in_force() if wish.act == "prune")

    @property
    def pinned(self) -> frozenset[int]:
        """Places of the candidates of the treatment that people pinned."""
        return _places(wish.node for wish in self._in_force() if wish.act == "pin")

    def steered(self, *, readers: int) -> tuple[Steered, ...]:
        """Every wish with its choice; `readers` is how many choices, from 0, a language model makes."""
        given = self._addressed()
        return tuple(
            Steered(
                act=given[number].act,
                node=given[number].node,
                text=given[number].text,
                choice=at,
                read=given[number].act != "hint" or at < readers,
            )
            for number, at in sorted(self._taken.items())
        )

    def late(self) -> int:
        """How many wishes came after the last choice."""
        return len(self._addressed().keys() - self._taken.keys())

    def _addressed(self) -> dict[int, Steering]:
        every = wishes(self._workspace, self._run)
        return {n: wish for n, wish in every.items() if wish.idea in (None, self._idea)}

    def _in_force(self) -> list[Steering]:
        given = self._addressed()
        return [given[number] for number, at in sorted(self._taken.items()) if at <= self._now]


def _places(nodes: Iterable[str]) -> frozenset[int]:
    return frozenset(int(node[1:]) for node in nodes)


def _read(path: Path) -> tuple[int, dict[int, int]]:
    try:
        record = json.loads(path.read_bytes())
        return int(record["made"]), {int(number): int(at) for number, at in record["taken"].items()}
    except FileNotFoundError:
        return -1, {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WorkspaceCorrupt(
            f"{path} is damaged ({error}): remove it and resume; wishes then hold from the start"
        ) from error
