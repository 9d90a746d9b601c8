"""The macro language: what may be named, what may be typed, and which sentences nothing backs."""

import pytest

from agent.prompts.macros import Allowed, Unbalanced, macro_problems, unbacked_sentences, used, word_count

ALLOWED = Allowed(
    facts=frozenset({"effect.baseline.mean", "plan.n"}),
    claims=frozenset({"primary"}),
    settings=frozenset({"scope"}),
    cites=frozenset({"a2020", "b2021"}),
    labels=frozenset({"fig:effects-1"}),
)
GOOD = r"""In this scope, \claim{primary}. The gain is \fact{effect.baseline.mean},
\interval{effect.baseline.mean} on \setting{scope}, at the level $\alpha$
(see \citep{a2020, b2021} and Figure~\ref{fig:effects-1}).

\begin{itemize}
\item The verdict is \verdict.
\item \emph{Less} than one \textbf{whole} L2 (\%) of ``it'' \& \_ --- \conjecture{may be due to noise}.
\end{itemize}"""


def test_a_text_in_the_language_has_no_problems():
    assert macro_problems(GOOD, ALLOWED) == ()


@pytest.mark.parametrize(
    ("latex", "told"),
    [
        (r"The gain is \fact{effect.other}.", r"\fact{effect.other}"),
        (r"\claim{secondary}.", r"\claim{secondary}"),
        (r"\setting{seed}", r"\setting{seed}"),
        (r"As in \cite{a2020,c2022}.", r"\cite{c2022}"),
        (r"Figure~\ref{fig:none}", r"\ref{fig:none}"),
        (r"The gain is 0.02.", "'0.02.'"),
        (r"\emph{3 times}", "is typed"),
        ("Half of them failed.", "'Half'"),
        ("It is ten per cent.", "'per cent'"),
        (r"\conjecture{About 3.}", "is typed"),
        ("It gained ½ a point.", "'½'"),
        ("It was a twofold gain.", "'twofold'"),
        ("It gained twice as much.", "'twice'"),
        ("It gained two times as much.", "'two times'"),
        ("It gained two thirds of it.", "'two thirds'"),
        ("It gained a third of it.", "'a third of'"),
        (r"At $\alpha = 0.05$.", "is typed"),
        (r"\section{Results} Yes.", r"\section"),
        (r"\input{/etc/passwd}", r"\input"),
        (r"\def\fact{x}", r"\def"),
        (r"\alpha is Greek.", r"\alpha"),
        (r"\begin{table}x\end{table}", "table"),
        (r"\begin{equation}x\end{equation}", "equation"),
        (r"\[x\]", "isplayed"),
        (r"The gain is \emph{large.", "balanced"),
        (r"\fact without a name", r"\fact"),
        ("More than 5% of them", "comment"),
        ("weight_decay helps", "special"),
        ("a \x0cact{plan.n} that was not escaped in JSON", "control character"),
    ],
)
def test_what_the_language_does_not_have_is_named(latex, told):
    problems = macro_problems(latex, ALLOWED)
    assert any(told in problem for problem in problems), problems


def test_multiples_of_the_declared_effect_are_no_typed_number():
    assert macro_problems(r"It is twice \fact{plan.n}, twice the smallest effect of interest.", ALLOWED) == ()


def test_used_names_are_listed_once_in_order():
    names = used(GOOD)
    assert names.facts == ("effect.baseline.mean",)
    assert names.claims == ("primary",)
    assert names.cites == ("a2020", "b2021")
    assert names.labels == ("fig:effects-1",)
    assert names.verdict


def test_a_declarative_sentence_without_backing_is_found():
    text = r"It is better. The gain is \fact{plan.n}. Is it real? \conjecture{It may be luck.} So it works."
    assert unbacked_sentences(text) == ("It is better.", "So it works.")


def test_abbreviations_and_decimal_points_in_macros_end_no_sentence():
    assert (
        unbacked_sentences(r"As in e.g. the report, i.e. here, \fact{effect.baseline.mean} was seen.") == ()
    )


def test_every_item_of_a_list_is_a_sentence_of_its_own():
    text = r"\begin{itemize}\item \claim{primary}. \item This is proof.\end{itemize}"
    assert unbacked_sentences(text) == ("This is proof.",)


def test_a_setting_backs_no_sentence():
    assert len(unbacked_sentences(r"It works on \setting{scope}.")) == 1


def test_words_are_counted_with_one_for_each_printed_value():
    assert word_count(r"The gain is \fact{plan.n} here.") == 5


def test_unbalanced_text_is_an_error_of_its_own():
    with pytest.raises(Unbalanced):
        used(r"\emph{a")
