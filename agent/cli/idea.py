"""`--idea FILE|KNOB`: the user's own idea, or the knob to ask about."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from agent.artifacts import CodeTreatment, Edit, Idea, KnobTreatment, Treatment
from agent.cli.code import CodeProblem, CodeTable, edits_of
from agent.cli.said import Title, Words
from agent.cli.toml import Written, read_toml
from agent.errors import UserError
from agent.templates import Template


class IdeaWords(BaseModel):
    """An idea as a user writes it down, in TOML."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Title
    hypothesis: Words
    prediction: Words
    refuted_if: Words
    knob: str | None = None
    """The knob whose values are the idea."""
    what: Words | None = None
    """The change of the code that is the idea."""

    @model_validator(mode="after")
    def _one_treatment(self) -> Self:
        if (self.knob is None) == (self.what is None):
            raise ValueError('name either `knob = "…"` or `what = "…"`')
        return self

    @property
    def treated(self) -> Treatment:
        """What the idea changes."""
        return KnobTreatment(knob=self.knob) if self.knob else CodeTreatment(what=self.what or "")


class IdeaFile(IdeaWords, CodeTable):
    """`--idea FILE`; the code is given where no model is to write it."""

    deciding: tuple[Literal["baseline", "control"], ...] = ()
    """Comparators that decide, where the usual ones are not meant."""


def read_idea(argument: str | None, template: Template, *, scripted: bool) -> tuple[str | None, Idea | None]:
    """The knob that is asked about and the idea that was brought; at most one of them.

    Raises:
        UserError: the argument is neither, the file is wrong, or the idea needs a language model.
    """
    if argument is None:
        return None, None
    if argument in template.spec.knobs:
        return argument, None
    path = Path(argument)
    if not path.is_file():
        known = ", ".join(template.spec.knobs)
        raise UserError(
            f"--idea {argument}: no such file, and template {template.name} has the knobs {known}"
        )
    file = read_toml(path, IdeaFile)
    written = file.value
    known_knob(file, written.knob, template)
    edits = code_of(file, written, (), template)
    if edits and written.knob:
        file.refuse(["knob"], "an idea about a knob leaves the code as it is: describe the code with `what`")
    if written.what is not None and not edits and scripted:
        file.refuse(
            ["what"],
            "somebody has to write this code: add --model PROVIDER:NAME, or give it with `edits`, `files` or "
            "`diff`",
        )
    if written.deciding:
        _check_deciding(file)
    idea = own_idea(written)
    deciding: tuple[Literal["control"], ...] = ("control",) if "control" in written.deciding else ()
    return None, idea.model_copy(update={"edits": edits, "deciding": deciding})


def own_idea(written: IdeaWords) -> Idea:
    """An idea of a person, without code."""
    return Idea(
        id=_slug(written.title),
        title=written.title,
        hypothesis=written.hypothesis,
        treated=written.treated,
        prediction=written.prediction,
        refuted_if=written.refuted_if,
        origin="human",
        novelty="not assessed",
    )


def known_knob(file: Written[IdeaWords], knob: str | None, template: Template) -> None:
    """Refuse a knob that the template does not have."""
    if knob is not None and knob not in template.spec.knobs:
        known = ", ".join(template.spec.knobs)
        file.refuse(["knob"], f"template {template.name} has no knob {knob!r}; it has {known}")


def code_of(
    file: Written[IdeaWords], table: CodeTable, at: tuple[str, ...], template: Template
) -> tuple[Edit, ...]:
    """The edits that a table of the file means.

    Raises:
        UserError: they cannot be used; the text names line and key.
    """
    try:
        return edits_of(table, template, file.path.parent)
    except CodeProblem as problem:
        file.refuse([*at, problem.key], str(problem))


def _check_deciding(file: Written[IdeaFile]) -> None:
    """The baseline always decides, and so does the control where code is treated."""
    written = file.value
    needed = {"baseline"} if written.knob else {"baseline", "control"}
    if missing := sorted(needed - set(written.deciding)):
        file.refuse(["deciding"], f"{' and '.join(missing)} has to be among them: it always decides here")


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:36].strip("-") or "idea"
