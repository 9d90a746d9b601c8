"""The settings: flag > SHOAL_* > ./shoal.toml > the user's config file.

Promises that a key nobody knows, in a file or in a variable, is an error that names where it stands: a
mistyped setting never becomes a default. Holds no secrets; keys of model servers stay in the variables
that the servers' own tools use.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, FilePath, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from agent.cli.trusted import keep_keys, keep_sandbox
from agent.errors import SettingsError
from agent.sandboxes.enforcement import LimitName
from agent.spec import line_of_key

PREFIX = "SHOAL_"
DELIMITER = "__"
FILE = "shoal.toml"
NOT_SETTINGS = ("SHOAL_TEST_",)
"""Variables of the test suite, which are no settings."""

MOST_TRIALS = 10_000
"""Of one arm: candidates are all drawn before the first one runs, and none is stopped while they are."""

SandboxKind = Literal["auto", "docker", "bubblewrap"]
Stage = Literal["ideate", "explore", "register", "confirm", "analyse", "write", "review"]
"""As in agent.graph; a test compares them."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


class RunTable(_Table):
    """How a run goes; most have a flag of `shoal run`."""

    seed: int = Field(default=0, ge=0)
    """Feeds every random draw of a run."""
    ideas: int = Field(default=1, ge=1, le=20)
    """Ideas that go on; fixed at the start, since the level of each verdict depends on it."""
    explore: int = Field(default=24, ge=2, le=MOST_TRIALS)
    """Exploring trials per arm; re-runs are not counted."""
    replicates: int | None = Field(default=None, ge=8, le=MOST_TRIALS)
    """Confirming replicates; unset: chosen when the plan is registered."""
    workers: int | None = Field(default=None, ge=1, le=1000)
    """Trials at a time; unset: as many as fit this machine. Changes no result."""
    lag: int = Field(default=8, ge=1, le=MOST_TRIALS)
    """How many trials an adaptive choice may still be waiting for. Changes results."""
    reviewers: int | None = Field(default=None, ge=1, le=9)
    """Reviewers of the panel; unset: three, and one for the checklist of a scripted study."""
    style: str = "plain"
    """How papers look: `plain`, `twocolumn`, or a folder with a venue's files and a `style.toml`."""
    figures: int = Field(default=0, ge=0, le=1)
    """Figures that the author of each paper may add by code (docs/how-a-study-works.md); 0 asks for none."""
    max_pages: int | None = Field(default=None, ge=1)
    """Pages of a paper's text up to and including its conclusion, at most; unset: no limit."""
    min_free_mb: int = Field(default=200, ge=0)
    """Free disk space that a run wants to see before it starts, in MB."""


class ModelsTable(_Table):
    """Who answers prompts: `scripted` (no language model) or `provider:name`."""

    default: str = "scripted"
    """For every role that is not named here."""
    code: str | None = None
    """Writes edits of the experiment."""
    write: str | None = None
    """Writes the sections of the paper."""
    review: str | None = None
    """Reviews the paper."""
    vision: str | None = None
    """Answers prompts that show pictures; none of Shoal's own does yet."""
    base_url: str | None = None
    """Address of the chat-completions server, where the provider's own is not meant."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """Unset: the server's default."""
    max_output_tokens: int = Field(default=8000, ge=256)
    """Tokens of one answer, at most."""
    timeout_s: float = Field(default=600, ge=0)
    """Seconds to wait for one answer; 0 waits for ever."""
    attempts: int = Field(default=7, ge=1)
    """Attempts of a call that fails on the way (HTTP 408, 409, 429, 5xx, lost connections), at most."""
    retry_for_s: float = Field(default=900, ge=0)
    """Seconds from a call's first attempt to the beginning of its last one, at most."""
    first_wait_s: float = Field(default=1, gt=0)
    """Seconds before the second attempt, about; each further wait is twice as long, a minute at most."""
    max_concurrent: int | None = Field(default=None, ge=1)
    """Calls under way at one time, for each provider; unset: no limit."""
    calls_per_minute: int | None = Field(default=None, ge=1)
    """For each provider; unset: no limit."""
    tokens_per_minute: int | None = Field(default=None, ge=1)
    """Prompts and answers together, for each provider; unset: no limit."""


class CapsTable(_Table):
    """The same caps for one stage of the run."""

    max_cost_usd: float | None = Field(default=None, ge=0)
    """US dollars for models."""
    max_tokens: int | None = Field(default=None, ge=0)
    """Tokens of models, prompts and answers together."""
    max_minutes: float | None = Field(default=None, ge=0)
    """Minutes of work, over all starts of the run."""
    max_trials: int | None = Field(default=None, ge=0)
    """Trials that really run; those that earlier runs recorded are free."""


class BudgetTable(CapsTable):
    """What one run may spend; it stops before a cap is exceeded, and can be resumed with a higher one."""

    ask_above_usd: float = Field(default=1.0, ge=0)
    """US dollars of the estimate above which a run asks before it starts, unless its cost is capped."""
    stage: dict[Stage, CapsTable] = {}
    """The same caps for single stages."""


class SandboxTable(_Table):
    """Where the code of experiments runs."""

    kind: SandboxKind = "auto"
    """`auto`: Docker where it works, else bubblewrap. To run without a sandbox there is only the flag."""
    base_image: str | None = None
    """Docker image that environments are built on; unset: Shoal's default."""
    ca_bundle: FilePath | None = None
    """File with further certificates for `pip` while environments are built, as behind a proxy."""
    allow_unenforced: tuple[LimitName, ...] = ()
    """Limits that jobs may run without where the machine cannot enforce them; `shoal doctor` names these."""
    gpus: int | Literal["all"] | None = None
    """GPUs to hand out, one for each running trial: a number or "all". Docker only; untested on hardware."""


class LiteratureTable(_Table):
    """Which works may be cited. The template's `library.bib` is the only source yet."""


class PriceTable(_Table):
    """What a model costs, in US dollars for a million tokens."""

    input_usd: float = Field(ge=0)
    """Prompt tokens."""
    output_usd: float = Field(ge=0)
    """Tokens of answers, reasoning included."""
    cached_usd: float | None = Field(default=None, ge=0)
    """Prompt tokens that the server had cached; unset: as other prompt tokens."""


class Tables(_Table):
    """One settings file."""

    run: RunTable = RunTable()
    models: ModelsTable = ModelsTable()
    budget: BudgetTable = BudgetTable()
    sandbox: SandboxTable = SandboxTable()
    literature: LiteratureTable = LiteratureTable()
    prices: dict[str, PriceTable] = {}
    """By `provider:name`."""


class Settings(BaseSettings, Tables):
    """The effective settings; build them with `load`."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        nested_model_default_partial_update=True,
    )


def load(flags: Mapping[str, Mapping[str, Any]], folder: Path, environ: Mapping[str, str]) -> Settings:
    """The effective settings of a command that was started in `folder`.

    Args:
        flags: Table and key to the value of a flag; None where the flag was not given.
        environ: The variables of the process.

    Raises:
        SettingsError: an unknown key, or a value that cannot be used; the text says where it stands.
    """
    given: dict[str, Any] = {
        table: kept
        for table, keys in flags.items()
        if (kept := {key: value for key, value in keys.items() if value is not None})
    }
    _refuse_unknown_variables(environ)
    files = [_read(folder / FILE), _read(user_file(environ))]

    class Sourced(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            variables = EnvSettingsSource(settings_cls)
            variables.env_vars = {name.lower(): value for name, value in environ.items()}
            tables = [InitSettingsSource(settings_cls, file) for file in files]
            return (InitSettingsSource(settings_cls, given), variables, *tables)

    try:
        settings = Sourced()
    except ValidationError as error:
        raise SettingsError(_explain_value(error, given)) from error
    own = user_file(environ)
    said = _said("sandbox", given, environ)
    keep_sandbox(folder / FILE, files[0], files[1], said, own)
    if "base_url" not in _said("models", given, environ):
        table = settings.models
        roles = (table.default, table.code, table.write, table.review, table.vision)
        keep_keys(files[0].get("models", {}).get("base_url"), roles, environ, FILE, own)
    return settings


def _said(table: str, flags: Mapping[str, Mapping[str, Any]], environ: Mapping[str, str]) -> frozenset[str]:
    """The keys of a table that flags or variables give."""
    prefix = f"{PREFIX}{table}{DELIMITER}".lower()
    variables = {name.lower().removeprefix(prefix) for name in environ if name.lower().startswith(prefix)}
    return frozenset(variables | set(flags.get(table, {})))


def user_file(environ: Mapping[str, str]) -> Path:
    """The user's own settings file, there or not."""
    home = environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "shoal" / "config.toml"


def _read(path: Path) -> dict[str, Any]:
    """The tables of one file, checked by themselves so that an error can name its line; {} without a file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from error
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}") from error
    try:
        Tables.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        keys = [str(part) for part in first["loc"] if part != "[key]"]
        where = f"{path}:{line_of_key(text, keys)}"
        raise SettingsError(f"{where}: {_problem(keys, first)}") from error
    return raw


def _problem(keys: list[str], first: Mapping[str, Any]) -> str:
    name = ".".join(keys)
    if first["type"] == "extra_forbidden" or "[key]" in first["loc"]:
        known = ", ".join(_known(keys[:-1])) or "none"
        place = f"[{'.'.join(keys[:-1])}]" if keys[:-1] else "the file"
        return f"there is no setting {name}; {place} has {known}"
    given = first.get("input")
    shown = f" (it is {given!r})" if isinstance(given, str | int | float | bool) else ""
    return f"{name}: {first['msg'].removeprefix('Value error, ')}{shown}"


def _known(keys: list[str]) -> list[str]:
    """Names of the keys of a table."""
    if keys[:1] == ["prices"]:
        return list(PriceTable.model_fields) if len(keys) > 1 else []
    if keys[:2] == ["budget", "stage"]:
        return list(CapsTable.model_fields) if len(keys) > 2 else list(get_args(Stage))
    kind: type[BaseModel] = Tables
    for key in keys:
        field = kind.model_fields.get(key)
        if field is None or not isinstance(field.annotation, type):
            return []
        kind = field.annotation
    return list(kind.model_fields)


def _all_keys(keys: list[str]) -> list[list[str]]:
    """The places of all tables and keys below a table, without `prices`: its keys are names of models."""
    tables = ([], ["budget", "stage"], *([name] for name in Tables.model_fields))
    if keys not in tables and keys[:-1] != ["budget", "stage"]:
        return []
    return [place for key in _known(keys) for place in ([*keys, key], *_all_keys([*keys, key]))]


def _refuse_unknown_variables(environ: Mapping[str, str]) -> None:
    """pydantic-settings passes over a mistyped variable in silence; a study must not."""
    known = {f"{PREFIX}{DELIMITER.join(keys)}".upper() for keys in _all_keys([])}
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name.startswith(NOT_SETTINGS) or name in known:
            continue
        raise SettingsError(
            f"the environment variable {name} is no setting; they are written {PREFIX}TABLE{DELIMITER}KEY, "
            f"such as {PREFIX}RUN{DELIMITER}SEED (`shoal init` writes down every table and key)"
        )


def _explain_value(error: ValidationError, flags: Mapping[str, Mapping[str, Any]]) -> str:
    first = error.errors(include_url=False)[0]
    keys = [str(part) for part in first["loc"] if part != "[key]"]
    variable = f"{PREFIX}{DELIMITER.join(keys)}".upper()
    if len(keys) >= 2 and keys[1] in flags.get(keys[0], {}):
        return _problem(keys, first)
    return f"the environment variable {variable}: {_problem(keys, first)}"
