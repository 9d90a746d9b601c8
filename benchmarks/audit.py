"""How many planted fakes the audit lets pass, over the committed examples.

    python benchmarks/audit.py [--each 36] [--seed 0] [--show]

Each fake is planted alone into the text of an example whose evidence was widened to at least 120 facts, and
counts as caught when the audit has a finding in the planted file whose lines meet the fake (of an omission:
any finding there). A third of the kinds was written by somebody who knew what the audit is for and not how
it works. Bars: at most 1 % of the fakes pass, 5 % of those kinds, and nothing is found in the papers as
they are. Limits are 95 % Wilson limits. Exits with 1 where a bar is missed. `--show` prints each fake that
passed.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from fakes import kinds, seen
from fakes.paper import BOUND, ROOT, Paper, Planted, examples
from report import report, table
from scipy.stats import binomtest

from agent.artifacts import Audit, Claims, Facts, Figures, Plan, SectionText, Verdict
from agent.evidence.audit import AuditContext, audit
from agent.literature.library import Library

LIBRARY = ROOT / "templates" / "digits" / "library.bib"
FEWEST_FACTS = 120
MOST_PASS, MOST_HELD_OUT_PASS = 0.01, 0.05
METRICS = (
    "precision", "recall", "specificity", "margin", "entropy", "brier_score", "hinge_loss", "sparsity",
    "rank_loss",
    "top_two_accuracy", "clean_accuracy", "noisy_accuracy", "gradient_norm", "weight_norm", "calibration_gap",
    "agreement", "coverage_error", "class_balance",
)  # fmt: skip
"""Secondary metrics that the evidence is widened by, one fact an arm."""


def widened(paper: Paper) -> Paper:
    """The paper with values of more metrics, drawn near its own: what a near value could hide behind."""
    rng = random.Random(paper.name)
    more = []
    model = next(fact for fact in paper.facts if fact["name"].startswith("other.treatment."))
    for metric in METRICS:
        for arm in paper.arms:
            words = metric.replace("_", " ")
            changed = {"name": f"other.{arm}.{metric}.mean", "label": f"mean {words} of {arm}", "arms": [arm]}
            value = rng.uniform(0.5, 1.0)
            changed |= {"metric": metric, "value": value, "low": value - 0.01, "high": value + 0.01}
            more.append({**model, **changed})
    return dataclasses.replace(paper, facts=[*paper.facts, *more])


def evidence(paper: Paper) -> AuditContext:
    """What the audit holds a paper against."""
    idea = next(iter(sorted((ROOT / "experiments" / paper.name / "ideas").iterdir())))
    return AuditContext(
        facts=Facts(items=tuple(paper.facts)),
        claims=Claims(**_content(idea / "claims.json")),
        verdict=Verdict(**_content(idea / "verdict.json")),
        plan=Plan(**_content(idea / "plan-1.json")),
        references=Library.read(LIBRARY).references,
        settings=paper.settings,
        figures=Figures(**_content(idea / "figures.json")).items,
        arm_labels=paper.arms,
    )


def _content(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))["content"])


def audited(paper: Paper, context: AuditContext, planted: Planted | None = None) -> Audit:
    """The audit of a paper, with the fake that is planted; reads the bound text where the fake is in it."""
    changed = {planted.section: planted.latex} if planted else {}
    texts = {**paper.sections, **changed}
    bound = changed.get(BOUND, "" if planted else paper.bound)
    sections = tuple(SectionText(name=n, latex=text) for n, text in texts.items() if n != BOUND)
    return audit(sections, context, bound=bound)


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


def main() -> int:
    """Plant, audit, report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--each", type=int, default=36, help="fakes of a kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", action="store_true", help="print the fakes that passed")
    options = parser.parse_args()
    papers = [widened(paper) for paper in examples()]
    contexts = {paper.name: evidence(paper) for paper in papers}
    assert all(len(paper.facts) >= FEWEST_FACTS for paper in papers)
    alarms = sum(len(audited(paper, contexts[paper.name]).findings) for paper in papers)
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for group, listed in (("own", kinds.KINDS), ("seen later", seen.KINDS)):
        for name, plant in listed.items():
            for number in range(options.each):
                paper = papers[number % len(papers)]
                planted = plant(random.Random(f"{options.seed}/{name}/{number}"), paper)
                if planted is None:
                    continue
                caught = is_caught(planted, paper, audited(paper, contexts[paper.name], planted))
                counts[group, name][0] += not caught
                counts[group, name][1] += 1
                if not caught and options.show:
                    print(f"{group} | {name} | {paper.name} | {planted.section} | {planted.fake}", flush=True)
    return _report(counts, alarms, papers, options)


def _report(
    counts: dict[tuple[str, str], list[int]], alarms: int, papers: list[Paper], options: argparse.Namespace
) -> int:
    rows, missed = [], alarms > 0
    for group, bar in (("own", MOST_PASS), ("seen later", MOST_PASS)):
        of_group = {name: count for (g, name), count in counts.items() if g == group}
        total = [sum(values) for values in zip(*of_group.values(), strict=True)]
        for name, (passed, planted) in of_group.items():
            rows.append([group, name, str(planted), str(passed), _limits(passed, planted)])
        rows.append([f"**{group}**", "all", str(total[1]), str(total[0]), _limits(*total)])
        missed = missed or total[0] > bar * total[1]
    facts = min(len(paper.facts) for paper in papers)
    text = table(("kinds", "kind", "planted", "passed", "passed, 95 % Wilson limits"), rows)
    note = (
        f"Findings in the {len(papers)} papers as they are: {alarms}. Facts of each paper: at least {facts}. "
        "The rules were mended against the own kinds, never against the held-out ones: only the latter "
        "say what the audit does with fakes that it was not made for."
    )
    report(
        "Audit",
        f"python benchmarks/audit.py --each {options.each} --seed {options.seed}",
        f"{text}\n\n{note}",
    )
    return int(missed)


def _limits(passed: int, planted: int) -> str:
    if not planted:
        return "no occasion"
    interval = binomtest(passed, planted).proportion_ci(method="wilson")
    return f"{passed / planted:.1%} ({interval.low:.1%} to {interval.high:.1%})"


if __name__ == "__main__":
    sys.exit(main())
