"""Prompts: typed functions without a body. Each has an input, an output, a check and a `.md.j2` file."""

from __future__ import annotations

from typing import Any

from agent.ports import Prompt
from agent.prompts.edit import EDIT
from agent.prompts.figure import FIGURE
from agent.prompts.ideate import IDEATE
from agent.prompts.refine import REFINE
from agent.prompts.render import Message, answer_schema, render
from agent.prompts.repair import REPAIR
from agent.prompts.review import META, REVIEW
from agent.prompts.section import SECTION

ALL: tuple[Prompt[Any, Any], ...] = (IDEATE, EDIT, FIGURE, SECTION, REFINE, REPAIR, REVIEW, META)

__all__ = [
    "ALL", "EDIT", "FIGURE", "IDEATE", "META", "REFINE", "REPAIR", "REVIEW", "SECTION", "Message",
    "answer_schema", "render",
]  # fmt: skip
