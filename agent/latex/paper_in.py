"""All that a paper is made of, in one typed value.

Promises that rendering needs nothing else: no clock, no file, no workspace.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from agent.artifacts import (
    Arm,
    Artifact,
    Claims,
    Facts,
    Figure,
    Plan,
    Reference,
    Registration,
    Scalar,
    SectionText,
    Tree,
    Verdict,
)

SECTIONS: dict[str, str] = {
    "abstract": "Abstract",
    "introduction": "Introduction",
    "related_work": "Related work",
    "method": "Method",
    "setup": "Experimental set-up",
    "results": "Results",
    "exploration": "Exploration",
    "limitations": "Limitations",
    "conclusion": "Conclusion",
}
"""Headings by name, in the order of the paper."""


class Provenance(Artifact):
    """How the paper was made."""

    author: str
    """`scripted`, or the `provider:name` of the language model that wrote the text."""
    version: str
    """Shoal's version."""
    seed: int
    sandbox: str
    """`docker`, `bubblewrap` or `none`: where the trials ran."""
    template: str
    command: str = ""
    """The command that makes the study again; empty where it is not one command."""


class KnobRow(Artifact):
    """A knob of the template."""

    name: str
    label: str
    default: Scalar


class PaperIn(Artifact):
    """A study as the renderer takes it. Plain text unless it says LaTeX."""

    title: str
    scope: str
    """What the results hold for."""
    sections: tuple[SectionText, ...]
    """LaTeX in Shoal's macro language, one text for each name in SECTIONS."""
    facts: Facts
    claims: Claims
    verdict: Verdict
    plan: Plan
    registration: Registration
    tree: Tree
    settings: dict[str, Scalar]
    references: tuple[Reference, ...]
    """Every work that may be cited; the cited ones are printed."""
    figures: tuple[Figure, ...]
    """Those of the results."""
    exploration_figures: tuple[Figure, ...] = ()
    knobs: tuple[KnobRow, ...]
    code_diff: str = ""
    """Unified diff of the treatment against the template; empty for a knob idea."""
    provenance: Provenance
    notes: tuple[str, ...] = ()
    """Sentences for "How this paper was made"."""
    measured: bool = False
    """The end of the main text is marked, so that its pages can be counted."""
    moved: tuple[str, ...] = ()
    """Figures that stand in the appendix, for want of space."""
    arm_labels: dict[str, str] = Field(default_factory=dict)
    """Names of arms as the tables print them; an arm without one keeps its own."""

    @model_validator(mode="after")
    def _every_section_once(self) -> PaperIn:
        names = [section.name for section in self.sections]
        if sorted(names) != sorted(SECTIONS):
            raise ValueError(
                f"the sections are {', '.join(names)}; each of {', '.join(SECTIONS)} is needed once"
            )
        return self

    def section(self, name: str) -> str:
        """The text of a section, as written."""
        return next(section.latex for section in self.sections if section.name == name)

    def arm_label(self, name: str) -> str:
        """An arm's name as it is printed."""
        return self.arm_labels.get(name, name.replace("_", " ").replace("-", " "))

    @property
    def treatment(self) -> Arm:
        """The arm that the idea is about."""
        return next(arm for arm in self.plan.arms if arm.role == "treatment")
