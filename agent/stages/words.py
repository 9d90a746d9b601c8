"""How a study's parts are called in text."""

from __future__ import annotations

from agent.artifacts import Idea, KnobTreatment
from agent.latex.escape import escape
from agent.templates import Metric, Template


def metric_label(name: str, metric: Metric) -> str:
    """The metric in words."""
    return metric.label or name.replace("_", " ")


def treated_label(idea: Idea, template: Template) -> str:
    """What the idea treats, in words: the knob's label, or what the code change does."""
    if not isinstance(idea.treated, KnobTreatment):
        return idea.treated.what
    knob = template.spec.knobs[idea.treated.knob]
    return knob.label or idea.treated.knob.replace("_", " ")


def phrases(idea: Idea, template: Template) -> dict[str, str]:
    """LaTeX noun phrases for the arms that claims speak of."""
    if not isinstance(idea.treated, KnobTreatment):
        return {"treatment": "the edited code"}
    return {"treatment": f"the treatment ({escape(treated_label(idea, template))})"}
