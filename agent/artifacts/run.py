"""A run as a whole: what started it, what it knows of earlier studies, where it waits, how it ended."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agent.artifacts.base import Artifact, Gate, Id, Word, unset
from agent.artifacts.idea import Idea, Treatment
from agent.artifacts.plan import BroughtPlan


class Run(Artifact):
    """`run.json`: the effective settings of a run, without keys."""

    name: Id
    graph_version: int
    template: str
    """The template as it was named: its folder's name."""
    regime: str
    scope: str
    model: str
    """`scripted`, or `provider:name`."""
    seed: int
    ideas: int
    """M, the number of ideas, fixed at the start: it sets α*."""
    asked: str | None
    """A knob that the user asked about, or None."""
    brought: Idea | None
    """The idea that the user brought, or None."""
    explore: int
    """N, candidates per arm."""
    replicates: int | None
    """n if the user set it."""
    lag: int
    reviewers: int
    pdf: bool
    fresh: bool
    """Known results of other runs are not reused."""
    sandbox: Literal["docker", "bubblewrap", "none"]
    data_hash: str
    pool: str
    pool_count: int
    """K, registrations on the pool when the run started."""
    template_hash: str
    environment_hash: str
    archive_hash: str
    approve: tuple[Gate, ...] = Field(default=(), exclude_if=unset)
    """What a person wants to approve before the run goes on."""
    plan: BroughtPlan | None = Field(default=None, exclude_if=unset)
    """The plan that a person brought with the idea, or None."""
    style: str = Field(default="", exclude_if=unset)
    """How papers look: `twocolumn` or the folder of a venue's files; empty for one column."""
    max_pages: int | None = Field(default=None, exclude_if=unset)
    """Pages of a paper's main text, at most; None for no limit."""
    figures: int = Field(default=0, exclude_if=unset)
    """Figures that the author of a paper may add by code, at most."""


class ArchivedStudy(Artifact):
    """What later ideation may know of a finished study: words and exploring findings, no test numbers."""

    run: Id
    idea: Id
    template: str
    regime: str
    title: str
    hypothesis: str
    treated: Treatment
    word: Word | Literal["none", "rejected"]
    """`none` where exploring found nothing to confirm, `rejected` where a person ended it."""
    explored: str
    """What exploring found, in words with dev scores, or why the idea ended before that."""


class Archive(Artifact):
    """The finished studies of the workspace when a run started."""

    studies: tuple[ArchivedStudy, ...] = ()


class Approval(Artifact):
    """A person's answer at a gate."""

    idea: Id
    gate: Gate
    of: str
    """Hash of the Idea, Draft or Paper as the person saw it; for another one it does not count."""
    answer: Literal["approved", "rejected"]
    why: str = ""
    revised: Idea | None = None
    """The idea as the person changed it."""
    n: int | None = None
    """Confirming replicates, where the person changed them."""
    without: tuple[str, ...] = ()
    """Arms beside treatment and baseline that the person took out of the plan."""


class Ending(Artifact):
    """Why an idea ended before it had a verdict, or before its paper was approved."""

    idea: Id
    stage: str
    reason: str
    rejected: bool
    """A person ended it; otherwise there was nothing to confirm."""
