"""What every prompt about experiments says of the template: its question, knobs, metric and limits."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from agent.artifacts import Goal, Scalar
from agent.spec import Knob
from agent.templates import Template


class Given(BaseModel):
    """Part of a prompt's input; frozen, unknown fields are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


class Written(BaseModel):
    """Part of an answer. Keys that were not asked for are dropped, missing ones are an error."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class KnobBrief(Given):
    """A knob as the answerer sees it."""

    name: str
    label: str
    default: Scalar
    allowed: str
    """The allowed values in words."""
    off_by_default: bool
    """The default switches its mechanism off, so that the knob is a remedy one can add."""
    when: str = ""
    """The values of other knobs under which it matters; empty for always."""
    treatable: bool = True
    """An idea may be about it."""


class Brief(Given):
    """An experiment template in short."""

    title: str
    question: str
    scope: str
    """What results hold for, in words."""
    varies: tuple[str, ...]
    """What differs between replicates."""
    knobs: tuple[KnobBrief, ...]
    metric: str
    """The primary metric in words."""
    goal: Goal
    unit: str
    sesoi: float
    """Smallest effect of interest, in the metric's unit."""
    wall_s: float
    """Seconds that one trial may take."""
    mem_mb: int
    """MiB of memory that one trial may use."""
    packages: tuple[str, ...]
    """What the experiment may import besides the standard library, as requirements."""


class CodeFile(Given):
    """An editable file with its whole text."""

    file: str
    text: str


def brief_of(template: Template, scope: str) -> Brief:
    """The brief of a loaded template; `scope` is the regime's."""
    name, metric = template.primary
    spec = template.spec
    assert metric.sesoi is not None
    return Brief(
        title=spec.title,
        question=spec.question,
        scope=scope,
        varies=spec.replicates.varies,
        knobs=tuple(_knob_brief(knob_name, knob) for knob_name, knob in spec.knobs.items()),
        metric=metric.label or name.replace("_", " "),
        goal=metric.goal,
        unit=metric.unit,
        sesoi=metric.sesoi,
        wall_s=spec.limits.wall_s,
        mem_mb=spec.limits.mem_mb,
        packages=spec.requirements.experiment,
    )


def code_files(files: Mapping[str, str]) -> tuple[CodeFile, ...]:
    """The editable files in the order of their names."""
    return tuple(CodeFile(file=name, text=files[name]) for name in sorted(files))


def _knob_brief(name: str, knob: Knob) -> KnobBrief:
    return KnobBrief(
        name=name,
        label=knob.label or name.replace("_", " "),
        default=knob.default,
        allowed=knob.describe(),
        off_by_default=is_off(knob),
        when=", ".join(f"{other} = {value}" for other, value in knob.when.items()),
    )


def is_off(knob: Knob) -> bool:
    """Whether the default switches the knob's mechanism off: false, or a zero that its range leaves out."""
    if knob.type == "bool":
        return knob.default is False
    if knob.type == "categorical":
        return knob.default in ("none", "off")
    return knob.default == 0 and any(value == knob.default for value in knob.also)
