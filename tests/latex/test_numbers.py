"""How numbers look in print."""

import pytest

from agent.artifacts import Fact
from agent.latex.numbers import decimal, fact_text, interval_text, scalar


def a_fact(name: str, value: float, unit: str = "fraction", digits: int = 3, **more: float) -> Fact:
    return Fact(name=name, label="", split="test", value=value, unit=unit, formula="", digits=digits, **more)


def shown(latex: str) -> str:
    return latex.replace(r"\ensuremath", "").replace("{", "").replace("}", "")


def test_a_fraction_stays_a_fraction() -> None:
    assert shown(fact_text(a_fact("arm.baseline.mean", 0.89412))) == "0.894"


@pytest.mark.parametrize(("value", "printed"), [(0.0213, "+0.021"), (-0.0213, "-0.021"), (0.0002, "0.000")])
def test_an_effect_has_its_sign(value: float, printed: str) -> None:
    assert shown(fact_text(a_fact("effect.baseline.mean", value))) == printed


def test_a_minus_sign_is_set_as_math() -> None:
    assert decimal(-1.5, 1) == r"\ensuremath{-1.5}"


def test_an_interval_stands_in_brackets() -> None:
    fact = a_fact("arm.a.mean", 0.023, low=0.0121, high=0.0339)
    assert shown(interval_text(fact)) == "[0.012, 0.034]"


@pytest.mark.parametrize(("p", "printed"), [(0.0312, "0.031"), (0.00042, "<0.001")])
def test_a_small_p_is_below_a_thousandth(p: float, printed: str) -> None:
    assert shown(fact_text(a_fact("comparison.baseline.p", p, unit="probability"))) == printed


def test_a_unit_that_the_sentence_does_not_say_is_printed() -> None:
    assert shown(fact_text(a_fact("arm.a.mean", 0.51, unit="nats", digits=2))) == r"0.51\,\mboxnats"


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (1000, "1,000"),
        (24, "24"),
        (20.0, "20"),
        (0.0171, "0.0171"),
        (1e-5, r"10^-5"),
        (3.2e-6, r"3.2 \times 10^-6"),
        (0.0, "0"),
        (-0.5, "-0.5"),
        (True, "on"),
        ("a_b & 5 %", r"a\_b \& 5~\%"),
    ],
)
def test_settings_print_as_they_were_set(value: float | str, printed: str) -> None:
    assert shown(scalar(value)) == printed
