"""Small studies built from numbers, for the tests of evidence."""

from collections.abc import Mapping, Sequence

from agent.artifacts import (
    Arm,
    Candidate,
    Change,
    Comparison,
    Curve,
    Family,
    Goal,
    Measure,
    Plan,
    Power,
    Registration,
    Result,
    Role,
    Scored,
    Scores,
    Tree,
    Winner,
)
from agent.evidence.verdict import Results

POWER = Power(
    sd_upper=0.03,
    replicates_shared=5,
    supported_at_two_sesoi=0.81,
    refuted_at_zero=0.42,
    n_default=8,
    informative=True,
)
FAMILIES: dict[str, Family] = {
    "baseline": "verdict",
    "control": "descriptive",
    "ablation-a": "ablation",
    "ablation-b": "ablation",
}
ROLES: dict[str, Role] = {
    "treatment": "treatment",
    "baseline": "baseline",
    "control": "control",
    "ablation-a": "ablation",
    "ablation-b": "ablation",
}


def plan_of(
    arms: Sequence[str],
    n: int,
    *,
    goal: Goal = "maximize",
    sesoi: float = 0.02,
    worst: float = 0.0,
    alpha: float = 0.025,
    families: Mapping[str, Family] | None = None,
) -> Plan:
    """A plan that compares the treatment with every other arm."""
    family = FAMILIES | dict(families or {})
    return Plan(
        id="plan-1",
        idea="an-idea",
        version=1,
        kind="primary",
        hypothesis="it helps",
        arms=tuple(
            Arm(name=a, role=ROLES[a], change=Change(), code_hash="c", tuning_trials=24) for a in arms
        ),
        comparisons=tuple(
            Comparison(treatment="treatment", comparator=a, family=family[a])
            for a in arms
            if a != "treatment"
        ),
        metric="accuracy",
        goal=goal,
        sesoi=sesoi,
        worst=worst,
        alpha=alpha,
        n=n,
    )


def registration_of(plan: Plan, *, exhausted: bool = False) -> Registration:
    """Replicates 100, 101, …"""
    return Registration(
        plan_hash=plan.hash,
        replicates=tuple(range(100, 100 + plan.n)),
        pool="p",
        number=3,
        total=3,
        budget=20,
        exhausted=exhausted,
        power=POWER,
    )


Row = Sequence[float | None]


def results_of(
    registration: Registration,
    values: Mapping[str, Row],
    *,
    items: Mapping[str, Sequence[Sequence[float] | None]] | None = None,
    self_reported: bool = False,
    curves: bool = False,
) -> Results:
    """A result for each arm and replicate; None is a crash."""
    results = {}
    for arm, row in values.items():
        for place, (replicate, value) in enumerate(zip(registration.replicates, row, strict=True)):
            trial = f"{arm}-{replicate}"
            scores = None
            if value is None:
                result = Result(trial=trial, status="crashed")
            else:
                per_item = items[arm][place] if items else None
                if per_item is not None:
                    scores = Scores(values={"accuracy": tuple(per_item)})
                x = tuple(float(step) for step in range(1, 11))
                y = tuple(value * (1 - 0.6**step) for step in x)
                result = Result(
                    trial=trial,
                    status="ok",
                    metrics=(
                        Measure(name="accuracy", value=value),
                        Measure(name="log_loss", value=1 - value),
                    ),
                    scores_hash=scores.hash if scores else None,
                    curves=(Curve(metric="accuracy", x_name="epoch", x=x, y=y),) if curves else (),
                    self_reported=self_reported,
                )
            results[arm, replicate] = (result, scores)
    return results


def tree_of(scores: Mapping[str, Sequence[Row]]) -> Tree:
    """An exploration; each candidate's row is its scores on replicates 0, 1, …; the first arm index wins."""
    candidates, winners = [], []
    for arm, rows in scores.items():
        for index, row in enumerate(rows):
            trials = tuple(
                Scored(
                    replicate=r,
                    trial=f"{arm}-{index}-{r}",
                    status="ok" if s is not None else "crashed",
                    score=s,
                )
                for r, s in enumerate(row)
            )
            candidates.append(
                Candidate(
                    arm=arm,
                    index=index,
                    change=Change(),
                    code_hash="c",
                    origin="random" if index else "default",
                    trials=trials,
                )
            )
        winners.append(Winner(arm=arm, index=0, mean=0.8, standard_error=0.0123, replicates=4))
    return Tree(idea="an-idea", per_arm=2, lag=8, candidates=tuple(candidates), winners=tuple(winners))
