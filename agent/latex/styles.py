"""How a paper looks: one column, two columns, or the official files of a venue.

Promises that a venue's folder is read once and nothing outside it, that a folder which cannot be used is
one line that says why, and that every style prints Shoal's disclosure and links. Judges no venue's rules.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files as resources
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.errors import UserError

Columns = Literal[1, 2]
SETTINGS = "style.toml"
KINDS = (".cls", ".sty", ".bst", ".clo", ".def", ".cfg", ".fd")
"""Endings of the files that are taken from a venue's folder."""
MOST_BYTES = 4_000_000
"""Of a venue's files together."""
_OWN = ("shoal.sty", "shoal-twocolumn.sty", "shoal-venue.sty")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_OPTION = re.compile(r"[A-Za-z0-9 =.,+_:/*-]*")


@dataclass(frozen=True)
class Style:
    """What the renderer needs to know of a style."""

    name: str
    head: str
    """LaTeX: the class and the packages."""
    columns: Columns
    files: dict[str, bytes]
    """What lies beside the paper, by name."""
    bibliography: str = "plainnat"

    @property
    def star(self) -> str:
        """What makes a float as wide as the page."""
        return "*" if self.columns == 2 else ""


class _Package(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    options: tuple[str, ...] = ()


class _Venue(BaseModel):
    """`style.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    documentclass: str
    options: tuple[str, ...] = ()
    packages: tuple[_Package, ...] = ()
    columns: Columns = 1
    bibliographystyle: str = "plainnat"


def style_named(name: str) -> Style:
    """`plain`, `twocolumn`, or that of a folder.

    Raises:
        UserError: there is neither a style nor a folder of that name, or the folder cannot be used.
    """
    if name == "plain":
        head = "\\documentclass[10pt,a4paper]{article}\n\\usepackage{shoal}"
        return Style(name, head, 1, _own("shoal.sty"))
    if name == "twocolumn":
        head = "\\documentclass[10pt,a4paper,twocolumn]{article}\n\\usepackage{shoal-twocolumn}"
        return Style(name, head, 2, _own("shoal.sty", "shoal-twocolumn.sty"))
    return _venue(Path(name))


def _own(*names: str) -> dict[str, bytes]:
    return {name: (resources("agent.latex") / name).read_bytes() for name in names}


def _venue(folder: Path) -> Style:
    """The style of a venue's folder.

    Raises:
        UserError: the folder cannot be used.
    """
    venue, files = _settings(folder), _files(folder)
    known = {Path(name).stem for name in files}
    for name in (venue.documentclass, venue.bibliographystyle, *(one.name for one in venue.packages)):
        if not _NAME.fullmatch(name):
            raise UserError(f"{folder / SETTINGS}: {name!r} is no name of a class, package or style")
    for option in (*venue.options, *(text for one in venue.packages for text in one.options)):
        if not _OPTION.fullmatch(option):
            raise UserError(f"{folder / SETTINGS}: {option!r} is no option")
    if not known & {venue.documentclass, *(one.name for one in venue.packages)}:
        raise UserError(f"{folder}: neither its class nor its packages are among its files; name one of them")
    lines = [_line("documentclass", venue.documentclass, venue.options)]
    lines += [_line("usepackage", one.name, one.options) for one in venue.packages]
    lines.append(r"\usepackage{shoal-venue}")
    files |= _own("shoal-venue.sty")
    return Style(str(folder), "\n".join(lines), venue.columns, files, venue.bibliographystyle)


def _settings(folder: Path) -> _Venue:
    if not folder.is_dir():
        raise UserError(f"there is no style {folder}: use plain, twocolumn, or a folder with a {SETTINGS}")
    path = folder / SETTINGS
    _refuse_link(path)
    if path.exists() and not path.is_file():
        raise UserError(f"{path} is no file")
    try:
        return _Venue.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{path}: {where}: {first['msg']}") from error


def _files(folder: Path) -> dict[str, bytes]:
    """The venue's files.

    Raises:
        UserError: one of them is a link, is Shoal's own, cannot be read, or they are too large.
    """
    found: dict[str, bytes] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix not in KINDS:
            continue
        _refuse_link(path)
        if not path.is_file():
            continue
        if path.name in _OWN:
            raise UserError(f"{path}: this name is Shoal's own; rename the file")
        if path.stat().st_size + sum(map(len, found.values())) > MOST_BYTES:
            raise UserError(f"{folder}: its files are larger than {MOST_BYTES // 1_000_000} MB together")
        try:
            found[path.name] = path.read_bytes()
        except OSError as error:
            raise UserError(f"{path} cannot be read: {error}") from error
    return found


def _refuse_link(path: Path) -> None:
    """A link could lead to any file of this machine, whose content would lie beside the paper."""
    if path.is_symlink():
        raise UserError(f"{path} is a link, and a style's folder may hold none: put the file itself there")


def _line(macro: str, name: str, options: tuple[str, ...]) -> str:
    given = f"[{','.join(options)}]" if options else ""
    return f"\\{macro}{given}{{{name}}}"
