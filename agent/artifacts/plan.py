"""The plan of the test, its power, its registration; and a plan that a person brought."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agent.artifacts.base import Artifact, Family, Goal, Id, Role, sha256_of, unset
from agent.artifacts.change import Change


class Arm(Artifact):
    """One frozen configuration of a plan."""

    name: str
    role: Role
    change: Change
    code_hash: str
    tuning_trials: int
    """Exploring candidates that this arm was chosen from; re-runs are not counted."""
    declared: bool = Field(default=False, exclude_if=unset)
    """A person brought the arm and declares that number; nothing here counted it."""


class Comparison(Artifact):
    """Treatment minus comparator, paired by replicate."""

    treatment: str
    comparator: str
    family: Family


class Plan(Artifact):
    """What will be tested, frozen before the first confirming trial."""

    id: Id
    idea: Id
    version: int
    kind: Literal["primary", "additional"]
    hypothesis: str
    arms: tuple[Arm, ...]
    comparisons: tuple[Comparison, ...]
    metric: str
    goal: Goal
    sesoi: float = Field(gt=0)
    """Δ, the smallest effect of interest, in the metric's unit."""
    worst: float
    """What a failed treatment trial counts as, in the metric's unit."""
    alpha: float
    """One-sided level α* of each verdict comparison."""
    n: int
    """Confirming replicates."""
    excluded: tuple[int, ...] = ()
    """Confirming replicates that this study has used already."""
    interval: Literal["t"] = "t"
    parents: tuple[str, ...] = ()
    """Hashes of the idea and the tree."""

    def content_key(self) -> bytes:
        """Key of the order of replicates: what is tested, without names and wording.

        `parents` is left out with id, idea, version and hypothesis: it changes with the wording, and a
        reworded hypothesis must not draw other replicates.
        """
        content = self.model_dump(mode="json", exclude={"id", "idea", "version", "hypothesis", "parents"})
        return bytes.fromhex(sha256_of(content))


class Power(Artifact):
    """What the plan could show, computed before it was registered."""

    sd_upper: float
    """Upper 80 % limit of the SD of the paired difference, in the metric's unit (Browne 1995)."""
    replicates_shared: int
    """k, the exploring replicates that both winners share."""
    supported_at_two_sesoi: float
    """P(supported) if the true effect is 2Δ."""
    refuted_at_zero: float
    """P(refuted) if the true effect is 0."""
    n_default: int
    """n before it was raised for power."""
    informative: bool
    """One of the two probabilities reaches one half."""


class Registration(Artifact):
    """A plan's entry in the ledger with the replicates it will use."""

    plan_hash: str
    replicates: tuple[int, ...]
    """Confirming replicates, in the order derived from the plan's content."""
    pool: str
    """Hash of the test inputs and answers."""
    number: int
    """This is registration `number` of `total` on the pool, as counted at the run's start."""
    total: int
    budget: int
    """`registrations` of the template: beyond it the pool is exhausted."""
    exhausted: bool
    power: Power


class BroughtArm(Artifact):
    """One configuration of a plan that a person brought."""

    role: Role
    label: str
    """What its owner calls it."""
    change: Change
    tuning_trials: int
    """Configurations it was chosen from, as its owner declares."""


class BroughtPlan(Artifact):
    """What a person wants tested as it stands, without a search."""

    arms: tuple[BroughtArm, ...]
    """One treatment, one baseline, a control or none, and at most three ablations."""
    control: Family | None
    """What the comparison with the control is for; None without one."""
    sesoi: float | None = Field(default=None, gt=0)
    """Δ in the metric's unit, where it is not the template's."""


class Draft(Artifact):
    """A plan that was drawn up and waits for a person before it is registered."""

    plan: Plan
    power: Power
    left: int
    """Confirming replicates that the study has not used: n can be no larger."""
