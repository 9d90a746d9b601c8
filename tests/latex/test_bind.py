"""The binder, over the sample study."""

import pytest

from agent.errors import BindError
from agent.latex.bind import bind, cited, used_facts
from tests.latex import sample


def bound(latex: str) -> str:
    return bind(
        latex, sample.facts(), sample.claims(), sample.settings(), sample.references(), sample.verdict()
    )


def test_a_fact_becomes_digits_that_stay_marked_with_its_name() -> None:
    text = bound(r"It has \fact{plan.n} replicates.")
    assert text == r"It has \shoalfact{plan.n}{\ensuremath{10}} replicates."


def test_an_interval_is_marked_with_its_fact() -> None:
    assert bound(r"\interval{effect.baseline.mean}").startswith(r"\shoalfact{effect.baseline.mean}{[")


def test_facts_inside_claims_commands_environments_and_math_are_bound() -> None:
    text = bound(
        r"\textbf{\fact{plan.n}} $n=\fact{plan.n}$ \begin{itemize}\item \claim{primary}\end{itemize}"
        r"\conjecture{\fact{plan.n}}"
    )
    assert r"\fact{" not in text.replace(r"\shoalfact{", "")
    assert text.count(r"\shoalfact{plan.n}") == 3
    assert r"\shoalclaim{primary}{no improvement as large as \shoalfact{plan.sesoi}" in text


def test_the_verdict_keeps_the_space_after_it() -> None:
    assert bound(r"It was \verdict and so on.") == (
        r"It was \shoalverdict{refuted (real but too small)} and so on."
    )


def test_a_setting_is_escaped() -> None:
    assert r"\shoalsetting{scope}{8{\texttimes}8 handwritten digits" in bound(r"\setting{scope}")


def test_unknown_names_are_all_listed_at_once() -> None:
    with pytest.raises(BindError) as raised:
        bound(r"\fact{no.such} \claim{nor} \setting{this} \cite{ghost2020,krogh1991simple} \interval{plan.n}")
    for name in (
        r"\fact{no.such}",
        r"\claim{nor}",
        r"\setting{this}",
        r"\cite{ghost2020}",
        r"\interval{plan.n}",
    ):
        assert name in str(raised.value)
    assert "krogh1991simple" not in str(raised.value)


def test_a_commented_name_is_not_bound() -> None:
    assert bound("Text.% \\fact{no.such}\n") == "Text.% \\fact{no.such}\n"


@pytest.mark.parametrize("text", [r"\textbf{open", r"closed}", r"\begin{itemize}\item a", r"$a"])
def test_unbalanced_text_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(BindError, match=r"\d+:\d+"):
        bound(text)


def test_bound_text_is_ascii() -> None:
    assert bound("α ≥ 0 — “naïve”").isascii()


def test_citations_come_in_the_order_of_the_text() -> None:
    assert cited(r"\cite{b,a} \citet{c} \citep[p.~3]{a}") == ("b", "a", "c")


def test_facts_of_claims_count_as_used() -> None:
    names = used_facts(r"\fact{plan.n} \claim{primary}", sample.claims())
    assert names == ("plan.n", "plan.sesoi", "effect.baseline.mean")
