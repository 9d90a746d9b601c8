"""`PLAN.toml`: a person's plan, read and checked against its template.

Promises that what it returns can be registered: arms that run, a treatment that differs from its baseline in
what is treated, and tuning that its owner declares. Every problem is one line with file, line and key.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from agent.artifacts import BroughtArm, BroughtPlan, Change, Family, Idea, Role, Scalar
from agent.cli.code import CodeTable
from agent.cli.idea import IdeaWords, code_of, known_knob, own_idea
from agent.cli.template import named_template
from agent.cli.toml import Written, read_toml
from agent.errors import TemplateError
from agent.evidence.registration import ABLATIONS, LEAST_N
from agent.templates import Template, load_template

LEAST_SESOI = 1e-6
"""Of the template's smallest effect of interest."""
LABEL, LABEL_SHOWN = re.compile(r"[^\W_](?:[^/\\\x00-\x1f\x7f]{0,58}[^/\\\s\x00-\x1f\x7f])?"), 60
ORDER: tuple[Role, ...] = ("treatment", "baseline", "control", "ablation")
"""Of the arms in a study, whatever their order in the file."""


class ArmTable(CodeTable):
    """`[arms.NAME]`: one frozen configuration."""

    role: Role
    knobs: dict[str, Scalar] = Field(default_factory=dict)
    """Off their defaults."""
    tuning_trials: int = Field(default=0, ge=0, le=10**9)
    """Configurations that it was chosen from, as you declare; needed but for ablations."""


class PlanFile(IdeaWords):
    """A plan as a user writes it down."""

    schema_: Literal[1] = Field(alias="schema")
    template: str = Field(min_length=1)
    """A folder, from this file's folder on, or a name."""
    regime: str | None = None
    metric: str | None = None
    """The template's primary metric, repeated for the reader."""
    sesoi: float | None = Field(default=None, gt=0, allow_inf_nan=False, strict=True)
    """Smallest effect of interest; the template's unless given."""
    n: int | None = Field(default=None, ge=LEAST_N)
    """Confirming replicates; chosen unless given."""
    max_pages: int | None = Field(default=None, ge=1, strict=True)
    """Pages of the paper's text up to and including its conclusion, at most."""
    arms: dict[str, ArmTable]
    comparisons: dict[str, Family] = Field(default_factory=dict)
    """What the comparison of the treatment with an arm is for, by the arm's name."""


@dataclass(frozen=True)
class Brought:
    """A plan that can be registered, and what it is about."""

    template: Template
    regime: str | None
    idea: Idea
    plan: BroughtPlan
    n: int | None
    max_pages: int | None
    """Of the paper's main text."""


def read_plan(path: Path) -> Brought:
    """Read and check a plan.

    Raises:
        UserError: it is wrong, or its template is; the text names file, line and key.
    """
    file = read_toml(path, PlanFile)
    written = file.value
    template = _template(file)
    try:
        template.regime(written.regime)
    except TemplateError as error:
        file.refuse(["regime"], str(error))
    name = template.primary[0]
    if written.metric not in (None, name):
        file.refuse(["metric"], f"only the template's primary metric can decide: {name}")
    most = len(template.confirming)
    if written.n is not None and written.n > most:
        file.refuse(["n"], f"{written.n} replicates, and the template has {most} to confirm on")
    _check_sesoi(file, template)
    known_knob(file, written.knob, template)
    _check_labels(file)
    arms = {label: _arm(file, label, template) for label in written.arms}
    _check_roles(file)
    ordered = sorted(arms, key=lambda label: ORDER.index(written.arms[label].role))
    _check_treatment(file, arms, template)
    plan = BroughtPlan(
        arms=tuple(arms[label] for label in ordered), control=_control(file), sesoi=written.sesoi
    )
    return Brought(template, written.regime, own_idea(written), plan, written.n, written.max_pages)


def _template(file: Written[PlanFile]) -> Template:
    """The template: a folder from the plan's own on, else one of the known names."""
    named = file.value.template
    folder = file.path.parent / named
    try:
        return (
            load_template(folder.resolve()) if (folder / "template.toml").is_file() else named_template(named)
        )
    except TemplateError as error:
        if "template.toml:" in str(error):
            raise
        file.refuse(["template"], str(error))


def _check_sesoi(file: Written[PlanFile], template: Template) -> None:
    """Refuse an effect that the metric could never have, or that is as good as none."""
    sesoi, (name, metric) = file.value.sesoi, template.primary
    if sesoi is None:
        return
    low, high = metric.bounds or (-math.inf, math.inf)
    if sesoi > high - low:
        file.refuse(["sesoi"], f"{sesoi:g} is more than {name} can differ by: it lies in {low:g} to {high:g}")
    if sesoi < LEAST_SESOI * (metric.sesoi or 0.0):
        file.refuse(["sesoi"], f"{sesoi:g} is next to nothing: the template has {metric.sesoi}")


def _check_labels(file: Written[PlanFile]) -> None:
    """Names of arms stand in tables and figures."""
    for label in file.value.arms:
        if not LABEL.fullmatch(label):
            shown = label if len(label) <= LABEL_SHOWN else f"{label[:LABEL_SHOWN]}…"
            file.refuse(
                ["arms", label],
                f"{shown!r} is no name for an arm: a letter or digit first, at most 60 characters, no slash",
            )


def _arm(file: Written[PlanFile], label: str, template: Template) -> BroughtArm:
    table, at = file.value.arms[label], ("arms", label)
    for knob, value in table.knobs.items():
        known = template.spec.knobs
        if knob not in known:
            file.refuse([*at, "knobs", knob], f"the template has no such knob; it has {', '.join(known)}")
        if not known[knob].allows(value):
            file.refuse([*at, "knobs", knob], f"{value!r} is not {known[knob].describe()}")
    if table.role != "ablation" and table.tuning_trials < 1:
        file.refuse(
            [*at, "tuning_trials"],
            "say how many configurations it was chosen from; 1 if it was simply set",
        )
    off = {knob: value for knob, value in table.knobs.items() if value != template.defaults[knob]}
    edits = code_of(file, table, at, template)
    return BroughtArm(
        role=table.role, label=label, change=Change.of(off, edits), tuning_trials=table.tuning_trials
    )


def _check_roles(file: Written[PlanFile]) -> None:
    roles = [table.role for table in file.value.arms.values()]
    for role in ("treatment", "baseline"):
        if roles.count(role) != 1:
            file.refuse(["arms"], f"a plan has one {role}, this one {roles.count(role)}")
    if roles.count("control") > 1 or roles.count("ablation") > ABLATIONS:
        file.refuse(["arms"], f"a plan has at most one control and {ABLATIONS} ablations")


def _check_treatment(file: Written[PlanFile], arms: dict[str, BroughtArm], template: Template) -> None:
    """Treatment and baseline must differ in what the plan says is treated."""
    labels = {arm.role: label for label, arm in arms.items()}
    treatment, baseline = (arms[labels[role]].change for role in ("treatment", "baseline"))
    at = ["arms", labels["treatment"]]
    knob = file.value.knob
    if knob is None:
        if template.code(treatment.edits) == template.code(baseline.edits):
            file.refuse(at, "the code is treated (`what`), and treatment and baseline run the same code")
        return
    if with_code := [label for label, arm in arms.items() if arm.change.edits]:
        file.refuse(["arms", with_code[0]], f"the knob {knob} is treated: all arms run the template's code")
    ours, theirs = ({**template.defaults, **change.values()}[knob] for change in (treatment, baseline))
    if ours == theirs:
        file.refuse(
            [*at, "knobs"], f"the knob {knob} is treated, and the baseline has the same value {ours!r}"
        )


def _control(file: Written[PlanFile]) -> Family | None:
    """What the control is for; refuses families that an arm cannot have."""
    roles = {label: table.role for label, table in file.value.arms.items()}
    allowed: dict[Role, tuple[Family, ...]] = {
        "baseline": ("verdict",),
        "control": ("verdict", "descriptive"),
        "ablation": ("ablation",),
    }
    found: Family | None = None
    for label, family in file.value.comparisons.items():
        if label not in roles or roles[label] == "treatment":
            others = ", ".join(name for name, role in roles.items() if role != "treatment")
            file.refuse(["comparisons", label], f"the treatment is compared with {others}")
        if family not in allowed[roles[label]]:
            wanted = " or ".join(allowed[roles[label]])
            file.refuse(["comparisons", label], f"a comparison with the {roles[label]} is for: {wanted}")
        if roles[label] == "control":
            found = family
    if "control" not in roles.values():
        return None
    return found or ("descriptive" if file.value.knob else "verdict")
