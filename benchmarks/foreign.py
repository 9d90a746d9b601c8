"""How many invented, swapped and right numbers of other systems' papers `shoal audit` flags.

    python benchmarks/foreign.py [--papers 30] [--first 0] [--style NAME …] [--show]

Seeded papers of six styles (benchmarks/foreign_styles/) with results in several formats. In each, one in
eight of the numbers that results decide is replaced: half by invented ones of like size and form, half by
right values of another arm or data set. Bars, a style: at least 95 % of the invented and 70 % of the swapped
flagged, at most 5 % of the right ones and of those that no result decides (settings, years, names). Exits
with 1 where one is missed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import foreign_held_out
import foreign_papers
from foreign_papers import Paper
from foreign_styles import forecasting, language, returns, sampling
from foreign_styles.sheet import TRUTHS
from report import report, table
from scipy import stats

from agent.evidence.audit.foreign import Judged, audit_paper

STYLES: dict[str, Callable[[int], Paper]] = {
    "first": foreign_papers.draw,
    "second": foreign_held_out.draw,
    "language": language.draw,
    "returns": returns.draw,
    "sampling": sampling.draw,
    "forecasting": forecasting.draw,
}
BARS = {"invented": (0.95, 1.0), "swapped": (0.70, 1.0), "right": (0.0, 0.05), "other": (0.0, 0.05)}
SHARE = 8
"""One number in so many is replaced."""

Counts = Counter[tuple[str, str, bool]]
"""How often: what was done to a number, its kind, whether it was flagged."""


def planted(paper: Paper, rng: random.Random) -> tuple[dict[int, str], dict[int, str]]:
    """What stands in place of some numbers, and what was done to each."""
    decided = [index for index, mark in enumerate(paper.marks) if mark.kind not in TRUTHS]
    count = max(2, len(decided) // SHARE)
    replaced, done = {}, {}
    for place, index in enumerate(rng.sample(decided, count)):
        mark = paper.marks[index]
        swap = place % 2 == 0 and mark.others
        replaced[index] = rng.choice(mark.others) if swap else mark.invent(rng)
        done[index] = "swapped" if swap else "invented"
    return replaced, done


def audited(paper: Paper, replaced: dict[int, str]) -> dict[int, Judged | None]:
    """What the audit says of the marks of a paper; None where it sees no number."""
    text, places = paper.text(replaced)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "paper.tex").write_text(text, encoding="utf-8")
        for file, content in paper.results.items():
            (folder / "results" / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / "results" / file).write_text(content, encoding="utf-8")
        found = audit_paper(folder / "paper.tex", folder / "results")
    at = {(number.line, number.column): number for number in found.numbers}
    shifts = range(4)  # a sign may stand before the digits: `-`, `$-$`
    return {
        index: next((at[line, col - shift] for shift in shifts if (line, col - shift) in at), None)
        for index, (line, col) in places.items()
    }


def measure(draw: Callable[[int], Paper], seeds: range, shown: bool) -> Counts:
    """What was done to each number of some papers, its kind, and whether it was flagged."""
    counts: Counts = Counter()
    for seed in seeds:
        paper = draw(seed)
        rng = random.Random(f"plant {seed}")
        replaced, done = planted(paper, rng)
        for index, judged in audited(paper, replaced).items():
            is_flagged = judged is not None and judged.status == "unsupported"
            kind = paper.marks[index].kind
            what = done.get(index, "other" if kind in TRUTHS else "right")
            counts[what, kind, is_flagged] += 1
            if shown and is_flagged == (what in ("right", "other")):
                print(f"{paper.name}: {what} {kind} {context(paper, replaced, index)}")
                said = (
                    f"{judged.status}, {judged.how}, {judged.nearest or judged.evidence}"
                    if judged
                    else "unseen"
                )
                print(f"    {said}")
    return counts


def context(paper: Paper, replaced: dict[int, str], index: int) -> str:
    """The line of a number, for who looks at what went wrong."""
    text, places = paper.text(replaced)
    line, column = places[index]
    words = text.split("\n")[line - 1]
    return f"{words[max(0, column - 120) : column - 1]}[[{words[column - 1 : column + 60]}"


def row(style: str, what: str, flags: int, total: int) -> list[str]:
    """A row of the table, with the 95 % Wilson interval."""
    ends = stats.binomtest(flags, total).proportion_ci(0.95, method="wilson")
    low, high = BARS[what]
    word = f"at most {high:.0%}" if not low else f"at least {low:.0%}"
    return [style, what, str(total), f"{flags / total:.1%}", f"{ends.low:.1%} to {ends.high:.1%}", word]


def tallied(style: str, counts: Counts) -> tuple[list[list[str]], list[list[str]], int]:
    """A style's rows, its rows by kind, and how many bars it missed."""
    rows, kinds, missed = [], [], 0
    for what, (low, high) in BARS.items():
        flags = sum(n for (done, _, is_flagged), n in counts.items() if done == what and is_flagged)
        total = sum(n for (done, _, _), n in counts.items() if done == what)
        if total:
            rows.append(row(style, what, flags, total))
            missed += not low <= flags / total <= high
    for kind in sorted({kind for _, kind, _ in counts}):
        cells = [style, kind]
        for what in BARS:
            yes, no = counts[what, kind, True], counts[what, kind, False]
            cells.append(f"{yes} of {yes + no}" if yes + no else "")
        kinds.append(cells)
    return rows, kinds, missed


def main() -> int:
    """Measure the styles, print and, if all were measured, write the table."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--papers", type=int, default=30)
    arguments.add_argument("--first", type=int, default=0, help="seed of the first paper")
    arguments.add_argument("--style", choices=STYLES, nargs="+", default=list(STYLES))
    arguments.add_argument("--show", action="store_true", help="print every wrong judgement")
    given = arguments.parse_args()
    rows: list[list[str]] = []
    kinds: list[list[str]] = []
    missed = 0
    for style in given.style:
        seeds = range(given.first, given.first + given.papers)
        counts = measure(STYLES[style], seeds, given.show)
        new_rows, new_kinds, new_missed = tallied(style, counts)
        rows, kinds, missed = rows + new_rows, kinds + new_kinds, missed + new_missed
    text = (
        f"{given.papers} papers a style, from seed {given.first}; flagged means called unsupported.\n\n"
        + table(["style", "numbers", "count", "flagged", "95 % Wilson", "bar"], rows)
        + "\n\n"
        + table(["style", "kind", *BARS], kinds)
    )
    if given.show or given.style != list(STYLES):
        print(text)
    else:
        report("Other systems' papers", "python benchmarks/foreign.py", text)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
