"""`shoal calls RUN`: every call that a run made to a model, with its tokens, cost and seconds.

Promises that the sums are those that the caps count: calls that were left unanswered, or whose record was
damaged, are listed with what is booked for them. Seconds come from the run's events, and are missing where
such a line was lost.
"""

from __future__ import annotations

import json as jsonlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agent.cli import checks
from agent.cli.events import events
from agent.cli.look import known_name, print_json, print_table
from agent.errors import UserError
from agent.workspace import Workspace

HEAD = ("stage", "prompt", "site", "model", "prompt tok", "cached", "answer tok", "reasoning", "USD", "s")


@dataclass(frozen=True)
class Row:
    """One call."""

    stage: str
    prompt: str
    """Name of the prompt; empty in an old note of an unanswered call."""
    version: int | None
    site: str
    sample: int
    turn: int
    """0 for the question, 1 for the first repair or enlargement …"""
    model: str
    ended: str
    """`stop`, `length`, `refusal`, `limit`; `unanswered` where no reply came and the server may bill it;
    `lost` where the record of a paid call was damaged."""
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    cost_usd: float | None
    """None where no price is known."""
    seconds: float | None
    """None where it is not known, and for answers without a model."""
    estimated: bool = False
    """Tokens and cost are the most that the call can have taken."""

    @property
    def idea(self) -> str:
        """Whose call it is; `run` for those of no idea."""
        return self.site.partition("/")[0]


@dataclass(frozen=True)
class Sum:
    """What several calls came to."""

    calls: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    cost_usd: float | None
    seconds: float | None


def show_calls(run: str, root: Path, idea: str | None, *, json: bool) -> int:
    """Print the calls of a run, or of one of its ideas, with sums by stage and in all.

    Raises:
        UserError: there is no such run or idea.
        WorkspaceCorrupt: an entry of the journal is damaged.
    """
    workspace = Workspace(root)
    known_name(workspace, run)
    rows = rows_of(workspace, run)
    known = {row.idea for row in rows}
    if idea is not None:
        if idea not in known:
            raise UserError(f"run {run} asked nothing for {idea!r}; there is: {', '.join(sorted(known))}")
        rows = [row for row in rows if row.idea == idea]
    asked = [row for row in rows if row.model != "scripted"]
    stages = {stage: total(row for row in asked if row.stage == stage) for stage in _stages(asked)}
    if json:
        print_json(
            {
                "schema": 1,
                "command": "calls",
                "run": run,
                "answered_by_rules": len(rows) - len(asked),
                "calls": [asdict(row) for row in asked],
                "stages": {stage: asdict(one) for stage, one in stages.items()},
                "sum": asdict(total(asked)),
            }
        )
        return 0
    if len(rows) > len(asked):
        print(f"no language model was called: {len(rows) - len(asked)} prompts were answered by rules")
    elif not rows:
        print(f"run {run} has made no calls yet")
    if asked:
        print_table([HEAD, *(_cells(row) for row in asked)])
        print()
        sums = [(*_sum_cells(stage, one),) for stage, one in stages.items()]
        print_table([("sum", "calls", *HEAD[4:]), *sums, _sum_cells("all", total(asked))])
    return 0


def rows_of(workspace: Workspace, run: str) -> list[Row]:
    """The calls of a run in the order of its events; those that no event tells of by stage and site.

    Raises:
        WorkspaceCorrupt: an entry is damaged.
    """
    from agent.models.journal import entry_paths

    folder = workspace.run_folder(run)
    told: dict[str, tuple[int, float | None]] = {}
    for number, event in enumerate(events(folder)):
        if event.get("kind") == "call" and isinstance(key := event.get("key"), str):
            told[key] = (number, event.get("seconds"))
    found = [(path.stem, _row(path, told)) for path in entry_paths(folder / "calls")]
    found += [("", _unanswered(path)) for path in sorted((folder / "calls").glob("*.reserved.json"))]
    last = len(told) + sum(1 for _ in events(folder))
    found.sort(key=lambda pair: (told.get(pair[0], (last,))[0], *_place(pair[1])))
    return [row for _, row in found]


def total(rows: Iterable[Row]) -> Sum:
    """The sum of some calls."""
    listed = list(rows)
    costs = [row.cost_usd for row in listed]
    return Sum(
        calls=len(listed),
        prompt_tokens=sum(row.prompt_tokens for row in listed),
        cached_tokens=sum(row.cached_tokens for row in listed),
        completion_tokens=sum(row.completion_tokens for row in listed),
        reasoning_tokens=sum(row.reasoning_tokens for row in listed),
        cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
        seconds=sum(row.seconds or 0.0 for row in listed),
    )


def _row(path: Path, told: dict[str, tuple[int, float | None]]) -> Row:
    from agent.models.caps import stage_of
    from agent.models.journal import read_entry

    entry = read_entry(path)
    return Row(
        stage=stage_of(entry.site),
        prompt=entry.prompt,
        version=entry.version,
        site=entry.site,
        sample=entry.sample,
        turn=entry.turn,
        model=entry.model,
        ended=entry.reply.finish,
        **asdict(entry.reply.usage),
        cost_usd=entry.reply.cost_usd,
        seconds=told[entry.key][1] if entry.key in told else None,
    )


def _unanswered(path: Path) -> Row:
    from agent.models.caps import stage_of
    from agent.models.journal import damaged

    try:
        note: dict[str, Any] = jsonlib.loads(path.read_text(encoding="utf-8"))
        site = note.get("site", "")
        return Row(
            stage=stage_of(site),
            prompt=note.get("prompt", ""),
            version=None,
            site=site,
            sample=0,
            turn=0,
            model=note.get("model", ""),
            ended=note.get("ended", "unanswered"),
            **note["usage"],
            cost_usd=note["cost_usd"],
            seconds=None,
            estimated=note.get("from", "estimate") == "estimate",
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged(path, error) from error


def _place(row: Row) -> tuple[Any, ...]:
    stages = (*checks.STAGES, row.stage)
    parts = re.split(r"(\d+)", row.site)
    natural = [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]
    return (row.idea != "run", row.idea, stages.index(row.stage), natural, row.sample, row.turn)


def _stages(rows: Sequence[Row]) -> list[str]:
    order = (*checks.STAGES, *(row.stage for row in rows))
    return sorted({row.stage for row in rows}, key=order.index)


def _cells(row: Row) -> tuple[str, ...]:
    turn = f" (turn {row.turn + 1})" if row.turn else ""
    words = ([row.ended] if row.ended != "stop" else []) + (["estimated"] if row.estimated else [])
    ended = f" [{', '.join(words)}]" if words else ""
    prompt = row.prompt if row.version is None else f"{row.prompt} v{row.version}"
    amounts = (row.prompt_tokens, row.cached_tokens, row.completion_tokens, row.reasoning_tokens)
    return (
        *(row.stage, prompt, f"{row.site}{turn}{ended}", row.model),
        *(str(amount) for amount in amounts),
        *(_usd(row.cost_usd), _seconds(row.seconds)),
    )


def _sum_cells(name: str, one: Sum) -> tuple[str, ...]:
    amounts = (
        one.calls,
        one.prompt_tokens,
        one.cached_tokens,
        one.completion_tokens,
        one.reasoning_tokens,
    )
    return (name, *(str(amount) for amount in amounts), _usd(one.cost_usd), _seconds(one.seconds))


def _usd(cost: float | None) -> str:
    return "?" if cost is None else f"{cost:.4f}"


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"
