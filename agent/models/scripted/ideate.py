"""Scripted ideas: does a remedy survive a tuned baseline?"""

from __future__ import annotations

from agent.errors import UserError
from agent.latex.numbers import SILENT_UNITS
from agent.prompts.brief import KnobBrief
from agent.prompts.ideate import Ideas, IdeateIn, IdeaText

RATING = 5
"""Interest and feasibility of every scripted idea: rules cannot tell them apart."""


def propose(data: IdeateIn) -> Ideas:
    """One idea a knob: the asked ones, then those never tested, then the undecided ones.

    Within each group, remedies that are off by default come first, otherwise in the template's order.

    Raises:
        UserError: fewer undecided knobs are left than ideas are wanted, or a wish names no knob.
    """
    knobs = {knob.name: knob for knob in data.brief.knobs if knob.treatable}
    unknown = [wish for wish in data.asked if wish not in knobs]
    if unknown:
        raise UserError(
            f"the scripted study can only ask about a knob, not {unknown[0]!r}; knobs: {', '.join(knobs)}; "
            "name a model with --model for other ideas"
        )
    asked = [knobs[name] for name in dict.fromkeys(data.asked)]
    free = sorted(
        (knob for knob in knobs.values() if knob not in asked and not _decided(data, knob)),
        key=lambda knob: (_tested(data, knob), not knob.off_by_default),
    )
    chosen = (*asked, *free)[: data.count]
    if len(chosen) < data.count:
        raise UserError(
            f"the scripted study has only {len(chosen)} undecided question(s) left here, {data.count} "
            "wanted; ask again about one with --idea KNOB, or name a model with --model"
        )
    return Ideas(ideas=tuple(_idea(data, knob) for knob in chosen))


def _verdicts(data: IdeateIn, knob: KnobBrief) -> list[str]:
    return [
        earlier.verdict for earlier in data.archive if earlier.kind == "knob" and earlier.treated == knob.name
    ]


def _decided(data: IdeateIn, knob: KnobBrief) -> bool:
    ended = ("supported", "refuted", "rejected")
    return any(verdict in ended for verdict in _verdicts(data, knob))


def _tested(data: IdeateIn, knob: KnobBrief) -> bool:
    return bool(_verdicts(data, knob))


def _idea(data: IdeateIn, knob: KnobBrief) -> IdeaText:
    brief = data.brief
    better = "higher" if brief.goal == "maximize" else "lower"
    unit = "" if brief.unit in SILENT_UNITS else f" {brief.unit}"
    default = (
        "off"
        if knob.default is False
        else f"{knob.default:g}"
        if isinstance(knob.default, float)
        else knob.default
    )
    name = knob.label if knob.off_by_default else f"tuning of {knob.label}"
    return IdeaText(
        title=f"{name[:1].upper()}{name[1:]} against a tuned baseline",
        hypothesis=(
            f"Moving {knob.label} away from the default ({default}) improves {brief.metric} over an equally "
            f"tuned baseline on {brief.scope}."
        ),
        kind="knob",
        knob=knob.name,
        what="",
        prediction=(
            f"Averaged over fresh replicates, {brief.metric} is {better} than that of the baseline by at "
            f"least {brief.sesoi:g}{unit}."
        ),
        refuted_if=(
            f"The interval of the mean difference rules out a gain of {brief.sesoi:g}{unit}, the smallest "
            "effect of interest."
        ),
        interest=RATING,
        feasibility=RATING,
    )
