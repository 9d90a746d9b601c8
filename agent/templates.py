"""Experiment templates: loads a template folder and says what a trial of it is.

Promises that a loaded template is consistent with its `template.toml` and that every error names file,
line and key. Does not run anything: preparing and evaluating happen in sandboxes (`agent.trials`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agent.artifacts import Change, Edit, Goal, KnobValue, Limits, Scalar, Split, Trial, hash_files, sha256_of
from agent.errors import EditFailed, TemplateError

READ_ONLY = frozenset({"template.toml", "prepare.py", "evaluate.py", "library.bib"})
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


@dataclass(frozen=True)
class Template:
    """A loaded template folder."""

    name: str
    root: Path
    spec: Spec

    @property
    def primary(self) -> tuple[str, Metric]:
        """Name and table of the primary metric."""
        return next((name, metric) for name, metric in self.spec.metrics.items() if metric.primary)

    @property
    def defaults(self) -> dict[str, Scalar]:
        """Every knob at its default."""
        return {name: knob.default for name, knob in self.spec.knobs.items()}

    def regime(self, name: str | None) -> tuple[str, Regime]:
        """A regime by name; the first, or one named `default` with the template's scope, without.

        Raises:
            TemplateError: there is no such regime.
        """
        if not self.spec.regimes and name in (None, "default"):
            return "default", Regime(scope=self.spec.scope)
        if name is None:
            return next(iter(self.spec.regimes.items()))
        if name not in self.spec.regimes:
            known = ", ".join(self.spec.regimes) or "default"
            raise TemplateError(f"template {self.name} has no regime {name!r}; it has {known}")
        return name, self.spec.regimes[name]

    def code(self, edits: Iterable[Edit] = ()) -> dict[str, str]:
        """The editable files after `edits`, by relative path.

        Raises:
            EditFailed: an edit names another file, or its search text does not occur exactly once.
        """
        files = {name: (self.root / name).read_text(encoding="utf-8") for name in self.spec.files.editable}
        return apply_edits(files, edits)

    def code_hash(self, edits: Iterable[Edit] = ()) -> str:
        """Hash of the editable files after `edits`."""
        return hash_files({name: text.encode() for name, text in self.code(edits).items()})

    def hash(self, evaluate_environment: str) -> str:
        """Hash of what scores a trial and of the read-only code beside it.

        Text for people (README, library.bib), `prepare.py` (its effect is the data's hash) and the
        editable files (they are the code's hash) are left out.
        """
        skip = {"template.toml", "library.bib", "prepare.py", *self.spec.files.editable}
        files = {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in template_files(self.root)
            if path.relative_to(self.root).as_posix() not in skip and path.suffix != ".md"
        }
        return sha256_of(
            {
                "files": hash_files(files),
                "metrics": self.spec.model_dump(mode="json", include={"metrics"}),
                "evaluate": self.evaluate_limits.model_dump(mode="json"),
                "environment": evaluate_environment,
            }
        )

    @property
    def evaluate_limits(self) -> Limits:
        """Limits of the evaluator; the experiment's where the template names none."""
        return self.spec.evaluate or self.spec.limits

    @property
    def prepare_limits(self) -> Limits:
        """Limits of `prepare.py`."""
        return Limits(**self.spec.prepare.model_dump(exclude={"network"}))

    def knobs(self, change: Change) -> tuple[KnobValue, ...]:
        """All knobs with the change applied, sorted by name.

        Raises:
            TemplateError: the change names an unknown knob or a value outside its range.
        """
        values = self.defaults
        for name, value in change.values().items():
            if name not in self.spec.knobs:
                known = ", ".join(self.spec.knobs)
                raise TemplateError(f"template {self.name} has no knob {name!r}; it has {known}")
            if not self.spec.knobs[name].allows(value):
                wanted = self.spec.knobs[name].describe()
                raise TemplateError(f"template {self.name}: knob {name} = {value!r} is not {wanted}")
            values[name] = value
        return Change.of(values).knobs

    @property
    def exploring(self) -> range:
        """Numbers of the exploring replicates."""
        return range(self.spec.replicates.explore)

    @property
    def confirming(self) -> range:
        """Numbers of the confirming replicates."""
        first = self.spec.replicates.explore
        return range(first, first + self.spec.replicates.confirm)


@dataclass(frozen=True)
class Setup:
    """A template made ready for one regime: its data prepared, its environments built."""

    template: Template
    regime: str
    scope: str
    """What the results hold for, in words: the template's scope, or the regime's with it."""
    data_hash: str
    pool: str
    """Hash of the test inputs and answers; the ledger counts registrations on it."""
    template_hash: str
    environment_hash: str

    def trial(self, change: Change, replicate: int, split: Split) -> Trial:
        """The trial of a variant on one replicate and split.

        Raises:
            EditFailed: an edit of the change does not apply.
            TemplateError: a knob of the change is unknown or out of range.
        """
        return Trial(
            template_hash=self.template_hash,
            data_hash=self.data_hash,
            code_hash=self.template.code_hash(change.edits),
            knobs=self.template.knobs(change),
            replicate=replicate,
            split=split,
            limits=self.template.spec.limits,
            environment_hash=self.environment_hash,
        )


def apply_edits(files: Mapping[str, str], edits: Iterable[Edit]) -> dict[str, str]:
    """`files` after search/replace edits, in order.

    Raises:
        EditFailed: an edit names another file, or its search text does not occur exactly once.
    """
    changed = dict(files)
    for number, edit in enumerate(edits, start=1):
        if edit.file not in changed:
            raise EditFailed(f"edit {number}: {edit.file!r} is not an editable file ({', '.join(changed)})")
        count = changed[edit.file].count(edit.search) if edit.search else 0
        if count != 1:
            raise EditFailed(f"edit {number}: its search text occurs {count} times in {edit.file}, not once")
        changed[edit.file] = changed[edit.file].replace(edit.search, edit.replace)
    return changed


def template_files(root: Path) -> list[Path]:
    """The files of a template folder, caches and hidden files left out, sorted."""
    return sorted(
        path
        for path in root.rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and not any(part.startswith(".") for part in path.relative_to(root).parts)
    )


def find_template(name: str, folders: Iterable[Path]) -> Path:
    """The folder of a template: a path, else `NAME` in one of `folders`.

    Raises:
        TemplateError: there is none; the text lists the known ones.
    """
    folders = tuple(folders)
    candidates = [Path(name)] if "/" in name or name in (".", "..") else []
    candidates += [folder / name for folder in folders]
    for candidate in candidates:
        if (candidate / "template.toml").is_file():
            return candidate.resolve()
    known = sorted({path.parent.name for folder in folders for path in folder.glob("*/template.toml")})
    names = ", ".join(known) or "none"
    raise TemplateError(f"no template {name!r}; known: {names}, or give a folder with template.toml")


def load_template(root: Path) -> Template:
    """Load and check a template folder.

    Raises:
        TemplateError: a file is missing or `template.toml` is wrong; the text names line and key.
    """
    path = root / "template.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"{path}: cannot be read: {error}") from error
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TemplateError(f"{path}: {error}") from error
    try:
        spec = Spec.model_validate(raw)
    except ValidationError as error:
        raise TemplateError(_explain(path, text, error)) from error
    for name in ("prepare.py", "evaluate.py", "experiment.py", *spec.files.editable):
        if not (root / name).is_file():
            raise TemplateError(f"{root}: {name} is missing")
    return Template(name=root.name, root=root, spec=spec)


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
