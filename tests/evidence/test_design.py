"""Design and limitations: sentences that a writer may use as they stand."""

import pytest

from agent.artifacts import Arm, Change, Edit, Family, Idea, KnobTreatment, Plan, Scalar, SectionText
from agent.evidence.audit import audit
from agent.evidence.counts import plan_facts
from agent.evidence.design import design, frozen
from agent.evidence.limitations import limitations
from agent.evidence.passages import Passage
from agent.evidence.verdict import judge
from agent.prompts.macros import Allowed, macro_problems, unlicensed_words, used
from agent.stages.told import ALONE, EVALUATED, OPEN, PAIRED, REGISTERED, SERVED, SPLITS, UNSEARCHED, WHY
from tests.evidence.studies import plan_of, registration_of, results_of
from tests.evidence.test_audit import context

N = 8
POWER = ("power.sd", "power.supported", "power.refuted")
ARMS = ("treatment", "baseline", "control", "ablation-a")
TOLD = (EVALUATED, SPLITS, PAIRED, ALONE, REGISTERED, WHY, SERVED, UNSEARCHED, OPEN)


def with_changes(plan: Plan, **changes: Change) -> Plan:
    arms: list[Arm] = [
        arm.model_copy(update={"change": changes.get(arm.name, Change())}) for arm in plan.arms
    ]
    return plan.model_copy(update={"arms": tuple(arms)})


@pytest.mark.parametrize("two_way", [True, False])
@pytest.mark.parametrize("edits", [(), (Edit(file="experiment.py", search="a", replace="b"),)])
def test_every_sentence_of_the_design_passes_the_rules_for_writers(
    two_way: bool, edits: tuple[Edit, ...]
) -> None:
    families: dict[str, Family] = {"control": "verdict"} if edits else {}
    plan = with_changes(plan_of(ARMS, N, families=families), treatment=Change(edits=edits))
    for sentence in (*design(plan, two_way=two_way), *design(plan, two_way=two_way, shared=True)):
        assert macro_problems(sentence, Allowed(facts=frozenset(used(sentence).facts))) == ()


@pytest.mark.parametrize("edits", [(), (Edit(file="experiment.py", search="a", replace="b"),)])
def test_a_paper_may_retell_every_sentence_of_its_design(edits: tuple[Edit, ...]) -> None:
    families: dict[str, Family] = {"control": "verdict"} if edits else {}
    plan = with_changes(plan_of(ARMS, N, families=families), treatment=Change(edits=edits))
    told = (*design(plan, two_way=True), *frozen(plan, {}, "step b"), *TOLD)
    study = context(passages=tuple(Passage(text=sentence) for sentence in told))
    found = audit((SectionText(name="method", latex="\n\n".join(told)),), study).findings
    assert [finding.reason for finding in found if finding.file == "method.tex"] == []


@pytest.mark.parametrize(
    ("knobs", "step", "treatment"),
    [
        ({}, "step b", "The frozen treatment is the code of step b, with every knob at its default."),
        (
            {"decay": 0.2},
            "step b",
            "The frozen treatment is the code of step b, with knobs off their defaults.",
        ),
        ({"decay": 0.2}, "", "The frozen treatment has knobs off their defaults."),
    ],
)
def test_the_design_tells_which_candidate_each_arm_froze(
    knobs: dict[str, Scalar], step: str, treatment: str
) -> None:
    plan = with_changes(
        plan_of(ARMS, N),
        treatment=Change.of(knobs),
        baseline=Change.of({"decay": 0.1}),
        control=Change.of({"decay": 0.3}),
    )
    told = frozen(plan, {"decay": 0.1}, step)
    assert told == (
        "The frozen baseline has every knob at its default.",
        "The frozen control has knobs off their defaults.",
        treatment,
    )
    assert all(macro_problems(sentence, Allowed()) == () for sentence in told)


def test_the_power_may_be_told_by_the_labels_of_its_facts() -> None:
    plan = plan_of(ARMS[:3], N)
    registration = registration_of(plan)
    verdict = judge(plan, registration, results_of(registration, {arm: [0.8] * N for arm in ARMS[:3]}))
    known = [f for f in plan_facts(plan, registration, verdict, "fraction") if f.name in POWER]
    text = " ".join(rf"The {fact.label} was \fact{{{fact.name}}}." for fact in known)
    assert len(known) == len(POWER)
    assert macro_problems(text, Allowed(facts=frozenset(POWER))) == ()
    assert unlicensed_words(text) == ()
    study = context()
    facts = [fact for fact in study.facts.items if fact.name not in POWER]
    study = context(facts=study.facts.model_copy(update={"items": (*facts, *known)}))
    found = audit((SectionText(name="method", latex=text),), study).findings
    assert [finding.reason for finding in found if finding.file == "method.tex"] == []


def limitations_of(
    plan: Plan,
    by: float = 0.05,
    control: float = 0.0,
    worst: int = 0,
    unenforced: tuple[str, ...] = (),
    shared: bool = False,
) -> tuple[str, ...]:
    base = [0.80, 0.82, 0.81, 0.83, 0.79, 0.80, 0.82, 0.81]
    values: dict[str, list[float | None]] = {
        "treatment": [value + by for value in base],
        "baseline": list(base),
        "control": [value + control for value in base],
    }
    values["treatment"][:worst] = [None] * worst
    registration = registration_of(plan)
    results = results_of(registration, values)
    idea = Idea(
        id="an-idea", title="t", hypothesis="h", treated=KnobTreatment(knob="decay"), prediction="p",
        refuted_if="r", origin="scripted", novelty="not assessed",
    )  # fmt: skip
    verdict = judge(plan, registration, results)
    return limitations(
        idea, plan, registration, verdict, sandboxed=True, unenforced=unenforced, shared=shared
    )


def test_every_limitation_passes_the_rules_for_writers() -> None:
    plan = with_changes(plan_of(ARMS[:3], N, worst=0.1), treatment=Change.of({"decay": 0.1, "rate": 0.2}))
    for sentence in limitations_of(plan, control=0.2, worst=2, unenforced=("memory", "cpu")):
        names = used(sentence)
        allowed = Allowed(facts=frozenset(names.facts), settings=frozenset(names.settings))
        assert macro_problems(sentence, allowed) == ()


def test_arms_that_differ_beside_the_treated_knob_are_a_limitation() -> None:
    alone = with_changes(plan_of(ARMS[:3], N), treatment=Change.of({"decay": 0.1}))
    more = with_changes(plan_of(ARMS[:3], N), treatment=Change.of({"decay": 0.1, "rate": 0.2}))
    assert not any("tuned separately" in text for text in limitations_of(alone))
    assert any("tuned separately" in text for text in limitations_of(more))


def test_limits_that_nothing_enforced_are_a_limitation() -> None:
    plan = plan_of(ARMS[:3], N)
    assert "limits of memory and cpu" in limitations_of(plan, unenforced=("memory", "cpu"))[-1]
    assert not any("did not enforce" in text for text in limitations_of(plan))


def test_a_control_that_did_better_than_the_treatment_is_a_limitation() -> None:
    plan = plan_of(ARMS[:3], N)
    assert any("control did better" in text for text in limitations_of(plan, control=0.1))
    assert not any("control did better" in text for text in limitations_of(plan, control=0.0))


def test_a_treatment_that_shared_its_candidates_with_edits_is_not_called_tuned_like_the_baseline() -> None:
    edited = Change(edits=(Edit(file="experiment.py", search="a", replace="b"),))
    plan = with_changes(plan_of(ARMS[:3], N), treatment=edited)
    alike, shared = (" ".join(design(plan, two_way=True, shared=s)) for s in (False, True))
    assert "over the same configurations" in alike
    assert "over the same configurations" not in shared
    assert {"count.edits", "count.tuned"} <= set(used(shared).facts)
    assert any("count.edits" in text for text in limitations_of(plan, shared=True))
    assert not any("count.edits" in text for text in limitations_of(plan))
