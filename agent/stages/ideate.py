"""Which ideas are worth testing."""

from __future__ import annotations

import re

from agent.artifacts import (
    Archive,
    ArchivedStudy,
    CodeTreatment,
    Idea,
    Ideas,
    KnobTreatment,
    Score,
    Treatment,
)
from agent.deps import Deps
from agent.prompts.brief import brief_of, code_files
from agent.prompts.ideate import IDEATE, Earlier, IdeateIn, IdeaText
from agent.stages.steering import Steer

SPARE = 2
"""Ideas asked for beyond those that go on, so that ranking has something to choose from."""


def ideate(deps: Deps) -> Ideas:
    """Propose ideas and rank them; the first `run.ideas` go on.

    An idea that the user brought is taken as it stands.

    Raises:
        AnswerRejected: the model proposed nothing that can be tested.
        UserError: the scripted study has nothing undecided left to ask.
    """
    run, template = deps.run, deps.setup.template
    archive = deps.workspace.get(Archive, run.name)
    parents = (deps.setup.template_hash, archive.hash)
    if run.brought is not None:
        return Ideas(items=(run.brought,), parents=parents)
    steer = Steer(deps.workspace, run.name, None)
    steer.at(0)
    data = IdeateIn(
        brief=brief_of(template, deps.setup.scope),
        code=code_files(template.code()),
        archive=tuple(_earlier(study) for study in archive.studies),
        asked=(run.asked,) if run.asked else (),
        hints=steer.hints,
        explore=run.explore,
        count=run.ideas if run.asked or run.model == "scripted" else run.ideas + SPARE,
    )
    answer = deps.model.ask(IDEATE, data, site="run/ideate/0")
    by_model = answer.model != "scripted"
    ranked = sorted(answer.value.ideas, key=lambda text: -(text.interest + text.feasibility))
    ideas: list[Idea] = []
    for text in ranked:
        treated = _treatment(text)
        ideas.append(
            Idea(
                id=_free_id(_slug(text), {idea.id for idea in ideas}),
                title=text.title,
                hypothesis=text.hypothesis,
                treated=treated,
                prediction=text.prediction,
                refuted_if=text.refuted_if,
                origin="model" if by_model else "scripted",
                novelty=novelty(treated, archive, assessed=by_model),
                scores=(
                    Score(name="interest", value=text.interest),
                    Score(name="feasibility", value=text.feasibility),
                ),
                parents=parents,
            )
        )
    return Ideas(items=tuple(ideas), parents=parents, hints=steer.hints if by_model else ())


def novelty(treated: Treatment, archive: Archive, *, assessed: bool) -> str:
    """What was looked up about novelty, and what was found."""
    if not assessed:
        return "not assessed"
    same = [f"{study.run}/{study.idea}" for study in archive.studies if study.treated == treated]
    found = f"treated before in {', '.join(same)}" if same else "none of them has the same treatment"
    count = len(archive.studies)
    return f"compared with {count} earlier studies of this workspace: {found}; literature not searched"


def _earlier(study: ArchivedStudy) -> Earlier:
    treated = study.treated
    return Earlier(
        title=study.title,
        hypothesis=study.hypothesis,
        kind=treated.kind,
        treated=treated.knob if isinstance(treated, KnobTreatment) else treated.what,
        verdict=study.word,
        observations=(_observed(study),),
    )


def _observed(study: ArchivedStudy) -> str:
    ended = study.word in ("none", "rejected")
    return f"why it ended: {study.explored}" if ended else f"exploring, dev split: {study.explored}"


def _treatment(text: IdeaText) -> Treatment:
    return KnobTreatment(knob=text.knob) if text.kind == "knob" else CodeTreatment(what=text.what)


def _slug(text: IdeaText) -> str:
    words = text.knob if text.kind == "knob" else text.title
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:36].strip("-") or "idea"


def _free_id(slug: str, taken: set[str]) -> str:
    number = 2
    candidate = slug
    while candidate in taken:
        candidate = f"{slug}-{number}"
        number += 1
    return candidate
