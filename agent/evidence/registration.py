"""What freezes a plan: its level, its n, the replicates it will use, and what it can show.

The rules are those of docs/how-a-study-works.md, Registering. Promises that the order of replicates follows
from what is tested, and from nothing else. Does not write the ledger.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from string import ascii_lowercase

from agent.artifacts import Candidate, Change, Goal, Plan, Power, Tree
from agent.errors import PlanRefused
from agent.evidence.power import plan_powers, smallest_n
from agent.evidence.statistics import spread, upper_sd
from agent.search import score_of

LEAST_N = 8
"""Fewer confirming replicates are never registered."""
LEVEL = 0.025
"""One-sided error of a run, shared by its ideas."""
ABLATIONS = 3


def alpha(ideas: int) -> float:
    """α* = 0.025 / ideas: the one-sided level of each idea of a run.

    Raises:
        ValueError: `ideas` is less than 1.
    """
    if ideas < 1:
        raise ValueError(f"a run needs at least one idea, not {ideas}")
    return LEVEL / ideas


def default_n(comparators: int, ideas: int) -> int:
    """10 confirming replicates with one verdict comparator and one idea, else 12."""
    return 10 if comparators == 1 and ideas == 1 else 12


@dataclass(frozen=True)
class Ablation:
    """A treatment with one step of its code away."""

    name: str
    """`ablation-a` and on, in the order of the steps."""
    omits: str
    """What the step away does, in its author's words."""
    change: Change


def ablations(tree: Tree, treatment: Candidate) -> tuple[Ablation, ...]:
    """The treatment with one step of its code away at a time, the first three steps at most.

    A step is what one edit of the exploration added; its search/replace parts belong together, and half of
    them would measure nothing but a crash. With a single step the ablation would be the baseline's code, so
    there is none. A step that builds on the one taken away may no longer apply: whoever applies it sees
    `EditFailed`.
    """
    edits = {c.index: c for c in tree.candidates if c.arm == treatment.arm and c.origin == "edit"}
    steps: list[Candidate] = []
    step = treatment if treatment.origin == "edit" else edits.get(treatment.parent or 0)
    while step is not None:
        steps.insert(0, step)
        step = None if step.parent is None else edits[step.parent]
    if len(steps) < 2:
        return ()
    found = []
    for number, (before, after) in enumerate(pairwise((None, *steps))):
        assert after is not None
        first, last = len(before.change.edits) if before else 0, len(after.change.edits)
        kept = (*treatment.change.edits[:first], *treatment.change.edits[last:])
        change = Change(knobs=treatment.change.knobs, edits=kept)
        found.append(Ablation(f"ablation-{ascii_lowercase[number]}", after.note, change))
    return tuple(found[:ABLATIONS])


def exploring_differences(
    tree: Tree, treatment: str, comparator: str, *, goal: Goal, worst: float
) -> tuple[float, ...]:
    """Oriented differences of two arms' winners over the exploring replicates that both were run on.

    A failure counts as `worst`, as it will in the verdict.

    Raises:
        ValueError: an arm has no winner in the tree.
    """

    def scores(arm: str) -> dict[int, float]:
        chosen = {won.arm: won.index for won in tree.winners}
        found = [c for c in tree.candidates if c.arm == arm and c.index == chosen.get(arm)]
        if not found:
            raise ValueError(f"the exploration has no winner for arm {arm}")
        return {s.replicate: score_of(s, goal=goal, worst=worst) for s in found[0].trials}

    ours, theirs = scores(treatment), scores(comparator)
    return tuple(ours[r] - theirs[r] for r in sorted(ours.keys() & theirs.keys()))


def choose_n(
    differences: Sequence[Sequence[float]],
    *,
    sesoi: float,
    alpha: float,
    n: int,
    left: int,
    may_rise: bool = True,
) -> tuple[int, Power]:
    """The n to register and the power statement at that n.

    `differences` holds one sequence per verdict comparator (`exploring_differences`); their SDs enter with
    the upper 80 % limit. Where neither power reaches one half at `n`, n rises to the smallest value that
    lifts one, up to `left`; where none does it stays, and the plan is not informative.

    Raises:
        PlanRefused: fewer than 8 replicates are left, or `n` is not from 8 to `left`.
        ValueError: two winners share fewer than two exploring replicates.
    """
    if left < LEAST_N:
        raise PlanRefused(f"{left} confirming replicates are left, and a plan needs {LEAST_N}")
    if not LEAST_N <= n <= left:
        raise PlanRefused(f"n = {n} replicates cannot be registered; choose {LEAST_N} to {left}")
    sds = [upper_sd(spread(d).sd, len(d)) for d in differences]
    chosen = n
    if may_rise:
        chosen = smallest_n(sds, sesoi=sesoi, alpha=alpha, least=n, most=left) or n
    supported, refuted = plan_powers(sds, chosen, sesoi=sesoi, alpha=alpha)
    power = Power(
        sd_upper=max(sds),
        replicates_shared=min(len(d) for d in differences),
        supported_at_two_sesoi=supported,
        refuted_at_zero=refuted,
        n_default=n,
        informative=max(supported, refuted) >= 0.5,
    )
    return chosen, power


def replicates_left(excluded: Iterable[int], confirming: Iterable[int]) -> int:
    """How many confirming replicates the study has not used."""
    return len(set(confirming) - set(excluded))


def replicate_order(plan: Plan, confirming: Iterable[int]) -> tuple[int, ...]:
    """The confirming replicates less `plan.excluded`, sorted by HMAC-SHA256(key, str(r)).

    The key is the plan's content without names and wording: nobody can know the order before the plan is
    frozen, and a reworded hypothesis draws the same replicates.
    """
    key = plan.content_key()
    left = set(confirming) - set(plan.excluded)
    return tuple(sorted(left, key=lambda r: hmac.new(key, str(r).encode(), hashlib.sha256).digest()))


def registered_replicates(plan: Plan, confirming: Iterable[int]) -> tuple[int, ...]:
    """The first n of `replicate_order`: what will be run.

    Raises:
        PlanRefused: fewer than 8, or fewer than the plan's n, are left.
    """
    order = replicate_order(plan, confirming)
    if len(order) < max(LEAST_N, plan.n):
        raise PlanRefused(
            f"{len(order)} confirming replicates are left, and plan {plan.id} needs {max(LEAST_N, plan.n)}"
        )
    return order[: plan.n]
