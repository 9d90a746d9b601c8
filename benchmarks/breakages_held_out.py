"""A second set of ways to break a paper's LaTeX, written by somebody who had not seen the repairer.

What language models and people get wrong, by kind: most put one of the snippets beside this file where a
sentence ends, in a caption, a heading or a table; the others alter what stands there. Each is a function of
the LaTeX and a random generator; None where it finds nothing to break.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

Break = Callable[[str, Random], str | None]

SNIPPETS = Path(__file__).with_suffix(".toml")
PLACES = {
    "sentence": re.compile(r"(?<=[a-z)}]\.) (?=[A-Z\\])"),
    "heading": re.compile(r"(?<=\\section\{)([^{}]+)(?=\})"),
    "caption": re.compile(r"(?<=\.)(?=\}\s*\\label)"),
    "row": re.compile(r" \\\\\n(?=[a-z])"),
    "section": re.compile(r"\n(?=\n*\\section)"),
}
ROUND = {"sentence": " ", "section": "\n"}
ARGUMENT = re.compile(r"\\(?:emph|textbf|shoalclaim\{[\w.-]+\})\{[^{}]{4,}?(?=[ }])")


def _body(latex: str) -> tuple[int, int]:
    """From the title to the evidence: what a writer wrote."""
    return latex.index(r"\maketitle"), latex.index(r"\section{Evidence}")


def _spots(latex: str, pattern: re.Pattern[str]) -> list[re.Match[str]]:
    first, last = _body(latex)
    return list(pattern.finditer(latex, first, last))


def _insert(pattern: re.Pattern[str], snippets: Sequence[str], behind: str = "") -> Break:
    """Put a snippet where the pattern ends, and `behind` behind it."""

    def broken(latex: str, rng: Random) -> str | None:
        spots = _spots(latex, pattern)
        if not spots:
            return None
        at = rng.choice(spots).end()
        return latex[:at] + rng.choice(snippets) + behind + latex[at:]

    return broken


def _replace(pattern: re.Pattern[str], snippets: Sequence[str]) -> Break:
    """Put a snippet in the pattern's place."""

    def broken(latex: str, rng: Random) -> str | None:
        spots = _spots(latex, pattern)
        if not spots:
            return None
        spot = rng.choice(spots)
        return latex[: spot.start()] + rng.choice(snippets) + latex[spot.end() :]

    return broken


def _lost(what: str) -> Break:
    """Lose one occurrence of a token, or of one of several."""
    return _replace(re.compile(what), ("",))


def _comment_in_argument(latex: str, rng: Random) -> str | None:
    """A comment sign within an argument, so that the rest of its line, the closing brace too, is gone."""
    return _insert(ARGUMENT, ("% so", " 40% of", "%", " (see 3%)"))(latex, rng)


def _comment_before_end(latex: str, rng: Random) -> str | None:
    """A comment sign before the end of an environment."""
    return _replace(re.compile(r"\n(?=\\end\{)"), (" % ", " 10% "))(latex, rng)


def _swapped_ends(latex: str, rng: Random) -> str | None:
    """The end of a table inside that of its float changes places with it."""
    return _replace(
        re.compile(r"\\end\{shoaltabular\}\n\\end\{table\}"), ("\\end{table}\n\\end{shoaltabular}",)
    )(latex, rng)


def _lost_end(latex: str, rng: Random) -> str | None:
    return _lost(r"\\end\{(?:table|figure|abstract|shoalcard|shoaltabular)\}\n?")(latex, rng)


def _lost_begin(latex: str, rng: Random) -> str | None:
    return _lost(r"\\begin\{(?:table|figure)\}\[htbp\]\n|\\begin\{abstract\}\n")(latex, rng)


def _lost_brace(latex: str, rng: Random) -> str | None:
    return _lost(r"(?<=[a-z.\d])\}(?=[ .,:\n])")(latex, rng)


def _lost_opening(latex: str, rng: Random) -> str | None:
    return _lost(r"(?:(?<=\\emph)|(?<=\\ref)|(?<=\\citep)|(?<=section)|(?<=caption)|(?<=\\ensuremath))\{")(
        latex, rng
    )


def _lost_backslash(latex: str, rng: Random) -> str | None:
    return _lost(r"\\(?=emph|ref|citep|section|caption|label|begin|end|centering|midrule|ensuremath)")(
        latex, rng
    )


def _lost_row_end(latex: str, rng: Random) -> str | None:
    return _lost(r" \\\\(?=\n|[ ]\\midrule)")(latex, rng)


def _cut_across(latex: str, rng: Random) -> str | None:
    """Sixty characters of the text are gone, whatever stood there."""
    first, last = _body(latex)
    at = rng.randrange(first + 20, last - 80)
    return latex[:at] + latex[at + 60 :]


def _said_twice(latex: str, rng: Random) -> str | None:
    """A piece of 200 characters stands twice, cut without regard to braces."""
    first, last = _body(latex)
    at = rng.randrange(first + 20, last - 220)
    return latex[: at + 200] + latex[at:]


def _too_deep(latex: str, rng: Random) -> str | None:
    """Lists within lists, deeper than LaTeX goes."""
    name, depth = rng.choice((("itemize", 5), ("enumerate", 6), ("itemize", 8)))
    lists = "".join(f"\\begin{{{name}}}\n\\item One.\n" for _ in range(depth))
    return _insert(PLACES["sentence"], [f"\n{lists}" + f"\\end{{{name}}}\n" * depth])(latex, rng)


def _too_many_floats(latex: str, rng: Random) -> str | None:
    """More floats or notes in one place than LaTeX holds, or one longer than the page."""
    figure = "\n\\begin{figure}[p]\nWords.\n\\caption{One of many.}\n\\end{figure}"
    rows = "\\begin{tabular}{ll}" + "a & b \\\\\n" * 150 + "\\end{tabular}"
    crowds = (figure * 70, "\\marginpar{A note.}" * 140, f"\n\\begin{{table}}[t]{rows}\\end{{table}}\n")
    return _insert(PLACES["sentence"], crowds, " ")(latex, rng)


def _snippets() -> dict[str, Break]:
    kinds = tomllib.loads(SNIPPETS.read_text(encoding="utf-8"))["kinds"]
    return {kind["name"]: _put(kind["where"], kind["snippets"]) for kind in kinds}


def _put(where: str, snippets: Sequence[str]) -> Break:
    if where == "row":
        return _replace(PLACES[where], snippets)
    return _insert(PLACES[where], snippets, ROUND.get(where, ""))


KINDS: dict[str, Break] = {
    **_snippets(),
    "lists too deep": _too_deep,
    "too many floats": _too_many_floats,
    "a comment sign in an argument": _comment_in_argument,
    "a comment sign before an end": _comment_before_end,
    "ends in the wrong order": _swapped_ends,
    "an end lost": _lost_end,
    "a beginning lost": _lost_begin,
    "a closing brace lost": _lost_brace,
    "an opening brace lost": _lost_opening,
    "a backslash lost": _lost_backslash,
    "a row's end lost": _lost_row_end,
    "sixty characters lost": _cut_across,
    "a piece said twice": _said_twice,
}
