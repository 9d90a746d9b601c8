"""Words, arms, metrics and splits that do not fit the evidence, planted into the sample study's text."""

import pytest

from tests.evidence.test_audit import planted, rules


@pytest.mark.parametrize(
    "sentence",
    [
        r"Dropout has a mean accuracy of \fact{arm.baseline.mean}.",
        r"The mean accuracy is \fact{arm.baseline.mean} for dropout and \fact{plan.n} replicates ran.",
        r"The mean log loss of dropout is \fact{arm.treatment.mean}.",
        r"On the dev split, the mean accuracy of dropout is \fact{arm.treatment.mean}.",
        r"On the test split, the best of dropout has a mean accuracy of \fact{explore.treatment.best}.",
        r"The standard error of dropout is \fact{arm.treatment.sd}.",
        r"The mean accuracy of dropout is \fact{arm.treatment.mean} percent.",
        r"The mean difference in favour of the baseline is \fact{effect.baseline.mean}.",
        r"Against the free search, the mean difference is \fact{effect.baseline.mean}.",
        r"Training took \fact{plan.n} hours on these replicates.",
    ],
)
def test_a_fact_beside_the_words_of_another_is_found(sentence: str) -> None:
    assert "beside" in rules(planted("results", sentence))


@pytest.mark.parametrize(
    "sentence",
    [
        r"Dropout outperforms the baseline (\fact{effect.baseline.mean}).",
        r"The baseline and dropout are equivalent (\fact{effect.baseline.mean}).",
        r"The mean difference from the baseline, \fact{effect.baseline.mean}, is substantial.",
        r"The difference from the baseline is statistically significant (\fact{effect.baseline.mean}).",
        r"The difference from the baseline, \fact{effect.baseline.mean}, is due to regularisation.",
        r"The effect, \fact{effect.baseline.mean}, generalises.",
        r"Training was stable on \fact{plan.n} replicates.",
        r"By these \fact{plan.n} replicates the hypothesis is supported.",
        r"The whole interval of the difference lies below zero (\fact{effect.baseline.mean}).",
    ],
)
def test_a_word_that_no_claim_licenses_is_found(sentence: str) -> None:
    assert "wording" in rules(planted("results", sentence))


@pytest.mark.parametrize(
    "sentence",
    [
        r"The smallest effect of interest is \fact{plan.sesoi}; the question is settled.",
        r"The smallest effect of interest is \fact{plan.sesoi}, which means that the digits are read well.",
        r"Dropout is the best remedy. \conjecture{It may act on the labels.}",
        r"\conjecture{Dropout is the best remedy.}",
        r"\conjecture{It may be better by \fact{effect.baseline.mean}.}",
    ],
)
def test_evidence_elsewhere_backs_no_clause(sentence: str) -> None:
    assert "statements" in rules(planted("results", sentence))


@pytest.mark.parametrize(
    "sentence",
    [
        "All trials ran on a GPU.",
        "We also tried larger networks.",
        "The treatment adds an attention layer.",
        "Prior work has shown the same.",
        "The data set consists of scans from volunteers.",
    ],
)
def test_what_nobody_recorded_is_found(sentence: str) -> None:
    assert "recorded" in rules(planted("setup", sentence))


@pytest.mark.parametrize(
    "hidden",
    [
        r"\def\x{97}\x",
        r"\char57",
        r"\romannumeral 97",
        r"\input{numbers}",
        r"\footnote{It won.}",
        r"\num{97}",
    ],
)
def test_a_command_that_could_hide_digits_is_found(hidden: str) -> None:
    assert "commands" in rules(planted("method", f"It was {hidden} in the end."))


@pytest.mark.parametrize(
    "sentence",
    [
        "Nothing here says whether dropout helps elsewhere.",
        r"\conjecture{Dropout may help because it slows memorisation down.}",
        r"The mean accuracy is \fact{arm.baseline.mean} for the baseline.",
        r"The mean difference in favour of dropout is \fact{effect.baseline.mean}; it decides nothing.",
    ],
)
def test_what_is_right_or_denied_passes(sentence: str) -> None:
    assert planted("limitations", sentence) == ()
