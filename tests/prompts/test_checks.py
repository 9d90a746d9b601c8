"""What the checks hold against answers that fit their schema."""

import pytest

from agent.prompts import EDIT, IDEATE, META, REVIEW, SECTION
from agent.prompts.brief import is_off
from agent.prompts.edit import EditOut, EditText
from agent.prompts.ideate import Ideas, IdeaText
from agent.prompts.review import TOP, MetaOut, ReviewOut, ScoreText
from agent.prompts.section import SectionOut
from agent.spec import Knob
from tests.prompts import samples


def idea(**changes):
    given = {
        "title": "Weight decay",
        "hypothesis": "It helps.",
        "kind": "knob",
        "knob": "decay",
        "what": "",
        "prediction": "More.",
        "refuted_if": "Not more.",
        "interest": 5,
        "feasibility": 5,
    }
    return IdeaText(**{**given, **changes})


def ideate(data, *ideas):
    return " ".join(IDEATE.check(data, Ideas(ideas=ideas)))


def test_a_good_idea_passes():
    assert ideate(samples.ideate_in(), idea()) == ""


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"knob": "dropout"}, "'dropout'"),
        ({"kind": "code"}, "empty `knob`"),
        ({"kind": "code", "knob": ""}, "which mechanism"),
        ({"interest": 11}, "from 1 to 10"),
        ({"hypothesis": " "}, "`hypothesis` is empty"),
    ],
)
def test_an_idea_that_cannot_be_studied_is_refused(changes, told):
    assert told in ideate(samples.ideate_in(), idea(**changes))


def test_ideas_must_be_as_many_as_asked_for_and_different():
    data = samples.ideate_in(count=3)
    told = ideate(data, idea(), idea(title="Other words for it"))
    assert "3 idea(s) were asked for, 2 given" in told
    assert "the same" in told


def test_a_decided_question_is_not_asked_again_unless_the_user_asks():
    archive = (samples.earlier("decay", "refuted"),)
    assert "repeats" in ideate(samples.ideate_in(archive=archive), idea())
    assert ideate(samples.ideate_in(archive=archive, asked=("decay",)), idea()) == ""
    assert ideate(samples.ideate_in(archive=(samples.earlier("decay", "inconclusive"),)), idea()) == ""


KNOB_READ = samples.CODE[samples.CODE.index("    decay") :].rstrip()


def edit(search, replace, **changes):
    given = {
        "description": "Halve the rate.",
        "edits": (EditText(file="experiment.py", search=search, replace=replace),),
        "none_because": "",
    }
    return EditOut(**{**given, **changes})


def told_of(answer):
    return " ".join(EDIT.check(samples.edit_in(), answer))


def test_a_good_edit_passes():
    assert told_of(edit("return rate * decay", "return 0.5 * rate * decay")) == ""


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (edit("return rates", "return 1"), "occurs 0 times"),
        (edit("rate", "r"), "not once"),
        (edit("return rate * decay", "return rate * decay"), "change nothing"),
        (edit("return rate * decay", "return rate *"), "does not parse"),
        (edit("import json\n", "import json\nimport torch\n"), "imports torch"),
        (edit(KNOB_READ, "    return rate"), "no longer read: decay"),
        (edit("x", "y", edits=()), "`edits` is empty"),
        (edit("return rate * decay", "return 1", none_because="no"), "must be empty"),
    ],
)  # fmt: skip
def test_an_edit_that_cannot_be_run_is_refused(answer, told):
    assert told in told_of(answer)


def test_standard_library_and_required_packages_may_be_imported():
    assert told_of(edit("import json\n", "import json\nimport math\nfrom numpy import linalg\n")) == ""


def test_no_edit_needs_a_reason():
    assert told_of(EditOut(description="", edits=(), none_because="nothing is left to try")) == ""


def section(name, latex):
    return " ".join(SECTION.check(samples.section_in(name), SectionOut(latex=latex)))


FILLER = r"The gain is \fact{effect.baseline.mean} on all of the replicates that were registered for it. " * 4


def test_abstract_and_conclusion_state_verdict_and_scope():
    told = section("conclusion", FILLER)
    assert r"\verdict" in told
    assert r"\setting{scope}" in told
    assert section("conclusion", FILLER + r"The verdict is \verdict{} on \setting{scope}.") == ""


def test_a_sentence_of_the_results_without_backing_is_quoted():
    assert "'This proves it.'" in section("results", FILLER + r"The verdict is \verdict. This proves it.")


@pytest.mark.parametrize(
    "sentence",
    [
        r"The hypothesis was supported, \fact{effect.baseline.mean}.",
        r"The effect of \fact{effect.baseline.mean} is significant.",
        r"It outperforms the baseline by \fact{effect.baseline.mean}.",
    ],
)
def test_the_verdict_is_printed_and_no_stronger_word_typed(sentence):
    good = FILLER + r"The verdict is \verdict{} on \setting{scope}. "
    assert "is typed" in section("conclusion", good + sentence)
    assert "stands in a" in section("conclusion", good + rf"\conjecture{{{sentence}}}")


@pytest.mark.parametrize(
    "inner", [r"It may gain \fact{plan.n}.", r"\verdict may hold.", "This study may be right."]
)
def test_a_conjecture_says_nothing_about_what_was_measured(inner):
    assert "stands in a" in section("introduction", rf"\conjecture{{{inner}}}")
    assert "stands in a" not in section("introduction", r"\conjecture{More noise may change this.}")


def test_the_method_may_tell_the_rule_of_the_verdict():
    assert "is typed" not in section("method", "It is refuted where the upper limit is below that effect.")


def test_every_figure_and_table_of_a_section_is_referred_to():
    assert r"\ref{fig:effects}" in section("results", FILLER + r"The verdict is \verdict.")


def test_length_is_checked():
    assert "words" in section("results", r"The verdict is \verdict.")
    assert "words" in section("results", FILLER * 20 + r"The verdict is \verdict.")


def scores(*, overall):
    return tuple(ScoreText(name=name, value=overall if name == "overall" else 3) for name in TOP)


def review(scores_wanted, **changes):
    given = {
        "summary": "A study.",
        "strengths": ("Clear.",),
        "weaknesses": ("Small.",),
        "questions": (),
        "scores": scores(overall=6),
        "decision": "accept",
    }
    data = samples.review_in(scores_wanted=scores_wanted)
    return " ".join(REVIEW.check(data, ReviewOut(**{**given, **changes})))


def test_scores_are_complete_in_range_and_there_only_if_wanted():
    assert review(True) == ""
    assert review(False, scores=(), decision="none") == ""
    assert "No scores" in review(False)
    assert "once" in review(True, scores=(ScoreText(name="overall", value=3),))
    assert "soundness is 5" in review(True, scores=tuple(ScoreText(name=n, value=5) for n in TOP))
    assert "accept" in review(True, decision="none")
    assert "`weaknesses` is empty" in review(True, weaknesses=())


def test_the_overall_score_and_the_decision_agree():
    assert review(True, scores=scores(overall=5), decision="reject") == ""
    assert "disagree" in review(True, scores=scores(overall=5))
    assert "disagree" in review(True, decision="reject")


def test_a_chair_decides_if_and_only_if_a_reviewer_did():
    none, accept = MetaOut(summary="All agree.", decision="none"), MetaOut(summary="Fine.", decision="accept")
    data = samples.meta_in()
    decided = data.model_copy(
        update={"reviews": (data.reviews[0].model_copy(update={"decision": "reject"}),)}
    )
    assert META.check(data, none) == ()
    assert META.check(decided, accept) == ()
    assert META.check(data, accept)
    assert META.check(decided, none)


def test_a_knob_whose_default_switches_it_off_is_known():
    assert is_off(Knob(type="float", default=0.0, low=0.1, high=1.0, also=(0.0,)))
    assert is_off(Knob(type="bool", default=False))
    assert not is_off(Knob(type="float", default=0.5, low=0.1, high=1.0))
    assert not is_off(Knob(type="bool", default=True))
