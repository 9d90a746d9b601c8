"""What a run may spend: the caps of the whole run and of each of its stages, and the words at a cap.

Promises nothing about keeping them: the budget keeps those on money and tokens, the command line those on
time and trials.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from agent.errors import CapReached

Kind = Literal["max_cost_usd", "max_tokens", "max_minutes", "max_trials"]
FLAGS: Mapping[Kind, str] = MappingProxyType(
    {
        "max_cost_usd": "--max-cost",
        "max_tokens": "--max-tokens",
        "max_minutes": "--max-minutes",
        "max_trials": "--max-trials",
    }
)
"""The flag of each cap of a run; the caps of a stage stand in the settings alone."""
UNITS: Mapping[Kind, str] = MappingProxyType(
    {"max_cost_usd": "USD", "max_tokens": "tokens", "max_minutes": "minutes", "max_trials": "trials"}
)
LEAST_ADVICE: Mapping[Kind, float] = MappingProxyType({"max_minutes": 10.0, "max_trials": 10.0})
"""The least higher cap that is worth naming: one that is reached again at once helps nobody."""


@dataclass(frozen=True)
class Caps:
    """The most that may be spent; None means no cap."""

    max_cost_usd: float | None = None
    """US dollars, for calls of models."""
    max_tokens: int | None = None
    """Tokens of prompts and answers together."""
    max_minutes: float | None = None
    """Minutes of work, over all starts."""
    max_trials: int | None = None
    """Trials that really run; known ones are free."""


@dataclass(frozen=True)
class AllCaps:
    """The caps of a run and those of its stages."""

    run: Caps = field(default_factory=Caps)
    stages: Mapping[str, Caps] = field(default_factory=dict)
    """By name of a stage; stages without a cap may be missing."""

    def of(self, kind: Kind, stage: str) -> list[tuple[str, float]]:
        """The caps of a kind that bind in a stage: the stage's name, empty for the run's, and the cap."""
        found: list[tuple[str, float]] = []
        for name, caps in (("", self.run), (stage, self.stages.get(stage, Caps()))):
            cap: float | None = getattr(caps, kind)
            if cap is not None:
                found.append((name, cap))
        return found

    def any_of(self, kind: Kind) -> bool:
        """Whether the run or one of its stages has a cap of a kind."""
        return any(getattr(caps, kind) is not None for caps in (self.run, *self.stages.values()))


def reached(kind: Kind, stage: str, cap: float, needed: float, so_far: str) -> CapReached:
    """The error at a cap.

    Args:
        stage: Whose cap it is; empty for the run's.
        needed: What going on could bring the sum to, in the cap's unit.
        so_far: What was spent, in words.
    """
    higher = amount_text(_rounded_up(max(2 * cap, needed, LEAST_ADVICE.get(kind, 0.0))))
    unit = UNITS[kind]
    if not stage:
        text = f"stopped at the cap of {amount_text(cap)} {unit} ({FLAGS[kind]}): {so_far}"
        return CapReached(text, remedy=f"{FLAGS[kind]} {higher}")
    text = f"stopped at the cap of {amount_text(cap)} {unit} for stage {stage}: {so_far}"
    return CapReached(text, remedy=f"raise {kind} of [budget.stage.{stage}], to {higher} for instance")


def stage_of(site: str) -> str:
    """The stage of a call's site, `idea/stage/node`; empty where the site names none."""
    parts = site.split("/")
    return parts[1] if len(parts) > 1 else ""


def amount_text(value: float) -> str:
    """A number of some unit, without a tail of digits."""
    return f"{value:.0f}" if value >= 1000 else f"{value:.4g}"


def _rounded_up(value: float) -> float:
    """The next number with two digits; 1 for next to nothing."""
    if value < 1e-9:
        return 1.0
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    return math.ceil(value / step - 1e-9) * step
