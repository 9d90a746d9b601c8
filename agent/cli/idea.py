"""`--idea FILE|KNOB`: the user's own idea, or the knob to ask about."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agent.artifacts import CodeTreatment, Idea, KnobTreatment, Treatment
from agent.errors import UserError
from agent.spec import line_of_key
from agent.templates import Template


class IdeaFile(BaseModel):
    """An idea as a user writes it down, in TOML."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1)
    hypothesis: str = Field(min_length=1)
    prediction: str = Field(min_length=1)
    refuted_if: str = Field(min_length=1)
    knob: str | None = None
    """The knob whose values are the idea."""
    what: str | None = None
    """The change of the code that is the idea."""

    @model_validator(mode="after")
    def _one_treatment(self) -> IdeaFile:
        if (self.knob is None) == (self.what is None):
            raise ValueError('name either `knob = "…"` or `what = "…"`')
        return self

    @property
    def treated(self) -> Treatment:
        """What the idea changes."""
        return KnobTreatment(knob=self.knob) if self.knob else CodeTreatment(what=self.what or "")


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
    idea = _parse(path)
    if idea.knob is not None and idea.knob not in template.spec.knobs:
        known = ", ".join(template.spec.knobs)
        raise UserError(f"{path}: template {template.name} has no knob {idea.knob!r}; it has {known}")
    if idea.what is not None and scripted:
        raise UserError(
            f"{path}: an idea that changes code needs a language model: add --model PROVIDER:NAME"
        )
    return None, Idea(
        id=_slug(idea.title),
        title=idea.title,
        hypothesis=idea.hypothesis,
        treated=idea.treated,
        prediction=idea.prediction,
        refuted_if=idea.refuted_if,
        origin="human",
        novelty="not assessed",
    )


def _parse(path: Path) -> IdeaFile:
    try:
        text = path.read_text(encoding="utf-8")
        return IdeaFile.model_validate(tomllib.loads(text))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        keys = [str(part) for part in first["loc"]]
        where = ".".join(keys) or "the idea"
        line = line_of_key(text, keys)
        message = first["msg"].removeprefix("Value error, ")
        raise UserError(f"{path}:{line}: {where}: {message}") from error


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:36].strip("-") or "idea"
