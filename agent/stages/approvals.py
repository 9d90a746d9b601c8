"""What a run waits for, and what a person answered, read from the workspace.

Promises that an answer counts for exactly what the person saw: it carries the hash of the idea, draft or
paper, and for another one it is no answer; and that an answer which a run took up is marked so first, so that
nobody takes it back from then on. Does not wait and does not ask (`agent.graph`, `agent.cli`).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from agent.artifacts import Approval, Draft, Ending, Gate, Idea, Ideas, MetaReview, Paper, Plan, Run, Tree
from agent.errors import UserError
from agent.workspace import Workspace, file_lock, write_durably

GATES: tuple[Gate, ...] = ("idea", "plan", "paper")
"""In the order of a study."""
WORDS: Mapping[Gate, str] = {"idea": "its idea", "plan": "its plan", "paper": "its paper"}
DIGITS = 12
"""Digits of a hash that are shown."""
REJECTED = "rejected by a person"


@dataclass(frozen=True)
class Waiting:
    """One answer that a run waits for."""

    run: str
    idea: str
    gate: Gate
    of: str
    """Hash of what is to be approved."""

    @property
    def key(self) -> str:
        """Run and idea."""
        return f"{self.run}/{self.idea}"

    @property
    def text(self) -> str:
        """One line that says what is waited for, and the commands that answer."""
        return (
            f"{self.key} waits for a person to approve {WORDS[self.gate]} (version {self.of[:DIGITS]}): "
            f"`shoal approve {self.key}`, or `shoal reject {self.key} --why TEXT`"
        )


def subject(gate: Gate, key: str, workspace: Workspace) -> Idea | Draft | Paper | None:
    """What is to be approved at a gate of the idea `run/idea`; None while it is not there yet."""
    if gate == "idea":
        return proposed(key, workspace)
    if gate == "plan":
        return workspace.get(Draft, f"{key}/1") if workspace.has(Draft, f"{key}/1") else None
    return workspace.get(Paper, f"{key}/0") if workspace.has(MetaReview, f"{key}/0") else None


def proposed(key: str, workspace: Workspace) -> Idea | None:
    """The idea as it was proposed, before any person changed it."""
    run, _, name = key.partition("/")
    if not workspace.has(Ideas, run):
        return None
    return next((idea for idea in workspace.get(Ideas, run).items if idea.id == name), None)


def answered(gate: Gate, key: str, workspace: Workspace) -> Approval | None:
    """The answer to what stands at a gate now; None where there is none, or one to something else."""
    if not workspace.has(Approval, f"{key}/{gate}"):
        return None
    given = workspace.get(Approval, f"{key}/{gate}")
    current = subject(gate, key, workspace)
    return given if current is not None and given.of == current.hash else None


def answers_lock(run: str, workspace: Workspace) -> AbstractContextManager[int]:
    """Holds still the answers of a run: for whoever gives one, takes one back or takes one up."""
    return file_lock(workspace.run_folder(run) / "approvals.lock")


def take_up(gate: Gate, key: str, workspace: Workspace) -> Approval | None:
    """The answer to what stands at a gate now, marked as taken up; None where there is none.

    Raises:
        StorageFailed: the mark cannot be written.
    """
    if answered(gate, key, workspace) is None:
        return None
    with answers_lock(key.partition("/")[0], workspace):
        given = answered(gate, key, workspace)
        if given is not None and not is_taken_up(given, key, workspace):
            write_durably(_mark(gate, key, workspace), f"{given.hash}\n".encode())
    return given


def is_taken_up(given: Approval, key: str, workspace: Workspace) -> bool:
    """Whether the run went on from an answer; of earlier versions' runs, as what they made since tells."""
    mark = _mark(given.gate, key, workspace)
    if mark.exists() and mark.read_text().strip() == given.hash:
        return True
    made: Mapping[Gate, bool] = {
        "idea": given.answer == "approved" and workspace.has(Tree, key),
        "plan": workspace.has(Plan, f"{key}/1"),
        "paper": False,
    }
    return made[given.gate] or workspace.has(Ending, key)


def _mark(gate: Gate, key: str, workspace: Workspace) -> Path:
    return workspace.path(Approval, f"{key}/{gate}").with_suffix(".taken")


def waiting(run: Run, idea: str, workspace: Workspace) -> Waiting | None:
    """What an idea waits for now, if anything."""
    key = f"{run.name}/{idea}"
    for gate in (gate for gate in GATES if gate in run.approve):
        current = subject(gate, key, workspace)
        if current is None:
            return None
        given = answered(gate, key, workspace)
        if given is None:
            return Waiting(run.name, idea, gate, current.hash)
        if given.answer == "rejected":
            return None
    return None


def approvals(run: Run, idea: str, workspace: Workspace) -> tuple[Approval, ...]:
    """What people answered about an idea, in the order of the gates."""
    found = (answered(gate, f"{run.name}/{idea}", workspace) for gate in GATES if gate in run.approve)
    return tuple(given for given in found if given is not None)


def approved_idea(key: str, workspace: Workspace) -> Idea:
    """The idea as a person let it through.

    Raises:
        KeyError: nobody has answered yet.
    """
    given, idea = answered("idea", key, workspace), proposed(key, workspace)
    if given is None or idea is None:
        raise KeyError(f"{key} has no approved idea")
    return given.revised or idea


def gates_of(text: str | None) -> tuple[Gate, ...]:
    """The gates that `--approve idea,plan,paper` names, in the order of a study.

    Raises:
        UserError: a word is no gate, or there is none.
    """
    words = {word.strip() for word in (text or "").split(",")} - {""}
    if text is not None and not words:
        raise UserError(f"--approve names no gate; there are {', '.join(GATES)}")
    if unknown := sorted(words - set(GATES)):
        raise UserError(f"--approve {unknown[0]}: there is no such gate; there are {', '.join(GATES)}")
    return tuple(gate for gate in GATES if gate in words)
