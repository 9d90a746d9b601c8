"""How often a broken paper still ends as a PDF, without a model, and what that takes.

    python benchmarks/latex.py [--count N] [--seed S] [--workers W] [--kind NAME]

Breaks the committed examples' papers in one to three places each, mends them with the rules alone and
compiles the result. A draw that TeX sets all the same, with no reference left open, is no breakage and is
drawn again. Exit 1 below the bar. `--kind` tries one kind; figures of fewer than 200 are written nowhere.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from breakages import KINDS
from report import report, table

from agent.latex.compile import DRAFT_LIMITS, MAIN, TEX_LIMITS, Compiled, compile_pdf
from agent.latex.repair.engine import Mended, repair
from agent.sandboxes.bubblewrap import Bubblewrap

PAPERS = Path(__file__).parents[1] / "papers"
COUNT, BAR = 200, 0.98
MOST_AT_ONCE = 3


@dataclass(frozen=True)
class Case:
    """One broken paper."""

    paper: str
    kinds: tuple[str, ...]
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class Result:
    """What became of it."""

    case: Case
    mended: Mended
    seconds: float

    @property
    def pdf(self) -> bool:
        """Whether there is a PDF in which no reference is open."""
        return self.mended.compiled.pdf is not None and not _open(self.mended.compiled)

    @property
    def whole(self) -> bool:
        """Whether nothing was left out."""
        return self.pdf and all(one.how != "left out" for one in self.mended.repairs)


def papers() -> dict[str, dict[str, bytes]]:
    """The examples' files by the name of their run."""
    found = {}
    for folder in sorted(PAPERS.glob("example-*/*/round-0")):
        paths = [folder / MAIN, folder / "references.bib", folder / "shoal.sty", *folder.glob("figures/*")]
        found[folder.parts[-3]] = {str(path.relative_to(folder)): path.read_bytes() for path in paths}
    return found


def draw(seed: int, originals: Mapping[str, dict[str, bytes]], only: str | None) -> Case:
    """A broken paper, wholly determined by its seed."""
    rng = random.Random(seed)
    paper = rng.choice(sorted(originals))
    latex = originals[paper][MAIN].decode()
    wanted, kinds = rng.choice(range(1, MOST_AT_ONCE + 1)) if only is None else 1, []
    names = sorted(KINDS) if only is None else [only]
    while len(kinds) < wanted:
        name = rng.choice(names)
        try:
            broken = KINDS[name](latex, rng)
        except ValueError:  # an earlier breakage took away what this one looks for
            continue
        if broken is not None and broken != latex:
            latex = broken
            kinds.append(name)
    return Case(paper, tuple(kinds), {**originals[paper], MAIN: latex.encode()})


def mend(case: Case, sandbox: Bubblewrap) -> Result | None:
    """Mend a case; None where it was none."""
    environment = sandbox.host_environment()

    def tex(files: Mapping[str, bytes], draft: bool) -> Compiled:
        return compile_pdf(files, sandbox, environment, DRAFT_LIMITS if draft else TEX_LIMITS, draft=draft)

    began = time.monotonic()
    mended = repair(case.files, tex)
    took = time.monotonic() - began
    if not mended.repairs and mended.compiled.pdf is not None and not _open(mended.compiled):
        return None
    return Result(case, mended, took)


def _open(compiled: Compiled) -> bool:
    """Whether a reader would see a question mark; a link whose target is gone prints as text."""
    dead = (one for one in compiled.problems if one.kind == "undefined")
    return any(not one.message.startswith("link") for one in dead)


def main() -> int:
    """Break, mend, print; 1 below the bar."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kind", choices=sorted(KINDS))
    chosen = parser.parse_args()
    originals, results, harmless, seed = papers(), list[Result](), 0, chosen.seed * 1_000_000
    with tempfile.TemporaryDirectory() as store, ThreadPoolExecutor(chosen.workers) as pool:
        sandbox = Bubblewrap(Path(store))
        while len(results) < chosen.count:
            lacking = chosen.count - len(results)
            cases = [draw(seed + step, originals, chosen.kind) for step in range(lacking)]
            seed += lacking
            found = list(pool.map(lambda case: mend(case, sandbox), cases))
            results += [one for one in found if one is not None]
            harmless += found.count(None)
            if chosen.kind and harmless > 5 * chosen.count:
                break
        sandbox.stop_all()
    return tell(results, harmless, whole=chosen.count >= COUNT and not chosen.kind)


def tell(results: list[Result], harmless: int, *, whole: bool) -> int:
    """Print the tables, and record them if they are of a whole run."""
    failed = [one for one in results if not one.pdf]
    share = 1 - len(failed) / max(len(results), 1)
    rows = [_row(f"{n} at once", [one for one in results if len(one.case.kinds) == n]) for n in (1, 2, 3)]
    rows.append(_row("all", results))
    columns = ["breakages", "papers", "end as a PDF", "with nothing left out", "median s", "95 % within s",
               "runs of TeX, median"]  # fmt: skip
    weak = Counter(kind for one in results if not one.whole for kind in one.case.kinds)
    told = ", ".join(f"{kind} ({count})" for kind, count in weak.most_common()) or "none"
    text = (
        f"{len(results)} broken papers of {len(KINDS)} kinds of breakage; {harmless} draws that TeX set "
        f"all the same were drawn again. {share:.1%} end as a PDF without a model (bar {BAR:.0%}). "
        f"On {os.cpu_count()} cores, two repairs at a time, TeX in bubblewrap.\n\n{table(columns, rows)}\n\n"
        f"Kinds in papers from which a block was left out, or that failed: {told}."
    )
    for one in failed:
        print("failed:", one.case.paper, one.case.kinds, [str(p) for p in one.mended.compiled.errors[:2]])
    if whole:
        report("Broken LaTeX", " ".join(["python benchmarks/latex.py", *sys.argv[1:]]), text)
    else:
        print(text)
    return 0 if share >= BAR else 1


def _row(name: str, results: list[Result]) -> list[str]:
    if not results:
        return [name, "0", "", "", "", "", ""]
    times = sorted(one.seconds for one in results)
    late = times[min(len(times) - 1, int(0.95 * len(times)))]
    return [
        name, str(len(results)), f"{sum(one.pdf for one in results)}", f"{sum(one.whole for one in results)}",
        f"{statistics.median(times):.1f}", f"{late:.1f}",
        f"{statistics.median(one.mended.trials for one in results):.0f}",
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
