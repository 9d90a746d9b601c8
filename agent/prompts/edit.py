"""EDIT: one step of the search for code that brings an idea to life."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Mapping

from agent.artifacts import Edit
from agent.errors import EditFailed
from agent.ports import Prompt
from agent.prompts.brief import Brief, CodeFile, Given, Written
from agent.templates import apply_edits

IMPORT_NAMES = {"scikit-learn": "sklearn", "pillow": "PIL", "pyyaml": "yaml", "opencv-python": "cv2"}
"""Distributions that are imported under another name than their own."""


class Tried(Given):
    """An edit that was tried before, with how it did."""

    number: int
    parent: int | None
    """Number of the edit that it builds on; None for the template's code."""
    description: str
    score: float | None
    """The primary metric on the dev split; None for a failure."""
    failure: str = ""
    """Why it has no score; empty too where its result is not known yet."""
    log_tail: str = ""
    """End of the failed trial's output."""

    @property
    def is_pending(self) -> bool:
        """Whether its result may not be known yet."""
        return self.score is None and not self.failure

    @property
    def last_line(self) -> str:
        """The last line of its output that says something: in Python the exception."""
        lines = (line.strip() for line in reversed(self.log_tail.splitlines()))
        return next((line for line in lines if line.strip("`")), "")


class EditIn(Given):
    """What is known at one step."""

    brief: Brief
    hypothesis: str
    what: str
    """The mechanism that the idea adds, and where."""
    code: tuple[CodeFile, ...]
    """The editable files as they stand after the parent's edits."""
    parent: int | None
    """Number of the edit whose code is given; None for the template's code."""
    parent_score: float | None
    """The primary metric of the code given, on the dev split."""
    template_score: float | None = None
    """The primary metric of the template's own code, on the dev split; None until it is known."""
    tried: tuple[Tried, ...] = ()
    hints: tuple[str, ...] = ()
    """What the person who runs the study said while it ran, in their order."""
    step: int
    steps: int

    @property
    def is_anything_known(self) -> bool:
        """Whether the result of an earlier edit is known."""
        return not all(edit.is_pending for edit in self.tried)

    @property
    def newest_log(self) -> Tried | None:
        """The last failure whose output is known."""
        return next((edit for edit in reversed(self.tried) if edit.log_tail), None)


class EditText(Written):
    """One search/replace edit."""

    file: str
    search: str
    replace: str


class EditOut(Written):
    """The answer to EDIT."""

    description: str
    edits: tuple[EditText, ...]
    none_because: str

    def as_edits(self) -> tuple[Edit, ...]:
        """The edits as artifacts."""
        return tuple(Edit(file=edit.file, search=edit.search, replace=edit.replace) for edit in self.edits)


def edit_applies(data: EditIn, answer: EditOut) -> tuple[str, ...]:
    """Problems of an edit that can be seen without running it."""
    if not answer.edits:
        return (
            ()
            if answer.none_because.strip()
            else ("`edits` is empty: say why in `none_because`, or give edits.",)
        )
    if answer.none_because.strip():
        return ("`none_because` must be empty when there are edits.",)
    before = {file.file: file.text for file in data.code}
    try:
        after = apply_edits(before, answer.as_edits())
    except EditFailed as error:
        return (f"{error}. Copy it exactly, with enough lines to be unique.",)
    problems = [] if answer.description.strip() else ["`description` is empty."]
    if after == before:
        problems.append("The edits change nothing.")
    knobs = tuple(knob.name for knob in data.brief.knobs)
    return (*problems, *_problems_in_code(before, after, knobs, data.brief.packages))


def _problems_in_code(
    before: Mapping[str, str], after: Mapping[str, str], knobs: tuple[str, ...], packages: tuple[str, ...]
) -> list[str]:
    problems = []
    for name in (name for name in after if name.endswith(".py") and after[name] != before[name]):
        try:
            tree = ast.parse(after[name])
        except (SyntaxError, ValueError) as error:
            line = f"line {error.lineno}: {error.msg}" if isinstance(error, SyntaxError) else str(error)
            problems.append(f"{name} does not parse after the edits: {line}.")
            continue
        known = (
            imports(_parsed(before[name])) | set(sys.stdlib_module_names) | {import_name(p) for p in packages}
        )
        known |= {file.removesuffix(".py") for file in after}
        problems += [
            f"{name} imports {module}, which is not installed." for module in sorted(imports(tree) - known)
        ]
    gone = [knob for knob in knobs if _mentions(before, knob) and not _mentions(after, knob)]
    if gone:
        problems.append(
            f"These knobs are no longer read: {', '.join(gone)}. Every knob must keep its meaning."
        )
    return problems


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return ast.Module(body=[], type_ignores=[])


def imports(tree: ast.Module) -> set[str]:
    """Top-level names of all absolute imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def import_name(requirement: str) -> str:
    distribution = re.split(r"[\s\[<>=!~;@]", requirement, maxsplit=1)[0].lower()
    return IMPORT_NAMES.get(distribution, distribution.replace("-", "_"))


def _mentions(files: Mapping[str, str], knob: str) -> bool:
    return any(re.search(rf"\b{re.escape(knob)}\b", text) for text in files.values())


EDIT = Prompt("edit", 4, EditIn, EditOut, role="code", check=edit_applies)
