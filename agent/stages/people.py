"""What people did to a study, in computed sentences for its paper.

Promises that nobody's hand stays unsaid: answers at gates, what was changed there, what steered an
exploration, and what was brought. Plain text for "How this paper was made"; `limits` is in macro language.
"""

from __future__ import annotations

from collections.abc import Iterable

from agent.artifacts import Approval, Idea, Ideas, Run, Steered, Tree
from agent.stages.approvals import approvals, proposed
from agent.workspace import Workspace

STEERED = (
    "A person steered the exploration of the treatment while it went on: it had help that the baseline "
    "did not have."
)
BROUGHT = (
    "Nothing was searched: a person brought the configuration of each arm. How many configurations each was "
    "chosen from is what that person declares, not what was measured."
)


def notes(idea: Idea, tree: Tree, run: Run, workspace: Workspace) -> tuple[str, ...]:
    """Sentences for "How this paper was made"; none where no person had a say in the study."""
    key = f"{run.name}/{idea.id}"
    found: list[str] = []
    if tree.brought:
        found.append("A person brought idea and plan; both were registered and tested as they were brought.")
    elif idea.origin == "human":
        code = " with the code of the treatment" if idea.edits else ""
        found.append(f"A person brought the idea{code}.")
    if workspace.has(Ideas, run.name) and (hints := workspace.get(Ideas, run.name).hints):
        found.append(f"Before ideas were proposed, a person gave the hint {_quoted(hints)}.")
    before = proposed(key, workspace)
    given = approvals(run, idea.id, workspace)
    found += [_answer(one, before) for one in given if one.gate != "paper"]  # which comes after it is written
    found += [_wish(one) for one in tree.steering]
    return tuple(found)


def limits(tree: Tree) -> tuple[str, ...]:
    """What people's hands mean for what the study shows; sentences without a number."""
    found = [BROUGHT] if tree.brought else []
    if any(one.act != "hint" or one.read for one in tree.steering):
        found.append(STEERED)
    return tuple(found)


def _answer(given: Approval, before: Idea | None) -> str:
    reason = f", because: {given.why.rstrip('.')}" if given.why else ""
    if given.gate == "idea":
        changed = _changed(before, given.revised) if before and given.revised else ()
        how = f"after changing its {_listed(changed)}" if changed else "as it was proposed"
        return f"A person approved the idea before anything was run, {how}{reason}."
    changes = [f"setting the number of replicates to {given.n}"] if given.n is not None else []
    changes += [f"taking out the {_listed(given.without)}"] if given.without else []
    how = f"after {_listed(changes)}" if changes else "as it was drawn up"
    return f"A person approved the plan before it was registered, {how}{reason}."


def _changed(before: Idea, after: Idea) -> tuple[str, ...]:
    names = {"title": "title", "hypothesis": "hypothesis", "prediction": "prediction",
             "refuted_if": "refuting observation", "treated": "description of the code"}  # fmt: skip
    return tuple(words for name, words in names.items() if getattr(before, name) != getattr(after, name))


def _wish(one: Steered) -> str:
    when = f"from choice {one.choice} of the exploration on"
    if one.act == "hint":
        unread = "" if one.read else ", which no language model read"
        return f"A person gave the hint {_quoted([one.text])} {when}{unread}."
    done = "pruned" if one.act == "prune" else "pinned"
    return f"A person {done} candidate {one.node}, {when}."


def _quoted(texts: Iterable[str]) -> str:
    return _listed([f"‘{' '.join(text.split())}’" for text in texts])


def _listed(parts: Iterable[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last
