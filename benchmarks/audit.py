"""How many planted fakes the audit lets pass, over the committed examples.

    python benchmarks/audit.py [--each 24] [--seed 0] [--show]

Each fake is planted alone into the text of an example whose evidence was widened to at least 120 facts, or
into the paper that the program renders from it, and counts as caught when the audit has a finding in the
planted file whose lines meet the fake (of an omission: any finding there). Three groups of kinds: `own` was
written beside the audit; `seen later` and `held out` by others, who knew what the audit is for and not how it
works, and the audit was mended against the former afterwards. Bars: at most 1 % of the fakes of the first two
pass, 5 % of the held-out ones, and nothing is found in the papers as they are. Limits are 95 % Wilson limits.
Exits with 1 where a bar is missed. `--show` prints each fake that passed; with fewer than 1,000 fakes the
table is printed and goes into no page.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import sys
from collections import defaultdict
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from fakes import kinds, seen
from fakes.paper import BOUND, ROOT, Kind, Paper, Planted, examples
from report import report, table
from scipy.stats import binomtest

from agent.artifacts import Audit, Fact, Facts, SectionText
from agent.cli.look import known_run
from agent.cli.recorded import reading
from agent.evidence.audit import AuditContext, audit
from agent.stages.manuscript import audited, held_against
from agent.stages.study import Study
from agent.templates import load_template
from agent.workspace import Workspace

TEMPLATE = ROOT / "templates" / "digits"
FEWEST_FACTS, FEWEST_FAKES = 120, 1000
MOST_PASS, MOST_HELD_OUT_PASS = 0.01, 0.05
BARS = ((("own", "seen later"), MOST_PASS), (("held out",), MOST_HELD_OUT_PASS))
"""Groups, and the share of their fakes that may pass, counted together."""
METRICS = (
    "precision", "recall", "specificity", "margin", "entropy", "brier_score", "hinge_loss", "sparsity",
    "rank_loss",
    "top_two_accuracy", "clean_accuracy", "noisy_accuracy", "gradient_norm", "weight_norm", "calibration_gap",
    "agreement", "coverage_error", "class_balance",
)  # fmt: skip
"""Secondary metrics that the evidence is widened by, one fact an arm."""


@dataclass(frozen=True)
class Case:
    """An example with widened evidence."""

    paper: Paper
    """Its `bound` is what the program renders from its sections and facts."""
    context: AuditContext
    alarms: int
    """Findings in it as it is."""

    def audited(self, planted: Planted) -> Audit:
        """The audit with the fake that is planted; of a section's the bound paper is left out."""
        texts = dict(self.paper.sections)
        if planted.section == BOUND:
            return audit(_sections(texts), self.context, self.paper.bound, planted.latex)
        return audit(_sections(texts | {planted.section: planted.latex}), self.context)


def opened(paper: Paper) -> Case:
    """The example as the program reads it, with more facts."""
    workspace = Workspace(ROOT)
    deps = reading(known_run(workspace, paper.name), workspace, load_template(TEMPLATE))
    (idea,) = (path.name for path in (ROOT / "papers" / paper.name).iterdir())
    facts = [*paper.facts, *more_facts(paper)]
    study = dataclasses.replace(
        Study.read(idea, deps), facts=Facts(items=tuple(Fact.model_validate(fact) for fact in facts))
    )
    texts: Any = paper.sections
    rendered, report = audited(study, texts, deps)
    wide = dataclasses.replace(paper, facts=facts, bound=rendered.tex)
    return Case(wide, held_against(study, deps), len(report.findings))


def more_facts(paper: Paper) -> list[dict[str, Any]]:
    """Values of more metrics, drawn near the paper's own: what a near value could hide behind."""
    rng = random.Random(paper.name)
    more = []
    model = next(fact for fact in paper.facts if fact["name"].startswith("other.treatment."))
    for metric in METRICS:
        for arm in paper.arms:
            words = metric.replace("_", " ")
            named = {"name": f"other.{arm}.{metric}.mean", "label": f"mean {words} of {arm}", "arms": [arm]}
            value = rng.uniform(0.5, 1.0)
            drawn = {"metric": metric, "value": value, "low": value - 0.01, "high": value + 0.01}
            more.append({**model, **named, **drawn})
    return more


def _sections(texts: dict[str, str]) -> tuple[SectionText, ...]:
    return tuple(SectionText(name=name, latex=text) for name, text in texts.items())


def is_caught(planted: Planted, paper: Paper, found: Audit) -> bool:
    """Whether a finding meets the lines that were changed; of what was left out, any finding in the file."""
    file = planted.section if planted.section == BOUND else f"{planted.section}.tex"
    here = [finding for finding in found.findings if finding.file == file]
    before = paper.bound if planted.section == BOUND else paper.sections[planted.section]
    start = _common(before, planted.latex)
    after = _common(before[start:][::-1], planted.latex[start:][::-1])
    if len(planted.latex) <= len(before) and planted.fake not in planted.latex[start:]:
        return bool(here)
    first = planted.latex.count("\n", 0, start) + 1
    last = planted.latex.count("\n", 0, max(start, len(planted.latex) - after)) + 1
    return any(first <= finding.line <= last or finding.rule == "completeness" for finding in here)


def _common(one: str, other: str) -> int:
    """Characters that two texts begin with alike."""
    return next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


Counts = dict[tuple[str, str], list[int]]
"""Fakes that passed and fakes that were planted, by group and kind."""


def groups() -> dict[str, dict[str, Kind]]:
    """The kinds of each group; without a file of held-out ones the table has no fakes of that group."""
    found = {"own": kinds.KINDS, "seen later": seen.KINDS, "held out": {}}
    if find_spec("fakes.held_out") is not None:
        found["held out"] = import_module("fakes.held_out").KINDS
    return found


def main() -> int:
    """Plant, audit, report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--each", type=int, default=24, help="fakes of a kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", action="store_true", help="print the fakes that passed")
    options = parser.parse_args()
    cases = [opened(paper) for paper in examples()]
    assert all(len(case.paper.facts) >= FEWEST_FACTS for case in cases)
    counts: Counts = defaultdict(lambda: [0, 0])
    for group, listed in groups().items():
        for name, plant in listed.items():
            for number in range(options.each):
                case = cases[number % len(cases)]
                planted = plant(random.Random(f"{options.seed}/{name}/{number}"), case.paper)
                if planted is None:
                    continue
                passes = not is_caught(planted, case.paper, case.audited(planted))
                counts[group, name][0] += passes
                counts[group, name][1] += 1
                if passes and options.show:
                    where = f"{case.paper.name} | {planted.section}"
                    print(f"{group} | {name} | {where} | {planted.fake}", flush=True)
    return _report(counts, cases, options)


def _report(counts: Counts, cases: list[Case], options: argparse.Namespace) -> int:
    rows, missed = [], any(case.alarms for case in cases)
    for together, bar in BARS:
        for group in together:
            of_group = {name: count for (g, name), count in counts.items() if g == group}
            rows += [[group, name, *_shown(*count)] for name, count in of_group.items()]
        passed, planted = (sum(count[i] for (g, _), count in counts.items() if g in together) for i in (0, 1))
        missed = missed or passed > bar * planted
        rows.append([f"**{' and '.join(together)}**", f"all, at most {bar:.0%}", *_shown(passed, planted)])
    facts = min(len(case.paper.facts) for case in cases)
    note = (
        f"Findings in the {len(cases)} papers as they are: {sum(case.alarms for case in cases)}. "
        f"Facts of each paper: at least {facts}. The rules were mended against the kinds of the first two "
        "groups, never against the held-out ones: only these say what the audit does with fakes that it was "
        "not made for."
    )
    text = table(("kinds", "kind", "planted", "passed", "passed, 95 % Wilson limits"), rows) + f"\n\n{note}"
    if sum(planted for _, planted in counts.values()) < FEWEST_FAKES:
        print(text)
    else:
        report("Audit", f"python benchmarks/audit.py --each {options.each} --seed {options.seed}", text)
    return int(missed)


def _shown(passed: int, planted: int) -> tuple[str, str, str]:
    return str(planted), str(passed), _limits(passed, planted)


def _limits(passed: int, planted: int) -> str:
    if not planted:
        return "no occasion"
    interval = binomtest(passed, planted).proportion_ci(method="wilson")
    return f"{passed / planted:.1%} ({interval.low:.1%} to {interval.high:.1%})"


if __name__ == "__main__":
    sys.exit(main())
