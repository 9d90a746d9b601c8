"""The text after its first writing: edited as a whole, revised where the audit complains, and cut at last.

Promises that no edit of the whole leaves the audit with more findings than before, and that what fails to the
end goes out with its sentence. What is missing cannot go out: such findings stay.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from agent.artifacts import Audit
from agent.deps import Deps
from agent.errors import AnswerRejected, EditFailed
from agent.evidence.audit.cutting import Cut, without_findings
from agent.latex.render import Rendered
from agent.prompts.refine import REFINE, RefineIn, RefineOut, TextChange, TooLong, changed_texts
from agent.prompts.section import SECTIONS, WRITTEN, Previous
from agent.stages.manuscript import Omitted, Texts, audited, in_order
from agent.stages.sections import write_section
from agent.stages.study import Study

REVISIONS = 2
"""Times that a section goes back to its writer with what the audit holds against it."""

CUTS = 3
"""Times that what still fails is taken out and the rest is audited again."""


def refined(
    study: Study, texts: Texts, deps: Deps, *, site: str = "refine", too_long: TooLong | None = None
) -> tuple[Texts, tuple[TextChange, ...]]:
    """The texts after one look at all of them, and the edits that were kept.

    An edit that raises the number of the audit's findings is dropped. Answers that stay unusable change
    nothing.

    Args:
        too_long: Set where the text is to be shortened.
    """
    data = RefineIn(
        title=study.idea.title,
        verdict=study.verdict.word,
        sections=tuple(Previous(name=name, latex=texts[name]) for name in SECTIONS),
        too_long=too_long,
    )
    try:
        answer: RefineOut = deps.model.ask(REFINE, data, site=f"{study.idea.id}/write/{site}").value
    except AnswerRejected as error:
        deps.say("note", study.idea.id, f"the text stays as it was written: {error}")
        return texts, ()
    if not answer.changes:
        return texts, ()

    def findings(of: Texts) -> int:
        return len(audited(study, of, deps)[1].findings)

    def dropped(change: TextChange, why: str) -> None:
        quoted = " ".join(change.search.split())[:80]
        deps.say("note", study.idea.id, f"an edit of the {change.section} was dropped, {why}: {quoted!r}")

    return accepted(texts, answer.changes, findings, dropped)


def accepted(
    texts: Texts,
    changes: tuple[TextChange, ...],
    findings: Callable[[Texts], int],
    dropped: Callable[[TextChange, str], None],
) -> tuple[Texts, tuple[TextChange, ...]]:
    """The texts after those of the changes that raise no number of findings, and these changes.

    Args:
        findings: How many the audit has against texts.
        dropped: Told of each change that is left out, and why.
    """
    least = findings(texts)
    changed = changed_texts(texts, changes)
    if findings(changed) <= least:
        return changed, changes
    kept: list[TextChange] = []
    for change in changes:
        try:
            changed = changed_texts(texts, (change,))
        except EditFailed:
            dropped(change, "as it rests on one that was dropped")
            continue
        found = findings(changed)
        if found > least:
            dropped(change, "as the audit holds more against it")
            continue
        texts, least = changed, found
        kept.append(change)
    return texts, tuple(kept)


def revised_until_backed(study: Study, texts: Texts, deps: Deps) -> tuple[Texts, Rendered, Audit, Omitted]:
    """The texts after the revisions that the audit asks for, without the sentences that fail to the end.

    Raises:
        AnswerRejected: a section broke the rules of its prompt in every turn.
    """
    rendered, report = audited(study, texts, deps)
    for revision in range(1, REVISIONS + 1):
        if report.passed:
            break
        texts = _revised(texts, report, revision, study, deps)
        rendered, report = audited(study, texts, deps)
    return _cut(study, texts, rendered, report, deps)


def _cut(
    study: Study, texts: Texts, rendered: Rendered, report: Audit, deps: Deps
) -> tuple[Texts, Rendered, Audit, Omitted]:
    """The paper without the sentences that still fail, audited again; unchanged where it passed."""
    cuts: tuple[Cut, ...] = ()
    for _ in range(CUTS):
        kept, gone = without_findings(in_order(texts), report.findings)
        if report.passed or not gone:
            break
        texts = {name: section.latex for name, section in zip(SECTIONS, kept, strict=True)}
        cuts += gone
        rendered, report = audited(study, texts, deps, Omitted(cuts))
    return texts, rendered, report, Omitted(cuts)


def _revised(texts: Texts, report: Audit, revision: int, study: Study, deps: Deps) -> Texts:
    """The texts with each section that the audit complained of written again."""
    complaints: dict[str, list[str]] = defaultdict(list)
    for finding in report.findings:
        complaints[finding.file.removesuffix(".tex")].append(f"{finding.quotation}: {finding.reason}")
    revised = dict(texts)
    for name in WRITTEN:
        if name in complaints:
            others = {other: text for other, text in revised.items() if other != name}
            told = tuple(complaints[name])
            revised[name] = write_section(
                name,
                study,
                others,
                deps,
                last_version=texts[name],
                findings=told,
                revision=revision,
            )
    return revised
