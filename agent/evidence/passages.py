"""The passages of a study's record that its paper may retell.

Promises the shape alone: which passages there are is for `agent.stages.sections`, which shows them to the
writer, and how far a sentence may leave them for `agent.evidence.audit.support`.
"""

from __future__ import annotations

import re
from typing import Literal

from agent.artifacts import Artifact


class Passage(Artifact):
    """A text of the record."""

    text: str
    """In macro language; of `code`, names and remarks in any order."""
    kind: Literal["record", "idea", "code", "name"] = "record"
    """An idea's may be retold in a sentence that says that it is one, or asks; names may stand anywhere."""
    about: str = ""
    """The name of the fact, setting, figure or table that a clause must print to retell it; empty for any."""


def plain(text: str) -> str:
    r"""A text that is not LaTeX without what LaTeX would read as a command."""
    return re.sub(r"[\\{}$%&#^~_]", " ", text)
