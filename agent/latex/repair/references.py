"""References and citations that lead nowhere, and works that BibTeX hands to TeX unescaped."""

from __future__ import annotations

import difflib
import re
from collections.abc import Container, Iterator

from agent.latex.diagnose import Problem
from agent.latex.escape import ascii_only
from agent.latex.repair.edit import Change

_BIBLIOGRAPHY = re.compile(r"\\bibliography\{([^{},]*)\}[ \t]*\n?")
_LABEL = re.compile(r"\\label\{([^}]*)\}")
_SPECIAL = re.compile(r"(?<!\\)([&#%_])")
_AS_IT_IS = re.compile(r"\s*(?:@|url\s*=|doi\s*=)|[^\n]*\$")
"""Lines of keys, addresses and math."""
_ALIKE = 0.9


def undefined(latex: str, problem: Problem) -> Iterator[Change]:
    """A reference to the label that it must have meant, else a note; citations are not guessed."""
    name = problem.macro
    if not name:
        return
    if problem.message.startswith("reference"):
        pattern = re.compile(rf"\\(?:ref|eqref|pageref|cref|Cref|autoref)\*?\{{{re.escape(name)}\}}")
        close = difflib.get_close_matches(name, _LABEL.findall(latex), n=1, cutoff=_ALIKE)
        for match in pattern.finditer(latex):
            text = match[0].replace(name, close[0]) if close else r"\textit{[a missing reference]}"
            yield Change("an undefined reference", match.start(), match.end(), text)
    if problem.message.startswith("citation"):
        for match in re.finditer(r"\\(cite\w*\*?)((?:\[[^\]]*\])*)\{([^{}]*)\}", latex):
            keys = [key.strip() for key in match[3].split(",")]
            if name not in keys:
                continue
            left = ",".join(key for key in keys if key != name)
            note = r"\textit{[a work that is not known]}"
            text = rf"\{match[1]}{match[2]}{{{left}}}" if left else note
            yield Change("an unknown citation", match.start(), match.end(), text)


def unknown_bibliographies(latex: str, files: Container[str]) -> Iterator[Change]:
    """Bibliographies whose file does not lie beside the paper, or that were named before."""
    seen = set[str]()
    for match in reversed(list(_BIBLIOGRAPHY.finditer(latex))):
        if match[1] in seen or f"{match[1].removesuffix('.bib')}.bib" not in files:
            yield Change("a bibliography that is not there", match.start(), match.end(), "")
        seen.add(match[1])


def in_bibliography(bib: str) -> str:
    """A bibliography whose fields TeX can set: special characters escaped, all in ASCII."""
    lines = [
        line if _AS_IT_IS.match(line) else _SPECIAL.sub(r"\\\1", line)
        for line in bib.splitlines(keepends=True)
    ]
    return ascii_only("".join(lines))
