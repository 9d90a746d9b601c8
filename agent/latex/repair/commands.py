"""Unknown commands, environments and packages."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from agent.latex.diagnose import Problem
from agent.latex.repair.edit import Change, line_bounds, locate

PACKAGES = {
    "amssymb": "mathbb mathfrak checkmark square lesssim gtrsim therefore because nexists varnothing",
    "multirow": "multirow",
    "siunitx": "SI si num qty unit SIrange numrange",
    "subcaption": "subcaptionbox subfloat",
    "enumitem": "setlist newlist",
    "bm": "bm",
    "mathtools": "coloneqq DeclarePairedDelimiter mathclap",
    "cleveref": "cref Cref crefrange",
    "xspace": "xspace",
    "nicefrac": "nicefrac",
    "soul": "hl st",
}
"""The packages that a repair may load, and the commands for which it does."""
ENVIRONMENTS = {
    "subfigure": "subcaption", "subtable": "subcaption", "algorithm": "algorithm",
    "algorithmic": "algpseudocode",
}  # fmt: skip
_NAMES = """
emph textbf textit texttt textsc textsf textsl underline section subsection paragraph item caption
label ref pageref cite citep citet citeauthor citeyear footnote url href includegraphics centering
begin end ensuremath frac sqrt sum prod int alpha beta gamma delta epsilon theta lambda mu nu pi rho
sigma tau phi chi psi omega Delta Sigma Omega times cdot pm leq geq neq approx sim infty mathrm
mathbf mathcal left right hat bar tilde vec ldots dots quad qquad text toprule midrule bottomrule
multicolumn hline addlinespace linewidth textwidth small footnotesize scriptsize shoalfact
shoalsetting shoalclaim shoalverdict shoaldeclared shoalrow conjecture enquote hyperlink hypertarget
allowbreak textbackslash noindent vspace hspace appendix bibliography log exp max min arg partial in
to mid cdots subset cup cap forall exists textrm
"""
COMMANDS = tuple(_NAMES.split())
"""Commands that a misspelt one may have meant."""
KNOWN_ENVIRONMENTS = (
    "abstract", "itemize", "enumerate", "description", "table", "figure", "equation", "align", "quote",
    "center", "tabular", "shoaltabular", "shoalcard", "shoalevidence", "shoalcode", "document",
)  # fmt: skip
_WORD = re.compile(r"\\([A-Za-z@]+)\*?$")
_ALIKE = 0.8
PACKAGE = "a missing package"
"""The rule that changes the preamble."""


def unknown_command(latex: str, problem: Problem) -> Iterator[Change]:
    """Spelt right, from a package, or set as its own name or its argument."""
    match = _WORD.search(problem.macro)
    at = locate(latex, problem)
    if match is None:
        return
    word = rf"\{match[1]}"
    start = _occurrence(latex, word, at)
    if start < 0:
        return
    stop = start + len(word)
    swapped = [known for known in COMMANDS if sorted(known) == sorted(match[1])]
    for close in dict.fromkeys(
        (*swapped, *difflib.get_close_matches(match[1], COMMANDS, n=2, cutoff=_ALIKE))
    ):
        yield Change("a misspelt command", start, stop, rf"\{close}")
    yield from run_together(latex, match[1], start, stop)
    for package, commands in PACKAGES.items():
        if match[1] in commands.split():
            yield from load(latex, package)
    if latex[stop : stop + 1] in ("{", "["):
        options = re.compile(r"(?:\[[^\]]*\])*").match(latex, stop)
        yield Change("an unknown command", start, options.end() if options else stop, "")
    else:
        yield Change("an unknown command", start, stop, rf"\texttt{{\textbackslash{{}}{match[1]}}}")
        yield Change("an unknown command", start, stop, "")


def run_together(latex: str, word: str, start: int, stop: int) -> Iterator[Change]:
    """A command that runs into the word after it, such as `\\\\itemThe`."""
    for known in sorted(COMMANDS, key=len, reverse=True):
        if known in ("begin", "end") or len(known) < 2:
            continue
        if word.startswith(known) and word != known and known not in ("in", "to"):
            rest = word[len(known) :]
            if re.match(r"[^{}\n]*\}", latex[stop:]):
                yield Change("a missing opening brace", start, stop, rf"\{known}{{{rest}")
            yield Change("a command without its space", start, stop, rf"\{known} {rest}")
            return


def _occurrence(latex: str, word: str, at: int) -> int:
    """The last whole occurrence of a control word that begins before an offset, else the first."""
    found = [m.start() for m in re.finditer(re.escape(word) + r"(?![A-Za-z@])", latex)]
    before = [one for one in found if one < at]
    return before[-1] if before else found[0] if found else -1


def unknown_environment(latex: str, problem: Problem) -> Iterator[Change]:
    """Spelt right, from a package, or taken away around its content."""
    match = re.search(r"Environment (\S+) undefined", problem.message)
    if match is None:
        return
    name = match[1]
    close = difflib.get_close_matches(name, KNOWN_ENVIRONMENTS, n=1, cutoff=0.75)
    for other in close:
        yield from _renamed(latex, name, other)
    if name in ENVIRONMENTS:
        older = name == "algorithmic" and r"\STATE" in latex
        yield from load(latex, "algorithmic" if older else ENVIRONMENTS[name])
    yield from _renamed(latex, name, "")


def _renamed(latex: str, name: str, other: str) -> Iterator[Change]:
    """All beginnings and ends of an environment under another name, or gone."""
    pattern = re.compile(rf"\\(begin|end)\s*\{{{re.escape(name)}\}}(?:\[[^\]\n]*\])?")
    found = list(pattern.finditer(latex))
    if not found:
        return
    start, stop = found[0].start(), found[-1].end()

    def new(match: re.Match[str]) -> str:
        return rf"\{match[1]}{{{other}}}" if other else ""

    text = pattern.sub(new, latex[start:stop])
    rule = "a misspelt environment" if other else "an unknown environment"
    yield Change(rule, start, stop, text)


def load(latex: str, package: str) -> Iterator[Change]:
    """The package, loaded after the paper's own style."""
    line = rf"\usepackage{{{package}}}"
    at = latex.find(r"\begin{document}")
    if at >= 0 and line not in latex:
        last = list(re.finditer(r"\\usepackage(?:\[[^\]]*\])?\{[^}]*\}\n?", latex[:at]))
        where = last[-1].end() if last else at
        yield Change(PACKAGE, where, where, line + "\n")


def missing_file(latex: str, problem: Problem) -> Iterator[Change]:
    """A package or file that is not there is not loaded."""
    match = re.search(r"File `([^']+)' not found", problem.message)
    name = match[1] if match else ""
    stem = re.escape(re.sub(r"\.(sty|tex|cls)$", "", name))
    pattern = (
        rf"\\(?:usepackage|RequirePackage|input|include)\s*(?:\[[^\]]*\])?\{{{stem}(?:\.\w+)?\}}[ \t]*\n?"
    )
    found = re.search(pattern, latex) if stem else None
    if found:
        yield Change("a missing file", found.start(), found.end(), "")


def given_twice(latex: str, problem: Problem) -> Iterator[Change]:
    """A command that is defined already is defined again."""
    start, stop = line_bounds(latex, problem.line or 1)
    for match in re.finditer(r"\\newcommand|\\newenvironment", latex[start:stop]):
        text = match[0].replace("new", "renew")
        yield Change("a command defined twice", start + match.start(), start + match.end(), text)
