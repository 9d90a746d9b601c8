"""What a call cost whose record is damaged or gone: it was paid, so it stays counted.

Promises a booking that is no lower than what is still known: what the run's events tell of the call, else
what can be read of the file, else the most that the call can have cost, marked as an estimate. A changed
digit in an otherwise readable file is seen only where price and tokens no longer fit.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from agent.models.budget import RESERVED, Spending
from agent.models.prices import Price, cost_of, most_of
from agent.ports import Usage
from agent.workspace import write_durably

LOST = "lost"
"""How the note of such a call says that it ended."""
UNKNOWN_TOKENS = 50_000
"""Tokens of a prompt of which nothing is known: more than any of Shoal's own prompts has."""
BOTH_WAYS = 2
"""A schema may have been sent twice, and it stands in the file once."""
ENLARGED = 4
"""A limit is doubled two times at most."""

Source = Literal["events", "file", "estimate"]
_FIELD = r'(?<!\\)"{}": {}'
"""Within a text of the file, quotes stand behind a backslash."""


@dataclass(frozen=True)
class Lost:
    """A call that was paid and whose record is lost."""

    site: str
    prompt: str
    model: str
    spending: Spending
    source: Source

    @property
    def text(self) -> str:
        """What stays booked, in words."""
        cost = self.spending.cost_usd
        amount = f"{self.spending.tokens} tokens, {'an unknown sum' if cost is None else f'{cost:.4f} USD'}"
        known = {"events": "as the run's events tell", "file": "as the damaged file still tells"}
        return (
            f"{amount} stay booked, {known.get(self.source, 'the most that it can have cost: an estimate')}"
        )


@dataclass(frozen=True)
class Known:
    """What a run still knows that helps to tell what a lost call cost."""

    told: Mapping[str, Mapping[str, Any]]
    """The run's events of calls, by key."""
    models: tuple[str, ...]
    """Of the run, `provider:name`."""
    largest: int
    """Tokens of the longest prompt of the run's other calls; 0 where there is none."""
    limit: int
    """Tokens that an answer may have, by the settings."""
    prices: Mapping[str, Price]


def lost_call(path: Path, known: Known) -> Lost:
    """What to book for the call of a file that is damaged, or that is not there.

    Args:
        path: A journal's entry, or a note of a reservation.
    """
    content = _bytes(path)
    text = content.decode(errors="replace")
    event = {} if path.name.endswith(RESERVED) else known.told.get(path.stem, {})
    where = {name: str(event.get(name) or _word(text, name)) for name in ("site", "prompt", "model")}
    usage = _usage(event)
    if usage is not None:
        return Lost(**where, spending=Spending(1, usage, event.get("cost_usd")), source="events")
    usage, cost = _usage({name: _number(text, name) for name in Usage.__dataclass_fields__}), _cost(text)
    if usage is not None and cost is not None and where["model"]:
        dearest = max(cost, cost_of(where["model"], usage, known.prices) or 0.0)
        return Lost(**where, spending=Spending(1, usage, dearest), source="file")
    limit = _number(text, "max_output_tokens")
    most = Usage(
        prompt_tokens=max(BOTH_WAYS * len(content), known.largest or UNKNOWN_TOKENS),
        completion_tokens=ENLARGED * known.limit if limit is None else int(limit),
    )
    costs = [most_of(model, most, known.prices) for model in known.models]
    highest = None if None in costs else max((cost for cost in costs if cost is not None), default=0.0)
    return Lost(**where, spending=Spending(1, most, highest), source="estimate")


def book(path: Path, lost: Lost) -> Path:
    """Keep a note of what stays booked for a lost call; the same note if it is asked for again.

    Raises:
        StorageFailed: it cannot be written.
    """
    key = path.name.split(".")[0].split("-")[0]
    digits = hashlib.sha256(_bytes(path)).hexdigest()[:12]
    note = path.with_name(f"{key}-{LOST}-{digits}{RESERVED}")
    content = {"site": lost.site, "prompt": lost.prompt, "model": lost.model, **asdict(lost.spending)}
    write_durably(note, json.dumps({**content, "ended": LOST, "from": lost.source}).encode())
    return note


def called_keys(names: Iterable[str]) -> set[str]:
    """The keys of calls that a journal's folder knows of, entry or note, by its files' names."""
    return {name.split(".")[0].split("-")[0] for name in names if name.endswith(".json")}


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _usage(found: Mapping[str, Any]) -> Usage | None:
    """The tokens, if all four counts are there."""
    counts = {name: found.get(name) for name in Usage.__dataclass_fields__}
    if any(not isinstance(count, int | float) for count in counts.values()):
        return None
    return Usage(**{name: int(count or 0) for name, count in counts.items()})


def _word(text: str, name: str) -> str:
    found = re.search(_FIELD.format(name, r'"([^"\\\n]*)"'), text)
    return found[1] if found else ""


def _number(text: str, name: str) -> float | None:
    found = re.search(_FIELD.format(name, r"(\d+)\b"), text)
    return float(found[1]) if found else None


def _cost(text: str) -> float | None:
    found = re.search(_FIELD.format("cost_usd", r"([0-9.]+(?:e-?\d+)?)[\s,}]"), text)
    try:
        return float(found[1]) if found else None
    except ValueError:
        return None
