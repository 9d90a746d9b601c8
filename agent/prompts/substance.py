"""What a repair of LaTeX may not change: digits, facts, claims, settings, citations and printed words.

Promises that markup is left out of the comparison, and that everything a reader could take for content is
in it. Compares texts as they are typed, comments included; does not expand macros.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

_LAYOUT = re.compile(
    r"\\(?:vspace|hspace|setlength|addlinespace|vskip|hskip|kern|rule|cmidrule|cline)\*?(?:\[[^\]]*\])?"
    r"(?:\([^)]*\))?(?:\{[^{}]*\}){0,2}"
    r"|\\includegraphics\*?(?:\[[^\]]*\])?(?:\{[^{}]*\})?"
    r"|\\(?:begin|end)\s*\{[^{}]*\}(?:\[[^\]]*\])?(?:\{[@!|>lcrLXPpm<{}\\.a-z0-9*]*\})?"
    r"|\\usepackage(?:\[[^\]]*\])?\{[^{}]*\}"
    r"|\\(?:ref|eqref|pageref|cref|Cref|autoref|label)\*?\{[^{}]*\}"
)
_NAMED = re.compile(r"\\(shoalfact|shoalsetting|shoalclaim|shoalrow|fact|interval|claim|setting)\{([^{}]*)\}")
_CITED = re.compile(r"\\(?:no)?cite\w*\*?(?:\[[^\]]*\])*\{([^{}]*)\}")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_CONTROL = re.compile(r"\\(?:[A-Za-z@]+\*?|.)", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Substance:
    """What a text says, apart from how it is set."""

    numbers: Counter[str]
    named: Counter[tuple[str, str]]
    """Facts, claims and settings by macro and name."""
    cited: Counter[str]
    words: Counter[str]


def substance(latex: str) -> Substance:
    """The content of a text, for comparison."""
    bare = _LAYOUT.sub(" ", latex)
    cited = [key.strip() for match in _CITED.finditer(bare) for key in match[1].split(",")]
    printed = _CONTROL.sub(" ", _CITED.sub(" ", bare))
    return Substance(
        numbers=Counter(_DIGITS.findall(_CITED.sub(" ", bare))),
        named=Counter((match[1], match[2]) for match in _NAMED.finditer(bare)),
        cited=Counter(key for key in cited if key),
        words=Counter(_WORD.findall(printed)),
    )


def changed(before: str, after: str, *, words: bool = True, may_go: frozenset[str] = frozenset()) -> str:
    """What differs in substance between two texts, in words; empty where nothing does.

    Args:
        words: Compare printed words too, and not digits, names and citations alone.
        may_go: Keys of citations that do not exist and may therefore vanish.
    """
    one, two = substance(before), substance(after)
    if one.numbers != two.numbers:
        return f"digits change: {_difference(one.numbers, two.numbers)}"
    if lost := one.named - two.named:
        return f"a fact, claim or setting vanishes: {next(iter(lost))[1]}"
    kept = Counter({key: count for key, count in one.cited.items() if key not in may_go})
    left = Counter({key: count for key, count in two.cited.items() if key not in may_go})
    if kept != left:
        return f"citations change: {_difference(kept, left)}"
    if words and one.words != two.words:
        return f"words change: {_difference(one.words, two.words)}"
    return ""


def _difference(one: Counter[str], two: Counter[str]) -> str:
    changes = [f"-{text}" for text in sorted(one - two)] + [f"+{text}" for text in sorted(two - one)]
    return " ".join(changes[:6])
