"""The audit, over the sample study and over faults planted into its text."""

import itertools
import re
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from agent.artifacts import Audit, Finding, SectionText
from agent.evidence.audit import AuditContext, audit
from agent.latex.render import render
from tests.latex import sample


def context(**changes: Any) -> AuditContext:
    study = sample.study()
    fields = {
        "facts": study.facts, "claims": study.claims, "verdict": study.verdict, "plan": study.plan,
        "references": study.references, "settings": study.settings,
        "figures": study.figures + study.exploration_figures, "arm_labels": study.arm_labels,
        "passages": sample.passages(), **changes,
    }  # fmt: skip
    return AuditContext(**fields)


def sections(**texts: str) -> tuple[SectionText, ...]:
    return tuple(SectionText(name=n, latex=t) for n, t in {**sample.SECTIONS, **texts}.items())


def audited(**texts: str) -> Audit:
    return audit(sections(**texts), context())


def planted(name: str, sentence: str) -> tuple[Finding, ...]:
    """What the audit finds when `sentence` stands on a line of its own after the section's text."""
    found = audited(**{name: sample.SECTIONS[name].rstrip() + "\n\n" + sentence + "\n"})
    return found.findings


def rules(findings: Iterable[Finding]) -> set[str]:
    return {finding.rule for finding in findings}


def test_an_honest_paper_passes() -> None:
    bound = render(sample.study()).tex
    found = audit(sections(), context(), bound)
    assert found.findings == ()
    assert found.passed
    assert len(found.checked) == 13


def test_an_honest_code_paper_passes() -> None:
    study = sample.code_study()
    removed = [arm.name for arm in study.plan.arms if arm.role == "ablation"]
    said = "".join(rf" An ablation changed it by \fact{{effect.{name}.mean}}." for name in removed)
    written = sections(results=sample.SECTIONS["results"].replace("dropout", "the treatment") + said)
    bound = render(sample.code_study(sections=written)).tex
    known = {"facts": study.facts, "plan": study.plan, "arm_labels": study.arm_labels}
    found = audit(written, context(**known, code_diff=study.code_diff), bound)
    assert found.findings == ()


@pytest.mark.parametrize(
    "sentence",
    [
        "It reached 97.31 in the end.",
        r"It reached \verb|97.31| in the end.",
        "It reached $0.973$ in the end.",
        r"It reached \textbf{0.973} in the end.",
        r"It was better.\footnote{By 3 points.}",
        "It reached ９７ in the end.",
        "It gained ½ a point.",
        "It gained half of the gap.",
        "It won in seven of the runs.",
        "It was an order of magnitude faster.",
        "It gained a few percent.",
        "It was a twofold gain.",
        r"\begin{itemize}\item It was 0.9.\end{itemize}",
    ],
)
def test_a_typed_number_is_found_where_it_stands(sentence: str) -> None:
    found = [f for f in planted("introduction", sentence) if f.rule == "numbers"]
    assert len(found) == 1
    line = sample.SECTIONS["introduction"].rstrip().count("\n") + 3
    assert (found[0].file, found[0].line) == ("introduction.tex", line)
    assert sentence[found[0].column - 1 :].startswith(found[0].quotation.lstrip("(")[:1])


@pytest.mark.parametrize(
    "sentence",
    [
        r"It has \fact{plan.n} replicates and \setting{limit.wall_s} seconds.",
        r"We follow \cite{arpit2017closer} and Figure~\ref{fig:effects}.",
        "The L2 penalty was one of the two knobs.% 97.31",
    ],
)
def test_facts_settings_names_and_comments_are_not_typed_numbers(sentence: str) -> None:
    assert "numbers" not in rules(planted("introduction", sentence))


@pytest.mark.parametrize("name", ["abstract", "results", "conclusion"])
def test_a_sentence_that_nothing_backs_is_found(name: str) -> None:
    found = [f for f in planted(name, "Dropout is the best remedy, i.e. better.") if f.rule == "statements"]
    assert [f.quotation for f in found] == ["Dropout is the best remedy, i.e. better."]
    assert found[0].column == 1


@pytest.mark.parametrize(
    "sentence",
    [
        r"So \claim{primary}.",
        r"The smallest effect of interest, i.e. that of the plan, is \fact{plan.sesoi}.",
        r"Label noise has a survey \cite{frenay2014classification}.",
        r"\conjecture{Dropout may be the best remedy.}",
        "Does it help elsewhere?",
    ],
)
def test_a_backed_sentence_passes(sentence: str) -> None:
    assert planted("results", sentence) == ()


def test_an_unknown_work_is_found() -> None:
    found = planted("related_work", r"See also \citep{frenay2014classification,ghost2020}.")
    assert [(f.rule, f.column) for f in found] == [("references", 10)]
    assert "ghost2020" in found[0].quotation


def test_a_work_that_no_source_knows_is_found_and_an_unavailable_one_is_not() -> None:
    works = {work.key: work for work in sample.references()}
    key = "wilson1972asymptotic"
    for status, expected in (("not_found", {"references"}), ("unavailable", set())):
        changed = {**works, key: works[key].model_copy(update={"status": status})}
        found = audit(sections(), context(references=tuple(changed.values())))
        assert rules(found.findings) == expected


def test_a_registered_comparison_that_is_left_out_is_found() -> None:
    text = sample.SECTIONS["results"].replace(r"\claim{comparison-2}", r"\verdict{} it was")
    assert any("treatment against control" in f.reason for f in audited(results=text).findings)


@pytest.mark.parametrize("name", ["abstract", "results", "conclusion"])
def test_a_verdict_that_is_not_stated_is_found(name: str) -> None:
    text = sample.SECTIONS[name].replace(r"\verdict", r"tested, and \claim{primary}")
    assert any(f.rule == "completeness" and f.file == f"{name}.tex" for f in audited(**{name: text}).findings)


def test_an_abstract_without_the_primary_effect_is_found() -> None:
    text = sample.SECTIONS["abstract"].replace(r"\claim{primary}", r"see \cite{krogh1991simple}")
    assert any("primary effect" in f.reason for f in audited(abstract=text).findings)


def test_the_finding_names_what_would_state_the_primary_effect() -> None:
    text = sample.SECTIONS["abstract"].replace(r"\claim{primary}", r"see \cite{krogh1991simple}")
    reasons = [f.reason for f in audited(abstract=text).findings if "primary effect" in f.reason]
    assert reasons == [
        r"the primary effect is not stated; \claim{primary} or \fact{effect.baseline.mean} does"
    ]


def test_a_verdict_that_follows_from_the_control_is_stated_by_its_claim_or_its_fact() -> None:
    study = context()
    against = ("treatment", "control")
    items = tuple(
        claim.model_copy(update={"arms": against}) if claim.id == "primary" else claim
        for claim in study.claims.items
    )
    comparisons = tuple(c.model_copy(update={"family": "verdict"}) for c in study.plan.comparisons)
    study = context(
        claims=study.claims.model_copy(update={"items": items}),
        plan=study.plan.model_copy(update={"comparisons": comparisons}),
    )

    def reasons(printed: str) -> list[str]:
        text = sample.SECTIONS["abstract"].replace(r"\claim{primary}", printed)
        found = audit(sections(abstract=text), study).findings
        return [f.reason for f in found if "primary effect" in f.reason]

    assert reasons(r"\claim{primary}") == reasons(r"it was \fact{effect.control.mean}") == []
    assert len(reasons(r"it was \fact{effect.baseline.mean}")) == 1


def test_failed_trials_that_are_not_reported_are_found() -> None:
    items = tuple(
        fact.model_copy(update={"value": 2.0}) if fact.name == "arm.control.failures" else fact
        for fact in sample.facts().items
    )
    found = audit(sections(), context(facts=sample.facts().model_copy(update={"items": items})))
    assert [f.rule for f in found.findings] == ["completeness", "wording"]
    assert found.findings[1].quotation == "No confirming trial failed"


def test_failed_trials_may_be_reported_by_a_claim() -> None:
    items = tuple(
        fact.model_copy(update={"value": 2.0}) if fact.name == "arm.control.failures" else fact
        for fact in sample.facts().items
    )
    listed = sample.study().claims
    failures = listed.items[0].model_copy(
        update={"id": "failures", "text": r"\fact{count.failures} failed", "facts": ("count.failures",)}
    )
    evidence = context(
        facts=sample.facts().model_copy(update={"items": items}),
        claims=listed.model_copy(update={"items": (*listed.items, failures)}),
    )
    told = sections(
        limitations=sample.SECTIONS["limitations"] + "\n\n\\claim{failures}.\n",
        results=sample.SECTIONS["results"].replace("No confirming trial failed: the", "Trials failed: the"),
    )
    assert audit(told, evidence).findings == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "only 0 words"), ("To be written: the limitations of this study go here some day.", "placeholder")],
)
def test_an_empty_or_unfinished_section_is_found(text: str, reason: str) -> None:
    assert any(reason in f.reason for f in audited(limitations=text).findings)


def test_a_missing_section_is_found() -> None:
    kept = tuple(section for section in sections() if section.name != "limitations")
    assert [f.reason for f in audit(kept, context()).findings] == ["the section limitations is missing"]


def test_a_repeated_sentence_is_found() -> None:
    sentence = sample.SECTIONS["limitations"].split(". ")[0] + "."
    assert any("same sentence" in f.reason for f in planted("introduction", sentence))


def test_a_section_that_is_not_balanced_is_a_finding() -> None:
    found = planted("method", r"An \emph{open brace.")
    assert [f.rule for f in found] == ["readable"]


def of_bound(change: Callable[[str], str]) -> tuple[str, tuple[Finding, ...]]:
    """The rendered sample changed by hand, and what the audit finds in it."""
    rendered = render(sample.study()).tex
    bound = change(rendered)
    assert bound != rendered
    return bound, audit(sections(), context(), rendered, bound).findings


def test_a_digit_changed_in_the_bound_paper_is_found_with_what_should_stand_there() -> None:
    honest = r"\shoalfact{arm.baseline.mean}{\ensuremath{0.8808}}"
    bound, found = of_bound(lambda tex: tex.replace(honest, honest.replace("0.8808", "0.8731"), 1))
    by_rule = {f.rule: f for f in found}
    assert set(by_rule) == {"exact", "binding"}
    line = bound.splitlines()[by_rule["exact"].line - 1]
    assert line[by_rule["exact"].column - 1 :].startswith("731")
    assert "8731" in by_rule["exact"].quotation
    assert "8808" in by_rule["exact"].reason
    assert "0.8731 is not the value of arm.baseline.mean" in by_rule["binding"].reason


@pytest.mark.parametrize(
    "text",
    [
        r"\\begin{figure}(?s:.)*?\\end{figure}\n", r"[a-z ]+ & control &[^\n]*\n", r"Registered &[^\n]*\n",
        r"\\shoalrow{arm\.baseline\.mean}[^\n]*\n", r"\n\\section\*{How this paper was made}[^\n]*",
        r"\\end{document}\n",
    ],
)  # fmt: skip
def test_lines_taken_out_of_the_bound_paper_are_found_where_they_belong(text: str) -> None:
    rendered = render(sample.study()).tex
    (cut,) = (match.span() for match in itertools.islice(re.finditer(text, rendered), 1))
    bound, found = of_bound(lambda tex: tex[: cut[0]] + tex[cut[1] :])
    missing = [f for f in found if f.rule == "exact"]
    assert len(missing) >= rendered[slice(*cut)].count("\n")
    assert all("missing" in f.reason or "make:" in f.reason for f in missing)
    place = bound.count("\n", 0, cut[0]) + 1
    assert {f.line for f in missing} <= {place, place + 1}


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (r"\end{abstract}", "The result holds everywhere.\n"),
        (r"\section{Exploration}", "\\begin{figure}\\includegraphics{figures/effects.pdf}\\end{figure}\n"),
        (r"\end{shoaltabular}", "treatment & baseline & 0.97 \\\\\n"),
        (r"\begin{document}", "\\renewcommand{\\shoalfact}[2]{0.99}\n"),
        (r"\end{document}", "% a comment, even\n"),
    ],
)
def test_lines_added_to_the_bound_paper_are_found_where_they_stand(place: str, text: str) -> None:
    bound, found = of_bound(lambda tex: tex.replace(place, text + place, 1))
    added = [f for f in found if f.rule == "exact"]
    assert [f.line for f in added] == [bound.count("\n", 0, bound.index(text)) + 1]
    assert text.startswith(added[0].quotation[:60])


def test_a_space_at_the_end_of_a_line_of_the_bound_paper_is_found() -> None:
    bound, found = of_bound(lambda tex: tex.replace("\n", " \n", 1))
    assert [(f.rule, f.line, f.column) for f in found] == [("exact", 1, len(bound.split("\n")[0]))]


def test_a_bound_paper_that_cannot_be_parsed_is_still_compared() -> None:
    _, found = of_bound(lambda tex: tex.replace(r"\end{abstract}", r"\end{abstract}{", 1))
    assert rules(found) == {"exact", "readable"}


def test_other_parts_make_another_paper() -> None:
    """A stored paper beside facts, sections, a title or figures that were changed afterwards."""
    bound, study = render(sample.study()).tex, sample.study()
    facts = tuple(
        fact.model_copy(update={"value": fact.value + 0.01}) if fact.name == "arm.baseline.mean" else fact
        for fact in study.facts.items
    )
    changes: list[dict[str, Any]] = [
        {"facts": study.facts.model_copy(update={"items": facts})},
        {"sections": sections(limitations=sample.SECTIONS["limitations"].replace("noise", "clutter", 1))},
        {"title": "Another title"},
        {"figures": study.figures[1:]},
    ]
    for changed in changes:
        rendered = render(sample.study(**changed)).tex
        assert "exact" in rules(audit(sections(), context(), rendered, bound).findings), changed.keys()


def test_a_number_that_the_renderer_lets_through_is_found() -> None:
    """A caption or a claim is a part of the study: the same in what is rendered again."""
    for place in (r"\end{abstract}", r"\section{Results}", r"\label{fig:effects}", r"\end{shoaltabular}"):
        rendered = render(sample.study()).tex.replace(place, "97.31" + place, 1)
        found = audit(sections(), context(), rendered).findings
        assert [(f.rule, f.quotation) for f in found] == [("numbers", "97.31")]


@pytest.mark.parametrize(
    ("honest", "wrong", "reason"),
    [
        (
            r"{arm.baseline.mean}{\ensuremath{0.8808}}",
            r"{arm.baseline.mean}{\ensuremath{0.8809}}",
            "0.8809 is",
        ),
        (r"\shoalfact{arm.baseline.mean}", r"\shoalfact{made.up}", "no such fact"),
        (r"\shoalrow{arm.baseline.mean}", r"\shoalrow{arm.other.mean}", "no row in the evidence appendix"),
    ],
)
def test_what_a_wrong_binder_prints_is_found_though_it_prints_it_twice(
    honest: str, wrong: str, reason: str
) -> None:
    rendered = render(sample.study()).tex
    assert honest in rendered
    found = audit(sections(), context(), rendered.replace(honest, wrong)).findings
    assert found
    assert {f.rule for f in found} == {"binding"}
    assert all(reason in f.reason for f in found)


def test_a_reference_to_nothing_is_found() -> None:
    found = planted("method", r"See Table~\ref{tab:ghost}.")
    assert ("commands", r"\ref{tab:ghost}") in [(f.rule, f.quotation) for f in found]


def test_a_figure_that_no_sentence_refers_to_is_found() -> None:
    text = sample.SECTIONS["results"].replace(r"Figure~\ref{fig:effects}", "a figure")
    assert "no sentence refers to fig:effects" in [f.reason for f in audited(results=text).findings]
