"""The files of a paper that Shoal did not write, as one text with places.

Promises to follow `\\input` inside the paper's folder only, to keep every character's file, line and column,
to blank what TeX does not print as prose (verbatim, listings, bibliographies), and to refuse what is too
large or too deep to be read. Comments stay, for the parser knows them.
"""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass, field
from pathlib import Path

from agent.errors import UserError

MAX_BYTES = 1_000_000
"""Of all files of a paper together."""
MAX_FILES = 200
MAX_DEPTH = 60
"""Of braces and environments inside each other."""
_UNPRINTED = (
    "filecontents",
    "filecontents*",
    "verbatim",
    "verbatim*",
    "Verbatim",
    "lstlisting",
    "minted",
    "comment",
    "thebibliography",
    "tikzpicture",
    "pgfpicture",
    "picture",
    "forest",
)
_OPENING = re.compile(r"\\begin\{(" + "|".join(re.escape(name) for name in _UNPRINTED) + r")\}")
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*")
_VERB = re.compile(r"\\(?:verb\*?|lstinline)([^\sA-Za-z*{])[^\n]*?\1")
_FALSE = re.compile(r"\\iffalse\b.*?\\fi\b", re.DOTALL)
_DEFINITION = re.compile(
    r"\\(?:re|provide)?(?:new|provide)?(?:command|def)\*?\s*\{?\s*\\([A-Za-z@]+)\s*\}?\s*"
    r"(?:\[(\d)\])?\s*(\[[^\]]*\])?\s*(?:#\d)*\s*(?=\{)"
)


class Unauditable(UserError):
    """A paper or its results cannot be read; the text says which file and why."""


@dataclass(frozen=True)
class Spot:
    """Where a character stands: a file, and line and column from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True)
class Definition:
    """A macro of the paper's own."""

    arguments: int
    body: str
    default: str | None = None


@dataclass
class Source:
    """All files that were read; positions count through them one after another."""

    root: Path
    """The paper's folder."""
    names: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    """As written."""
    starts: list[int] = field(default_factory=list)
    definitions: dict[str, Definition] = field(default_factory=dict)
    unread: list[tuple[str, int, str]] = field(default_factory=list)
    """Files that the paper takes in and that were not read: name, position, reason."""

    def add(self, path: Path) -> int:
        """Read a file and return its number.

        Raises:
            Unauditable: it cannot be read as UTF-8 text, or the paper is too large.
        """
        name = path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.name
        text = _text_of(path, MAX_BYTES)
        if sum(map(len, self.texts)) + len(text) > MAX_BYTES or len(self.names) >= MAX_FILES:
            raise Unauditable(
                f"{path}: the paper is larger than {MAX_BYTES // 1_000_000} MB; audit its parts"
            )
        self.starts.append(self.starts[-1] + len(self.texts[-1]) + 1 if self.starts else 0)
        self.names.append(name)
        self.texts.append(text)
        self.definitions.update(definitions(uncommented(text)))
        return len(self.names) - 1

    def spot(self, position: int) -> Spot:
        """The place of a position."""
        index = bisect.bisect_right(self.starts, position) - 1
        within = position - self.starts[index]
        before = self.texts[index][:within]
        return Spot(self.names[index], before.count("\n") + 1, within - (before.rfind("\n") + 1) + 1)

    def find(self, argument: str) -> Path | None:
        """The file that an `\\input` names, if it lies inside the folder."""
        for name in (argument, f"{argument}.tex"):
            try:
                path = (self.root / name).resolve()
                if path.is_file() and path.is_relative_to(self.root):
                    return path
            except (OSError, ValueError):
                return None
        return None


def _text_of(path: Path, most: int) -> str:
    try:
        if path.is_file() and path.stat().st_size > most:
            raise Unauditable(f"{path}: larger than {most // 1_000_000} MB; audit its parts")
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise Unauditable(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Unauditable(f"{path}: cannot be read ({reason})") from error


def blank(text: str) -> str:
    """Spaces in place of everything but line ends."""
    return re.sub(r"[^\n]", " ", text)


def uncommented(text: str) -> str:
    """A text with its comments blanked."""
    return _COMMENT.sub(lambda found: found[1] + " " * (len(found[0]) - len(found[1])), text)


def printed(text: str) -> str:
    """A text with what is not printed as prose blanked; everything else stays where it was."""
    text = _without_environments(text)
    text = _VERB.sub(lambda found: blank(found[0]), text)
    return _FALSE.sub(lambda found: blank(found[0]), text)


def _without_environments(text: str) -> str:
    plain = uncommented(text)
    parts, position = [], 0
    while found := _OPENING.search(plain, position):
        closing = "\\end{" + found[1] + "}"
        stop = plain.find(closing, found.end())
        stop = len(text) if stop < 0 else stop + len(closing)
        parts += [text[position : found.start()], blank(text[found.start() : stop])]
        position = stop
    return "".join([*parts, text[position:]])


def body(text: str) -> tuple[int, str]:
    """What stands between `\\begin{document}` and its end, and where; the whole text without them."""
    plain = uncommented(text)
    start, stop = plain.find(r"\begin{document}"), plain.find(r"\end{document}")
    start = start + len(r"\begin{document}") if start >= 0 else 0
    return start, text[start : stop if stop >= start else len(text)]


def definitions(text: str) -> dict[str, Definition]:
    """The macros that a text defines, comments being blanked."""
    found: dict[str, Definition] = {}
    for match in _DEFINITION.finditer(text):
        stop = closing_brace(text, match.end())
        if stop is None:
            continue
        head = match[0]
        count = int(match[2]) if match[2] else len(re.findall(r"#\d", head))
        default = match[3][1:-1] if match[3] else None
        found[match[1]] = Definition(count, text[match.end() + 1 : stop], default)
    return found


def closing_brace(text: str, start: int) -> int | None:
    """Where the brace that opens at `start` is closed."""
    depth, position = 0, start
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return position
        position += 1
    return None


def too_deep(text: str) -> int | None:
    """Where braces and environments stand deeper than `MAX_DEPTH`."""
    depth = 0
    for found in re.finditer(r"\\begin\b|\\end\b|\\.|[{}$]", uncommented(text), re.DOTALL):
        if found[0] in ("{", "\\begin", "\\[", "\\("):
            depth += 1
        elif found[0] in ("}", "\\end", "\\]", "\\)"):
            depth -= 1
        if depth > MAX_DEPTH:
            return found.start()
    return None
