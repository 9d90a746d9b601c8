"""What each section of a paper may be made of: typed context for its writer, and no more than it needs."""

from __future__ import annotations

import re
from collections.abc import Mapping

from agent.artifacts import Claim, Fact, Figure, Reference, Scalar
from agent.deps import Deps
from agent.latex.numbers import SILENT_UNITS, SMALLEST_P, is_effect, is_p
from agent.prompts.section import (
    SECTION,
    SECTIONS,
    ClaimLine,
    FactLine,
    FloatLine,
    Previous,
    SectionIn,
    SectionName,
    SettingLine,
    WorkLine,
    is_common,
)
from agent.stages.study import Study, frozen_steps
from agent.stages.told import TABLES, design, docstrings
from agent.stages.words import metric_label, treated_label
from agent.templates import Template

OUTCOME = ("arm.", "other.", "effect.", "change.", "comparison.", "verdict.", "count.failures")
"""First letters of the facts that the test brought."""
EXPLORED: dict[SectionName, tuple[str, ...]] = {
    "method": ("trials", "candidates"),
    "setup": ("trials",),
    "exploration": ("",),
}
"""Last words of the facts about exploring that a section may state."""
SAID_OTHERWISE = frozenset(
    {"goal", "alpha", "level", "sesoi", "worst", "n", "explore_trials", "limits", "seed"}
)
"""Settings that facts, other settings or the paper's last page say; and the metric's goal, of the head."""
UNTOLD = frozenset(
    {
        "count.replicates",
        "ledger.budget",
        "plan.arms",
        "plan.comparators",
        "power.n_default",
        "power.replicates",
    }
)
"""Facts known before the test that no section needs."""
LIMITS = {
    "limit.wall_s": "seconds that a trial may take",
    "limit.cpus": "processor cores of a trial",
    "limit.mem_mb": "MiB of memory that a trial may use",
}
"""The limits of a trial that a paper may tell, and what they limit."""
ABOUT = {
    **LIMITS,
    "sandbox": "what each trial ran in",
    "regime": "name of the variant of the data",
}
"""What a setting says, where its name does not."""
FOLLOWS_FROM: dict[SectionName, tuple[SectionName, ...]] = {
    "related_work": ("introduction",),
    "method": ("introduction",),
    "setup": ("method",),
    "exploration": ("method", "setup"),
}
"""What the writers of the planned sections read of each other."""
MOST_AUTHORS = 3


def write_section(
    name: SectionName,
    study: Study,
    others: Mapping[SectionName, str],
    deps: Deps,
    *,
    last_version: str = "",
    findings: tuple[str, ...] = (),
    revision: int = 0,
) -> str:
    """The text of one section, in macro language.

    Args:
        others: The sections that are written already, in the order of writing.
        last_version: The section as it was, where it is written again.
        findings: What the audit held against that version.
        revision: Number of the attempt, 0 for the first.

    Raises:
        AnswerRejected: every allowed turn broke the rules of the prompt.
    """
    site = f"{study.idea.id}/write/{name}" + (f"/{revision}" if revision else "")
    data = section_in(name, study, others, deps)
    data = data.model_copy(update={"last_version": last_version, "findings": findings})
    return deps.model.ask(SECTION, data, site=site).value.latex.strip()


def section_in(
    name: SectionName,
    study: Study,
    others: Mapping[SectionName, str],
    deps: Deps,
) -> SectionIn:
    """What the writer of a section is given."""
    template, verdict, reporting = deps.setup.template, study.verdict, SECTIONS[name].reports
    metric_name, metric = template.primary
    failed = study.facts.named("count.failures").value > 0
    return SectionIn(
        section=name,
        title=study.idea.title,
        question=str(study.settings["question"]),
        hypothesis=str(study.settings["hypothesis"]),
        prediction=str(study.settings["prediction"]),
        refuted_if=str(study.settings["refuted_if"]),
        scope=deps.setup.scope,
        treated_label=treated_label(study.idea, template),
        metric_label=metric_label(metric_name, metric),
        goal=metric.goal,
        verdict=verdict.word,
        qualifier=verdict.qualifier,
        reason=verdict.reason,
        caps=verdict.caps,
        novelty=study.idea.novelty,
        claims=tuple(_claim_line(claim, study) for claim in study.claims.items) if reporting else (),
        facts=tuple(_fact_line(fact) for fact in study.facts.items if _is_for(name, fact, failed=failed)),
        settings=tuple(
            SettingLine(name=key, text=str(value), about=ABOUT.get(key, ""))
            for key, value in study.settings.items()
            if _is_offered(name, key, value, template)
            or (name == "method" and key in frozen_steps(study.tree, study.plan))
        ),
        references=() if reporting else tuple(_work_line(work) for work in study.works),
        figures=tuple(_float(figure, study) for figure in study.figures_of(name)),
        tables=(TABLES[name],) if name in TABLES else (),
        design=design(study, deps),
        experiment=docstrings(template.code()),
        limitations=study.limitations if name == "limitations" else (),
        code_diff=study.code_diff if name == "method" else "",
        previous=tuple(Previous(name=key, latex=text) for key, text in others.items() if _is_read(key, name)),
    )


def _is_read(other: SectionName, name: SectionName) -> bool:
    """Whether the writer of a section reads another.

    Those who report the test read the method and each other. Of the others each reads what it follows from;
    what they tell twice all the same is for the refinement of the whole.
    """
    if SECTIONS[name].reports:
        return SECTIONS[other].reports or other == "method"
    return other in FOLLOWS_FROM.get(name, ())


def _is_offered(name: SectionName, key: str, value: Scalar, template: Template) -> bool:
    """Whether a section may print a setting: of the knobs only those off their default."""
    first, _, rest = key.partition(".")
    if key in SAID_OTHERWISE or first == "replicates" or rest.startswith("ablation-"):
        return False
    if first == "knob":
        return value != template.defaults[rest.partition(".")[2]]
    if first == "limit":
        return key in LIMITS
    if first == "step":
        return name == "exploration"
    return name in ("method", "results") or not first.startswith("ablation-")


def _is_for(name: SectionName, fact: Fact, *, failed: bool) -> bool:
    """Whether a section may use a fact, and needs it.

    `\\interval` prints the limits, `plan.n` the number of trials, the relative change what the ratio says,
    the claim `tuning` how many candidates there were, a table the spread of differences; an arm's failures
    are told where some trial `failed`.
    """
    first, last = fact.name.partition(".")[0], fact.name.rpartition(".")[2]
    if first == "explore":
        return fact.name.endswith(EXPLORED.get(name, ()))
    if is_common(fact.name):
        return fact.name not in UNTOLD
    if last == "tuning" and fact.name != "arm.baseline.tuning":
        return False
    if first == "arm" and last == "failures" and not failed:
        return False
    twice = (first, last) in (
        ("effect", "low"),
        ("effect", "high"),
        ("comparison", "n"),
        ("comparison", "sd"),
        ("change", "ratio"),
        ("arm", "trials"),
    )
    return SECTIONS[name].reports and fact.name.startswith(OUTCOME) and not twice


def _claim_line(claim: Claim, study: Study) -> ClaimLine:
    return ClaimLine(id=claim.id, text=_with_values(claim.text, study))


def _with_values(text: str, study: Study) -> str:
    """A text in macro language as it will be printed."""
    facts = {fact.name: fact for fact in study.facts.items}
    text = re.sub(r"\\fact\{([^}]*)\}", lambda found: _value(facts[found[1]]), text)
    return re.sub(r"\\interval\{([^}]*)\}", lambda found: _interval(facts[found[1]]), text)


def _fact_line(fact: Fact) -> FactLine:
    return FactLine(name=fact.name, label=fact.label, printed=f"{_value(fact)} {_interval(fact)}".strip())


def _value(fact: Fact) -> str:
    unit = "" if fact.unit in SILENT_UNITS else f" {fact.unit}"
    sign = "+" if is_effect(fact) else "-"
    if is_p(fact) and fact.value < SMALLEST_P:
        return f"<{SMALLEST_P}"
    return f"{fact.value:{sign}.{fact.digits}f}{unit}"


def _interval(fact: Fact) -> str:
    if fact.low is None or fact.high is None:
        return ""
    return f"[{fact.low:.{fact.digits}f}, {fact.high:.{fact.digits}f}]"


def _work_line(work: Reference) -> WorkLine:
    named = work.authors[:MOST_AUTHORS]
    authors = (*named, "et al.") if len(work.authors) > len(named) else named
    topics = tuple(topic.replace("_", " ") for topic in work.topics)
    return WorkLine(key=work.key, title=work.title, authors=authors, year=work.year, topics=topics)


def _float(figure: Figure, study: Study) -> FloatLine:
    return FloatLine(label=f"fig:{figure.id}", caption=_with_values(figure.caption, study))
