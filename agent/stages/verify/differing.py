"""Where a stored record is not what follows again."""

from __future__ import annotations

from collections.abc import Iterator

from agent.artifacts import (
    Artifact,
)


def differing(stored: Artifact, again: Artifact) -> Iterator[str]:
    """Where a stored record is not what follows again, innermost first."""
    return _between(stored.model_dump(mode="json"), again.model_dump(mode="json"), "")


def _between(stored: object, again: object, at: str) -> Iterator[str]:
    if stored == again:
        return
    if isinstance(stored, dict) and isinstance(again, dict):
        for name in dict.fromkeys((*stored, *again)):
            yield from _between(stored.get(name), again.get(name), f"{at}.{name}" if at else str(name))
    elif isinstance(stored, list) and isinstance(again, list) and len(stored) == len(again):
        for number, (one, other) in enumerate(zip(stored, again, strict=True)):
            name = one.get("name", one.get("id", number)) if isinstance(one, dict) else number
            yield from _between(one, other, f"{at}[{name}]")
    elif isinstance(stored, list) and isinstance(again, list):
        there, follow = _names(stored), _names(again)
        gone, more = ", ".join(sorted(follow - there)), ", ".join(sorted(there - follow))
        named = f"; missing: {gone}" * bool(gone) + f"; besides: {more}" * bool(more)
        yield f"{at} has {len(stored)} entries, and {len(again)} follow{named}"
    else:
        yield f"{at} is {_short(stored)}; computed again it is {_short(again)}"


def _names(entries: list[object]) -> set[str]:
    """The names of a list's entries that have one."""
    return {str(one.get("name", one.get("id"))) for one in entries if isinstance(one, dict)} - {"None"}


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"
