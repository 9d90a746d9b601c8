"""The checks of a finished paper: its text, audit, references, printed numbers and links."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from pathlib import Path

from agent.artifacts import (
    Audit,
    Finding,
    Paper,
)
from agent.deps import Deps
from agent.evidence.audit import exact
from agent.latex.compile import MAIN
from agent.latex.printed import Printed, bound_numbers, link_problems, read_pdf, stray_decimals
from agent.latex.render import Rendered
from agent.prompts.section import SectionName
from agent.stages.manuscript import Omitted, audited
from agent.stages.study import Study, figure_path
from agent.stages.verify.rows import NotChecked, Row, row


def paper_rows(idea: str, number: int, deps: Deps) -> Iterator[Row]:
    """The checks of round `number` of an idea's paper."""
    key = f"{deps.run.name}/{idea}"
    at = f"{key}/{number}"
    again = cache(partial(_made_again, at, deps))
    for check, of_paper in (
        ("paper", partial(_paper, again)),
        ("audit", partial(_audit, again)),
        ("references", _references),
        ("numbers", _numbers),
        ("links", _links),
    ):
        yield row(idea, check, partial(_with_paper, of_paper, at, deps))


def _with_paper(
    look: Callable[[Paper, str, Deps], tuple[str, Iterable[str]]], at: str, deps: Deps
) -> tuple[str, Iterable[str]]:
    if not deps.workspace.has(Paper, at):
        raise NotChecked("there is no finished paper")
    return look(deps.workspace.get(Paper, at), at, deps)


MadeAgain = Callable[[], tuple[Rendered, Audit]]


def _made_again(at: str, deps: Deps) -> tuple[Rendered, Audit]:
    """What the stored parts make, and the audit of the stored `paper.tex` against it."""
    paper, folder = deps.workspace.get(Paper, at), deps.workspace.path(Paper, at).parent
    texts: dict[SectionName, str] = {section.name: section.latex for section in paper.sections}  # type: ignore[misc]
    stored = _text((folder / MAIN).read_bytes())
    return audited(Study.read(paper.idea, deps), texts, deps, Omitted.read(folder), stored)


def _paper(again: MadeAgain, paper: Paper, at: str, deps: Deps) -> tuple[str, list[str]]:
    """The paper's files against what its parts make."""
    folder = deps.workspace.path(Paper, at).parent
    rendered, _ = again()
    findings: list[str] = []
    for name, content in rendered.files().items():
        stored = (folder / name).read_bytes()
        if stored != content:
            told = [_told(one) for one in exact.differing_lines(name, _text(stored), _text(content))]
            findings += told or [f"{name} has other bytes than it is rendered with"]
    for figure in Study.read(paper.idea, deps).figures.items:
        drawn = (deps.workspace.root / figure_path(deps.run.name, paper.idea, figure)).read_bytes()
        if (folder / "figures" / figure.file).read_bytes() != drawn:
            findings.append(f"figures/{figure.file} is not the study's")
    return f"rendered again from {len(paper.sections)} sections, facts and claims, byte for byte", findings


def _text(content: bytes) -> str:
    return content.decode(errors="replace")


def _told(one: Finding) -> str:
    return f"{one.file}:{one.line}:{one.column}: {one.quotation!r}: {one.reason}"


def _audit(again: MadeAgain, _paper: Paper, at: str, deps: Deps) -> tuple[str, list[str]]:
    """What the audit finds in the stored paper beyond its differences, against what it found."""
    stored = deps.workspace.get(Audit, at)
    _, report = again()
    now = [one for one in report.findings if one.rule != exact.RULE]
    findings = [_told(one) for one in now if one not in stored.findings]
    gone = [one for one in stored.findings if one not in now]
    findings += [f"no longer found: {one.file}:{one.line}: {one.reason}" for one in gone]
    if stored.passed != (not stored.findings):
        findings.append("the stored audit says otherwise than its findings")
    new = sorted(set(report.checked) - set(stored.checked))
    rules = f"{len(report.checked)} rules" + (f", {', '.join(new)} younger than the paper" if new else "")
    return f"audited again: {rules}, {len(now)} findings", findings


def _references(paper: Paper, _at: str, deps: Deps) -> tuple[str, list[str]]:
    works = [deps.literature.find(key) for key in paper.references]
    findings = [f"{work.key} is not found in {work.source}" for work in works if work.status == "not_found"]
    unavailable = sum(work.status == "unavailable" for work in works)
    more = f", {unavailable} could not be looked up" if unavailable else ""
    sources = ", ".join(sorted({work.source for work in works})) or "nothing"
    return f"{len(works)} cited, looked up in {sources}{more}", findings


def _numbers(_paper: Paper, at: str, deps: Deps) -> tuple[str, Iterable[str]]:
    folder = deps.workspace.path(Paper, at).parent
    tex, printed = _tex_and_pdf(folder)
    others = [(folder / "references.bib").read_text(encoding="utf-8")]
    others += [read_pdf(path.read_bytes()).text for path in sorted((folder / "figures").glob("*.pdf"))]
    stray = stray_decimals(tex, others, printed)
    text = f"{len(printed.text)} characters of the PDF: every number with a decimal point is in paper.tex"
    return text, (f"paper.pdf prints {number}, which is not in paper.tex" for number in stray)


def _links(_paper: Paper, at: str, deps: Deps) -> tuple[str, Iterable[str]]:
    tex, printed = _tex_and_pdf(deps.workspace.path(Paper, at).parent)
    wanted = bound_numbers(tex)
    count = sum(map(len, wanted.values()))
    return f"{count} numbers of {len(wanted)} facts lead to their rows", link_problems(tex, printed)


def _tex_and_pdf(folder: Path) -> tuple[str, Printed]:
    if not (folder / "paper.pdf").is_file():
        raise NotChecked("there is no paper.pdf")
    tex = (folder / "paper.tex").read_text(encoding="utf-8")
    return tex, read_pdf((folder / "paper.pdf").read_bytes())
