"""Facts about an exploration: counts and best dev scores. For the section on the exploration, no results."""

from __future__ import annotations

from functools import partial
from string import ascii_lowercase

from agent.artifacts import Candidate, Fact, Tree, Winner
from agent.evidence.digits import digits_of
from agent.search import FIRST, SECOND, THIRD


def explored_facts(tree: Tree, unit: str, label: str) -> list[Fact]:
    """Counts and dev scores by arm; all names start with `explore.` but those that every section may
    state, `count.edits` and `count.tuned`; every split is dev.
    """
    count = partial(Fact, split="dev", unit="trials", formula="count", digits=0)
    total = sum(len(candidate.trials) for candidate in tree.candidates)
    found = [count(name="explore.trials", label="exploring trials", value=total)]
    for arm in dict.fromkeys(candidate.arm for candidate in tree.candidates):
        candidates = [candidate for candidate in tree.candidates if candidate.arm == arm]
        scored = [s for candidate in candidates for s in candidate.trials]
        rows = [
            ("candidates", "candidates", len(candidates)),
            ("trials", "exploring trials", len(scored)),
            ("failures", "failed exploring trials", sum(s.score is None for s in scored)),
        ]
        found += [
            count(name=f"explore.{arm}.{key}", label=f"{words} of {arm}", value=value, arms=(arm,))
            for key, words, value in rows
        ]
        found += _default(candidates, unit, label)
        found += [_best(won, candidates, unit, label) for won in tree.winners if won.arm == arm]
    if shares_its_candidates(tree):
        edits = sum(candidate.origin == "edit" for candidate in tree.candidates)
        rest = sum(candidate.arm == "treatment" for candidate in tree.candidates) - edits
        found += [
            count(name="count.edits", label="edits among the treatment's candidates",
                  value=edits, unit="", arms=("treatment",)),
            count(name="count.tuned", label="configurations among the treatment's candidates", value=rest,
                  unit="", arms=("treatment",)),
        ]  # fmt: skip
    return found + _steps(tree, unit, label)


def shares_its_candidates(tree: Tree) -> bool:
    """Whether several edits are candidates, so that fewer are left to tune knobs than the baseline has."""
    return sum(candidate.origin == "edit" for candidate in tree.candidates) > 1


def _steps(tree: Tree, unit: str, label: str) -> list[Fact]:
    """The first look at each step of editing, at default knobs, where it has a score."""
    edits = [candidate for candidate in tree.candidates if candidate.origin == "edit"]
    return [
        fact
        for letter, candidate in zip(ascii_lowercase, edits, strict=False)
        for fact in _first_look(
            candidate,
            f"explore.step.{letter}",
            f"dev {label} of step {letter} of editing, at default settings",
            unit,
        )
    ]


def _best(won: Winner, candidates: list[Candidate], unit: str, label: str) -> Fact:
    chosen = next(candidate for candidate in candidates if candidate.index == won.index)
    brought = chosen.origin == "brought"
    rule = "" if brought else "; the winner has the best mean minus one standard error"
    return Fact(
        name=f"explore.{won.arm}.best",
        label=f"mean dev {label} of {won.arm if brought else f'the winner of {won.arm}'}",
        split="dev",
        value=won.mean,
        unit=unit,
        n=won.replicates,
        formula=f"mean over exploring replicates 1–4{rule}",
        arms=(won.arm,),
        trials=tuple(s.trial for s in chosen.trials if s.replicate in SECOND + THIRD),
        digits=digits_of(won.standard_error),
    )


def _default(candidates: list[Candidate], unit: str, label: str) -> list[Fact]:
    """The one trial of an arm's default configuration on replicate 0, where it has a score."""
    return [
        fact
        for candidate in candidates
        if candidate.origin == "default"
        for fact in _first_look(
            candidate,
            f"explore.{candidate.arm}.default",
            f"dev {label} of {candidate.arm} at default settings",
            unit,
        )
    ]


def _first_look(candidate: Candidate, name: str, label: str, unit: str) -> list[Fact]:
    """A candidate's trial on replicate 0 as a fact; none where it has no score."""
    return [
        Fact(
            name=name,
            label=label,
            split="dev",
            value=s.score,
            unit=unit,
            n=1,
            formula="one trial on exploring replicate 0",
            arms=(candidate.arm,),
            trials=(s.trial,),
        )
        for s in candidate.trials
        if s.replicate in FIRST and s.score is not None
    ]
