"""The paper: section by section from what each may use, audited, bound and compiled."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from agent import __version__
from agent.artifacts import Audit, Idea, Paper, PaperFile, SectionText
from agent.deps import Deps
from agent.errors import PaperRefused
from agent.evidence.audit import AuditContext, audit
from agent.evidence.audit.cutting import Cut, told, without_findings
from agent.latex.paper_in import KnobRow, PaperIn, Provenance
from agent.latex.render import Rendered, render
from agent.latex.styles import style_named
from agent.prompts.section import SECTIONS, WRITTEN, SectionName
from agent.stages.brought import brought_labels
from agent.stages.people import notes
from agent.stages.sections import write_section
from agent.stages.study import Study, figure_path
from agent.stages.typeset import typeset
from agent.stages.words import arm_labels, command
from agent.workspace import write_durably

REVISIONS = 2
"""Times that a section goes back to its writer with what the audit holds against it."""

CUTS = 3
"""Times that what still fails is taken out and the rest is audited again."""
TAKEN_OUT = "taken-out.json"
"""The file beside a paper that lists what the audit took out of it; only where something was."""

Texts = dict[SectionName, str]


def write(idea: Idea, number: int, deps: Deps) -> Paper:
    """Write round `number` of an idea's paper.

    What the audit still holds against the text after the last revision goes out with its sentence, the
    rest is audited again, and the paper says so; what is missing cannot go out, so it refuses the paper.
    The audit and the text are stored even if the paper cannot be finished; the Paper itself only if the
    audit passes and TeX compiles it.

    Raises:
        PaperRefused: the audit holds something against the text to the end, or TeX cannot compile it.
        AnswerRejected: a section broke the rules of its prompt in every turn.
    """
    study = Study.read(idea.id, deps)
    texts: Texts = {}
    for name in WRITTEN:
        deps.check_stop()
        texts[name] = write_section(name, study, texts, deps)
    rendered, report = audited(study, texts, deps)
    for revision in range(1, REVISIONS + 1):
        if report.passed:
            break
        texts = _revised(texts, report, revision, study, deps)
        rendered, report = audited(study, texts, deps)
    texts, rendered, report, cuts = _cut(study, texts, rendered, report, deps)
    files = {**rendered.files(), **_figure_files(study, deps), **_taken_out(cuts)}
    pdf: bytes | None = None
    repairs: tuple[str, ...] = ()
    if report.passed and deps.tex is not None:
        set_ = typeset(
            idea,
            texts,
            rendered,
            report,
            files,
            lambda mended: audited(study, mended, deps, cuts),
            deps,
            deps.tex,
        )
        texts, rendered, report, files = set_.texts, set_.rendered, set_.report, set_.files
        pdf, repairs = set_.pdf, set_.repairs
    _store(f"{deps.run.name}/{idea.id}/{number}", files, report, pdf, deps)
    return Paper(
        idea=idea.id,
        round=number,
        title=idea.title,
        sections=_in_order(texts),
        references=rendered.cited,
        files=tuple(
            PaperFile(path=path, sha256=hashlib.sha256(files[path]).hexdigest()) for path in sorted(files)
        ),
        parents=(study.facts.hash, study.claims.hash, study.verdict.hash, report.hash),
        repairs=repairs,
    )


def paper_in(
    study: Study, texts: Mapping[SectionName, str], deps: Deps, cuts: tuple[Cut, ...] = ()
) -> PaperIn:
    """The study as the renderer takes it; `cuts` are what the audit took out of its text."""
    run = deps.run
    said = notes(study.idea, study.tree, run, deps.workspace)
    return PaperIn(
        title=study.idea.title,
        scope=deps.setup.scope,
        sections=_in_order(texts),
        facts=study.facts,
        claims=study.claims,
        verdict=study.verdict,
        plan=study.plan,
        registration=study.registration,
        tree=study.tree,
        settings=study.settings,
        references=study.works,
        figures=study.figures_of("results"),
        exploration_figures=study.figures_of("exploration"),
        knobs=tuple(
            KnobRow(name=name, label=knob.label or name, default=knob.default)
            for name, knob in deps.setup.template.spec.knobs.items()
        ),
        code_diff=study.code_diff,
        provenance=Provenance(
            author=run.model,
            version=__version__,
            seed=run.seed,
            sandbox=run.sandbox,
            template=run.template,
            command="" if said else command(run),
        ),
        notes=(*said, told(cuts)) if cuts else said,
        arm_labels=_labels(study, deps),
    )


def _labels(study: Study, deps: Deps) -> dict[str, str]:
    return arm_labels(study.idea, deps.setup.template) | brought_labels(deps.run.plan)


def _taken_out(cuts: tuple[Cut, ...]) -> dict[str, bytes]:
    """The file that lists what was taken out."""
    if not cuts:
        return {}
    listed = [{"section": c.section, "latex": c.latex, "reasons": c.reasons} for c in cuts]
    return {TAKEN_OUT: (json.dumps(listed, indent=1, ensure_ascii=False) + "\n").encode()}


def taken_out(folder: Path) -> tuple[Cut, ...]:
    """What the audit took out of the paper in a folder; needed to render it again.

    Raises:
        OSError: the list cannot be read.
    """
    if not (folder / TAKEN_OUT).exists():
        return ()
    listed = json.loads((folder / TAKEN_OUT).read_text(encoding="utf-8"))
    return tuple(Cut(item["section"], item["latex"], tuple(item["reasons"])) for item in listed)


def _cut(
    study: Study, texts: Texts, rendered: Rendered, report: Audit, deps: Deps
) -> tuple[Texts, Rendered, Audit, tuple[Cut, ...]]:
    """The paper without the sentences that still fail, audited again; unchanged where it passed."""
    cuts: tuple[Cut, ...] = ()
    for _ in range(CUTS):
        kept, gone = without_findings(_in_order(texts), report.findings)
        if report.passed or not gone:
            break
        texts = {name: section.latex for name, section in zip(SECTIONS, kept, strict=True)}
        cuts += gone
        rendered, report = audited(study, texts, deps, cuts)
    return texts, rendered, report, cuts


def audited(
    study: Study,
    texts: Mapping[SectionName, str],
    deps: Deps,
    cuts: tuple[Cut, ...] = (),
    bound: str | None = None,
) -> tuple[Rendered, Audit]:
    """The paper that the texts make, and what the audit holds against it; nothing is stored.

    Args:
        cuts: What was taken out of the texts, which the paper tells.
        bound: A stored `paper.tex` to audit in place of the one that the texts make.

    Raises:
        BindError: a text names what does not exist.
    """
    rendered = render(paper_in(study, texts, deps, cuts), style_named(deps.run.style or "plain"))
    return rendered, audit(_in_order(texts), held_against(study, deps), rendered.tex, bound)


def held_against(study: Study, deps: Deps) -> AuditContext:
    """The evidence that the audit holds a paper of the study against."""
    return AuditContext(
        facts=study.facts,
        claims=study.claims,
        verdict=study.verdict,
        plan=study.plan,
        references=study.works,
        settings=study.settings,
        figures=study.figures.items,
        arm_labels=_labels(study, deps),
        code_diff=study.code_diff,
    )


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


def _store(key: str, files: Mapping[str, bytes], report: Audit, pdf: bytes | None, deps: Deps) -> None:
    """Store text, audit and PDF.

    Raises:
        PaperRefused: the audit did not pass.
    """
    folder = deps.workspace.path(Paper, key).parent
    for path, content in files.items():
        write_durably(folder / path, content)
    deps.workspace.put(key, report)
    if not report.passed:
        first = report.findings[0]
        raise PaperRefused(
            f"the audit holds {len(report.findings)} finding(s) against the paper, the first in "
            f"{first.file}:{first.line}: {first.reason} ({folder / 'audit.json'})"
        )
    if pdf is not None:
        write_durably(folder / "paper.pdf", pdf)
    number = int(key.rsplit("/", 1)[1])
    write_durably(folder.parent / "best.json", (json.dumps({"round": number}) + "\n").encode())


def _in_order(texts: Mapping[SectionName, str]) -> tuple[SectionText, ...]:
    return tuple(SectionText(name=name, latex=texts[name]) for name in SECTIONS)


def _figure_files(study: Study, deps: Deps) -> dict[str, bytes]:
    root, run, idea = deps.workspace.root, deps.run.name, study.idea.id
    return {
        f"figures/{figure.file}": (root / figure_path(run, idea, figure)).read_bytes()
        for figure in study.figures.items
    }
