"""FIGURE without a language model: the differences behind the verdict, replicate by replicate."""

from __future__ import annotations

from agent.prompts.figure import FigureIn, FigureOut

CODE = '''"""Paired differences of the primary metric, one for each replicate."""


def series(results):
    value = {
        (trial["arm"], trial["replicate"]): trial["metrics"].get(results["primary"])
        for trial in results["trials"]
    }
    treatment = next(arm["name"] for arm in results["arms"] if arm["role"] == "treatment")
    found = []
    for arm in results["arms"]:
        if arm["role"] not in ("baseline", "control"):
            continue
        pairs = [(r, value[treatment, r], value[arm["name"], r]) for r in results["replicates"]]
        pairs = [pair for pair in pairs if None not in pair]
        if pairs:
            found.append({
                "arm": treatment,
                "against": arm["name"],
                "x": [r for r, _, _ in pairs],
                "y": [one - other for _, one, other in pairs],
                "low": [],
                "high": [],
            })
    return found
'''
CAPTION = (
    "Paired differences in the primary metric: each point is a replicate, and the legend names the arm that "
    "was subtracted from the treatment."
)


def figure(data: FigureIn) -> FigureOut:
    """Each replicate's difference; none where its trial found fault with it."""
    none = "" if not data.problems else "the rules have no other figure"
    return FigureOut(
        none_because=none,
        metric=data.metrics[0].name,
        y="difference",
        x="replicate",
        x_arm="",
        marks="points",
        code="" if none else CODE,
        caption="" if none else CAPTION,
    )
