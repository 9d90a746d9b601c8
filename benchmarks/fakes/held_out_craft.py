"""How a held-out fake gets its words and its place.

Promises that a fake depends on the given `random.Random` and the paper alone, and that invented numbers
differ from what the paper's evidence says. Knows nothing of how a paper is checked.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fakes.paper import BOUND, Kind, Paper, Planted

Slots = Callable[[random.Random, Paper], Mapping[str, str]]

BODY = ("introduction", "method", "setup", "results", "exploration", "conclusion")
FINDINGS = ("abstract", "results", "conclusion")
PROCEDURE = ("method", "setup", "exploration")
ANYWHERE = ("abstract", *BODY)
_VERDICTS = {"s": "supported", "r": "refuted", "i": "inconclusive"}
_WORDING = re.compile(r"^- (?:@([sri]+) )?", re.MULTILINE)
_END = re.compile(r"(?<=[.?])(?=\s|$)")
_COUNTS = (7, 8, 12, 15, 20, 25, 32, 50, 60, 100, 120)
_WORDS = ("five", "seven", "eight", "eleven", "twelve", "fifteen", "seventeen", "twenty", "forty", "sixty")


def listed(text: str, verdict: str) -> list[str]:
    """The wordings of a list of dashes; one marked `@sr` fits supported and refuted papers only."""
    parts = _WORDING.split(text.strip())
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    fitting = [words for mark, words in pairs if not mark or verdict in {_VERDICTS[one] for one in mark}]
    return [" ".join(words.split()) for words in fitting]


def fill(text: str, slots: Mapping[str, str]) -> str:
    """`text` with every `<name>` replaced."""
    for name, value in slots.items():
        text = text.replace(f"<{name}>", value)
    return text


def fact(paper: Paper, name: str) -> dict[str, Any]:
    """Raises `StopIteration` where the paper has no such fact."""
    return next(one for one in paper.facts if one["name"] == name)


def value(paper: Paper, name: str) -> float:
    return float(fact(paper, name)["value"])


def printed(paper: Paper, name: str) -> str:
    return f"{value(paper, name):.{fact(paper, name)['digits']}f}"


def away(rng: random.Random, truths: Sequence[float], low: float, high: float) -> float:
    """A number that lies at least `low` from every truth and about `high` from one of them at most."""
    while True:
        number = rng.choice(truths) + rng.choice((-1, 1)) * rng.uniform(low, high)
        if all(abs(number - truth) >= low for truth in truths):
            return number


def invented(rng: random.Random, paper: Paper) -> dict[str, str]:
    """Names of this paper and numbers that are true of nothing in it.

    `acc` differs by 0.006 or more from every arm's mean, `gain` by 0.005 or more from every difference;
    `six` and `k` of ten are ruled out by the sign-flip p of all three papers.
    """
    values = [
        one["value"] for one in paper.facts if one["metric"] == paper.metric and one["unit"] == "fraction"
    ]
    levels = [float(one) for one in values if one > 0.8]
    effects = [float(one) for one in values if one < 0.5]
    accuracy = min(away(rng, levels, 0.006, 0.03), 0.9948)
    gain = abs(away(rng, [*effects, *(-one for one in effects)], 0.005, 0.03))
    few = rng.choice((6, 7))
    return {
        "T": paper.arms["treatment"],
        "M": paper.metric,
        "acc": f"{accuracy:.{rng.choice((3, 4))}f}",
        "accpc": f"{100 * accuracy:.1f}",
        "gain": f"{gain:.4f}",
        "points": f"{100 * gain:.1f}",
        "sd": f"{rng.uniform(0.0021, 0.0034):.4f}",
        "p": rng.choice(("0.0312", "0.017", "0.008", "0.0021", "0.046", "0.0127")),
        "n": str(rng.choice(_COUNTS)),
        "word": rng.choice(_WORDS),
        "k": str(few),
        "six": {6: "six", 7: "seven"}[few],
    }


def sentence_ends(latex: str) -> list[int]:
    """Where a sentence outside all braces ends."""
    depth, depths = 0, []
    for sign in latex:
        depths.append(depth)
        depth += {"{": 1, "}": -1}.get(sign, 0)
    return [match.start() for match in _END.finditer(latex) if depths[match.start() - 1] == 0]


def insert(rng: random.Random, paper: Paper, sentence: str, places: Sequence[str]) -> Planted:
    """`sentence` after some sentence of one of the sections, or as a paragraph of its own."""
    sentence = sentence[0].upper() + sentence[1:]
    section = rng.choice([place for place in places if place in paper.sections])
    latex = paper.sections[section]
    if section != "abstract" and "\\item" not in latex and rng.random() < 0.2:
        return Planted(section, f"{latex}\n\n{sentence}", sentence)
    at = rng.choice(sentence_ends(latex))
    return Planted(section, f"{latex[:at]} {sentence}{latex[at:]}", sentence)


def told(text: str, places: Sequence[str] = ANYWHERE, slots: Slots = invented) -> Kind:
    """The kind that adds one of the listed sentences to one of the sections."""

    def plant(rng: random.Random, paper: Paper) -> Planted | None:
        wordings = listed(text, paper.verdict)
        if not wordings:
            return None
        return insert(rng, paper, fill(rng.choice(wordings), slots(rng, paper)), places)

    return plant


def swap(paper: Paper, section: str, old: str, new: str, fake: str = "") -> Planted | None:
    """The section (or the bound paper) with `old`, once, as `new`; `fake` is `new` where not given."""
    latex = paper.bound if section == BOUND else paper.sections[section]
    if old not in latex or old == new:
        return None
    return Planted(section, latex.replace(old, new, 1), fake or new)


def one_swap(
    rng: random.Random, paper: Paper, swaps: Sequence[tuple[str, str, str]], slots: Slots = invented
) -> Planted | None:
    """One of the `(section, old, new)` that fit the paper, with the names in angle brackets filled in."""
    names = slots(rng, paper)
    made = [swap(paper, section, fill(old, names), fill(new, names)) for section, old, new in swaps]
    fitting = [planted for planted in made if planted is not None]
    return rng.choice(fitting) if fitting else None


def sentence_with(latex: str, mark: str) -> str:
    """The whole sentence of `latex` in which `mark` stands first, without the space before it; else empty."""
    at = latex.find(mark)
    if at < 0:
        return ""
    ends = [0, *sentence_ends(latex), len(latex)]
    start = max(end for end in ends if end <= at)
    stop = min(end for end in ends if end > at)
    return latex[start:stop].strip()
