"""A study rendered as a paper: `paper.tex`, `references.bib` and the style.

Promises that the same study gives the same bytes, that plain text is escaped, that all prose and tables
go through the binder, and that every fact which is printed has its row in the evidence appendix. Does not
judge the text (`agent.evidence.audit`) and does not run TeX (`agent.latex.compile`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from agent.artifacts import Figure
from agent.errors import BindError
from agent.latex.appendix import ID_DIGITS, evidence
from agent.latex.bind import bind, cited, used_facts, verdict_words
from agent.latex.escape import ascii_only, breakable, escape
from agent.latex.paper_in import SECTIONS, PaperIn
from agent.latex.styles import Style, style_named
from agent.latex.tables import (
    arm_rows,
    comparison_name,
    comparison_rows,
    exploration_rows,
    has_ablations,
    knob_arms,
    knob_rows,
)

TEXT_END = "text:end"
"""Label at the end of the main text of a paper that is to be measured."""


@dataclass(frozen=True)
class Rendered:
    """The text files of a paper; figures lie beside them under `figures/`."""

    tex: str
    bib: str
    style: dict[str, bytes]
    """The style's files by name."""
    cited: tuple[str, ...]
    """Keys of the cited works, in the order of the text."""
    sections: tuple[str, ...]
    """The bound sections as they stand in `tex`, in the order of the paper."""

    def files(self) -> dict[str, bytes]:
        """Contents by path, all ASCII LaTeX but the bibliography, which is UTF-8."""
        named = {"paper.tex": self.tex, "references.bib": self.bib}
        return {**{name: text.encode() for name, text in named.items()}, **self.style}


def render(paper: PaperIn, style: Style | None = None) -> Rendered:
    """Render a study as a paper.

    Args:
        style: How it looks; None is one column.

    Raises:
        BindError: a section, caption or claim names what does not exist, or is not balanced LaTeX.
    """
    style = style or style_named("plain")
    parts = {**_parts(paper), "style": style}
    tex = str(_environment().get_template("paper.tex.j2").render(parts))
    keys = cited("\n".join(_written(paper).values()))
    entries = {reference.key: reference.bibtex.strip() for reference in paper.references}
    bib = "\n\n".join(entries[key] for key in sorted(keys))
    bound = tuple(parts["bound"][name] for name in SECTIONS)
    return Rendered(tex=tex, bib=bib + "\n" if bib else "", style=style.files, cited=keys, sections=bound)


@cache
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("agent.latex", ""),
        undefined=StrictUndefined,
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["text"] = escape
    environment.filters["code"] = breakable
    return environment


def _parts(paper: PaperIn) -> dict[str, Any]:
    """What the template prints; every value is bound LaTeX or passes its `text` filter."""
    written = _written(paper)
    names = used_facts("\n".join(written.values()), paper.claims)
    return {
        "paper": paper,
        "headings": SECTIONS,
        "bound": {name: _bound(paper, name, latex) for name, latex in written.items()},
        "figures": [_figure(figure) for figure in paper.figures if figure.id not in paper.moved],
        "exploration_figures": [
            _figure(figure) for figure in paper.exploration_figures if figure.id not in paper.moved
        ],
        "moved_figures": [
            _figure(figure)
            for figure in (*paper.figures, *paper.exploration_figures)
            if figure.id in paper.moved
        ],
        "text_end": TEXT_END,
        "evidence": evidence(paper, names),
        "replicates": ", ".join(str(number) for number in sorted(paper.registration.replicates)),
        "plan_hash": paper.registration.plan_hash[:ID_DIGITS],
        "pool": paper.registration.pool[:ID_DIGITS],
        "code_lines": _verbatim(paper.code_diff),
        "knob_arms": [paper.arm_label(arm.name) for arm in knob_arms(paper)],
        "has_ablations": has_ablations(paper),
        "made_by": made_by(paper),
        "verdict_words": verdict_words(paper.verdict),
        "any_citation": bool(cited("\n".join(written.values()))),
        "sandboxed": paper.provenance.sandbox != "none",
    }


def _written(paper: PaperIn) -> dict[str, str]:
    """Every part of the paper that is in macro language, by a name that an error can use."""
    figures = (*paper.figures, *paper.exploration_figures)
    return {
        **{section.name: section.latex.strip() for section in paper.sections},
        **{f"fig:{figure.id}": figure.caption for figure in figures},
        "verdict": r"\verdict",
        "finding": _finding(paper),
        "level": _if_known(paper, "plan.level"),
        "arm_rows": arm_rows(paper),
        "comparison_rows": comparison_rows(paper),
        "exploration_rows": exploration_rows(paper),
        "knob_rows": knob_rows(paper),
    }


def _bound(paper: PaperIn, name: str, latex: str) -> str:
    try:
        return bind(latex, paper.facts, paper.claims, paper.settings, paper.references, paper.verdict)
    except BindError as error:
        raise BindError(f"{name}: {error}") from error


def _finding(paper: PaperIn) -> str:
    """The primary claim; where the study has none, the first verdict comparison's effect."""
    if any(claim.id == "primary" for claim in paper.claims.items):
        return r"\claim{primary}"
    first = next((c for c in paper.plan.comparisons if c.family == "verdict"), None)
    return _if_known(paper, f"effect.{comparison_name(paper, first)}.mean" if first else "")


def _if_known(paper: PaperIn, name: str) -> str:
    """The fact with its interval, if it has one; nothing where the study has no such fact."""
    fact = next((fact for fact in paper.facts.items if fact.name == name), None)
    if fact is None:
        return ""
    return rf"\fact{{{name}}}" + (rf" \interval{{{name}}}" if fact.low is not None else "")


def made_by(paper: PaperIn) -> str:
    """Who wrote the text, in plain words, for the byline and the PDF's metadata."""
    if paper.provenance.author == "scripted":
        return "scripted study; no language model; novelty not assessed"
    return f"text and ideas by the language model {paper.provenance.author}"


def _figure(figure: Figure) -> dict[str, str]:
    return {"label": f"fig:{figure.id}", "file": f"figures/{figure.file}"}


def _verbatim(diff: str) -> str:
    """Code for a Verbatim environment in which only `\\`, `{` and `}` are special."""
    marks = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "\t": "    "}
    return ascii_only("".join(marks.get(character, character) for character in diff.rstrip("\n")))
