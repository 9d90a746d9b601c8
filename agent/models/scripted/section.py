"""Scripted sections: a short, dry report of what was asked, observed, and not shown.

Promises no mechanism, no number and no comparison of its own, and no sentence with a name that is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent.models.scripted import observed, planned
from agent.models.scripted.draft import Draft
from agent.prompts.section import SectionIn, SectionName, SectionOut


def write(data: SectionIn) -> SectionOut:
    """The section that is asked for."""
    draft = Draft(data)
    WRITERS[data.section](draft)
    for label in draft.unmentioned():
        what = "Figure" if label.startswith("fig:") else "Table"
        backed = r"shows what the verdict, \verdict, rests on" if data.task.backed else "shows more"
        draft.say(rf"{what}~\ref{{{label}}} {backed}.")
    return SectionOut(latex=draft.latex())


WRITERS: Mapping[SectionName, Callable[[Draft], None]] = {
    "abstract": observed.abstract,
    "introduction": planned.introduction,
    "related_work": planned.related_work,
    "method": planned.method,
    "setup": planned.setup,
    "results": observed.results,
    "exploration": observed.exploration,
    "limitations": observed.limitations,
    "conclusion": observed.conclusion,
}
"""One writer a section."""
