"""The numbers of a paper with the words around each, before any is judged.

Promises every number of every cell and sentence, once, with its role. Knows nothing of the results.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from agent.evidence.audit.foreign.changes import Pair
from agent.evidence.audit.foreign.evidence import Support
from agent.evidence.audit.foreign.layout import Placed, placed
from agent.evidence.audit.foreign.numerals import Number, numbers
from agent.evidence.audit.foreign.reading import Block, Cell, Reading
from agent.evidence.audit.foreign.report import Judged
from agent.evidence.audit.foreign.roles import Role, role, setting_words
from agent.evidence.audit.foreign.scopes import Scope, Sentence, Words, group_of, sentences, words_scope
from agent.evidence.audit.foreign.source import Unauditable

MAX_IN_SENTENCE = 400
_DEVIATION = re.compile(r"deviations?|standard errors?|\bstd\b|\bs\.?[de]\.?\b|\bsem\b", re.IGNORECASE)
_SETTINGS = re.compile(
    r"\bhyper-?\s?parameters?\b|\bconfigurations?\b|\bsettings\b|\b(?:training|implementation) details\b|"
    r"\barchitectures?\b|^\s*(?:parameter|option|setting|argument)s?\s*$",
    re.IGNORECASE,
)
_OUTCOMES = re.compile(
    r"\b(?:results?|performance|comparisons?|scores?|effects?|impact|sensitivity|ablations?|accurac\w+|across)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Found:
    """A number with its words, before it is judged."""

    number: Number
    block: Block
    offset: int
    """Where its sentence begins in the block."""
    text: str
    """Its sentence or cell."""
    words: Words
    role: Role
    placed: Placed | None = None
    table: int = -1
    """Which table it stands in."""


@dataclass(frozen=True)
class Verdict:
    """A judged number with what supports it, for the statements around it."""

    found: Found
    judged: Judged
    support: Support | None
    pair: Pair | None


def in_tables(reading: Reading) -> Iterator[Found]:
    for index, table in enumerate(reading.tables):
        data, heads = placed(table)
        caption, heading = words_scope(table.caption), words_scope(table.heading)
        axes = _axes(data)
        settings = _of_settings(table.caption, heads, data)
        for cell in heads:
            for number in numbers(cell.block.text, words=False):
                words = Words((words_scope(cell.block.text), caption), cell.block.text, table=True)
                yield Found(number, cell.block, 0, cell.block.text, words, "structural")
        for item in data:
            text = item.cell.block.text
            headers = words_scope(
                f"{item.row} ; {item.column} ; {'' if not re.search('[a-z]{3}', text) else text}"
            )
            scopes = (headers, words_scope(item.group), caption, heading)
            near = f"{item.row} {item.column} {item.group}\0{table.caption} {text}"
            for place, number in enumerate(numbers(text, words=False)):
                if place and _bracketed(number, text) and _DEVIATION.search(near):
                    number = replace(number, spread=True)
                kind = role(number, text, "cell")
                is_setting = (
                    kind == "value"
                    and setting_words(f"{item.row} ", "")
                    and not re.search(
                        r"[a-z]{3}", item.column.lower().replace("value", "").replace("setting", "")
                    )
                )
                if kind == "value" and (is_setting or settings):
                    kind = "setting"
                words = Words(scopes, near, table=True, axes=axes)
                yield Found(number, item.cell.block, 0, text, words, kind, item, index)


def _axes(data: Sequence[Placed]) -> tuple[str, ...]:
    """The labels of a table's rows and of its columns."""
    rows = dict.fromkeys(f"{item.row} ; {item.group}" for item in data)
    return "\n".join(rows), "\n".join(dict.fromkeys(item.column for item in data))


def _of_settings(caption: str, heads: Sequence[Cell], data: Sequence[Placed]) -> bool:
    """Whether a table lists settings: it says so in its caption or heads, and speaks of no outcome."""
    if _OUTCOMES.search(caption):
        return False
    columns = {item.column.strip().lower() for item in data}
    valued = columns <= {"value", "values", "setting", "settings", "choice", "default", ""}
    named = _SETTINGS.search(caption) or any(_SETTINGS.search(head.block.text) for head in heads)
    return bool((valued and columns - {""}) or named)


def _bracketed(number: Number, text: str) -> bool:
    """Whether a number stands in brackets of its own: `84.1 (0.3)`."""
    return text[: number.start].rstrip().endswith("(") and text[number.stop :].lstrip()[:1] == ")"


def in_text(reading: Reading) -> Iterator[Found]:
    for block in reading.blocks:
        parts = sentences(block)
        outer = _lead(block.lead) if block.kind == "item" else []
        heading = words_scope(block.heading.split(" / ")[-1])
        for place, sentence in enumerate(parts):
            if len(sentence.numbers) > MAX_IN_SENTENCE:
                raise Unauditable(f"a sentence has more than {MAX_IN_SENTENCE} numbers; nobody can check it")
            earlier = [Scope(other.text, other.words) for other in reversed(parts[max(0, place - 3) : place])]
            roles = _roles(sentence, block)
            for index, number in enumerate(sentence.numbers):
                scope = Scope(sentence.text, sentence.words, sentence.numbers, index)
                words = Words((scope, *earlier, *outer, heading), sentence.text)
                yield Found(number, block, sentence.start, sentence.text, words, roles[index])


def _roles(sentence: Sentence, block: Block) -> list[Role]:
    """The roles of a sentence's numbers; whole numbers in a list with a setting are settings."""
    if block.kind == "heading":
        return ["structural"] * len(sentence.numbers)
    roles = [role(number, sentence.text, block.kind) for number in sentence.numbers]
    for index, number in enumerate(sentence.numbers):
        if roles[index] == "value" and not number.percent and number.value.is_integer():
            group = group_of(Scope(sentence.text, sentence.words, sentence.numbers, index))
            if any(roles[other] == "setting" for other in group):
                roles[index] = "setting"
    return roles


def _lead(text: str) -> list[Scope]:
    """What leads a list in, the last sentence first."""
    parts = re.split(r"(?<=[.!?])\s+(?=[A-Z])", text.strip()) if text.strip() else []
    return [words_scope(part) for part in reversed(parts[-3:])]
