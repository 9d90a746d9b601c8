"""One idea's finished evidence, read from the workspace for those who write and review."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from itertools import pairwise
from string import ascii_lowercase

from agent.artifacts import (
    AddedFigure,
    Arm,
    Candidate,
    Claims,
    Executed,
    Facts,
    Figure,
    Figures,
    Idea,
    KnobTreatment,
    Plan,
    Reference,
    Registration,
    Scalar,
    Tree,
    Verdict,
)
from agent.deps import Deps
from agent.evidence.design import design
from agent.evidence.executed import code_limitations, code_settings, unexecuted_names
from agent.evidence.explored import shares_its_candidates
from agent.evidence.limitations import limitations
from agent.evidence.registration import ablations
from agent.evidence.settings import settings
from agent.stages import people
from agent.stages.words import metric_label, plain, treated_label
from agent.workspace import Workspace

MOST_WORKS = 12
METHODS = ("data", "evaluation", "variance", "equivalence")
"""Topics of the works that any study of this kind stands on."""


@dataclass(frozen=True)
class Study:
    """What `ideate` to `analyse` left behind for one idea."""

    idea: Idea
    tree: Tree
    plan: Plan
    registration: Registration
    facts: Facts
    claims: Claims
    verdict: Verdict
    figures: Figures
    """Those that were computed, then the one that the author added."""
    settings: dict[str, Scalar]
    """Declared values by name; plain text, without the full stop of a sentence."""
    limitations: tuple[str, ...]
    """Sentences in macro language."""
    design: tuple[str, ...]
    """How it was made, in macro language."""
    code_diff: str
    """Unified diff of the treatment's code against the template's; empty for a knob idea."""
    works: tuple[Reference, ...]
    """The works that its paper may cite."""
    executed: Executed | None
    """Which changed lines of code ran; None where none was changed, or nobody looked."""
    added: AddedFigure | None
    """What came of asking the author for a figure; None before that, and where none is asked for."""

    @classmethod
    def read(cls, idea: str, deps: Deps) -> Study:
        """Read a study whose analysis is done.

        Raises:
            KeyError: a part is not there yet.
            WorkspaceCorrupt: a part is damaged.
        """
        workspace, key = deps.workspace, f"{deps.run.name}/{idea}"
        the_idea = workspace.get(Idea, key)
        plan, registration = workspace.get(Plan, f"{key}/1"), workspace.get(Registration, f"{key}/1")
        verdict, tree = workspace.get(Verdict, key), workspace.get(Tree, key)
        added = workspace.get(AddedFigure, key) if workspace.has(AddedFigure, key) else None
        lines = executed_lines(key, workspace)
        declared = _declared(the_idea, plan, tree, deps) | (code_settings(plan, lines) if lines else {})
        return cls(
            idea=the_idea,
            tree=tree,
            plan=plan,
            registration=registration,
            facts=workspace.get(Facts, key),
            claims=workspace.get(Claims, key),
            verdict=verdict,
            figures=_with(added, workspace.get(Figures, key)),
            settings=_unstopped(settings(plan, deps.setup, extra=declared)),
            limitations=(
                *limitations(
                    the_idea,
                    plan,
                    registration,
                    verdict,
                    sandboxed=deps.run.sandbox != "none",
                    unenforced=deps.unenforced,
                    shared=shares_its_candidates(tree),
                ),
                *(code_limitations(plan, lines) if lines else ()),
                *people.limits(tree),
            ),
            design=design(
                plan,
                two_way=any(c.variance == "two-way" for c in verdict.comparisons),
                shared=shares_its_candidates(tree),
            ),
            code_diff=code_diff(plan, deps),
            works=works(the_idea, deps),
            executed=lines,
            added=added,
        )

    def figures_of(self, section: str) -> tuple[Figure, ...]:
        """The figures that stand in a section: of exploring, of the results, or none."""
        if section == "exploration":
            return tuple(figure for figure in self.figures.items if figure.id == "exploration")
        if section == "results":
            return tuple(figure for figure in self.figures.items if figure.id != "exploration")
        return ()


def executed_lines(key: str, workspace: Workspace) -> Executed | None:
    """Which changed lines of an idea's code ran; None where none was changed, or nobody looked."""
    return workspace.get(Executed, key) if workspace.has(Executed, key) else None


def never_ran(study: Study, deps: Deps) -> frozenset[str]:
    """The names that the treatment's code has where it did not run, and nowhere else."""
    treatment = next(arm for arm in study.plan.arms if arm.role == "treatment")
    lines = study.executed.of(treatment.name) if study.executed else None
    if lines is None:
        return frozenset()
    return unexecuted_names(deps.setup.template.code(treatment.change.edits), lines)


def _with(added: AddedFigure | None, figures: Figures) -> Figures:
    """The figures with the added one, where there is one."""
    if added is None or added.figure is None:
        return figures
    return Figures(items=(*figures.items, added.figure), parents=(*figures.parents, added.hash))


def _unstopped(found: dict[str, Scalar]) -> dict[str, Scalar]:
    return {name: value.rstrip().removesuffix(".") if isinstance(value, str) else value
            for name, value in found.items()}  # fmt: skip


def figure_path(run: str, idea: str, figure: Figure) -> str:
    """Where a figure's file stands in the workspace."""
    return f"experiments/{run}/ideas/{idea}/figures/{figure.file}"


def code_diff(plan: Plan, deps: Deps) -> str:
    """How the treatment's code differs from the template's, as a unified diff."""
    template = deps.setup.template
    treatment = next(arm for arm in plan.arms if arm.role == "treatment")
    before, after = template.code(), template.code(treatment.change.edits)
    lines: list[str] = []
    for name in before:
        lines += difflib.unified_diff(
            before[name].splitlines(),
            after[name].splitlines(),
            f"{name} (template)",
            f"{name} (treatment)",
            lineterm="",
        )
    return "\n".join(lines)


def works(idea: Idea, deps: Deps) -> tuple[Reference, ...]:
    """The works that speak to what the idea treats, to the template's question and to how it is tested."""
    spec = deps.setup.template.spec
    texts = [spec.title, spec.question, idea.title]
    texts.append(idea.treated.knob if isinstance(idea.treated, KnobTreatment) else idea.treated.what)
    found = [topic for text in texts for topic in _topics(text)]
    return deps.literature.works((*dict.fromkeys(found), *METHODS), MOST_WORKS)


def _topics(text: str) -> list[str]:
    """The words and pairs of words of a text, as a library writes its topics: `label_noise`."""
    words = re.findall(r"[a-z0-9_]+", text.lower())
    return [*words, *(f"{first}_{second}" for first, second in pairwise(words))]


def _declared(idea: Idea, plan: Plan, tree: Tree, deps: Deps) -> dict[str, Scalar]:
    """What was fixed before anything was measured, beyond plan and template."""
    template, run = deps.setup.template, deps.run
    name, metric = template.primary
    limits = template.spec.limits
    treated = idea.treated.knob if isinstance(idea.treated, KnobTreatment) else "code"
    brought = {"idea_by": "a person"} if idea.origin == "human" else {}
    brought |= {"arms_by": "a person"} if tree.brought else {}
    return {
        "question": template.spec.question,
        "hypothesis": idea.hypothesis,
        "prediction": idea.prediction,
        "refuted_if": idea.refuted_if,
        "metric": metric_label(name, metric),
        "treated": treated_label(idea, template),
        "treated_name": treated,
        "varies": ", ".join(template.spec.replicates.varies),
        "packages": ", ".join(template.spec.requirements.experiment) or "the standard library alone",
        "sandbox": run.sandbox,
        "alpha": plan.alpha,
        "level": 1 - 2 * plan.alpha,
        "sesoi": plan.sesoi,
        "worst": plan.worst,
        "limits": f"{limits.wall_s:g} s, {limits.cpus} core, {limits.mem_mb} MiB",
        "explore_trials": run.explore,
        "seed": run.seed,
        **brought,
        **_steps(tree, plan),
    }


def _steps(tree: Tree, plan: Plan) -> dict[str, Scalar]:
    """What each proposed edit does, and which one an ablation is without, in their author's words."""
    edits = [c for c in tree.candidates if c.origin == "edit"]
    found: dict[str, Scalar] = {f"step.{ascii_lowercase[i]}": plain(c.note) for i, c in enumerate(edits[:26])}
    treatment = next(arm for arm in plan.arms if arm.role == "treatment")
    if shares_its_candidates(tree):
        found["step.chosen"] = _chosen(edits, treatment)
    winner = next(c for c in tree.candidates if c.arm == "treatment" and c.change == treatment.change)
    kept = {arm.name for arm in plan.arms}
    found |= {f"{one.name}.omits": plain(one.omits) for one in ablations(tree, winner) if one.name in kept}
    return found


def frozen_steps(tree: Tree, plan: Plan) -> tuple[str, ...]:
    """Settings that tell the edit whose code is the treatment's, and those that it builds on; the last first.

    None where no edit was proposed for this study.
    """
    edits = {c.index: (place, c) for place, c in enumerate(c for c in tree.candidates if c.origin == "edit")}
    code = next(arm for arm in plan.arms if arm.role == "treatment").change.edits
    at = next((index for index, (_, c) in edits.items() if c.change.edits == code), None)
    found = []
    while at is not None:
        place, edit = edits[at]
        found += [f"step.{ascii_lowercase[place]}"] if place < len(ascii_lowercase) else []
        at = edit.parent
    return tuple(found)


def _chosen(edits: list[Candidate], treatment: Arm) -> str:
    """The step of editing whose code is the treatment's, and the one that it builds on."""
    letters = dict(zip((edit.index for edit in edits), ascii_lowercase, strict=False))
    chosen = next(edit for edit in edits if edit.change.edits == treatment.change.edits)
    names = {edit.index: f"step {letters.get(edit.index, edit.index + 1)}" for edit in edits}
    base = "" if chosen.parent is None else f", which builds on {names[chosen.parent]}"
    return f"{names[chosen.index]}{base}"
