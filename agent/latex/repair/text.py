"""Characters of text that mean something else to TeX, and math where it does not belong."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.latex.diagnose import Problem
from agent.latex.escape import ascii_only, escape
from agent.latex.repair.commands import COMMANDS
from agent.latex.repair.edit import Change, line_at, line_bounds, locate, paragraph

_ESCAPED = {"_": r"\_", "^": r"\^{}", "&": r"\&", "#": r"\#", "~": r"\textasciitilde{}"}
_BARE = {mark: re.compile(rf"(?<!\\)(?:\\\\)*({re.escape(mark)})") for mark in _ESCAPED}
_SCRIPT = re.compile(r"([_^])(\{[^{}]*\}|\\[A-Za-z]+(?:\{[^{}]*\})?|[^\s{}\\])")
_VERB = re.compile(r"\\verb\*?(?P<bar>[^A-Za-z\s*])(?P<text>[^\n]*?)(?:(?P=bar)|(?=\n))")
_MATH = re.compile(
    r"\\(?:frac|sqrt|sum|prod|int|alpha|beta|gamma|delta|epsilon|eta|theta|kappa|lambda|mu|nu|pi|rho|sigma|tau"
    r"|phi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Sigma|Phi|Psi|Omega|times|cdot|pm|mp|leq?|geq?|neq?|approx"
    r"|sim|infty|partial|nabla|in|to|rightarrow|leftarrow|mapsto|mathrm|mathbf|mathcal|mathbb|hat|bar|vec|tilde"
    r"|forall|exists|cup|cap|subset|propto|equiv|ll|gg|log|exp|max|min)(?![A-Za-z])"
    r"(?:\s*\{[^{}]*\}|\s*[_^](?:\{[^{}]*\}|\w))*"
)
_DEFINED = re.compile(
    r"\\(?:long\s*|global\s*|outer\s*)*(?:(?:re)?newcommand\*?|providecommand\*?|[egx]?def|let)"
    r"\s*\{?\\(?P<name>[A-Za-z@]+)\}?(?:\[[^\]]*\]){0,2}[#\d]*\s*(?P<body>\{(?:[^{}]|\{[^{}]*\})*\})?"
)
_OPAQUE = re.compile(r"\\begin\{(verbatim|Verbatim|lstlisting|shoalcode)\}.*?\\end\{\1\}", re.DOTALL)
_ENDS = re.compile(r"\\(?:end\s*\{document\}|endinput(?![A-Za-z@])|bye(?![A-Za-z@])|stop(?![A-Za-z@]))")
_HIDES = re.compile(r"(?<=\d)[ \t~]?(%)(?=[ \t]*[^\s%])")
_INNERMOST = re.compile(
    r"\\begin\{(itemize|enumerate)\}[ \t]*\n?((?:(?!\\begin\{\1\}).)*?)\\end\{\1\}[ \t]*\n?", re.DOTALL
)
_ESCAPES = {"\a": "a", "\b": "b", "\t": "t", "\v": "v", "\f": "f", "\r": "r"}
_CONTROL = re.compile(r"([\x00-\x09\x0b-\x1f\x7f])([A-Za-z]*)")
_PREAMBLE = re.compile(
    r"\\(?:documentclass|usepackage|RequirePackage)\s*(?:\[[^\]]*\])?\{[^{}]*\}[ \t]*\n?"
    r"|\\(?:begin\{document\}|makeatletter|makeatother|nofiles)[ \t]*\n?"
)
_HEADING = re.compile(r"\\(?:sub){0,2}section\*?\{(?P<words>[^\n]*?)\}?[ \t]*(?=\\label\{|$)", re.MULTILINE)
_OPERATOR = re.compile(r"\\DeclareMathOperator\*?\s*\{?(\\[A-Za-z]+)\}?\s*\{([^{}]*)\}")
_SPACE = re.compile(
    r"\\(?:vspace|hspace|addlinespace|vskip|hskip|setlength|rule|addvspace)\*?(?:\[[^\]]*\])?(?:\{[^{}]*\})*"
)
_PROGRAM = re.compile(
    r"\\(?:loop|repeat|csname|expandafter|newwrite|openout|immediate|write18|catcode)\b[^\n]*"
)

MOST_GAPS = 4
"""Blank lines before an error that are tried."""

DEEPEST = 4
"""Lists of one kind within each other that LaTeX can set."""


def ends_early(latex: str) -> Iterator[Change]:
    """What would end the document before its end, the last of them first."""
    stop = latex.rfind(r"\end{document}")
    opaque = [match.span() for match in _OPAQUE.finditer(latex)]
    for match in reversed(list(_ENDS.finditer(latex, 0, max(stop, 0)))):
        if not any(first < match.start() < last for first, last in opaque):
            yield Change("an end before the end", match.start(), match.end(), "")


def hides_text(latex: str) -> Iterator[Change]:
    """A percent sign after a number, which hides the rest of its line from TeX, the last of them first."""
    opaque = [match.span() for pattern in (_OPAQUE, _VERB) for match in pattern.finditer(latex)]
    for match in reversed(list(_HIDES.finditer(latex))):
        if not any(first < match.start() < last for first, last in opaque):
            yield Change("an unescaped %", match.start(1), match.end(1), r"\%")


def unprintable(latex: str, problem: Problem) -> Iterator[Change]:
    """Control characters: what is left of a command whose backslash was read as an escape, or nothing."""

    def restored(match: re.Match[str]) -> str:
        word = _ESCAPES.get(match[1], "") + match[2]
        if match[1] in _ESCAPES and word in COMMANDS:
            return "\\" + word
        return match[0] if match[1] in "\t\r" else match[2]

    text = _CONTROL.sub(restored, latex)
    if text != latex:
        yield Change("control characters", 0, len(latex), text)


def plain_heading(latex: str, problem: Problem) -> Iterator[Change]:
    """A heading's words alone, where its markup cannot stand in one."""
    start, stop = line_bounds(latex, problem.line or 1)
    match = _HEADING.search(latex, start, stop)
    if match:
        words = re.sub(r"\\[A-Za-z@]+\*?|[\\{}$&#^_~%|]", " ", match["words"])
        yield Change("a heading's markup", *match.span("words"), " ".join(words.split()))


def only_in_preamble(latex: str, problem: Problem) -> Iterator[Change]:
    """A second document's beginning inside the first, and what only a preamble may say."""
    body = latex.find(r"\begin{document}") + len(r"\begin{document}")
    text = _OPERATOR.sub(r"\\providecommand{\1}{\\operatorname{\2}}", _PREAMBLE.sub("", latex[body:]))
    if text != latex[body:]:
        yield Change("a preamble in the text", body, len(latex), text)


def blank_in_argument(latex: str, problem: Problem) -> Iterator[Change]:
    """A blank line in an argument that may hold one paragraph only."""
    _, stop = line_bounds(latex, problem.line or 1)
    for gap in reversed(list(re.finditer(r"[ \t]*\n[ \t]*\n\s*", latex[:stop]))[-MOST_GAPS:]):
        depth = 0
        for match in re.compile(r"\\section|\\begin\{document|\\.|[{}]").finditer(latex, gap.end()):
            depth += {"{": 1, "}": -1}.get(match[0], 0)
            if depth < 0:
                yield Change("a blank line in an argument", gap.start(), gap.end(), "\n")
            if depth < 0 or len(match[0]) > len(r"\x"):
                break


def special_in_text(latex: str, problem: Problem) -> Iterator[Change]:
    """`_`, `^`, `&` or `#` in text, escaped where TeX stopped at it."""
    at = locate(latex, problem)
    marks = [problem.macro] if problem.macro in _ESCAPED else []
    if "alignment" in problem.message:
        marks.append("&")
    if "parameter" in problem.message:
        marks.append("#")
    if "Missing $" in problem.message and not marks:
        marks += ["_", "^"]
    start, _ = paragraph(latex, max(at - 1, 0))
    for mark in dict.fromkeys(marks):
        found = [match.start(1) for match in _BARE[mark].finditer(latex, start, at)]
        if found:
            yield Change(f"an unescaped {mark}", found[-1], found[-1] + 1, _ESCAPED[mark])


def math_in_text(latex: str, problem: Problem) -> Iterator[Change]:
    """A command that only math knows, put into math."""
    at = locate(latex, problem)
    start, stop = paragraph(latex, max(at - 1, 0))
    found = [
        match for match in _MATH.finditer(latex, start, stop) if not _in_math(latex, start, match.start())
    ]
    for match in sorted(found, key=lambda one: abs(one.end() - at)):
        yield Change("math in text", match.start(), match.end(), rf"\ensuremath{{{match[0]}}}")


def _in_math(latex: str, start: int, at: int) -> bool:
    """Whether dollars or `\\ensuremath` stand open before an offset."""
    before = latex[start:at]
    return len(re.findall(r"(?<!\\)\$", before)) % 2 == 1 or before.endswith(r"\ensuremath{")


def double_script(latex: str, problem: Problem) -> Iterator[Change]:
    """Two superscripts or subscripts on one symbol."""
    at = locate(latex, problem)
    start, end = paragraph(latex, max(at - 1, 0))
    for match in reversed(list(_SCRIPT.finditer(latex, start, min(at + 2, end)))):
        again = _SCRIPT.match(latex, match.end())
        if again and again[1] == match[1]:
            yield Change(f"a double {match[1]}", again.start(), again.start(), "{}")
    mark = max(latex.rfind("^", start, at), latex.rfind("_", start, at))
    if mark > 0:
        yield Change("a double script", mark, mark, "{}")


def not_ascii(latex: str, problem: Problem) -> Iterator[Change]:
    """Characters that the fonts lack, written as commands: the line's, then all."""
    if latex.isascii():
        return
    start, stop = line_bounds(latex, problem.line or 1)
    if not latex[start:stop].isascii():
        yield Change("a character that is not ASCII", start, stop, ascii_only(latex[start:stop]))
    yield Change("characters that are not ASCII", 0, len(latex), ascii_only(latex))


def unverbatim(latex: str, problem: Problem) -> Iterator[Change]:
    """`\\\\verb` where it cannot stand, or without its end."""
    at = locate(latex, problem)
    start, stop = paragraph(latex, max(at - 1, 0))
    for match in _VERB.finditer(latex, start, stop):
        yield Change("a misplaced \\verb", match.start(), match.end(), rf"\texttt{{{escape(match['text'])}}}")


def missing_number(latex: str, problem: Problem) -> Iterator[Change]:
    """A length that is none: a bracket after a line's end, or a space of no size."""
    at = locate(latex, problem)
    start, stop = paragraph(latex, max(at - 1, 0))
    for match in re.finditer(r"\\\\(?=\s*\[)", latex[start:stop]):
        yield Change("a bracket after \\\\", start + match.start(), start + match.end(), r"\\{}")
    for match in re.finditer(_SPACE, latex[start:stop]):
        yield Change("a space of no size", start + match.start(), start + match.end(), "")
    for match in re.finditer(r"\\includegraphics\*?(\[[^\]]*\])", latex[start:stop]):
        first, last = match.span(1)
        yield Change("a size that is none", start + first, start + last, r"[width=\linewidth]")


def nothing_to_end(latex: str, problem: Problem) -> Iterator[Change]:
    """`\\\\` where no line is: after a blank line or a heading, the nearest before the error first."""
    _, stop = line_bounds(latex, problem.line or 1)
    pattern = (
        r"(?:\n[ \t]*\n|\\par|\\section\{[^{}]*\}|\\(?:begin|end)\{\w+\})\s*"
        r"(\\(?:\\\*?(?:\[[^\]\n]*\])?|newline(?![A-Za-z])|linebreak(?![A-Za-z])))"
    )
    for match in reversed(list(re.finditer(pattern, latex[:stop]))):
        yield Change("a line's end without a line", match.start(1), match.end(1), "")


def delimiters(latex: str, problem: Problem) -> Iterator[Change]:
    """`\\\\left` and `\\\\right` that do not pair; displays inside math."""
    at = locate(latex, problem)
    start, stop = paragraph(latex, max(at - 1, 0))
    text = latex[start:stop]
    plain = re.sub(r"\\(?:left|right)(?![A-Za-z])\s*\.?", "", text)
    if plain != text:
        yield Change("delimiters that do not pair", start, stop, plain)
    for mark in (r"\\\[", r"\\\]", r"\\\(", r"\\\)"):
        for match in re.finditer(rf"(?<!\\){mark}", text):
            yield Change("math within math", start + match.start(), start + match.end(), "")


def display(latex: str, problem: Problem) -> Iterator[Change]:
    """`$$` that ends in one `$`, or the other way about."""
    at = locate(latex, problem)
    start, stop = paragraph(latex, max(at - 1, 0))
    for match in reversed(list(re.finditer(r"(?<!\$)\$(?!\$)", latex[start:stop]))):
        yield Change("a display with one $", start + match.start(), start + match.end(), "$$")
    for match in re.finditer(r"\$\$", latex[start:stop]):
        yield Change("a display with one $", start + match.start(), start + match.end(), "$")


def lonely_item(latex: str, problem: Problem) -> Iterator[Change]:
    """Items without a list, or a list without items."""
    _, stop = line_bounds(latex, problem.line or 1)
    if "missing" in problem.message and "Lonely" not in problem.message:
        for match in re.finditer(r"\\begin\{(itemize|enumerate|description)\}[ \t]*\n?", latex):
            following = latex[match.end() : match.end() + 20].lstrip()
            if not following.startswith((r"\item", r"\setlength", "%")):
                yield Change("a list without an item", match.end(), match.end(), r"\item ")
    for item in reversed([one for one in _lone_items(latex) if one <= stop]):
        end = item
        for line in latex[item:].splitlines(keepends=True):
            if not line.lstrip().startswith(r"\item"):
                break
            end += len(line)
        text = f"\\begin{{itemize}}\n{latex[item:end].rstrip()}\n\\end{{itemize}}\n"
        yield Change("items without a list", item, end, text)
        yield Change("an item without a list", item, item + len(r"\item"), "")


def too_deep(latex: str, problem: Problem) -> Iterator[Change]:
    """Lists within more lists than LaTeX has signs for: the innermost become items of the list around."""
    for match in _INNERMOST.finditer(latex):
        before = latex[: match.start()]
        if before.count(rf"\begin{{{match[1]}}}") - before.count(rf"\end{{{match[1]}}}") >= DEEPEST:
            yield Change("a list too deep", match.start(), match.end(), match[2])


def _lone_items(latex: str) -> Iterator[int]:
    """Offsets of items that no list is open around."""
    depth = 0
    for match in re.finditer(r"\\(begin|end)\{(?:itemize|enumerate|description)\}|\\item(?![A-Za-z])", latex):
        if match[1]:
            depth += 1 if match[1] == "begin" else -1
        elif depth <= 0:
            yield match.start()


def definitions(latex: str, problem: Problem) -> Iterator[Change]:
    """Programs in a text: definitions, with what they defined, and writes; a paper's body needs none."""
    body = max(latex.find(r"\begin{document}"), 0)
    for match in _DEFINED.finditer(latex, body):
        rest = latex[match.end() :]
        if "already defined" not in problem.message:  # else the command keeps its first meaning
            rest = re.sub(rf"\\{match['name']}(?![A-Za-z@])", "", rest)
        yield Change("a definition in the text", match.start(), len(latex), rest)
    for match in _PROGRAM.finditer(latex, body):
        yield Change("a program in the text", match.start(), match.end(), "")


def extra_token(latex: str, problem: Problem) -> Iterator[Change]:
    """The end of a conditional or group that nothing began."""
    _, stop = line_bounds(latex, problem.line or 1)
    names = re.findall(r"Extra \\(\w+)|forgotten \\(\w+)", problem.message)
    words = {name for pair in names for name in pair if name} | {"fi", "else", "or", "endgroup"}
    pattern = rf"\\(?:{'|'.join(sorted(words))})(?![A-Za-z@])"
    for match in reversed(list(re.finditer(pattern, latex[:stop]))[-3:]):
        yield Change("a command that ends nothing", match.start(), match.end(), "")


def loose_caption(latex: str, problem: Problem) -> Iterator[Change]:
    """A caption outside a float, printed as text."""
    spans = [
        (match.start(), latex.find(rf"\end{{{match[1]}", match.end()))
        for match in re.finditer(r"\\begin\{(figure|table)\*?\}", latex)
    ]
    for match in re.finditer(r"\\caption\*?(?:\[[^\]]*\])?(?=\{)", latex):
        if not any(start < match.start() < stop for start, stop in spans):
            yield Change("a caption outside a float", match.start(), match.end(), r"\textit")


def outside_paragraph(latex: str, problem: Problem) -> Iterator[Change]:
    """A float inside a box or another float, set in place."""
    near = line_at(latex, locate(latex, problem))
    found = list(re.finditer(r"\\begin\{(figure|table)\*?\}(?:\[[^\]]*\])?", latex))
    in_braces = [match for match in found if latex[: match.start()].rstrip().endswith("{")]
    nearby = [match for match in found if abs(line_at(latex, match.start()) - near) <= 40]
    for match in (*in_braces, *nearby):
        stop = latex.find(rf"\end{{{match[1]}", match.end())
        if stop >= 0:
            end = latex.find("}", stop) + 1
            inner = re.sub(r"\\caption(\[[^\]]*\])?", r"\\textbf", latex[match.end() : stop])
            yield Change("a float where none can be", match.start(), end, inner)
