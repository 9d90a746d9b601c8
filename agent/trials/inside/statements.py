"""Says which lines hold statements: runs in a sandbox beside the experiment's code, and runs none of it.

`python statements.py --code DIR --out FILE NAME…` writes `{NAME: [[line, …], …]}`: for each statement that
does something its lines, up to the body of one that has a body; the first one names it. Comments, blank
lines, docstrings and other constants, `global`, `nonlocal` and annotations without a value do nothing. A
statement that nothing can reach is one all the same, also where the compiler leaves it out. Lines inside a
lambda or a comprehension belong to the statement around them.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import os
import tokenize
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SILENT = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
CLAUSES = (ast.stmt, ast.ExceptHandler, getattr(ast, "match_case", ast.ExceptHandler))
"""What has lines of its own; an older Python has no `match`."""


def statements(source: str) -> list[list[int]]:
    """The lines of each statement, in order.

    Raises:
        SyntaxError: it is not Python.
    """
    words = _lines_with_words(source)
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, CLAUSES) and not _does_nothing(node):
            first, last = _span(node)
            lines = [line for line in range(first, last + 1) if line in words]
            if lines:
                found.append(lines)
    return sorted(found)


def _does_nothing(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.AnnAssign):
        return node.value is None
    return isinstance(node, (ast.Global, ast.Nonlocal))


def _span(node: ast.AST) -> tuple[int, int]:
    """First and last line of a statement without its body; decorators are part of it."""
    if isinstance(node, ast.stmt) and not (hasattr(node, "body") or hasattr(node, "cases")):
        return node.lineno, node.end_lineno or node.lineno
    places = [place for part in _own_parts(node) for place in _place(part)] + _place(node)[:1]
    body: list[ast.AST] = getattr(node, "body", None) or getattr(node, "cases", [])
    return min(places), min(max(places), max(min(places), _first(body[0]) - 1))


def _first(node: ast.AST) -> int:
    return min([place for part in (node, *_own_parts(node)) for place in _place(part)[:1]])


def _own_parts(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, CLAUSES):
            yield child
            yield from _own_parts(child)


def _place(node: ast.AST) -> list[int]:
    """First and last line where a node has them; a `match_case` itself has none."""
    first = getattr(node, "lineno", None)
    return [] if first is None else [first, getattr(node, "end_lineno", None) or first]


def _lines_with_words(source: str) -> set[int]:
    """The lines that hold more than blanks and comments."""
    found: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in SILENT:
            found.update(range(token.start[0], token.end[0] + 1))
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--code", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("names", nargs="+")
    arguments = parser.parse_args()
    found = {}
    for name in arguments.names:
        with tokenize.open(os.path.join(arguments.code, name)) as file:
            found[name] = statements(file.read())
    with open(arguments.out, "w", encoding="utf-8") as file:
        json.dump(found, file)


if __name__ == "__main__":
    main()
