"""What a person says to a run or brings along: read within bounds, and refused where it must not be kept.

Promises that nothing which reaches a record holds the key of a model server, a control character that could
steer a terminal, or bytes that are no UTF-8; and that no file is read that is endless or very large.
"""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from agent.errors import UserError

MOST_BYTES = 2**20
"""Of a file that a person brings."""
BLANKS = "\n\r\t"
LONGEST_TITLE, LONGEST = 300, 10_000
"""Characters of a title, and of any other text: they stand in prompts and in the paper."""


def _kept(text: str) -> str:
    if problem := flaw(text):
        raise ValueError(f"it {problem}")
    if not text.strip():
        raise ValueError("it is blank")
    return text


Title = Annotated[str, Field(max_length=LONGEST_TITLE), AfterValidator(_kept)]
Words = Annotated[str, Field(max_length=LONGEST), AfterValidator(_kept)]


def sayable(text: str, what: str) -> str:
    """The text, where it can be kept.

    Args:
        what: What it is, for the error: `a hint`.

    Raises:
        UserError: it holds a key, a control character, or what is no UTF-8.
    """
    if problem := flaw(text):
        raise UserError(f"{what} {problem}; nothing was recorded")
    return text


def flaw(text: str) -> str:
    """Why a text must not be kept, such as "holds a control character"; empty where it may."""
    kinds = {unicodedata.category(one) for one in text if one not in BLANKS}
    if "Cs" in kinds:
        return "is no valid UTF-8: write it again"
    if "Cc" in kinds:
        return "holds a control character: leave it out"
    if holds_key(text):
        return "holds the key of a model server: leave it out"
    return ""


def holds_key(text: str) -> bool:
    """Whether the key of a model server stands in a text, as one of the variables has it."""
    from agent.models.keys import known_keys

    return any(key in text for key in known_keys(os.environ))


def read_brought(path: Path) -> str:
    """The text of a file that a person brings.

    Raises:
        OSError: it cannot be read, is no file, or is too large; the text says which.
        UnicodeDecodeError: it is no UTF-8.
    """
    if path.exists() and not path.is_file():
        raise OSError(f"{path} is no regular file")
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise OSError(f"{path} has more than {MOST_BYTES} bytes")
    text = content.decode("utf-8")
    if holds_key(text):
        raise OSError(f"{path} holds the key of a model server: leave it out")
    return text.replace("\r\n", "\n").replace("\r", "\n")
