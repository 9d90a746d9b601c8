"""Which variant to try next: pure functions over candidates, their scores and a generator passed in.

Promises a fair comparison (docs/how-a-study-works.md, Exploring): every arm of an idea gets as many
candidates, the arms share their random configurations, and every choice depends on the order of candidates
only, never on the order in which trials end. Does not run trials, and sees dev scores only.

A whole exploration is: propose (`propose`); run all on `FIRST`; each arm's `best_third` on `SECOND`; its
`best_three` on `THIRD`; its `winner` (`choose`).
"""

from agent.search.choose import (
    FIRST,
    SECOND,
    THIRD,
    best_edit,
    best_third,
    best_three,
    branches,
    next_parent,
    oriented,
    score_of,
    winner,
)
from agent.search.propose import (
    KnobRange,
    Knobs,
    Proposal,
    brought_edit,
    code_arms,
    configurations,
    draw,
    edits_planned,
    knob_arms,
    settle,
    treatment_value,
    tuned_edit,
)

__all__ = [
    "FIRST", "SECOND", "THIRD", "KnobRange", "Knobs", "Proposal", "best_edit", "best_third", "best_three",
    "branches", "brought_edit", "code_arms", "configurations", "draw", "edits_planned", "knob_arms",
    "next_parent", "oriented", "score_of", "settle", "treatment_value", "tuned_edit", "winner",
]  # fmt: skip
