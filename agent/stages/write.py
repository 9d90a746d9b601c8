"""The paper: section by section from what each may use, edited as a whole, audited, bound and compiled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from agent.artifacts import Audit, Idea, Paper, PaperFile
from agent.deps import Deps
from agent.errors import PaperRefused
from agent.prompts.section import WRITTEN
from agent.stages.figure import add_figure
from agent.stages.fit import fitted
from agent.stages.manuscript import Texts, figure_files, in_order
from agent.stages.revise import refined, revised_until_backed
from agent.stages.sections import write_section
from agent.stages.study import Study
from agent.workspace import write_durably


def write(idea: Idea, number: int, deps: Deps) -> Paper:
    """Write round `number` of an idea's paper.

    What the audit still holds against the text after the last revision goes out with its sentence, the
    rest is audited again, and the paper says so; what is missing cannot go out, so it refuses the paper.
    The audit and the text are stored even if the paper cannot be finished; the Paper itself only if the
    audit passes, TeX compiles it, and it has no more pages than the run allows.

    Raises:
        PaperRefused: the audit holds something against the text to the end, TeX cannot compile it, or it
            cannot be made short enough.
        AnswerRejected: a section broke the rules of its prompt in every turn.
    """
    study = Study.read(idea.id, deps)
    if add_figure(study, deps):
        study = Study.read(idea.id, deps)
    texts: Texts = {}
    for name in WRITTEN:
        deps.check_stop()
        texts[name] = write_section(name, study, texts, deps)
    deps.check_stop()
    texts, _ = refined(study, texts, deps)
    texts, rendered, report, omitted = revised_until_backed(study, texts, deps)
    files = {**rendered.files(), **figure_files(study, deps), **omitted.files()}
    pdf: bytes | None = None
    repairs: tuple[str, ...] = ()
    if report.passed and deps.tex is not None:
        set_ = fitted(study, texts, omitted, deps, deps.tex)
        texts, rendered, report, files = set_.texts, set_.rendered, set_.report, set_.files
        pdf, repairs = set_.pdf, set_.repairs
    _store(f"{deps.run.name}/{idea.id}/{number}", files, report, pdf, deps)
    return Paper(
        idea=idea.id,
        round=number,
        title=idea.title,
        sections=in_order(texts),
        references=rendered.cited,
        files=tuple(
            PaperFile(path=path, sha256=hashlib.sha256(files[path]).hexdigest()) for path in sorted(files)
        ),
        parents=(
            *(study.facts.hash, study.claims.hash, study.verdict.hash, report.hash),
            *((study.added.hash,) if study.added else ()),
        ),
        repairs=repairs,
    )


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
