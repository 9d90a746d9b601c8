"""The macro language of a section: what a writer may type, and what is wrong with a text in it.

Promises that names, commands, environments, digits and unbacked sentences are found by walking the parsed
LaTeX, not by matching its text. Does not bind, and does not judge whether a backed sentence is true.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from agent.prompts.amounts import typed_amounts, typed_digits
from agent.prompts.sentences import BACKED, VALUE, is_backed, is_declarative, spans

FACTS = frozenset({"fact", "interval"})
CITES = frozenset({"cite", "citet", "citep"})
STYLES = frozenset({"emph", "textit", "textbf", "texttt", "enquote"})
NAMED = FACTS | CITES | {"claim", "setting", "ref"}
"""Macros whose argument is a name, or for citations several names with commas."""
ESCAPES = frozenset("%&_#${} ,-/@;:!")
ACCENTS = frozenset("\"'`^~=.cvuHrkoOlL") | {"ss"}
SYMBOLS = frozenset({"ldots", "dots", "textendash", "textemdash", "textasciitilde", "textbackslash", "S"})
GREEK = frozenset(
    {"Delta", "alpha", "beta", "gamma", "delta", "epsilon", "eta", "lambda", "mu", "sigma", "theta", "tau"}
)
RELATIONS = frozenset(
    {"le", "leq", "ge", "geq", "times", "pm", "approx", "sim", "neq", "cdot", "in", "ll", "gg", "to"}
)
MATHS = (
    GREEK
    | RELATIONS
    | {"frac", "sqrt", "bar", "hat", "infty", "mathrm", "text", "log", "exp", "min", "max", "left", "right"}
)
ENVIRONMENTS = frozenset({"itemize", "enumerate", "description"})
BACKING = FACTS | CITES | {"claim", "verdict", "conjecture"}
"""A declarative sentence of abstract, results and conclusion carries one of these."""

_UNLICENSED = re.compile(
    r"\b(?:supported|refuted|inconclusive|significan(?:t|tly|ce)|outperform\w*|prove[sdn]?|"
    r"state[- ]of[- ]the[- ]art)\b",
    re.IGNORECASE,
)
"""The verdict's words, which might contradict the computed one, and words for more than an interval shows."""


_OF_ITSELF = re.compile(r"\b(?:this|the present|our) study\b", re.IGNORECASE)
EVIDENCE = FACTS | {"claim", "verdict"}
"""What a conjecture may not print."""


@dataclass(frozen=True)
class Allowed:
    """The names that a section may use."""

    facts: frozenset[str] = frozenset()
    claims: frozenset[str] = frozenset()
    settings: frozenset[str] = frozenset()
    cites: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Used:
    """The names that a text does use, in order of first use."""

    facts: tuple[str, ...]
    claims: tuple[str, ...]
    settings: tuple[str, ...]
    cites: tuple[str, ...]
    labels: tuple[str, ...]
    verdict: bool


class Unbalanced(ValueError):
    """The text is not LaTeX with balanced braces and environments."""


def macro_problems(latex: str, allowed: Allowed) -> tuple[str, ...]:
    """What keeps a text from being bound, each a sentence for its writer; empty when good."""
    try:
        nodes = _parse(latex)
    except Unbalanced as error:
        return (f"The LaTeX is not balanced: {error}.",)
    problems = [*_name_problems(latex, allowed), *_node_problems(nodes, latex, math=False)]
    if re.search(r"[\x00-\x09\x0b-\x1f]", latex):
        problems.append("It holds a control character: a backslash was not written twice in the JSON.")
    return tuple(dict.fromkeys(problems))


def used(latex: str) -> Used:
    """The names in a text.

    Raises:
        Unbalanced: the text cannot be parsed.
    """
    found: dict[str, list[str]] = {"facts": [], "claims": [], "settings": [], "cites": [], "labels": []}
    verdict = False
    for node in _walk(_parse(latex)):
        name = _macro(node)
        verdict = verdict or name == "verdict"
        if name in NAMED:
            found[_kind(name)] += _names(node, latex)
    unique = {kind: tuple(dict.fromkeys(names)) for kind, names in found.items()}
    return Used(**unique, verdict=verdict)


def named(latex: str) -> Counter[tuple[str, str]]:
    """How often each macro prints each name.

    Raises:
        Unbalanced: the text cannot be parsed.
    """
    macros = (node for node in _walk(_parse(latex)) if _macro(node) in NAMED)
    return Counter((_macro(node), name) for node in macros for name in _names(node, latex))


def unbacked_sentences(latex: str) -> tuple[str, ...]:
    """The declarative sentences without a fact, claim, citation, verdict or conjecture.

    Raises:
        Unbalanced: the text cannot be parsed.
    """
    flat = _flat(_parse(latex), latex)
    sentences = [" ".join(flat[start:stop].split()) for start, stop in spans(flat)]
    return tuple(
        sentence.replace(VALUE, "…")
        for sentence in sentences
        if is_declarative(sentence) and not is_backed(sentence)
    )


def unlicensed_words(latex: str) -> tuple[str, ...]:
    """Typed words that claim what only `\\verdict` or nothing here may, outside conjectures.

    Raises:
        Unbalanced: the text cannot be parsed.
    """
    found = (word[0] for word in _UNLICENSED.finditer(_flat(_parse(latex), latex)))
    return tuple(dict.fromkeys(word.lower() for word in found))


def conjecture_problems(latex: str) -> tuple[str, ...]:
    """What a conjecture may not hold: evidence, the verdict's words, stronger ones, and this study itself.

    Raises:
        Unbalanced: the text cannot be parsed.
    """
    problems: list[str] = []
    for node in _walk(_parse(latex)):
        if _macro(node) != "conjecture":
            continue
        inner = list(_walk(_arguments(node)))
        text = _flat(_arguments(node), latex)
        words = [match[0] for match in (*_UNLICENSED.finditer(text), *_OF_ITSELF.finditer(text))]
        named = [rf"\{name}" for name in map(_macro, inner) if name in EVIDENCE]
        problems += [
            f"'{word}' stands in a \\conjecture, which says nothing about what was measured."
            for word in dict.fromkeys((*words, *named))
        ]
    return tuple(dict.fromkeys(problems))


def word_count(latex: str) -> int:
    """Words of the prose; a macro that prints a value counts as one.

    Raises:
        Unbalanced: the text cannot be parsed.
    """
    return len(
        re.findall(rf"[^\W_][\w'’-]*|{BACKED}|{VALUE}", _flat(_parse(latex), latex, open_conjecture=True))
    )


@cache
def _context() -> Any:
    from pylatexenc.macrospec import EnvironmentSpec, LatexContextDb, MacroSpec

    one = NAMED | STYLES | {"conjecture", "mathrm", "text", "sqrt", "bar", "hat"}
    context = LatexContextDb()
    context.add_context_category(
        "shoal",
        macros=[
            *(MacroSpec(name, "{") for name in sorted(one)),
            MacroSpec("frac", "{{"),
            MacroSpec("verdict", ""),
            MacroSpec("item", "["),
        ],
        environments=[EnvironmentSpec(name, "") for name in sorted(ENVIRONMENTS)],
    )
    context.set_unknown_macro_spec(MacroSpec("", ""))
    context.set_unknown_environment_spec(EnvironmentSpec("", ""))
    return context


def _parse(latex: str) -> list[Any]:
    from pylatexenc.latexwalker import LatexWalker, LatexWalkerError

    try:
        walker = LatexWalker(latex, latex_context=_context(), tolerant_parsing=False)
        nodes, _, _ = walker.get_latex_nodes(pos=0)
    except LatexWalkerError as error:
        raise Unbalanced(" ".join(str(error).split())[:200]) from error
    return list(nodes)


def _node(node: Any) -> str:
    return type(node).__name__


def _macro(node: Any) -> str:
    return str(node.macroname) if _node(node) == "LatexMacroNode" else ""


def _arguments(node: Any) -> list[Any]:
    parsed = getattr(node, "nodeargd", None)
    return [argument for argument in (parsed.argnlist or ()) if argument is not None] if parsed else []


def _children(node: Any) -> list[Any]:
    return [*_arguments(node), *(getattr(node, "nodelist", None) or ())]


def _walk(nodes: Iterable[Any]) -> Iterator[Any]:
    for node in nodes:
        yield node
        yield from _walk(_children(node))


def _kind(macro: str) -> str:
    kinds = {"claim": "claims", "setting": "settings", "ref": "labels"}
    return "facts" if macro in FACTS else "cites" if macro in CITES else kinds[macro]


def _names(node: Any, latex: str) -> list[str]:
    arguments = _arguments(node)
    if not arguments:
        return [""]
    text = (
        latex[arguments[-1].pos : arguments[-1].pos + arguments[-1].len]
        .strip()
        .removeprefix("{")
        .removesuffix("}")
    )
    return [name.strip() for name in text.split(",")] if _macro(node) in CITES else [text.strip()]


def _name_problems(latex: str, allowed: Allowed) -> Iterator[str]:
    names = used(latex)
    for kind, macro in (("facts", "fact"), ("claims", "claim"), ("settings", "setting"), ("cites", "cite"),
                        ("labels", "ref")):  # fmt: skip
        known: frozenset[str] = getattr(allowed, kind)
        for name in getattr(names, kind):
            if name not in known:
                yield f"\\{macro}{{{name}}} names nothing in the list of {kind}."


def _node_problems(nodes: Iterable[Any], latex: str, *, math: bool) -> Iterator[str]:
    for node in nodes:
        kind, macro = _node(node), _macro(node)
        if macro in NAMED:
            continue
        if kind == "LatexCharsNode":
            yield from _typed_numbers(node.chars)
        if kind == "LatexCommentNode":
            yield r"There is a comment (an unescaped %): write \% for the sign."
        if macro and not _is_allowed(macro, math=math):
            yield f"\\{macro} is not one of the commands you may use."
        if kind == "LatexEnvironmentNode" and node.environmentname not in ENVIRONMENTS:
            yield f"The environment {node.environmentname} may not be used."
        if kind == "LatexMathNode" and node.displaytype != "inline":
            yield "Displayed maths may not be used."
        if kind == "LatexCharsNode" and not math and re.search(r"[&#_^]", node.chars):
            yield f"An unescaped special character stands in {_around(latex, node)!r}: write \\& \\# \\_."
        yield from _node_problems(_children(node), latex, math=math or kind == "LatexMathNode")


def _typed_numbers(chars: str) -> Iterator[str]:
    for number in (*typed_digits(chars), *typed_amounts(chars)):
        yield f"The number {number.text!r} is typed: numbers come from \\fact or \\setting only."


def _is_allowed(macro: str, *, math: bool) -> bool:
    if macro in MATHS:
        return math
    return macro in STYLES | ESCAPES | ACCENTS | SYMBOLS | {"verdict", "conjecture", "item"}


def _around(latex: str, node: Any) -> str:
    found = re.search(r"[&#_^]", node.chars)
    middle = node.pos + (found.start() if found else 0)
    return " ".join(latex[max(0, middle - 25) : middle + 25].split())


def _flat(nodes: Iterable[Any], latex: str, *, open_conjecture: bool = False) -> str:
    """The text with one mark for each macro that backs a sentence and another for any other value."""
    pieces = []
    for node in nodes:
        kind, macro = _node(node), _macro(node)
        if kind == "LatexCommentNode":
            continue
        if kind == "LatexCharsNode":
            pieces.append(node.chars)
        elif kind == "LatexSpecialsNode":
            pieces.append(" " if node.specials_chars == "~" else node.specials_chars)
        elif macro == "item":
            pieces.append("\n\n")
        elif macro in BACKING and not (macro == "conjecture" and open_conjecture):
            pieces.append(BACKED + node.macro_post_space + _stop_of(node, latex))
        elif macro in NAMED or kind == "LatexMathNode":
            pieces.append(VALUE)
        elif macro and not _arguments(node):
            pieces.append(macro if macro in ESCAPES else node.macro_post_space)
        else:
            pieces.append(_flat(_children(node), latex, open_conjecture=open_conjecture))
            pieces.append("\n\n" if kind == "LatexEnvironmentNode" else "")
    return "".join(pieces)


def _stop_of(node: Any, latex: str) -> str:
    """The full stop that ends a conjecture's text inside its braces."""
    text = latex[node.pos : node.pos + node.len].rstrip()
    return "." if _macro(node) == "conjecture" and text.endswith(".}") else ""
