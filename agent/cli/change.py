"""`shoal approve --edit`: an idea or a plan as a text that a person changes in an editor.

Promises that only what may change can: an idea's words, a plan's number of replicates, and the arms that do
not decide. What is measured, how, and against what follows from the idea and from exploring, not from taste.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.artifacts import CodeTreatment, Draft, Idea, Tree
from agent.cli.said import Title, Words, read_brought
from agent.errors import PlanRefused, UserError
from agent.evidence.registration import LEAST_N, choose_n, exploring_differences
from agent.spec import line_of_key
from agent.workspace import Workspace

IDEA_HEAD = """\
# {key}: change its words, save, and close the editor. What is treated stays: another
# treatment is another idea (`shoal run TEMPLATE --idea FILE`). An unchanged file approves it as it is.
"""
PLAN_HEAD = """\
# {key}: change n, or take arms out of the list, save, and close the editor.
# n: {least} to {most} replicates. Arms: those that describe and do not decide. Hypothesis, metric, smallest
# effect, level and the deciding arms are fixed: the paper rests on their coming before any test.
"""


@dataclass(frozen=True)
class Change:
    """What a person changed; nothing by default."""

    idea: Idea | None = None
    n: int | None = None
    without: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    """The same for people."""


ModelT = TypeVar("ModelT", bound=BaseModel)


class _Words(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Title
    hypothesis: Words
    prediction: Words
    refuted_if: Words
    what: Words | None = None


class _Numbers(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    n: int
    arms: tuple[str, ...]


def changed_idea(idea: Idea, key: str) -> Change:
    """The idea as a person changes it in the editor.

    Raises:
        UserError: there is no editor, or the text is not an idea any more.
    """
    fields = {name: getattr(idea, name) for name in ("title", "hypothesis", "prediction", "refuted_if")}
    if isinstance(idea.treated, CodeTreatment):
        fields["what"] = idea.treated.what
    text = IDEA_HEAD.format(key=key) + "".join(f"{name} = {_toml(value)}\n" for name, value in fields.items())
    words, path = _edited(text, _Words)
    if words.what is not None and not isinstance(idea.treated, CodeTreatment):
        raise UserError(f"{path}: an idea about a knob has no `what`")
    given = {name: value for name, value in words.model_dump().items() if value is not None}
    changed = {name: value for name, value in given.items() if value != fields[name]}
    path.unlink()
    if not changed:
        return Change()
    update: dict[str, object] = {name: value for name, value in changed.items() if name != "what"}
    if "what" in changed:
        update["treated"] = CodeTreatment(what=str(changed["what"]))
    revised = idea.model_copy(update={**update, "parents": (*idea.parents, idea.hash)})
    return Change(idea=revised, lines=tuple(f"{name}: {value}" for name, value in changed.items()))


def changed_draft(draft: Draft, key: str, workspace: Workspace) -> Change:
    """The plan as a person changes it in the editor, with what it can show then.

    Raises:
        UserError: there is no editor, or the change breaks a rule.
    """
    plan = draft.plan
    deciding = {one.comparator for one in plan.comparisons if one.family == "verdict"}
    free = [arm.name for arm in plan.arms if arm.role != "treatment" and arm.name not in deciding]
    head = PLAN_HEAD.format(key=key, least=LEAST_N, most=draft.left)
    numbers, path = _edited(f"{head}n = {plan.n}\narms = {_toml(free)}\n", _Numbers)
    if unknown := sorted(set(numbers.arms) - set(free)):
        known = ", ".join(free) or "none"
        raise UserError(f"{path}: arms: {unknown[0]!r} cannot be in the list; there may be: {known}")
    without = tuple(name for name in free if name not in numbers.arms)
    tree = workspace.get(Tree, key)
    differences = [
        exploring_differences(tree, "treatment", name, goal=plan.goal, worst=plan.worst)
        for name in (one.comparator for one in plan.comparisons)
        if name in deciding
    ]
    try:
        _, power = choose_n(
            differences, sesoi=plan.sesoi, alpha=plan.alpha, n=numbers.n, left=draft.left, may_rise=False
        )
    except PlanRefused as error:
        raise UserError(f"{path}: {error}") from error
    path.unlink()
    n = numbers.n if numbers.n != plan.n else None
    lines = []
    if n is not None:
        lines.append(
            f"n = {n}: supported with probability {power.supported_at_two_sesoi:.2f} at twice the smallest "
            f"effect of interest, refuted with {power.refuted_at_zero:.2f} at none"
        )
    lines += [f"without {', '.join(without)}"] if without else []
    return Change(n=n, without=without, lines=tuple(lines))


def _edited(text: str, kind: type[ModelT]) -> tuple[ModelT, Path]:
    """What a person made of `text`; the file stays where it cannot be used."""
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not command:
        raise UserError("--edit needs an editor: set EDITOR, such as `EDITOR=nano shoal approve …`")
    handle, name = tempfile.mkstemp(prefix="shoal-", suffix=".toml")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    path = Path(name)
    try:
        ended = subprocess.run([*shlex.split(command), name], check=False)
    except OSError as error:
        path.unlink()
        raise UserError(f"the editor {command!r} cannot be started ({error.strerror}): set EDITOR") from error
    if ended.returncode != 0:
        path.unlink()
        raise UserError(f"the editor {command!r} ended with {ended.returncode}: nothing was recorded")
    try:
        written = read_brought(path)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}; nothing was recorded") from error
    try:
        return kind.model_validate(tomllib.loads(written)), path
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: {error}; nothing was recorded") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        keys = [str(part) for part in first["loc"]]
        known = ", ".join(kind.model_fields)
        message = (
            f"it may have {known}"
            if first["type"] == "extra_forbidden"
            else first["msg"].removeprefix("Value error, ")
        )
        line = line_of_key(written, keys)
        raise UserError(f"{path}:{line}: {'.'.join(keys)}: {message}; nothing was recorded") from error


def _toml(value: object) -> str:
    """A text or a list of texts as TOML, which writes both as JSON does."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
