"""The scripted study answers every prompt, within its checks, and says what the study showed and no more."""

import pytest

from agent.errors import UserError
from agent.models.ask import Asked
from agent.models.scripted import ANSWERS, Scripted
from agent.models.scripted.ideate import propose
from agent.models.scripted.section import write
from agent.prompts import ALL, META, REVIEW, SECTION
from agent.prompts.macros import used
from agent.prompts.section import SECTIONS, ClaimLine
from tests.prompts import samples

MODEL = Asked(Scripted(), {"default": "scripted"})
INPUTS = samples.every_input()
PROMPTS = {prompt.name: prompt for prompt in ALL}


def test_every_prompt_has_a_scripted_answer():
    assert set(ANSWERS) == set(PROMPTS) == {name for name, _ in INPUTS}


@pytest.mark.parametrize(("name", "data"), INPUTS, ids=[f"{i}-{name}" for i, (name, _) in enumerate(INPUTS)])
def test_scripted_answers_pass_schema_and_check_in_one_turn(name, data):
    answer = MODEL.ask(PROMPTS[name], data, site="idea/stage/0")
    assert answer.model == "scripted"
    assert len(answer.calls) == 1


SPOKEN_OF_BY_OTHERS = {"arm.treatment.tuning", "arm.control.tuning", "effect.control.mean"}
"""Facts that tables and claims print, or that equal one which is printed."""
VERDICTS = [
    {"verdict": "supported"},
    {"verdict": "refuted"},
    {"verdict": "refuted", "qualifier": "harmful"},
    {"verdict": "refuted", "qualifier": "real but too small"},
    {"verdict": "inconclusive"},
    {"verdict": "inconclusive", "caps": ("a trial of the baseline failed", "2 of 10 were self-reported")},
]


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("verdict", VERDICTS, ids=lambda verdict: "-".join(map(str, verdict.values())))
@pytest.mark.parametrize("make", [samples.section_in, samples.bare_section_in])
def test_every_section_holds_for_every_verdict_with_all_facts_and_with_none(section, verdict, make):
    data = make(section, **verdict)
    assert SECTION.check(data, write(data)) == ()


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("missing", sorted(samples.FACTS))
def test_a_missing_fact_takes_its_sentence_with_it(section, missing):
    full = samples.section_in(section)
    data = full.model_copy(update={"facts": tuple(fact for fact in full.facts if fact.name != missing)})
    assert SECTION.check(data, write(data)) == ()


def test_texts_of_different_verdicts_differ_and_name_the_next_experiment():
    conclusions = {write(samples.section_in("conclusion", **verdict)).latex for verdict in VERDICTS}
    assert len(conclusions) == len(VERDICTS)
    inconclusive = write(samples.section_in("conclusion", verdict="inconclusive")).latex
    assert r"\fact{verdict.n_to_settle} fresh replicates" in inconclusive


def test_no_fixed_sentence_is_dropped_for_its_wording():
    sections = [write(samples.section_in(name, **verdict)).latex for name in SECTIONS for verdict in VERDICTS]
    printed = {name for latex in sections for name in used(latex).facts}
    assert printed >= samples.FACTS.keys() - SPOKEN_OF_BY_OTHERS


def test_a_cap_is_printed_through_its_claim_whatever_its_wording():
    capped = ClaimLine(id="capped", text="The verdict is capped at inconclusive because 2 of 10 failed")
    data = samples.section_in("results", caps=("2 of 10 failed",), claims=(capped,))
    assert r"\claim{capped}." in write(data).latex


def test_where_no_number_of_replicates_would_settle_it_more_replicates_are_not_asked_for():
    full = samples.section_in("conclusion", verdict="inconclusive")
    facts = tuple(fact for fact in full.facts if fact.name != "verdict.n_to_settle")
    text = write(full.model_copy(update={"facts": facts})).latex
    assert "more test items" in text
    assert "fresh replicates:" not in text


def test_the_abstract_says_that_no_language_model_took_part():
    text = write(samples.section_in("abstract")).latex
    assert "scripted study" in text
    assert "no language model; novelty not assessed" in text


def test_a_label_with_a_digit_is_printed_through_its_setting():
    data = samples.section_in("method", treated_label="8×8 cropping")
    assert r"\setting{treated}" in write(data).latex
    assert SECTION.check(data, write(data)) == ()


def test_failures_are_told_as_counted():
    some = write(samples.section_in("results")).latex
    assert r"\fact{count.failures} failed" in some
    facts = tuple(
        fact.model_copy(update={"printed": "0 trials"}) if fact.name == "count.failures" else fact
        for fact in samples.section_in("results").facts
    )
    none = write(samples.section_in("results", facts=facts)).latex
    assert "None of the" in none


def knobs_of(data):
    return [idea.knob for idea in propose(data).ideas]


def test_remedies_that_are_off_by_default_are_asked_about_first_in_the_templates_order():
    assert knobs_of(samples.ideate_in(count=3)) == ["decay", "flip", "rate"]


def test_decided_knobs_are_left_out_and_untested_ones_go_before_inconclusive_ones():
    archive = (samples.earlier("decay", "inconclusive"), samples.earlier("flip", "supported"))
    assert knobs_of(samples.ideate_in(count=2, archive=archive)) == ["rate", "decay"]


def test_the_user_may_ask_for_a_decided_knob():
    archive = (samples.earlier("decay", "refuted"),)
    assert knobs_of(samples.ideate_in(archive=archive, asked=("decay",))) == ["decay"]


def test_with_nothing_left_to_ask_the_user_is_told_what_to_do():
    archive = tuple(samples.earlier(knob, "refuted") for knob in ("rate", "decay", "flip"))
    with pytest.raises(UserError, match="--idea KNOB"):
        propose(samples.ideate_in(archive=archive))
    with pytest.raises(UserError, match="can only ask about a knob, not 'better optimiser'; knobs: rate"):
        propose(samples.ideate_in(asked=("better optimiser",)))


def test_the_checklist_has_no_scores_and_lists_what_failed():
    answer = MODEL.ask(REVIEW, samples.review_in(), site="idea/review/0").value
    assert answer.scores == ()
    assert answer.decision == "none"
    assert answer.weaknesses == ("Did every trial end with a score? No: 1 of 20 failed.",)
    meta = MODEL.ask(META, samples.meta_in(), site="idea/review/meta").value
    assert "1 of 20 failed" in meta.summary
