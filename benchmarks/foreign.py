"""How many invented, swapped and right numbers of other systems' papers `shoal audit` flags.

    python benchmarks/foreign.py [--papers 50] [--held-out 32]

Seeded papers of two styles (benchmarks/foreign_papers.py and foreign_held_out.py) with results in several
formats. In each, an eighth of the numbers that results decide is replaced: half by invented ones of the same
size and form, half by right values of another arm or data set. Bars, for either style: at least 95 % of the
invented and 70 % of the swapped flagged, at most 5 % of the right ones. Exits with 1 where one is missed.
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
from report import report, table
from scipy import stats

from agent.evidence.audit.foreign import audit_paper

BARS = {"invented": (0.95, 1.0), "swapped": (0.70, 1.0), "right": (0.0, 0.05)}
SHARE = 8
"""One number in so many is replaced."""


def planted(paper: Paper, rng: random.Random) -> tuple[dict[int, str], dict[int, str]]:
    """What stands in place of some numbers, and what was done to each."""
    count = max(2, len(paper.marks) // SHARE)
    replaced, done = {}, {}
    for place, index in enumerate(rng.sample(range(len(paper.marks)), count)):
        mark = paper.marks[index]
        swap = place % 2 == 0 and mark.others
        replaced[index] = rng.choice(mark.others) if swap else mark.invent(rng)
        done[index] = "swapped" if swap else "invented"
    return replaced, done


def flagged(paper: Paper, replaced: dict[int, str]) -> dict[int, bool]:
    """Which marks of a paper the audit calls unsupported."""
    text, places = paper.text(replaced)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "paper.tex").write_text(text, encoding="utf-8")
        for file, content in paper.results.items():
            (folder / "results" / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / "results" / file).write_text(content, encoding="utf-8")
        found = audit_paper(folder / "paper.tex", folder / "results")
    status = {(number.line, number.column): number.status for number in found.numbers}
    return {index: status.get(place, "unseen") == "unsupported" for index, place in places.items()}


def measure(draw: Callable[[int], Paper], papers: int, shown: bool) -> Counter[tuple[str, str, bool]]:
    """What was done to each number, its kind, and whether it was flagged."""
    counts: Counter[tuple[str, str, bool]] = Counter()
    for seed in range(papers):
        paper = draw(seed)
        rng = random.Random(f"plant {seed}")
        replaced, done = planted(paper, rng)
        for index, is_flagged in flagged(paper, replaced).items():
            what = done.get(index, "right")
            counts[what, paper.marks[index].kind, is_flagged] += 1
            if shown and is_flagged == (what == "right"):
                print(f"{paper.name}: {what} {paper.marks[index].kind} {context(paper, replaced, index)}")
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
    word = f"at most {high:.0%}" if what == "right" else f"at least {low:.0%}"
    return [style, what, str(total), f"{flags / total:.1%}", f"{ends.low:.1%} to {ends.high:.1%}", word]


def main() -> int:
    """Measure both styles, print and write the table."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--papers", type=int, default=50)
    arguments.add_argument("--held-out", type=int, default=32)
    arguments.add_argument("--show", action="store_true", help="print every wrong judgement")
    given = arguments.parse_args()
    rows, missed = [], 0
    kinds: list[list[str]] = []
    for style, draw, papers in (
        ("first", foreign_papers.draw, given.papers),
        ("held out", foreign_held_out.draw, given.held_out),
    ):
        counts = measure(draw, papers, given.show)
        for what, (low, high) in BARS.items():
            flags = sum(n for (done, _, is_flagged), n in counts.items() if done == what and is_flagged)
            total = sum(n for (done, _, _), n in counts.items() if done == what)
            if not total:
                continue
            rows.append(row(style, what, flags, total))
            missed += not low <= flags / total <= high
        for kind in sorted({kind for _, kind, _ in counts}):
            cells = [style, kind]
            for what in BARS:
                yes, no = counts[what, kind, True], counts[what, kind, False]
                cells.append(f"{yes} of {yes + no}")
            kinds.append(cells)
    text = (
        f"{given.papers} papers of the first style and {given.held_out} held out; flagged means "
        f"called unsupported.\n\n"
        + table(["style", "numbers", "count", "flagged", "95 % Wilson", "bar"], rows)
        + "\n\n"
        + table(["style", "kind", *BARS], kinds)
    )
    if given.show:
        print(text)
    else:
        report("Other systems' papers", "python benchmarks/foreign.py", text)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
