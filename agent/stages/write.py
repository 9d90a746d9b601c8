"""The paper: section by section from what each may use, audited, bound and compiled."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping

from agent import __version__
from agent.artifacts import Audit, Idea, Paper, PaperFile, SectionText
from agent.deps import Deps
from agent.errors import PaperRefused
from agent.evidence.audit import AuditContext, audit
from agent.latex.compile import compile_pdf
from agent.latex.paper_in import KnobRow, PaperIn, Provenance
from agent.latex.render import Rendered, render
from agent.prompts.section import SECTIONS, WRITTEN, SectionName
from agent.stages.brought import brought_labels
from agent.stages.people import notes
from agent.stages.sections import write_section
from agent.stages.study import Study, figure_path
from agent.stages.words import arm_labels, command
from agent.workspace import write_durably

REVISIONS = 2
"""Times that a section goes back to its writer with what the audit holds against it."""

Texts = dict[SectionName, str]


def write(idea: Idea, number: int, deps: Deps) -> Paper:
    """Write round `number` of an idea's paper.

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
    files = {**rendered.files(), **_figure_files(study, deps)}
    _store(f"{deps.run.name}/{idea.id}/{number}", files, report, deps)
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
    )


def paper_in(study: Study, texts: Mapping[SectionName, str], deps: Deps) -> PaperIn:
    """The study as the renderer takes it."""
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
        notes=said,
        arm_labels=_labels(study, deps),
    )


def _labels(study: Study, deps: Deps) -> dict[str, str]:
    return arm_labels(study.idea, deps.setup.template) | brought_labels(deps.run.plan)


def audited(study: Study, texts: Mapping[SectionName, str], deps: Deps) -> tuple[Rendered, Audit]:
    """The paper that the texts make, and what the audit holds against it; nothing is stored.

    Raises:
        BindError: a text names what does not exist.
    """
    rendered = render(paper_in(study, texts, deps))
    context = AuditContext(
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
    return rendered, audit(_in_order(texts), context, bound=rendered.tex)


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


def _store(key: str, files: Mapping[str, bytes], report: Audit, deps: Deps) -> None:
    """Store text, audit and PDF.

    Raises:
        PaperRefused: the audit did not pass, or TeX made no PDF.
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
    if deps.tex is not None:
        compiled = compile_pdf(files, deps.tex.sandbox, deps.tex.environment)
        if compiled.pdf is None:
            told = "; ".join(f"{p.file}:{p.line}: {p.message}" for p in compiled.problems[:3])
            raise PaperRefused(f"TeX made no PDF of {folder / 'paper.tex'}: {told}")
        write_durably(folder / "paper.pdf", compiled.pdf)
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
