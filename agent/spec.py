"""`template.toml` as typed tables.

Promises that a spec is consistent in itself and that every error names file, line and key. Knows nothing
of the files beside it.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agent.artifacts import Goal, Limits, Scalar
from agent.errors import TemplateError

READ_ONLY = frozenset({"template.toml", "prepare.py", "evaluate.py", "oracle.py", "library.bib"})
"""Files of a template that no idea may change."""
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Files(_Table):
    """`[files]`."""

    editable: tuple[str, ...] = ("experiment.py",)

    @model_validator(mode="after")
    def _code_of_the_experiment(self) -> Files:
        for name in self.editable:
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or name != path.as_posix():
                raise ValueError(f"{name!r} is no file of the template's folder")
            if name in READ_ONLY or path.parts[0] == "private":
                raise ValueError(f"{name!r} must not be edited: it prepares, scores or describes the trials")
        return self


class Requirements(_Table):
    """`[requirements]`: three environments."""

    prepare: tuple[str, ...] = ()
    experiment: tuple[str, ...] = ()
    evaluate: tuple[str, ...] = ()


class Replicates(_Table):
    """`[replicates]`: numbers 0 … explore−1 explore, the next `confirm` confirm."""

    explore: int = Field(ge=5)
    confirm: int = Field(ge=8)
    registrations: int = Field(default=20, ge=1)
    varies: tuple[str, ...] = Field(min_length=1)


class Regime(_Table):
    """`[regimes.NAME]`."""

    scope: str
    values: dict[str, Scalar] = {}


class Metric(_Table):
    """`[metrics.NAME]`."""

    goal: Goal
    unit: str = ""
    primary: bool = False
    bounds: tuple[float, float] | None = None
    worst: float | None = None
    sesoi: float | None = Field(default=None, gt=0)
    label: str = ""

    @model_validator(mode="after")
    def _primary_is_complete(self) -> Metric:
        if self.primary and (self.worst is None or self.sesoi is None):
            raise ValueError("the primary metric needs `worst` and `sesoi`")
        if self.bounds and not self.bounds[0] < self.bounds[1]:
            raise ValueError("bounds need the lower one first")
        if self.bounds and self.worst is not None and not self.bounds[0] <= self.worst <= self.bounds[1]:
            raise ValueError(f"worst = {self.worst:g} lies outside the bounds")
        return self


class Knob(_Table):
    """`[knobs.NAME]`: a setting of the experiment with its range."""

    type: Literal["int", "float", "bool", "categorical"]
    default: Scalar
    low: float | None = None
    high: float | None = None
    log: bool = False
    also: tuple[Scalar, ...] = ()
    choices: tuple[Scalar, ...] = ()
    when: dict[str, Scalar] = {}
    """The knob matters only where these others have these values."""
    label: str = ""

    @model_validator(mode="after")
    def _range_is_complete(self) -> Knob:
        if self.type in ("int", "float"):
            if self.low is None or self.high is None or not self.low < self.high:
                raise ValueError("needs low < high")
            if self.log and self.low <= 0:
                raise ValueError("log = true needs low > 0")
        if self.type == "categorical" and len(self.choices) < 2:
            raise ValueError("needs at least two choices")
        if len(set(map(str, self.choices))) < len(self.choices):
            raise ValueError("two choices are the same")
        if not self.allows(self.default):
            raise ValueError(f"default {self.default!r} is outside its own range (or `also`)")
        return self

    def allows(self, value: Scalar) -> bool:
        """Whether `value` is one this knob can take."""
        if self.type == "bool":
            return isinstance(value, bool)
        if self.type == "categorical":
            return value in self.choices
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if self.type == "int" and value != int(value):
            return False
        assert self.low is not None
        assert self.high is not None
        return value in self.also or self.low <= value <= self.high

    def coerce(self, text: str) -> Scalar:
        """The value that `text` from a command line means.

        Raises:
            ValueError: it means none of this knob's values; the text says which are allowed.
        """
        value: Scalar
        try:
            if self.type == "bool":
                value = {"true": True, "false": False, "1": True, "0": False}[text.lower()]
            elif self.type == "categorical":
                value = {str(choice): choice for choice in self.choices}[text]
            else:
                value = int(text) if self.type == "int" else float(text)
        except (KeyError, ValueError):
            raise ValueError(f"{text!r} is not {self.describe()}") from None
        if not self.allows(value):
            raise ValueError(f"{text} is not {self.describe()}")
        return value

    def describe(self) -> str:
        """The allowed values in words."""
        if self.type == "bool":
            return "true or false"
        if self.type == "categorical":
            return "one of " + ", ".join(str(choice) for choice in self.choices)
        kind = "a whole number" if self.type == "int" else "a number"
        extra = "".join(f" or {value}" for value in self.also)
        return f"{kind} from {self.low:g} to {self.high:g}{extra}"


class PrepareTable(_Table):
    """`[prepare]`."""

    network: bool = False
    wall_s: float = 300
    cpus: int = 1
    mem_mb: int = 2048
    out_mb: int = 512
    out_files: int = 5000
    tmp_mb: int = 64
    pids: int = 64


class Smoke(_Table):
    """`[smoke]`: a cheap trial for checks."""

    knobs: dict[str, Scalar] = {}
    wall_s: float | None = None


class Spec(_Table):
    """The whole of `template.toml`."""

    schema_: Literal[1] = Field(alias="schema")
    title: str
    question: str
    scope: str
    files: Files = Files()
    requirements: Requirements = Requirements()
    replicates: Replicates
    regimes: dict[Name, Regime] = {}
    metrics: dict[Name, Metric]
    knobs: dict[Name, Knob] = Field(min_length=1)
    limits: Limits
    smoke: Smoke = Smoke()
    prepare: PrepareTable = PrepareTable()
    evaluate: Limits | None = None

    @model_validator(mode="after")
    def _names_fit_together(self) -> Spec:
        if sum(metric.primary for metric in self.metrics.values()) != 1:
            raise ValueError("metrics: exactly one metric needs primary = true")
        for name, value in self.smoke.knobs.items():
            if name not in self.knobs or not self.knobs[name].allows(value):
                raise ValueError(f"smoke.knobs.{name}: no such knob, or not {value!r}")
        for name, knob in self.knobs.items():
            for other, value in knob.when.items():
                if other not in self.knobs or not self.knobs[other].allows(value):
                    raise ValueError(f"knobs.{name}.when.{other}: no such knob, or not {value!r}")
        return self


def read_spec(path: Path) -> Spec:
    """Read and check a `template.toml`.

    Raises:
        TemplateError: it cannot be read or is wrong; the text names line and key.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"{path}: cannot be read: {error}") from error
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TemplateError(f"{path}: {error}") from error
    try:
        return Spec.model_validate(raw)
    except ValidationError as error:
        raise TemplateError(_explain(path, text, error)) from error


def _explain(path: Path, text: str, error: ValidationError) -> str:
    """One line for the first problem: file, line, key, what is wrong, what was given."""
    first = error.errors(include_url=False)[0]
    keys = [str(part) for part in first["loc"]]
    given = first.get("input")
    shown = f" (it is {given!r})" if isinstance(given, str | int | float | bool) else ""
    message = first["msg"].removeprefix("Value error, ")
    if not keys:  # a rule over several tables, whose message begins with the key
        named, _, message = message.partition(": ")
        keys = named.split(".")
    if keys[-1] == "[key]":
        keys, message = keys[:-1], "use at most 40 of a–z, 0–9 and _, a letter first, for a name"
    more = f"; {error.error_count() - 1} more" if error.error_count() > 1 else ""
    return f"{path}:{line_of_key(text, keys)}: {'.'.join(keys)}: {message}{shown}{more}"


def line_of_key(text: str, keys: list[str]) -> int:
    """The line, from 1, on which the deepest known part of a dotted key stands in a TOML text."""
    table: list[str] = []
    best, best_depth = 1, 0
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[([^\[\]]+)\]", line):
            table = [part.strip().strip('"') for part in header[1].split(".")]
            found = table
        elif pair := re.match(r'\s*([A-Za-z0-9_."-]+)\s*=', line):
            found = table + [part.strip().strip('"') for part in pair[1].split(".")]
        else:
            continue
        depth = min(len(found), len(keys))
        if found[:depth] == keys[:depth] and depth > best_depth:
            best, best_depth = number, depth
    return best
