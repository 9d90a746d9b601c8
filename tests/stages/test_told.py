"""Writers are told what was frozen, and settings as they print."""

from agent.artifacts import Candidate, Change, Edit, Plan, Tree
from agent.stages.study import frozen_steps
from tests.evidence.studies import plan_of


def edit(index: int, *texts: str, parent: int | None = None) -> Candidate:
    edits = tuple(Edit(file="experiment.py", search=text, replace="") for text in texts)
    return Candidate(
        arm="treatment", index=index, change=Change(edits=edits), code_hash="x", origin="edit", parent=parent
    )


def plan_with(change: Change) -> Plan:
    plan = plan_of(("treatment", "baseline"), 4)
    arms = tuple(a.model_copy(update={"change": change}) if a.role == "treatment" else a for a in plan.arms)
    return plan.model_copy(update={"arms": arms})


def test_the_frozen_edit_is_told_with_those_that_it_builds_on_and_no_other() -> None:
    edits = (edit(0, "one"), edit(1, "two"), edit(3, "one", "three", parent=0))
    tree = Tree(idea="an-idea", per_arm=4, lag=1, candidates=edits, winners=())
    assert frozen_steps(tree, plan_with(edits[2].change)) == ("step.c", "step.a")
    assert frozen_steps(tree, plan_with(Change(edits=edits[1].change.edits))) == ("step.b",)


def test_a_knob_idea_has_no_step() -> None:
    tree = Tree(idea="an-idea", per_arm=4, lag=1, candidates=(), winners=())
    assert frozen_steps(tree, plan_with(Change.of({"decay": 0.1}))) == ()
