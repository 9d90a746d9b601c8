# ruff: noqa: E501
"""Seeded ways to break a paper's LaTeX. Knows nothing of how they are mended; imports no part of Shoal.

Each function takes a paper and a random generator and returns the paper with one breakage, or None where
the paper has nothing of that kind.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

Breakage = Callable[[str, random.Random], str | None]


def _body(latex: str) -> tuple[int, int]:
    return latex.index(r"\begin{document}") + 17, latex.index(r"\end{document}")


def _one(latex: str, pattern: str, rng: random.Random) -> re.Match[str] | None:
    start, stop = _body(latex)
    found = list(re.compile(pattern).finditer(latex, start, stop))
    return rng.choice(found) if found else None


def _word_end(latex: str, rng: random.Random) -> int | None:
    """The end of a word of running text."""
    match = _one(latex, r"(?<= )[a-z]{3,}(?= [a-z]{2,} )", rng)
    return match.end() if match else None


def inserting(*texts: str) -> Breakage:
    """One of some texts after a word of running text."""

    def broken(latex: str, rng: random.Random) -> str | None:
        at = _word_end(latex, rng)
        return None if at is None else latex[:at] + rng.choice(texts) + latex[at:]

    return broken


def replacing(pattern: str, *texts: str) -> Breakage:
    """One match of a pattern replaced by one of some templates."""

    def broken(latex: str, rng: random.Random) -> str | None:
        match = _one(latex, pattern, rng)
        if match is None:
            return None
        return latex[: match.start()] + match.expand(rng.choice(texts)) + latex[match.end() :]

    return broken


def misspelt_command(latex: str, rng: random.Random) -> str | None:
    """A letter of a command doubled, dropped or swapped with the next."""
    match = _one(latex, r"\\[a-z]{4,}(?![A-Za-z])", rng)
    if match is None:
        return None
    word = match[0]
    at = rng.randrange(2, len(word) - 1)
    new = rng.choice(
        [
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        ]
    )
    return None if new == word else latex[: match.start()] + new + latex[match.end() :]


def misspelt_environment(latex: str, rng: random.Random) -> str | None:
    """One environment's beginning, end or both under a wrong name."""
    match = _one(latex, r"\\begin\{([a-z]+)\}", rng)
    if match is None or match[1] == "document":
        return None
    name = match[1]
    at = rng.randrange(1, len(name))
    wrong = name[:at] + rng.choice("aeiorst") + name[at:]
    stop = latex.index(rf"\end{{{name}}}", match.end())
    whole = latex[match.start() : stop] + rf"\end{{{name}}}"
    which = rng.randrange(3)
    new = whole
    if which != 1:
        new = new.replace(rf"\begin{{{name}}}", rf"\begin{{{wrong}}}", 1)
    if which != 0:
        new = new[: new.rindex(rf"\end{{{name}}}")] + rf"\end{{{wrong}}}"
    return latex[: match.start()] + new + latex[match.start() + len(whole) :]


def missing_figure(latex: str, rng: random.Random) -> str | None:
    """A figure's file under a name that does not exist."""
    return replacing(r"\{figures/([a-z-]+)\.pdf\}", r"{figures/\1-final.pdf}", r"{\1.png}")(latex, rng)


def unknown_package(latex: str, rng: random.Random) -> str | None:
    """A package that no TeX has."""
    line = rng.choice([r"\usepackage{nosuchpackage}", r"\usepackage[final]{neurips_9999}"])
    return latex.replace(r"\begin{document}", f"{line}\n\\begin{{document}}", 1)


def cut_off(latex: str, rng: random.Random) -> str | None:
    """The paper ends within its last lines, as an answer cut off at its length does."""
    return latex[: latex.rindex(r"\hypertarget")]


KINDS: dict[str, Breakage] = {
    "& in text": inserting(" R&D", " & so", " A&B"),
    "# in text": inserting(" #1", " run # two", " C#"),
    "_ in text": inserting(" weight_decay", " a_b_c", " learning_rate_schedule"),
    "^ in text": inserting(" x^2", " 10^-3", " R^2"),
    "$ in text": inserting(" US$", " 5$ more", " $ each"),
    "% in an argument": inserting(r" \emph{about 5% more}", r" \textbf{up by 3 % now}"),
    "closing brace lost": replacing(r"(\\(?:emph|textbf|texttt|ref|ensuremath)\{[^{}]*)\}", r"\1"),
    "closing brace lost anywhere": replacing(r"(?<!\\)\}", ""),
    "opening brace lost": replacing(r"(\\[a-z]+)\{", r"\1"),
    "closing brace too many": inserting("}", "}}", ".}"),
    "opening brace too many": inserting("{", " {a", r" \textbf{"),
    "end of environment lost": replacing(r"\\end\{(?!document)[a-z]+\}\n?", ""),
    "beginning of environment lost": replacing(r"\\begin\{(?:itemize|abstract|table|figure|shoalcard)\}(?:\[\w+\])?", ""),
    "beginning of table body lost": replacing(r"\\begin\{shoaltabular\}\{\w+\}", ""),
    "wrong end of environment": replacing(r"\\end\{(itemize|table|figure|abstract)\}", r"\\end{center}", r"\\end{enumerate}"),
    "misspelt environment": misspelt_environment,
    "unknown environment": inserting("\n\\begin{keypoints}\nThis matters.\n\\end{keypoints}\n", "\n\\begin{tcolorbox}A box.\\end{tcolorbox}\n"),
    "misspelt command": misspelt_command,
    "unknown command": inserting(r" \method", r" \ours{}", r" \xspacex"),
    "unknown command with an argument": inserting(r" \hlnew{marked text}", r" \todo{cite}", r" \revised[a]{new}"),
    "command of a package": inserting(r" \SI{3}{\second}", r" $\mathbb{R}$", r" \checkmark", r" \cref{tab:results}"),
    "unknown citation": inserting(r" \citep{smith2031nothing}", r" \cite{nobody,anon2030}"),
    "unknown reference": inserting(r" (Table~\ref{tab:nothing})", r" (Figure~\ref{fig:effect})"),
    "cell too many": replacing(r" \\\\\n", r" & more \\\\\n", r" & a & b \\\\\n"),
    "end of row lost": replacing(r" \\\\\n(?=[^\n]*&)", r"\n"),
    "unknown column type": replacing(r"\\begin\{shoaltabular\}\{L", r"\\begin{shoaltabular}{Lz", r"\\begin{shoaltabular}{QY"),
    "math not closed": inserting(r" $x_i", r" $\alpha", r" $n = 5"),
    "math not opened": inserting(r" x_i$", r" \alpha$ is", r" p < 1$"),
    "math command in text": inserting(r" \alpha", r" \times", r" \frac{a}{b}", r" \sum_i", r" \leq"),
    "double script": inserting(r" $x^a^b$", r" $y_i_j$", r" $\theta_t_0^2^3$"),
    "delimiters that do not pair": inserting(r" $\left( a + b$", r" $a \right)$", r" $\left[ a ) $"),
    "display not closed": inserting(r" $$ a = b $", r" \[ a = b", r" a = b \]"),
    "not ASCII": inserting(" \u2192 then", " \u2207f", " \u2265 zero", " caf\u00e9 \u5b57", " \u03b1-level", " \U0001f600"),
    "missing figure": missing_figure,
    "unknown package": unknown_package,
    "blank line in an argument": replacing(r"(\\(?:emph|textbf|texttt)\{)", "\\1\n\n"),
    "verbatim in an argument": inserting(r" \footnote{see \verb|a_b|}", r" \emph{\verb+x#y+}"),
    "verbatim not closed": inserting(r" \verb|code", r" \verb+a_b"),
    "item outside a list": inserting("\n\\item a point\n", "\n\n\\item one\n\\item two\n\n"),
    "list without an item": inserting("\n\\begin{itemize}\na point\n\\end{itemize}\n"),
    "bracket after a row": replacing(r" \\\\\n(?=[a-z])", " \\\\\\\\\n[a, b] "),
    "space of no size": inserting(r" \vspace{much}", r" \hspace{}", r" \vspace{2 lines}"),
    "line's end without a line": inserting("\n\n\\\\\n\n", "\n\n\\newline\n"),
    "float in a box": inserting(r" \footnote{\begin{table}a\end{table}}", r" \parbox{3cm}{\begin{figure}[h]b\end{figure}}"),
    "caption outside a float": inserting("\n\n\\caption{Loose.}\n\n"),
    "stray conditional": inserting(r" \fi", r" \else", r" \endgroup", r" \right"),
    "command defined twice": inserting("\n\\newcommand{\\emph}{x}\n", r" \newcommand{\textbf}[1]{x}"),
    "recursive macro": inserting(r" \def\again{\again}\again", r" \newcommand{\loopy}{\loopy x}\loopy"),
    "file that is not there": inserting(r" \input{appendix/details}", r" \include{more}"),
    "paper cut off": cut_off,
}  # fmt: skip
"""By name."""
