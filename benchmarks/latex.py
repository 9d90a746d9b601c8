"""How often a broken paper still ends as a PDF, without a model, and what that takes.

    python benchmarks/latex.py [--count N] [--seed S] [--workers W] [--held-out] [--kind NAME]

Breaks the committed examples' papers in one to three places each, mends them with the rules alone and
compiles the result. A draw that TeX sets all the same, with no reference left open, is no breakage and is
drawn again. `--held-out` takes the breakages whose author had not seen the repairer, and reports them apart.
Words kept are those of the unbroken paper that the mended PDF prints, whatever the breakage took of them.
Exit 1 below the bar. `--kind` tries one kind; figures of fewer than 200 are written nowhere. `--keep DIR`
leaves each paper there, mended, with what was broken and mended in it.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import breakages
import breakages_held_out
import pypdfium2
from report import report, table

from agent.latex.compile import DRAFT_LIMITS, MAIN, TEX_LIMITS, Compiled, compile_pdf
from agent.latex.repair.engine import Mended, repair
from agent.sandboxes.bubblewrap import Bubblewrap

PAPERS = Path(__file__).parents[1] / "papers"
COUNT, BAR = 200, 0.98
MOST_AT_ONCE = 3
FEW = 0.97
"""A paper that keeps a smaller share of its words is named."""
READING = Lock()
"""PDFium reads one document at a time."""

Kinds = Mapping[str, Callable[[str, random.Random], str | None]]


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
    kept: float
    """The share of the unbroken paper's words that the mended one prints; 0 without a PDF."""

    @property
    def pdf(self) -> bool:
        """Whether there is a PDF in which no reference is open."""
        return self.mended.compiled.pdf is not None and not _open(self.mended.compiled)

    @property
    def whole(self) -> bool:
        """Whether nothing was left out."""
        return self.pdf and all(one.how != "left out" for one in self.mended.repairs)


def folders() -> dict[str, Path]:
    """The examples' papers by the name of their run."""
    return {folder.parts[-3]: folder for folder in sorted(PAPERS.glob("example-*/*/round-0"))}


def papers() -> dict[str, dict[str, bytes]]:
    """The examples' files by the name of their run."""
    found = {}
    for name, folder in folders().items():
        paths = [folder / MAIN, folder / "references.bib", folder / "shoal.sty", *folder.glob("figures/*")]
        found[name] = {str(path.relative_to(folder)): path.read_bytes() for path in paths}
    return found


def words(pdf: bytes) -> Counter[str]:
    """What a PDF prints, word by word; those that a line's end divides are joined."""
    with READING, closing(pypdfium2.PdfDocument(pdf)) as document:
        pages = [page.get_textpage().get_text_bounded() for page in document]
    text = re.sub(r"[-\x02\xad\ufffe]\s*|\s*\n\d+\s*$", "", "\n".join(pages))
    return Counter(re.findall(r"\w+", text))


def draw(seed: int, originals: Mapping[str, dict[str, bytes]], breaks: Kinds, only: str | None) -> Case:
    """A broken paper, wholly determined by its seed."""
    rng = random.Random(seed)
    paper = rng.choice(sorted(originals))
    latex = originals[paper][MAIN].decode()
    wanted, kinds = rng.choice(range(1, MOST_AT_ONCE + 1)) if only is None else 1, []
    names = sorted(breaks) if only is None else [only]
    while len(kinds) < wanted:
        name = rng.choice(names)
        try:
            broken = breaks[name](latex, rng)
        except ValueError:  # an earlier breakage took away what this one looks for
            continue
        if broken is not None and broken != latex:
            latex = broken
            kinds.append(name)
    return Case(paper, tuple(kinds), {**originals[paper], MAIN: latex.encode()})


def mend(case: Case, whole: Counter[str], sandbox: Bubblewrap) -> Result | None:
    """Mend a case whose unbroken paper has these words; None where it was none."""
    environment = sandbox.host_environment()

    def tex(files: Mapping[str, bytes], draft: bool) -> Compiled:
        return compile_pdf(files, sandbox, environment, DRAFT_LIMITS if draft else TEX_LIMITS, draft=draft)

    began = time.monotonic()
    mended = repair(case.files, tex, may_load=False)  # as in a run
    took = time.monotonic() - began
    if not mended.repairs and mended.compiled.pdf is not None and not _open(mended.compiled):
        return None
    pdf = mended.compiled.pdf
    kept = (whole & words(pdf)).total() / whole.total() if pdf is not None else 0.0
    result = Result(case, mended, took, kept)
    end = "whole" if result.whole else "cut" if result.pdf else "no PDF"
    print(
        f"{end}: {took:.1f} s, {kept:.1%} of the words, {', '.join(case.kinds)}", file=sys.stderr, flush=True
    )
    return result


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
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--kind")
    parser.add_argument("--keep", type=Path)
    chosen = parser.parse_args()
    breaks: Kinds = breakages_held_out.KINDS if chosen.held_out else breakages.KINDS
    if chosen.kind is not None and chosen.kind not in breaks:
        parser.error(f"--kind: there is no {chosen.kind!r}; there are {', '.join(sorted(breaks))}")
    originals, results, harmless, seed = papers(), list[Result](), 0, chosen.seed * 1_000_000
    whole = {name: words((folder / "paper.pdf").read_bytes()) for name, folder in folders().items()}
    with tempfile.TemporaryDirectory() as store, ThreadPoolExecutor(chosen.workers) as pool:
        sandbox = Bubblewrap(Path(store))
        while len(results) < chosen.count:
            lacking = chosen.count - len(results)
            cases = [draw(seed + step, originals, breaks, chosen.kind) for step in range(lacking)]
            seed += lacking
            found = list(pool.map(lambda case: mend(case, whole[case.paper], sandbox), cases))
            results += [one for one in found if one is not None]
            harmless += found.count(None)
            if chosen.kind and harmless > 5 * chosen.count:
                break
        sandbox.stop_all()
    if chosen.keep is not None:
        keep(results, chosen.keep)
    title = "Broken LaTeX, by breakages held out" if chosen.held_out else "Broken LaTeX"
    written = title if chosen.count >= COUNT and not chosen.kind else None
    return tell(results, harmless, len(breaks), chosen.workers, title=written)


def keep(results: list[Result], folder: Path) -> None:
    """Leave each mended paper in a folder, beside what was broken and mended."""
    for number, one in enumerate(results):
        there = folder / f"{number:03}"
        for name, content in one.mended.files.items():
            (there / name).parent.mkdir(parents=True, exist_ok=True)
            (there / name).write_bytes(content)
        (there / "broken.tex").write_bytes(one.case.files[MAIN])
        (there / "paper.pdf").write_bytes(one.mended.compiled.pdf or b"")
        (there / "paper.log").write_text(one.mended.compiled.log, encoding="utf-8")
        told = (
            f"{one.case.paper} {one.case.kinds} {one.kept:.1%} {one.seconds:.1f} s, {one.mended.trials} runs"
        )
        changes = [f"{r}\n  - {r.before!r}\n  + {r.after!r}" for r in one.mended.repairs]
        said = [told, *changes, *map(str, one.mended.compiled.problems)]
        (there / "repairs.txt").write_text("\n".join(said), encoding="utf-8")


def tell(results: list[Result], harmless: int, kinds: int, workers: int, *, title: str | None) -> int:
    """Print the tables, and record them under a title."""
    failed = [one for one in results if not one.pdf]
    share = 1 - len(failed) / max(len(results), 1)
    rows = [_row(f"{n} at once", [one for one in results if len(one.case.kinds) == n]) for n in (1, 2, 3)]
    rows.append(_row("all", results))
    columns = ["breakages", "papers", "end as a PDF", "with nothing left out", "words kept, mean", "worst",
               "median s", "90 % within s", "longest s", "runs of TeX, median", "most"]  # fmt: skip
    weak = Counter(kind for one in results if not one.whole for kind in one.case.kinds)
    told = ", ".join(f"{kind} ({count})" for kind, count in weak.most_common()) or "none"
    poor = sum(one.kept < FEW for one in results)
    text = (
        f"{len(results)} broken papers of {kinds} kinds of breakage; {harmless} draws that TeX set "
        f"all the same were drawn again. {share:.1%} end as a PDF without a model (bar {BAR:.0%}). "
        f"{poor} keep less than {FEW:.0%} of their words. "
        f"On {os.cpu_count()} cores, {workers} repairs at a time, TeX in bubblewrap.\n\n"
        f"{table(columns, rows)}\n\n"
        f"Kinds in papers from which a block was left out, or that failed: {told}."
    )
    for one in failed:
        print("failed:", one.case.paper, one.case.kinds, [str(p) for p in one.mended.compiled.errors[:2]])
    for one in sorted(results, key=lambda one: one.kept)[:10]:
        print(f"{one.kept:.1%} of the words kept:", one.case.paper, one.case.kinds)
    if title is not None:
        report(title, " ".join(["python benchmarks/latex.py", *sys.argv[1:]]), text)
    else:
        print(text)
    return 0 if share >= BAR else 1


def _row(name: str, results: list[Result]) -> list[str]:
    if not results:
        return [name, "0", *[""] * 9]
    times, runs = sorted(one.seconds for one in results), [one.mended.trials for one in results]
    late = times[min(len(times) - 1, int(0.9 * len(times)))]
    kept = [one.kept for one in results]
    return [
        name, str(len(results)), f"{sum(one.pdf for one in results)}", f"{sum(one.whole for one in results)}",
        f"{statistics.mean(kept):.2%}", f"{min(kept):.1%}", f"{statistics.median(times):.1f}", f"{late:.1f}",
        f"{times[-1]:.1f}", f"{statistics.median(runs):.0f}", str(max(runs)),
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
