"""LaTeX as a tree with positions: what the audit and the binder read papers with.

Promises that every node knows where it stands and that Shoal's macros are parsed with their arguments.
Does not expand macros and does not follow included files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import takewhile
from typing import Any

FACT_MACROS = ("fact", "interval", "factcell", "intervalcell")
"""Macros whose argument names a fact."""
CITE_MACROS = ("cite", "citep", "citet", "citeauthor", "citeyear")
REFERENCE_MACROS = ("ref", "cref", "Cref", "autoref", "pageref")
_ONE_ARGUMENT = (
    *FACT_MACROS, "claim", "setting", "conjecture",
    "shoalverdict", "shoaldeclared", "nolinkurl", "enquote", *REFERENCE_MACROS,
)  # fmt: skip
_TWO_ARGUMENTS = ("shoalfact", "shoalsetting", "shoalclaim", "shoalrow", "hyperlink", "hypertarget")
_OPAQUE = frozenset({
    *FACT_MACROS, *CITE_MACROS, *REFERENCE_MACROS, "claim", "setting", "label", "begin", "end",
    "includegraphics", "usepackage", "documentclass", "bibliography", "bibliographystyle", "url",
    "nolinkurl", "hypertarget",
    "hypersetup", "setlength", "vspace", "hspace", "addlinespace", "cmidrule", "input", "include", "href",
})  # fmt: skip
"""Macros whose arguments are names, lengths or options, never prose."""
_CODE = (r"\begin{shoalcode}", r"\end{shoalcode}")
"""Around the listing that the renderer prints, whose characters are not LaTeX."""


@dataclass(frozen=True)
class Place:
    """A position in a text, both counted from 1."""

    line: int
    column: int


class Unreadable(ValueError):
    """A text is not balanced LaTeX."""

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(f"{place.line}:{place.column}: {message}")
        self.message = message
        self.place = place


def place_of(latex: str, position: int) -> Place:
    """Line and column of a character offset."""
    before = latex[:position]
    return Place(line=before.count("\n") + 1, column=position - (before.rfind("\n") + 1) + 1)


@cache
def _context() -> Any:
    from pylatexenc.latexwalker import get_default_latex_context_db
    from pylatexenc.macrospec import MacroSpec

    context = get_default_latex_context_db()
    macros = [MacroSpec(name, "{") for name in _ONE_ARGUMENT]
    macros += [MacroSpec(name, "{{") for name in _TWO_ARGUMENTS]
    macros += [
        MacroSpec("verdict", ""),
        MacroSpec("\\", ""),
        MacroSpec("addlinespace", "["),
        MacroSpec("cmidrule", "{"),
    ]
    macros += [MacroSpec(name, "*[[{") for name in CITE_MACROS]
    context.add_context_category("shoal", prepend=True, macros=macros)
    return context


@lru_cache(maxsize=64)  # every rule reads the same few texts
def parse(latex: str) -> tuple[Any, ...]:
    """The nodes of a text (pylatexenc's node classes).

    Raises:
        Unreadable: braces, environments or math are not balanced.
    """
    from pylatexenc.latexwalker import LatexWalker, LatexWalkerError, LatexWalkerParseError

    walker = LatexWalker(_without_code(latex), latex_context=_context(), tolerant_parsing=False)
    try:
        nodes, _, _ = walker.get_latex_nodes(pos=0)
    except LatexWalkerParseError as error:
        position = min(error.pos or 0, len(latex))
        raise Unreadable(str(error.msg), place_of(latex, position)) from error
    except LatexWalkerError as error:
        raise Unreadable(str(error), Place(1, 1)) from error
    return tuple(nodes)


def _without_code(latex: str) -> str:
    """A whole paper with its code listing blanked, all else where it was; any other text as it is."""
    start = latex.find(_CODE[0])
    if start < 0 or not latex.startswith(r"\documentclass"):
        return latex
    start += len(_CODE[0])
    stop = latex.find(_CODE[1], start)
    if stop < 0:
        return latex
    blank = "".join("\n" if character == "\n" else " " for character in latex[start:stop])
    return latex[:start] + blank + latex[stop:]


def kind_of(node: Any) -> str:
    """`chars`, `macro`, `environment`, `group`, `math`, `comment` or `specials`."""
    return type(node).__name__.removeprefix("Latex").removesuffix("Node").lower()


def name_of(node: Any) -> str:
    """Name of a macro or environment; empty for anything else."""
    kind = kind_of(node)
    if kind == "macro":
        return str(node.macroname)
    return str(node.environmentname) if kind == "environment" else ""


def arguments(node: Any) -> tuple[Any, ...]:
    """The arguments that a macro or environment was given."""
    parsed = getattr(node, "nodeargd", None)
    found = parsed.argnlist if parsed is not None and parsed.argnlist is not None else ()
    return tuple(argument for argument in found if argument is not None)


def children(node: Any) -> tuple[Any, ...]:
    """The nodes inside, arguments first."""
    return (*arguments(node), *(getattr(node, "nodelist", None) or ()))


def argument_text(node: Any, latex: str) -> str:
    """The last argument of a macro as written, without its braces; empty without one."""
    given = arguments(node)
    if not given:
        return ""
    last = given[-1]
    text = latex[last.pos : last.pos + last.len]
    return text[1:-1] if kind_of(last) == "group" else text


def walk(nodes: Iterable[Any]) -> Iterator[Any]:
    """Every node, parents before children, in the order of the text."""
    for node in nodes:
        yield node
        yield from walk(children(node))


def macros(latex: str, names: Iterable[str]) -> Iterator[tuple[Any, str]]:
    """Every use of the named macros with its last argument.

    Raises:
        Unreadable: the text is not balanced LaTeX.
    """
    wanted = frozenset(names)
    for node in walk(parse(latex)):
        if kind_of(node) == "macro" and node.macroname in wanted:
            yield node, argument_text(node, latex)


def keys_of(argument: str) -> tuple[str, ...]:
    """The keys of a citation's or reference's argument."""
    return tuple(key.strip() for key in argument.split(",") if key.strip())


def prose(nodes: Iterable[Any], skipped: frozenset[str] = frozenset()) -> Iterator[Any]:
    """The nodes of printed characters; names, lengths and comments are left out.

    Args:
        skipped: Further macros whose arguments are not looked into.
    """
    for node in nodes:
        kind, name = kind_of(node), name_of(node)
        if kind == "comment" or (kind == "macro" and (name in _OPAQUE or name in skipped)):
            continue
        if kind in ("chars", "specials"):
            yield node
        else:
            yield from prose(children(node), skipped)


def body_of(paper: str) -> tuple[Any, ...]:
    """The nodes of a whole paper from the title to the appendix; none where there is no document.

    Raises:
        Unreadable: the paper is not balanced LaTeX.
    """
    document = next((node for node in parse(paper) if name_of(node) == "document"), None)
    nodes = document.nodelist if document is not None else ()
    return tuple(takewhile(lambda node: name_of(node) != "appendix", nodes))
