"""Code that a person brings, as search/replace edits of a template's files: given as such, as whole changed
files, or as a unified diff.

Promises edits that apply, and Python that parses; line numbers of a diff are not believed, its text is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from agent.artifacts import Edit
from agent.cli.said import read_brought
from agent.errors import EditFailed
from agent.templates import Template, apply_edits


class EditTable(BaseModel):
    """One search/replace edit in a TOML file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    search: str = Field(min_length=1)
    replace: str


class CodeTable(BaseModel):
    """How a TOML file gives code: one of three ways, or not at all. Paths start at the TOML file's folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    edits: tuple[EditTable, ...] = ()
    files: dict[str, str] = {}
    """A file of the template to the changed copy of it."""
    diff: str | None = None
    """A unified diff, as `git diff` or `diff -u` writes it."""


class CodeProblem(Exception):
    """Code that cannot be used; `key` is where the TOML file gives it."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key


def edits_of(table: CodeTable, template: Template, folder: Path) -> tuple[Edit, ...]:
    """The edits that a table means; none where it gives no code.

    Raises:
        CodeProblem: a file cannot be read, an edit does not apply, or nothing changes.
    """
    given = [key for key in ("edits", "files", "diff") if getattr(table, key)]
    if not given:
        return ()
    if len(given) > 1:
        raise CodeProblem(given[1], f"code is given twice; keep one of {', '.join(given)}")
    (key,) = given
    before = template.code()
    try:
        edits = _edits(table, before, folder)
        after = apply_edits(before, edits)
    except EditFailed as error:
        more = "; give it more lines around the change (diff -U 12)" if key == "diff" else ""
        raise CodeProblem(key, f"{error}{more}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CodeProblem(key, f"a file cannot be read: {error}") from error
    if after == before:
        raise CodeProblem(key, "the code is the template's own: nothing changes")
    for name, text in after.items():
        if name.endswith(".py"):
            try:
                ast.parse(text)
            except SyntaxError as error:
                raise CodeProblem(
                    key, f"{name} does not parse after the change: line {error.lineno}: {error.msg}"
                ) from error
    return edits


def _edits(table: CodeTable, before: Mapping[str, str], folder: Path) -> tuple[Edit, ...]:
    if table.edits:
        return tuple(Edit(file=one.file, search=one.search, replace=one.replace) for one in table.edits)
    if table.diff is not None:
        return tuple(hunks(read_brought(folder / table.diff), tuple(before)))
    found: list[Edit] = []
    for name, path in table.files.items():
        if name not in before:
            raise EditFailed(f"{name!r} is not an editable file ({', '.join(before)})")
        found += between(name, before[name], read_brought(folder / path))
    return tuple(found)


def between(name: str, before: str, after: str) -> list[Edit]:
    """The edits that turn one text into the other, each with as many lines around it as make it unique."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    changes = [op for op in SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if op[0] != "equal"]
    found: list[Edit] = []
    for _, i, j, k, m in changes:
        text = apply_edits({name: before}, found)[name]
        for around in range(len(old) + 1):
            head, tail = old[max(0, i - around) : i], old[j : j + around]
            search = "".join([*head, *old[i:j], *tail])
            if search and text.count(search) == 1:
                found.append(Edit(file=name, search=search, replace="".join([*head, *new[k:m], *tail])))
                break
        else:
            return [Edit(file=name, search=before, replace=after)]
    if apply_edits({name: before}, found)[name] != after:
        return [Edit(file=name, search=before, replace=after)]
    return found


def hunks(diff: str, names: tuple[str, ...]) -> Iterator[Edit]:
    """The hunks of a unified diff as edits.

    Raises:
        EditFailed: it is no unified diff, or it is one of a file that may not be edited.
    """
    name, count = "", 0
    old: list[str] = []
    new: list[str] = []
    for line in [*diff.splitlines(keepends=True), "@@"]:
        if line.startswith(("@@", "diff ", "--- ")) and (old or new):
            yield Edit(file=name, search="".join(old), replace="".join(new))
            old, new, count = [], [], count + 1
        if line.startswith("+++ "):
            path = line[4:].split("\t")[0].strip()
            name = next((one for one in names if path == one or path.endswith(f"/{one}")), "")
            if not name:
                raise EditFailed(f"the diff changes {path!r}, which is no editable file ({', '.join(names)})")
        elif name and line[:1] in (" ", "-", "+") and not line.startswith(("--- ", "+++ ")):
            old += [line[1:]] if line[0] != "+" else []
            new += [line[1:]] if line[0] != "-" else []
        elif name and line in ("\n", "\r\n"):  # an empty line whose blank an editor took away
            old.append(line)
            new.append(line)
    if not count:
        raise EditFailed("it is no unified diff: there is no hunk after a line `+++ FILE`")
