"""What a sentence of a paper rests on: its own evidence, or one passage of the study's record."""

import pytest

from agent.artifacts import Fact, SectionText
from agent.evidence.audit.reading import read
from agent.evidence.audit.run import audit
from agent.evidence.audit.support import unsupported
from agent.evidence.audit.verbatim import is_verbatim
from agent.evidence.passages import Passage
from tests.evidence.test_audit import context

RECORD = (
    "The baseline keeps the treated knob at its default, the treatment sets it to another value.",
    "Baseline and treatment run the same code.",
    "Constants that the edit brought along were not tuned.",
    "The control was chosen from more configurations than the baseline.",
    "A separate evaluator scores what the experiment wrote; the experiment's code sees no answers.",
    r"This is registration \fact{ledger.number} on the same test data.",
)
STUDY = context(passages=tuple(Passage(text=text) for text in RECORD))


def lacking(sentence: str) -> tuple[str, ...]:
    """What the rule says about a sentence that stands alone in the method."""
    found = unsupported((SectionText(name="method", latex=sentence),), STUDY)
    return tuple(finding.reason for finding in found)


@pytest.mark.parametrize(
    "sentence",
    [
        "The constants of the edit were not tuned.",
        "The code is the same for treatment and baseline.",
        "What the experiment wrote is scored by a separate evaluator.",
        "The control was chosen from more configurations than the baseline.",
        r"It is registration \fact{ledger.number} on these test data.",
        r"The mean accuracy of the treatment is \fact{arm.treatment.mean}.",
        r"The treatment was run on \fact{plan.n} fresh replicates.",
        r"Dropout prevents overfitting in neural networks \cite{srivastava2014dropout}.",
        r"\conjecture{A well-chosen learning rate may absorb what dropout would contribute.}",
        "Does the treatment cure anything?",
        "This does not show that dropout mends labels elsewhere.",
    ],
)
def test_what_the_record_or_the_sentences_own_evidence_says_may_be_said(sentence: str) -> None:
    assert lacking(sentence) == ()


@pytest.mark.parametrize(
    ("sentence", "word"),
    [
        ("A well-chosen learning rate absorbs what dropout would contribute.", "absorbs"),
        ("The treatment adds a confidence network on top.", "confidence"),
        ("The maintainers of the template reproduced it.", "maintainers"),
        (r"The standard error of the difference in means is \fact{plan.sesoi}.", "standard"),
        (r"Tuning used \fact{plan.n} replicates for every candidate.", "used"),
        (r"All \fact{explore.baseline.trials} trials were registered.", "registered"),
        (r"Our result contradicts \citep{frenay2014classification}.", "contradicts"),
        (r"The same ordering was measured by \citet{alpaydin1998optical}.", "measured"),
        (r"The same code is used by \citet{alpaydin1998optical}.", "code"),
    ],
)
def test_a_word_that_nothing_recorded_stands_behind_is_named(sentence: str, word: str) -> None:
    assert any(repr(word) in reason for reason in lacking(sentence))


@pytest.mark.parametrize(
    "sentence",
    [
        "The constants of the edit were tuned.",
        "The experiment's code sees the answers.",
        "No separate evaluator scores what the experiment wrote.",
    ],
)
def test_a_denial_of_the_record_is_kept(sentence: str) -> None:
    assert lacking(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "The treatment keeps the treated knob at its default.",
        "The baseline was chosen from more configurations than the control.",
        "The treatment was chosen from more configurations than the baseline.",
    ],
)
def test_what_the_record_says_of_one_arm_is_not_said_of_another(sentence: str) -> None:
    assert lacking(sentence)


def test_a_fact_may_stand_in_no_passage_about_something_else() -> None:
    assert lacking(r"The experiment wrote \fact{plan.n} constants.")


def test_an_idea_is_retold_only_where_the_sentence_says_that_it_is_one() -> None:
    idea = Passage(text="Dropout protects small networks.", kind="idea")
    study = context(passages=(idea,))
    for sentence, expected in (
        ("Dropout protects them.", 1),
        ("The hypothesis is that dropout protects.", 0),
    ):
        found = list(unsupported((SectionText(name="method", latex=sentence),), study))
        assert len(found) == expected


TOLD = context(
    passages=(
        *STUDY.passages,
        Passage(text="The literature was not searched for this study: the works are the template's own."),
        Passage(text="Tests against several comparators are adjusted (Bonferroni) for their number."),
        Passage(text="The difference is of two tuned configurations, not that of the treated part alone."),
        Passage(text="Dropping units would mend the labels.", kind="idea"),
    )
)
PLAIN = [one.text for one in TOLD.passages if one.kind == "record" and "\\fact" not in one.text]
LABELLED = [fact for fact in TOLD.facts.items if "%" not in fact.label]


def found(section: str, sentence: str) -> set[str]:
    """The rules that hold something against a sentence that stands alone in a section."""
    ignored = {"completeness", "sections"}
    return {one.rule for one in audit((SectionText(name=section, latex=sentence),), TOLD).findings} - ignored


@pytest.mark.parametrize("section", ["method", "conclusion"])
@pytest.mark.parametrize("passage", PLAIN)
def test_a_passage_of_the_record_may_be_said_word_for_word(section: str, passage: str) -> None:
    assert found(section, passage) == set()


@pytest.mark.parametrize(
    "sentence",
    [
        "The literature was searched for this study.",
        "The difference is that of the treated part alone.",
        "The control was chosen from fewer configurations than the baseline.",
        "The baseline was chosen from more configurations than the control.",
        r"This is registration \fact{plan.n} on the same test data.",
        "Dropping units would mend the labels.",
    ],
)
def test_a_passage_that_is_turned_is_no_passage(sentence: str) -> None:
    assert found("conclusion", sentence)


@pytest.mark.parametrize("fact", LABELLED, ids=lambda one: one.name)
def test_a_fact_may_be_called_by_its_label(fact: Fact) -> None:
    assert found("results", rf"The {fact.label} was \fact{{{fact.name}}}.") == set()


def test_a_passage_is_said_only_with_the_facts_that_it_prints() -> None:
    own, other = (
        read(rf"This is registration \fact{{{name}}} on the same test data.")[0].clauses[0]
        for name in ("ledger.number", "plan.n")
    )
    assert is_verbatim(own, TOLD)
    assert not is_verbatim(other, TOLD)
