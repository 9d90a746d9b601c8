"""A TOML file that a person wrote, read into a model; every problem is one line with file, line and key."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from agent.cli.said import read_brought
from agent.errors import UserError
from agent.spec import line_of_key

ModelT = TypeVar("ModelT", bound=BaseModel)
ModelT_co = TypeVar("ModelT_co", bound=BaseModel, covariant=True)


@dataclass(frozen=True)
class Written(Generic[ModelT_co]):
    """A file with what it says."""

    path: Path
    text: str
    value: ModelT_co

    def refuse(self, keys: Sequence[str], problem: str) -> NoReturn:
        """Say what is wrong at a key.

        Raises:
            UserError: always.
        """
        where = f"{self.path}:{line_of_key(self.text, list(keys))}"
        raise UserError(f"{where}: {'.'.join(keys)}: {problem}")


def read_toml(path: Path, kind: type[ModelT]) -> Written[ModelT]:
    """Read a file.

    Raises:
        UserError: it cannot be read, is no TOML, or does not fit; the text names line and key.
    """
    try:
        text = read_brought(path)
        return Written(path, text, kind.model_validate(tomllib.loads(text)))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        keys = [str(part) for part in first["loc"]]
        line = line_of_key(text, keys)
        message = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            message = f"there is no such key; known are {', '.join(_known(kind, keys[:-1]))}"
        given = first.get("input")
        shown = f" (it is {given!r})" if isinstance(given, str | int | float | bool) else ""
        more = f"; {error.error_count() - 1} more" if error.error_count() > 1 else ""
        raise UserError(f"{path}:{line}: {'.'.join(keys) or 'the file'}: {message}{shown}{more}") from error


def _known(kind: type[BaseModel], keys: Sequence[str]) -> list[str]:
    """Names of the keys of a table of the file."""
    for key in keys:
        field = kind.model_fields.get(key)
        named = getattr(field, "annotation", None) if field else None
        inner = next((one for one in (*getattr(named, "__args__", ()), named) if _is_model(one)), None)
        kind = inner if inner is not None else kind
    return [field.alias or name for name, field in kind.model_fields.items()]


def _is_model(one: object) -> bool:
    return isinstance(one, type) and issubclass(one, BaseModel)
