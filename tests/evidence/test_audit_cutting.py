"""What still fails goes out with its sentence; what is missing cannot."""

import pytest

from agent.artifacts import SectionText
from agent.evidence.audit import audit
from agent.evidence.audit.cutting import told, without_findings
from tests.evidence.test_audit import context, sections
from tests.latex import sample


@pytest.mark.parametrize("name", ["results", "limitations", "method"])
def test_a_sentence_that_fails_goes_out_and_the_rest_passes(name: str) -> None:
    text = sample.SECTIONS[name]
    at = text.index(". ") + 2
    faulty = sections(**{name: text[:at] + "The gain was 97.31 points. " + text[at:]})
    kept, cuts = without_findings(faulty, audit(faulty, context()).findings)
    assert [(cut.section, cut.latex) for cut in cuts] == [(name, "The gain was 97.31 points.")]
    assert next(s.latex for s in kept if s.name == name).split() == text.split()
    assert audit(kept, context()).passed


def test_an_item_goes_out_with_its_mark() -> None:
    item = r"\begin{itemize}\item It is a test of dropout.\item It reached 0.9.\end{itemize}"
    faulty = sections(setup=sample.SECTIONS["setup"] + "\n\n" + item)
    kept, cuts = without_findings(faulty, audit(faulty, context()).findings)
    assert [cut.latex for cut in cuts] == ["It reached 0.9."]
    assert next(s.latex for s in kept if s.name == "setup").count(r"\item") == 1


def test_what_is_missing_cannot_go_out() -> None:
    texts = sections(
        abstract=sample.SECTIONS["abstract"].replace(r"\verdict", r"tested, and \claim{primary}")
    )
    report = audit(texts, context())
    missing = tuple(finding for finding in report.findings if finding.rule == "completeness")
    assert missing
    assert without_findings(texts, missing) == (texts, ())


def test_a_text_that_cannot_be_read_stays() -> None:
    texts = (SectionText(name="method", latex=r"An \emph{open brace 9."),)
    findings = audit(texts, context()).findings
    assert without_findings(texts, findings)[1] == ()


def test_the_paper_tells_how_much_went_and_where() -> None:
    text = sample.SECTIONS["setup"] + " It took 9 hours. It took 8 hours."
    faulty = sections(setup=text, method=sample.SECTIONS["method"] + " It was 7.")
    _, cuts = without_findings(faulty, audit(faulty, context()).findings)
    assert told(cuts).startswith("3 sentences were taken out")
    assert "1 in method, 2 in setup" in told(cuts) or "2 in setup, 1 in method" in told(cuts)
    assert told(()) == ""
