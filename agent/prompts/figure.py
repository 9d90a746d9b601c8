"""FIGURE: a figure that the results deserve beside the computed ones, as code over them, or none.

Promises that who answers is told the form of the results and none of their values: the figure is chosen for
the question, not for what came out. Only what its own code prints when it fails may tell it some.
"""

from __future__ import annotations

import ast
import sys

from agent.artifacts import Axes, Goal, Role
from agent.artifacts.added import Axis, Kind, Marks
from agent.ports import Prompt
from agent.prompts.brief import Given, Written
from agent.prompts.edit import import_name, imports
from agent.prompts.macros import Allowed, macro_problems, unlicensed_words, word_count
from agent.prompts.section import FactLine, SettingLine

FUNCTION = "series"
MOST_CODE = 6000
"""Characters of the code."""
MOST_WORDS = 90
"""Words of the caption."""


class MetricLine(Given):
    """A metric of the results."""

    name: str
    label: str
    unit: str
    goal: Goal
    curves: str = ""
    """What its learning curves count, such as `epoch`; empty where there are none."""
    steps: int = 0
    """Recorded steps of a curve."""


class ArmLine(Given):
    """An arm of the results."""

    name: str
    role: Role


class FigureIn(Given):
    """What a figure may be made of."""

    title: str
    question: str
    hypothesis: str
    scope: str
    treated_label: str
    metrics: tuple[MetricLine, ...]
    """The primary one first."""
    arms: tuple[ArmLine, ...]
    replicates: int
    """Registered replicates of each arm."""
    packages: tuple[str, ...]
    """What the code may import besides the standard library, as requirements."""
    facts: tuple[FactLine, ...]
    """Facts that were known before the test; the caption may print them."""
    settings: tuple[SettingLine, ...]
    last: FigureOut | None = None
    """The answer that `problems` speaks of."""
    problems: tuple[str, ...] = ()
    """What its trial found."""

    @property
    def has_curves(self) -> bool:
        """Whether some metric has learning curves."""
        return any(metric.curves for metric in self.metrics)


class FigureOut(Written):
    """The answer to FIGURE."""

    none_because: str
    metric: str
    y: Kind
    x: Axis
    x_arm: str
    marks: Marks
    code: str
    caption: str

    def as_axes(self) -> Axes:
        """What it declares of the picture."""
        return Axes(metric=self.metric, y=self.y, x=self.x, x_arm=self.x_arm, marks=self.marks)


FigureIn.model_rebuild()


def figure_is_drawable(data: FigureIn, answer: FigureOut) -> tuple[str, ...]:
    """Problems of a figure that can be seen without running its code."""
    if answer.none_because.strip():
        return ("`code` must be empty where `none_because` is not.",) if answer.code.strip() else ()
    if not answer.code.strip():
        return ("`code` is empty: say why in `none_because`, or give code.",)
    return (
        *_axes_problems(data, answer),
        *_code_problems(data, answer.code),
        *_caption_problems(data, answer),
    )


def _axes_problems(data: FigureIn, answer: FigureOut) -> list[str]:
    problems = []
    metric = next((m for m in data.metrics if m.name == answer.metric), None)
    if metric is None:
        problems.append(f"`metric` is {answer.metric!r}; there is {', '.join(m.name for m in data.metrics)}.")
    if metric is not None and answer.x == "step" and not metric.curves:
        problems.append(f"`x` is step, but {answer.metric} has no learning curves.")
    arms = [arm.name for arm in data.arms]
    if answer.x == "level" and answer.x_arm not in arms:
        problems.append(f"`x` is level: `x_arm` must be one of {', '.join(arms)}.")
    if answer.x != "level" and answer.x_arm:
        problems.append("`x_arm` must be empty unless `x` is level.")
    if answer.marks == "line" and answer.x not in ("step", "replicate"):
        problems.append("`marks` may be line only over step or replicate.")
    return problems


def _code_problems(data: FigureIn, code: str) -> list[str]:
    if len(code) > MOST_CODE:
        return [f"`code` has {len(code)} characters; at most {MOST_CODE} are allowed."]
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError) as error:
        line = f"line {error.lineno}: {error.msg}" if isinstance(error, SyntaxError) else str(error)
        return [f"`code` does not parse: {line}."]
    known = set(sys.stdlib_module_names) | {import_name(package) for package in data.packages}
    problems = [
        f"`code` imports {module}, which is not installed." for module in sorted(imports(tree) - known)
    ]
    defined = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == FUNCTION]
    if not defined or len(defined[-1].args.args) != 1:
        problems.append(f"`code` defines no function `{FUNCTION}(results)`.")
    return problems


def _caption_problems(data: FigureIn, answer: FigureOut) -> list[str]:
    allowed = Allowed(
        facts=frozenset(fact.name for fact in data.facts),
        settings=frozenset(line.name for line in data.settings),
    )
    problems = [f"Caption: {problem}" for problem in macro_problems(answer.caption, allowed)]
    if problems:
        return problems
    words = word_count(answer.caption)
    if not 8 <= words <= MOST_WORDS:
        problems.append(f"The caption has {words} words; 8 to {MOST_WORDS} are wanted.")
    problems += [f"Caption: {word!r} says what came out." for word in unlicensed_words(answer.caption)]
    return problems


FIGURE = Prompt("figure", 1, FigureIn, FigureOut, role="code", check=figure_is_drawable)
