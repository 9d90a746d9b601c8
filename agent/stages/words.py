"""How a study's parts are called in text."""

from __future__ import annotations

from agent.artifacts import Idea, KnobTreatment, Run
from agent.latex.escape import escape
from agent.spec import Metric
from agent.templates import Template


def metric_label(name: str, metric: Metric) -> str:
    """The metric in words."""
    return metric.label or name.replace("_", " ")


def plain(text: str) -> str:
    """A model's words without the code marks of Markdown, which LaTeX would print as quotes."""
    return text.replace("`", "").strip()


def treated_label(idea: Idea, template: Template) -> str:
    """What the idea treats, in words: the knob's label, or what the code change does."""
    if not isinstance(idea.treated, KnobTreatment):
        return plain(idea.treated.what).rstrip(".")
    knob = template.spec.knobs[idea.treated.knob]
    return knob.label or idea.treated.knob.replace("_", " ")


def arm_labels(idea: Idea, template: Template) -> dict[str, str]:
    """How tables call the arms, in plain text."""
    treated = treated_label(idea, template) if isinstance(idea.treated, KnobTreatment) else "edited code"
    return {"treatment": treated, "baseline": "tuned baseline", "control": "control"}


def command(run: Run) -> str:
    """The command that makes the study again; empty where a language model or a person had a say in it."""
    if run.model != "scripted" or run.brought is not None:
        return ""
    words = [f"shoal run {run.template}"]
    words += [f"--idea {run.asked}"] if run.asked else []
    words += [f"--ideas {run.ideas}"] if run.ideas != 1 else []
    words += [f"--replicates {run.replicates}"] if run.replicates else []
    words += [f"--style {run.style}"] if run.style == "twocolumn" else []
    words += [f"--max-pages {run.max_pages}"] if run.max_pages else []
    words += [f"--figures {run.figures}"] if run.figures else []
    return " ".join([*words, f"--explore {run.explore} --regime {run.regime} --seed {run.seed}"])


def phrases(idea: Idea, template: Template) -> dict[str, str]:
    """LaTeX noun phrases for the arms that claims speak of."""
    if not isinstance(idea.treated, KnobTreatment):
        return {"treatment": "the edited code"}
    return {"treatment": f"the treatment ({escape(treated_label(idea, template))})"}
