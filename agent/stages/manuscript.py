"""What the texts of a paper make: the LaTeX that goes to TeX, and what the audit holds against it.

Promises that the same texts, and the same note of what went out of them, make the same paper. Stores nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from agent import __version__
from agent.artifacts import Audit, SectionText
from agent.artifacts.added import ADDED
from agent.deps import Deps
from agent.evidence.audit import AuditContext, audit
from agent.evidence.audit.cutting import Cut, by_section, told
from agent.latex.paper_in import KnobRow, PaperIn, Provenance
from agent.latex.render import Rendered, render
from agent.latex.styles import style_named
from agent.prompts.refine import TextChange
from agent.prompts.section import SECTIONS, SectionName
from agent.stages.brought import brought_labels
from agent.stages.people import notes
from agent.stages.study import Study, figure_path, never_ran
from agent.stages.told import passages
from agent.stages.words import arm_labels, command

TAKEN_OUT = "taken-out.json"
"""The file beside a paper that lists what the audit took out of it; only where something was."""
SHORTENED = "shortened.json"
"""The file beside a paper that lists what a page limit cost it; only where it had to be shortened."""

Texts = dict[SectionName, str]


@dataclass(frozen=True)
class Shortened:
    """What a page limit cost the text."""

    pages: int = 0
    """The limit; 0 where nothing had to be shortened."""
    changes: tuple[TextChange, ...] = ()
    """Edits of its writer."""
    figures: tuple[str, ...] = ()
    """Figures that stand in the appendix instead."""
    sentences: tuple[Cut, ...] = ()
    """What was taken out by rule, the first one first."""

    def told(self) -> str:
        """The sentence that the paper says of it."""
        parts = []
        if self.changes:
            parts.append(f"its writer cut or reworded {_counted(len(self.changes), 'passage')}")
        if self.sentences:
            parts.append(
                f"{_counted(len(self.sentences), 'sentence')} went out by rule ({by_section(self.sentences)})"
            )
        if self.figures:
            stands = "stands" if len(self.figures) == 1 else "stand"
            parts.append(f"{_counted(len(self.figures), 'figure')} {stands} in the appendix")
        pages = _counted(self.pages, "page")
        return f"The main text was shortened to {pages}: {'; '.join(parts)}. {SHORTENED} lists what changed."


@dataclass(frozen=True)
class Omitted:
    """What went out of the texts after they were written, which the paper tells."""

    unbacked: tuple[Cut, ...] = ()
    """Sentences that the audit found no evidence for."""
    shortened: Shortened = Shortened()
    """What a page limit cost."""

    def files(self) -> dict[str, bytes]:
        """The lists of it that lie beside the paper."""
        found: dict[str, bytes] = {}
        if self.unbacked:
            found[TAKEN_OUT] = _listed([asdict(cut) for cut in self.unbacked])
        if self.shortened.pages:
            found[SHORTENED] = _listed(
                {
                    "pages": self.shortened.pages,
                    "changes": [change.model_dump() for change in self.shortened.changes],
                    "figures": self.shortened.figures,
                    "sentences": [{"section": c.section, "latex": c.latex} for c in self.shortened.sentences],
                }
            )
        return found

    def notes(self) -> tuple[str, ...]:
        """What the paper says of it."""
        said = (told(self.unbacked),) if self.unbacked else ()
        return (*said, self.shortened.told()) if self.shortened.pages else said

    @classmethod
    def read(cls, folder: Path) -> Omitted:
        """What went out of the paper in a folder; needed to render it again.

        Raises:
            OSError: a list cannot be read.
        """
        unbacked: tuple[Cut, ...] = ()
        shortened = Shortened()
        if (folder / TAKEN_OUT).exists():
            listed = json.loads((folder / TAKEN_OUT).read_text(encoding="utf-8"))
            unbacked = tuple(Cut(item["section"], item["latex"], tuple(item["reasons"])) for item in listed)
        if (folder / SHORTENED).exists():
            found = json.loads((folder / SHORTENED).read_text(encoding="utf-8"))
            shortened = Shortened(
                found["pages"],
                tuple(TextChange.model_validate(change) for change in found["changes"]),
                tuple(found["figures"]),
                tuple(Cut(item["section"], item["latex"], ()) for item in found["sentences"]),
            )
        return cls(unbacked, shortened)


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _listed(value: object) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


NOTHING = Omitted()


def audited(
    study: Study,
    texts: Mapping[SectionName, str],
    deps: Deps,
    omitted: Omitted = NOTHING,
    bound: str | None = None,
) -> tuple[Rendered, Audit]:
    """The paper that the texts make, and what the audit holds against it; nothing is stored.

    Args:
        omitted: What went out of the texts, which the paper tells.
        bound: A stored `paper.tex` to audit in place of the one that the texts make.

    Raises:
        BindError: a text names what does not exist.
    """
    rendered = render(paper_in(study, texts, deps, omitted), style_named(deps.run.style or "plain"))
    return rendered, audit(in_order(texts), held_against(study, deps), rendered.tex, bound)


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
        never_ran=never_ran(study, deps),
        passages=passages(study, deps),
    )


def paper_in(
    study: Study, texts: Mapping[SectionName, str], deps: Deps, omitted: Omitted = NOTHING
) -> PaperIn:
    """The study as the renderer takes it; `omitted` is what went out of its text."""
    run = deps.run
    said = notes(study.idea, study.tree, run, deps.workspace)
    return PaperIn(
        title=study.idea.title,
        scope=deps.setup.scope,
        sections=in_order(texts),
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
        notes=(*said, *omitted.notes()),
        measured=run.max_pages is not None,
        moved=omitted.shortened.figures,
        arm_labels=_labels(study, deps),
    )


def in_order(texts: Mapping[SectionName, str]) -> tuple[SectionText, ...]:
    """The sections in the order of the paper."""
    return tuple(SectionText(name=name, latex=texts[name]) for name in SECTIONS)


def figure_files(study: Study, deps: Deps) -> dict[str, bytes]:
    """The study's figures by their path beside the paper, and the code of the one that its author added."""
    root, run, idea = deps.workspace.root, deps.run.name, study.idea.id
    added = study.added
    code = {f"figures/{ADDED}.py": added.code.encode()} if added and added.figure else {}
    return code | {
        f"figures/{figure.file}": (root / figure_path(run, idea, figure)).read_bytes()
        for figure in study.figures.items
    }


def _labels(study: Study, deps: Deps) -> dict[str, str]:
    return arm_labels(study.idea, deps.setup.template) | brought_labels(deps.run.plan)
