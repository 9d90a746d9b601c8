"""What the writer of a paper is told in words, and the paper may therefore retell.

Promises that the passages that the audit knows are those that the prompts of the sections show, beside the
settings, claims, captions and works that both have by name.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from agent.artifacts import KnobTreatment
from agent.deps import Deps
from agent.evidence.design import frozen
from agent.evidence.passages import Passage, plain
from agent.evidence.verdict import SELF_REPORTED
from agent.prompts.section import OWN_SETTINGS, FloatLine, SectionName
from agent.stages.study import Study
from agent.stages.words import treated_label

TABLES: dict[SectionName, FloatLine] = {
    "method": FloatLine(label="tab:knobs", caption="The frozen configuration of every arm (appendix)."),
    "results": FloatLine(
        label="tab:results", caption="Every registered arm and comparison, on the test split."
    ),
    "exploration": FloatLine(
        label="tab:exploration", caption="What was explored on the dev split before registration."
    ),
}
"""The table that a section refers to; tables are generated."""
EVALUATED = (
    "A separate evaluator scores what the experiment wrote; the experiment's code sees neither the answers "
    "nor which split it is scored on."
)
REPORTED = "The experiment reports its metric itself; nothing else has computed it."
SPLITS = (
    "Exploring used replicates of its own and the dev split; the test ran on fresh replicates and on a test "
    "split that no exploring trial had touched."
)
REGISTERED = (
    "Hypothesis, prediction, arms, frozen configurations, comparisons, metric, number of replicates, "
    "smallest effect of interest, level and rules of analysis were fixed and registered before the first "
    "confirming trial."
)
PAIRED = "All arms ran on the same replicates, so that their differences are paired."
ALONE = "Each trial runs in a sandbox of its own, without a network."
WHY = (
    "A change that beats an untuned baseline may only make up for poor settings; so the useful question is "
    "whether it still helps once the baseline has been tuned with as many trials."
)
SERVED = (
    "The numbers of exploring come from the dev split. They served to choose the arms; for that reason they "
    "are too favourable, and they are no results: the verdict does not rest on them."
)
UNSEARCHED = (
    "No literature was searched: the listed works are those that the template's library files under its "
    "topics, and what they found was not compared with this study."
)
OPEN = "No mechanism was looked for: why the outcome came about is left open."
SCRIPTED = (
    r"This is a scripted study of \fact{{count.trials}} registered trials (no language model; novelty not "
    "assessed): {chooser} chose the hypothesis, the experiments were run and judged by computation, and the "
    "text reports them without offering a mechanism. No language model and no person weighed the text: it is "
    "made of fixed sentences."
)


CODING = (
    "add adds added function functions compute computes computed keep keeps kept leave leaves drop "
    "drops skip skips enter enters take takes give gives return returns call calls set sets begin start "
    "starts after before while multiply multiplies multiplied divide divides divided scale scales "
    "scaled weigh weight weights sum mean share lowest highest smallest largest last first only batch "
    "batches epoch epochs step steps loop loops gradient loss value values constant constants variable "
    "variables argument line lines code change changes replace replaces new label labels example "
    "examples image images prediction predictions probability probabilities network"
)
"""Words in which changed code may be described, beside those that stand in it."""


def passages(study: Study, deps: Deps) -> tuple[Passage, ...]:
    """What the paper may retell: whatever the prompts of its sections tell in words."""
    template = deps.setup.template
    treated = () if isinstance(study.idea.treated, KnobTreatment) else (treated_label(study.idea, template),)
    coding = (CODING,) if study.code_diff else ()
    experiment = (docstrings(template.code()), *treated, *_steps(study), _names(study.code_diff), *coding)
    told = (study.idea.novelty, *docstrings(template.code()).split("\n\n"))
    labels = (knob.label for knob in template.spec.knobs.values() if knob.label)
    return (
        *(Passage(text=text) for text in (*design(study, deps), *study.limitations)),
        *(Passage(text=plain(text)) for text in told),
        Passage(text=" ".join(re.findall(r"[^\W\d_]+", " ".join(experiment))), kind="code"),
        *(Passage(text=plain(text), kind="name") for text in (*labels, study.idea.title)),
        *(Passage(text=line.caption, about=line.label) for line in TABLES.values()),
    )


def design(study: Study, deps: Deps) -> tuple[str, ...]:
    """How the study was made, in sentences that may be used as they stand."""
    searched = not study.tree.brought
    chooser = "a person" if study.idea.origin == "human" else "a rule"
    _, metric = deps.setup.template.primary
    better = "Higher or larger" if metric.goal == "maximize" else "Lower or smaller"
    return (
        *study.design,
        *frozen(study.plan, deps.setup.template.defaults, str(study.settings.get("step.chosen", ""))),
        *_made(study),
        f"{better} values of the metric are better.",
        PAIRED,
        *((ALONE,) if deps.run.sandbox != "none" else ()),
        REGISTERED,
        WHY,
        *((SERVED,) if searched else ()),
        *((UNSEARCHED,) if study.works else ()),
        OPEN,
        *((SCRIPTED.format(chooser=chooser),) if deps.run.model == "scripted" else ()),
    )


def _steps(study: Study) -> tuple[str, ...]:
    """What each proposed edit does, in its author's words."""
    return tuple(str(value) for name, value in study.settings.items() if name.startswith(OWN_SETTINGS))


def _names(diff: str) -> str:
    """The lines that a diff adds."""
    added = (line[1:] for line in diff.splitlines() if line.startswith("+") and not line.startswith("+++"))
    return " ".join(added)


def docstrings(files: Mapping[str, str]) -> str:
    """What the Python files of the experiment say of themselves."""
    trees = [ast.parse(text) for name, text in files.items() if name.endswith(".py")]
    return "\n\n".join(text for tree in trees if (text := ast.get_docstring(tree)))


def _made(study: Study) -> tuple[str, ...]:
    """What the plan does not say of how the study was made: who scored, and on what."""
    self_scored = any(SELF_REPORTED in cap for cap in study.verdict.caps)
    return (REPORTED,) if self_scored else (EVALUATED, SPLITS)
