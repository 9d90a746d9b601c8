"""Which candidates go on, by their dev scores.

Promises choices that depend on the order of candidates and not on that in which trials end. Scores are
compared oriented: larger is better, and a failure counts as the metric's `worst`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from agent.artifacts import Candidate, Goal, Scored, Winner

FIRST = (0,)
"""The exploring replicate of every candidate's first trial."""
SECOND = (1, 2)
"""Replicates of the re-run of each arm's best third."""
THIRD = (3, 4)
"""Replicates of the re-run of the best three so far."""


def next_parent(
    candidates: Sequence[Candidate],
    k: int,
    lag: int,
    *,
    goal: Goal,
    worst: float,
    root: float | None = None,
    pruned: Collection[int] = (),
    pinned: Collection[int] = (),
) -> int | None:
    """Which edit the k-th edit (from 0) builds on: the best one among 0 … k−lag; None for the template.

    `root` is the unchanged template's dev score on replicate 0, in the metric's unit: an edit that does not
    beat it is no parent. Failed edits are none either. Ties go to the lower index. An index that no candidate
    has is an edit that never came about. Branches that a person `pruned` are left out; every second choice,
    the even ones, goes to the best edit of the branches that a person `pinned`, where one of them works.

    Raises:
        ValueError: one of the edits 0 … k−lag has no trial on replicate 0 yet.
    """
    cut, favoured = branches(candidates, pruned), branches(candidates, pinned)
    known = [c for c in candidates if c.index <= k - lag and c.index not in cut]
    if k % 2 == 0:
        wanted = best_edit([c for c in known if c.index in favoured], goal=goal, worst=worst)
        if wanted is not None:
            return wanted
    best = best_edit(known, goal=goal, worst=worst)
    if best is None or root is None:
        return best
    score = _mean(next(c for c in known if c.index == best), FIRST, goal, worst)
    return best if score > oriented(root, goal) else None


def branches(candidates: Sequence[Candidate], roots: Collection[int]) -> frozenset[int]:
    """Indices of the candidates of one arm that are among `roots` or build on one of them."""
    found: set[int] = set()
    for candidate in sorted(candidates, key=lambda c: c.index):
        if candidate.index in roots or candidate.parent in found:
            found.add(candidate.index)
    return frozenset(found)


def best_edit(candidates: Sequence[Candidate], *, goal: Goal, worst: float) -> int | None:
    """Index of the best edit on replicate 0, ties to the lower index; None where all failed.

    Raises:
        ValueError: an edit has no trial on replicate 0 yet.
    """
    edits = [candidate for candidate in candidates if candidate.origin == "edit"]
    ranked = _ranked(edits, FIRST, goal, worst)
    working = [c for c in ranked if all(s.score is not None for s in c.trials if s.replicate in FIRST)]
    return working[0].index if working else None


def oriented(value: float, goal: Goal) -> float:
    """`value` with its sign such that larger is better."""
    return value if goal == "maximize" else 0.0 - value


def score_of(scored: Scored, *, goal: Goal, worst: float) -> float:
    """The oriented score of one exploring trial; a failure scores `worst` (given in the metric's unit)."""
    return oriented(worst if scored.score is None else scored.score, goal)


def best_third(candidates: Sequence[Candidate], *, goal: Goal, worst: float) -> tuple[int, ...]:
    """The third (rounded up) of one arm that goes on to `SECOND`, by replicate 0; indices, ascending.

    Raises:
        ValueError: a candidate has no trial on replicate 0, or there is no candidate.
    """
    if not candidates:
        raise ValueError("an arm has no candidates")
    ranked = _ranked(candidates, FIRST, goal, worst)
    return tuple(sorted(c.index for c in ranked[: math.ceil(len(candidates) / 3)]))


def best_three(candidates: Sequence[Candidate], *, goal: Goal, worst: float) -> tuple[int, ...]:
    """The best three so far of one arm, which go on to `THIRD`; indices, ascending.

    Ranked by the mean over replicates 0–2, among the candidates that have them; fewer than three where
    fewer were re-run.
    """
    so_far = FIRST + SECOND
    ranked = _ranked([c for c in candidates if _has(c, so_far)], so_far, goal, worst)
    return tuple(sorted(c.index for c in ranked[:3]))


def winner(arm: str, candidates: Sequence[Candidate], *, goal: Goal, worst: float) -> Winner:
    """The candidate with the highest mean minus one standard error over replicates 1–4.

    Replicate 0 is left out: it chose who was re-run, so the best of it is too good. Ties go to the lower
    index. The returned mean is in the metric's unit.

    Raises:
        ValueError: no candidate has trials on all of replicates 1–4.
    """
    rerun = SECOND + THIRD
    best: tuple[float, Winner] | None = None
    for candidate in sorted(candidates, key=lambda c: c.index):
        if not _has(candidate, rerun):
            continue
        mean = _mean(candidate, rerun, goal, worst)
        squares = math.fsum((s - mean) ** 2 for s in _scores(candidate, rerun, goal, worst))
        error = math.sqrt(squares / (len(rerun) - 1) / len(rerun))
        if best is None or mean - error > best[0]:
            unit = oriented(mean, goal)
            best = (
                mean - error,
                Winner(
                    arm=arm,
                    index=candidate.index,
                    mean=unit,
                    standard_error=error,
                    replicates=len(rerun),
                ),
            )
    if best is None:
        raise ValueError(f"no candidate of arm {arm} was run on replicates {rerun}")
    return best[1]


def _has(candidate: Candidate, replicates: tuple[int, ...]) -> bool:
    return set(replicates) <= {scored.replicate for scored in candidate.trials}


def _scores(candidate: Candidate, replicates: tuple[int, ...], goal: Goal, worst: float) -> list[float]:
    """Oriented scores in the order of `replicates`, whatever the order in which the trials ended."""
    by_replicate = {s.replicate: score_of(s, goal=goal, worst=worst) for s in candidate.trials}
    missing = set(replicates) - set(by_replicate)
    if missing:
        raise ValueError(f"candidate {candidate.index} of {candidate.arm} lacks replicates {sorted(missing)}")
    return [by_replicate[r] for r in replicates]


def _mean(candidate: Candidate, replicates: tuple[int, ...], goal: Goal, worst: float) -> float:
    return math.fsum(_scores(candidate, replicates, goal, worst)) / len(replicates)


def _ranked(
    candidates: Sequence[Candidate], replicates: tuple[int, ...], goal: Goal, worst: float
) -> list[Candidate]:
    return sorted(candidates, key=lambda c: (-_mean(c, replicates, goal, worst), c.index))
