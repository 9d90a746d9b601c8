"""Stands in for a language model to find out how much a study would ask one.

Promises answers of realistic length that later prompts can be made of, and a note of the size of every
question and answer, but for those that only their being stand-ins brings about: sections that the audit sends
back. They say nothing, pass no check, and belong into no workspace that is kept.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from agent.models.scripted import ANSWERS
from agent.models.wire import SCRIPTED
from agent.ports import Answer, InT, ModelRole, OutT, Prompt, Usage
from agent.prompts.edit import EditIn, EditOut, EditText
from agent.prompts.figure import FigureIn, FigureOut
from agent.prompts.ideate import Ideas, IdeateIn, IdeaText
from agent.prompts.refine import RefineIn
from agent.prompts.render import answer_schema, render
from agent.prompts.review import TOP, MetaIn, MetaOut, ReviewIn, ReviewOut, ScoreText
from agent.prompts.section import SectionIn

CHARACTERS_A_TOKEN = 3.5
"""Of prose, code and LaTeX together; tokenizers give 3 to 4.5. The lower end errs on the dear side."""
EDITED_LINES = 16
"""Lines that one edit adds."""
LINE = "# how the mechanism changes what is computed here, in a line of common length"
SENTENCE = "This sentence has the length of one that a reviewer or an author of an idea would write down. "
FIGURE_CHARACTERS = 1800
"""Of the code of a figure with its caption."""
REFINED = 0.15
"""Share of a paper's text that edits of the whole quote and write anew, together."""
CHARACTERS_A_WORD = 7.5
"""Of LaTeX text with its commands."""


@dataclass(frozen=True)
class Asked:
    """One question that was rehearsed."""

    site: str
    prompt: str
    model: str
    usage: Usage


@dataclass(frozen=True)
class Rehearsal:
    """A `Model` that answers without one and takes down how much it was asked."""

    models: Mapping[ModelRole, str]
    asked: list[Asked] = field(default_factory=list)

    def ask(self, prompt: Prompt[InT, OutT], data: InT, *, site: str, sample: int = 0) -> Answer[OutT]:
        """Stand in for the answer (see `agent.ports.Model`)."""
        model = self.models.get(prompt.role, self.models["default"])
        value = _answer(prompt, data, scripted=model == SCRIPTED)
        question = sum(len(message.text) for message in render(prompt, data))
        question += len(json.dumps(answer_schema(prompt.Out)))
        answered = max(len(value.model_dump_json()), _written(data))
        usage = Usage() if model == SCRIPTED else Usage(_tokens(question), 0, _tokens(answered), 0)
        if not (isinstance(data, SectionIn) and data.findings):
            self.asked.append(Asked(site, prompt.name, model, usage))
        return Answer(value=value, model=model, calls=(), usage=usage)


def _answer(prompt: Prompt[InT, OutT], data: InT, *, scripted: bool) -> OutT:
    stand_in: BaseModel
    if isinstance(data, FigureIn):
        stand_in = _figure(data)
    elif scripted:
        stand_in = ANSWERS[prompt.name](data)
    elif isinstance(data, IdeateIn):
        stand_in = _ideas(data)
    elif isinstance(data, EditIn):
        stand_in = _edit(data)
    elif isinstance(data, ReviewIn):
        stand_in = _review()
    elif isinstance(data, MetaIn):
        stand_in = MetaOut(summary=SENTENCE * 6, decision="accept")
    else:
        stand_in = ANSWERS[prompt.name](data)
    return prompt.Out.model_validate(stand_in.model_dump())


def _written(data: BaseModel) -> int:
    """Characters of an answer: of a section between its least and its most words."""
    if isinstance(data, FigureIn):
        return FIGURE_CHARACTERS
    if isinstance(data, RefineIn):
        return round(REFINED * sum(len(section.latex) for section in data.sections))
    if not isinstance(data, SectionIn):
        return 0
    return round(CHARACTERS_A_WORD * (data.task.min_words + data.task.max_words) / 2)


def _figure(data: FigureIn) -> FigureOut:
    """None, since there is no sandbox that could run one; `_written` tells how long one is."""
    return FigureOut(
        none_because=SENTENCE,
        metric=data.metrics[0].name,
        y="level",
        x="arm",
        x_arm="",
        marks="points",
        code="",
        caption="",
    )


def _ideas(data: IdeateIn) -> Ideas:
    """Ideas that change code, or about the knob that the user asked for."""
    knob = next((knob.name for knob in data.brief.knobs if knob.name in data.asked), "")
    return Ideas(
        ideas=tuple(
            IdeaText(
                title=f"Rehearsed idea {number + 1} with a title of common length",
                hypothesis=SENTENCE,
                kind="knob" if knob else "code",
                knob=knob,
                what="" if knob else SENTENCE * 3,
                prediction=SENTENCE,
                refuted_if=SENTENCE,
                interest=7,
                feasibility=7,
            )
            for number in range(data.count)
        )
    )


def _edit(data: EditIn) -> EditOut:
    """Comments behind the last line that stands once in the first file of code."""
    file = next((file for file in data.code if file.file.endswith(".py")), data.code[0])
    line = next(
        line for line in reversed(file.text.splitlines()) if line.strip() and file.text.count(line) == 1
    )
    indent = line[: len(line) - len(line.lstrip())]
    added = "\n".join(f"{indent}{LINE} ({data.step}.{number})" for number in range(EDITED_LINES))
    edit = EditText(file=file.file, search=line, replace=f"{line}\n{added}")
    return EditOut(description=SENTENCE, edits=(edit,), none_because="")


def _review() -> ReviewOut:
    return ReviewOut(
        summary=SENTENCE * 4,
        strengths=(SENTENCE,) * 3,
        weaknesses=(SENTENCE * 2,) * 4,
        questions=(SENTENCE,) * 3,
        scores=tuple(ScoreText(name=name, value=3) for name in TOP),
        decision="accept",
    )


def _tokens(characters: int) -> int:
    return math.ceil(characters / CHARACTERS_A_TOKEN)
