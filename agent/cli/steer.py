"""`shoal hint`, `prune`, `pin` and `tree`: a person looks at a running exploration and says what to do.

Promises that a wish is on disk before it is confirmed, and that one that could not take effect is refused:
the exploration has ended, or it has no such candidate. When it takes effect is the run's to say.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from agent.artifacts import Act, Candidate, Idea, Ideas, Run, Steering, Tree, Trial
from agent.cli.events import events
from agent.cli.look import change_text, idea_of, known_run, print_json, print_table, summaries
from agent.cli.said import sayable
from agent.cli.stop import is_running
from agent.errors import UserError
from agent.search import FIRST, branches
from agent.stages.steering import Steer, node_id, wishes
from agent.workspace import Workspace, file_lock

LONGEST = 2000
"""Characters of a hint, at most: it stands in every later prompt."""


@dataclass(frozen=True)
class Node:
    """One candidate as far as it is known."""

    id: str
    arm: str
    parent: str | None
    """The node whose code it edits; None for the template's."""
    change: str
    """Knobs and edits, in words."""
    score: float | None
    """The dev score of its first look."""
    status: str
    """How that trial ended; `running` before it did."""
    looks: int
    """Trials that have ended."""
    mark: str = ""
    """winner, pruned, pinned."""


def hint(run_name: str, text: str, idea: str | None, root: Path, *, json: bool) -> int:
    """Record a hint for a run, or for one idea of it; returns the exit code.

    Raises:
        UserError: there is nothing left that it could reach, or it must not be kept.
    """
    workspace = Workspace(root)
    run = known_run(workspace, run_name)
    text = " ".join(
        sayable(text, "the hint").split()
    )  # one line: a hint must not look like another part of a prompt
    if not 1 <= len(text) <= LONGEST:
        raise UserError(f"a hint has 1 to {LONGEST} characters; this one has {len(text)}")
    if idea is not None:
        _still_exploring(workspace, run, idea)
    elif not _open_ideas(workspace, run):
        raise UserError(f"every exploration of run {run_name} has ended: a hint would reach nobody")
    number = _record(workspace, run, Steering(act="hint", idea=idea, text=text))
    unread = (
        "" if _is_read(workspace, run, idea) else "; no language model proposes edits there: nobody reads it"
    )
    return _confirm(run, workspace, number, "hint", f"the hint is recorded{unread}", json=json)


def steer(name: str, node: str, act: Literal["prune", "pin"], root: Path, *, json: bool) -> int:
    """Record that a branch is cut off or preferred; returns the exit code.

    Raises:
        UserError: the exploration has ended, or has no such candidate of the treatment.
    """
    workspace = Workspace(root)
    run_name, _, named = name.partition("/")
    run = known_run(workspace, run_name)
    idea = _the_idea(workspace, run, named or None)
    _still_exploring(workspace, run, idea)
    known = {one.id: one for one in _running(workspace, run, idea)}
    if node not in known:
        raise UserError(f"{run_name}/{idea} has no candidate {node!r} (yet): `shoal tree {run_name}/{idea}`")
    if known[node].arm != "treatment":
        raise UserError(
            f"{node} belongs to the {known[node].arm}: only candidates of the treatment (t…) can be steered, "
            "or what it is compared with would be weakened"
        )
    if act == "pin":
        _can_have_children(workspace, run, idea, known[node])
        wish = Steering(act="prune", idea=idea, node=node)
        if known[node].mark == "pruned" or wish in wishes(workspace, run.name).values():
            raise UserError(f"{node} is cut off: nothing of it can be pinned any more")
    number = _record(workspace, run, Steering(act=act, idea=idea, node=node))
    said = "and what builds on it is cut off" if act == "prune" else "gets every second edit"
    return _confirm(run, workspace, number, act, f"{run_name}/{idea}: {node} {said}", json=json)


def show_tree(name: str, root: Path, *, json: bool) -> int:
    """Print the candidates of an exploration, as a tree of edits; returns the exit code."""
    workspace = Workspace(root)
    run_name, _, named = name.partition("/")
    run = known_run(workspace, run_name)
    idea = _the_idea(workspace, run, named or None)
    key = f"{run_name}/{idea}"
    nodes = _ended(workspace.get(Tree, key)) if workspace.has(Tree, key) else _running(workspace, run, idea)
    if json:
        rows = [vars(node) for node in nodes]
        print_json({"schema": 1, "command": "tree", "run": run_name, "idea": idea, "nodes": rows})
        return 0
    if not nodes:
        print(f"{key} has tried nothing yet")
        return 0
    print_table([("node", "trials", "dev score", "what", ""), *_indented(nodes)])
    return 0


# ------------------------------------------------------------------------------------------- recording


def _record(workspace: Workspace, run: Run, wish: Steering) -> int:
    with file_lock(workspace.run_folder(run.name) / "steering.lock"):
        number = max(wishes(workspace, run.name), default=-1) + 1
        workspace.put(f"{run.name}/{number}", wish)
    return number


def _confirm(run: Run, workspace: Workspace, number: int, act: Act, said: str, *, json: bool) -> int:
    running = is_running(workspace, run.name)
    when = "from its next choice on" if running else f"once `shoal resume {run.name}` goes on"
    print(f"{said}, {when}" if "nobody" not in said else said, file=sys.stderr)
    if json:
        print_json({"schema": 1, "command": act, "run": run.name, "number": number, "running": running})
    return 0


def _the_idea(workspace: Workspace, run: Run, idea: str | None) -> str:
    """The idea that is meant: the named one, or the only one.

    Raises:
        UserError: there is none, or one has to be named.
    """
    known = [summary.id for summary in summaries(workspace, run.name)]
    if idea is None and len(known) == 1:
        return known[0]
    if idea not in known or idea is None:
        listed = ", ".join(known) or "none yet"
        what = f"has no idea {idea!r}" if idea else "has several ideas: name one as RUN/IDEA"
        raise UserError(f"run {run.name} {what}; it has: {listed}")
    return idea


def _still_exploring(workspace: Workspace, run: Run, idea: str) -> None:
    _the_idea(workspace, run, idea)
    if idea not in _open_ideas(workspace, run):
        raise UserError(
            f"the exploration of {run.name}/{idea} has ended: nothing of it can be steered any more"
        )


def _open_ideas(workspace: Workspace, run: Run) -> list[str]:
    """The ideas that may still be explored; what is not proposed yet counts as one."""
    if not workspace.has(Ideas, run.name):
        return ["ideation"]
    ideas = [idea.id for idea in workspace.get(Ideas, run.name).items[: run.ideas]]
    failed = {summary.id for summary in summaries(workspace, run.name) if summary.failed}
    return [one for one in ideas if one not in failed and not workspace.has(Tree, f"{run.name}/{one}")]


def _is_read(workspace: Workspace, run: Run, idea: str | None) -> bool:
    """Whether a language model has a choice to make that the hint can reach."""
    if run.model == "scripted" or run.plan is not None:
        return False
    if not workspace.has(Ideas, run.name):
        return True
    open_ideas = [one for one in _open_ideas(workspace, run) if idea in (None, one)]
    found: list[Idea] = [idea_of(workspace, f"{run.name}/{one}") for one in open_ideas]
    return any(one.treated.kind == "code" and not one.edits for one in found)


def _can_have_children(workspace: Workspace, run: Run, idea: str, node: Node) -> None:
    record = idea_of(workspace, f"{run.name}/{idea}")
    if record.treated.kind != "code" or record.edits:
        raise UserError(
            f"{node.id} is a configuration: only an edit that a language model wrote can be built on"
        )
    if node.status not in ("ok", "running"):
        raise UserError(f"{node.id} ended as {node.status}: nothing can be built on it")


# ------------------------------------------------------------------------------------------- the tree


def _ended(tree: Tree) -> list[Node]:
    """The candidates of an exploration that has ended."""
    won = {(winner.arm, winner.index) for winner in tree.winners}
    treatment = [candidate for candidate in tree.candidates if candidate.arm == "treatment"]
    roots: dict[Act, set[int]] = {"prune": set(), "pin": set()}
    for wish in tree.steering:
        if wish.act != "hint":
            roots[wish.act].add(int(wish.node[1:]))
    cut = branches(treatment, roots["prune"])
    marks = {node_id("treatment", index): "pinned" for index in roots["pin"]}
    marks |= {node_id("treatment", index): "pruned" for index in cut}
    marks |= {node_id(one.arm, one.index): "nothing of it ran" for one in treatment if one.dead}
    return [
        _node(one, "winner" if (one.arm, one.index) in won else marks.get(node_id(one.arm, one.index), ""))
        for one in tree.candidates
    ]


def _node(one: Candidate, mark: str) -> Node:
    first = next((trial for trial in one.trials if trial.replicate in FIRST), None)
    return Node(
        id=node_id(one.arm, one.index),
        arm=one.arm,
        parent=None if one.parent is None else node_id(one.arm, one.parent),
        change=one.note if one.origin == "edit" else change_text(one.change),
        score=first.score if first else None,
        status=first.status if first else "running",
        looks=len(one.trials),
        mark=mark,
    )


def _running(workspace: Workspace, run: Run, idea: str) -> list[Node]:
    """The candidates that the run's events tell of, while the exploration goes on."""
    notes: dict[str, dict[str, Any]] = {}
    looks: dict[str, dict[int, dict[str, Any]]] = {}
    for event in events(workspace.run_folder(run.name)):
        node = event.get("node")
        if event.get("idea") == idea and event.get("stage") == "explore" and node:
            if event["kind"] == "trial":
                looks.setdefault(node, {})[event["replicate"]] = event
            else:
                notes[node] = event
    steer = Steer(workspace, run.name, idea)
    steer.at_last()
    marks = {node_id("treatment", i): "pinned" for i in steer.pinned}
    marks |= {node_id("treatment", i): "pruned" for i in steer.pruned}
    places = {name: (one["arm"], one["index"]) for name, each in looks.items() for one in each.values()}
    places |= {name: ("treatment", int(name[1:])) for name in notes}
    names = sorted(places, key=lambda name: places[name])
    defaults = _knobs(workspace, run, looks.get("b0", {}))
    found = []
    for name in names:
        first = looks.get(name, {}).get(FIRST[0], {})
        parent = notes.get(name, {}).get("parent")
        knobs = _knobs(workspace, run, looks.get(name, {}))
        changed = ", ".join(f"{k} = {v}" for k, v in knobs.items() if defaults.get(k) != v)
        found.append(
            Node(
                id=name,
                arm=places[name][0],
                parent=None if parent is None else node_id("treatment", parent),
                change=notes[name]["text"] if name in notes else changed or "the template's defaults",
                score=first.get("score"),
                status=first.get("status", "running"),
                looks=len(looks.get(name, {})),
                mark=marks.get(name, ""),
            )
        )
    return found


def _knobs(workspace: Workspace, run: Run, looks: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """The knobs of a candidate's trials, as recorded."""
    for event in looks.values():
        key = f"{run.name}/{event['trial']}"
        if workspace.has(Trial, key):
            return {knob.name: knob.value for knob in workspace.get(Trial, key).knobs}
    return {}


def _indented(nodes: list[Node]) -> list[tuple[str, ...]]:
    """One row a node, what builds on it below it and further in."""
    children: dict[str | None, list[Node]] = {}
    for node in nodes:
        children.setdefault(node.parent, []).append(node)
    rows: list[tuple[str, ...]] = []

    def add(node: Node, depth: int) -> None:
        score = "–" if node.score is None else f"{node.score:.4g}"
        state = "" if node.status == "ok" else node.status
        marks = ", ".join(word for word in (state, node.mark) if word)
        rows.append(("  " * depth + node.id, str(node.looks), score, node.change, marks))
        for child in children.get(node.id, []):
            add(child, depth + 1)

    for node in children.get(None, []):
        add(node, 0)
    return rows
