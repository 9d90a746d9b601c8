"""What a PDF prints, held against the LaTeX that it was made from: its numbers, and where its links lead.

Promises that each number which the LaTeX binds to a fact is held against the text under a link to that
fact's row, and that numbers with a decimal point which the LaTeX does not have are named. Whole numbers
outside links are not compared (pages, sections and citations are numbered by TeX). Runs no TeX.
"""

from __future__ import annotations

import ctypes
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent.evidence.audit.source import arguments, macros

FACT = "fact:"
"""Begins the name of the place that a number's link leads to."""
_NUMBER = re.compile(r"\d+(?:\.\d+)+")
_SIGNS = re.compile(r"[<+\-\d.,\[\]]+")
_SPACING = re.compile(r"\\[,;:! ]|\\allowbreak|~")


class UnreadablePdf(ValueError):
    """A file is no PDF, or one that cannot be read."""


@dataclass(frozen=True)
class Link:
    """One link annotation."""

    page: int
    """From 1."""
    target: str
    """Name of the place it leads to; empty where there is none of that name in the document."""
    text: str
    """What is printed under it."""


@dataclass(frozen=True)
class Printed:
    """What a reader of a PDF sees and can click."""

    text: str
    links: tuple[Link, ...]
    places: frozenset[str]
    """Names of the places that links can lead to."""


def read_pdf(content: bytes) -> Printed:
    """The text and the inner links of a PDF.

    Raises:
        UnreadablePdf: it cannot be read.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise UnreadablePdf(str(error)) from error
    try:
        places = _places(document)
        named = {where: name for name, where in places.items()}
        texts: list[str] = []
        links: list[Link] = []
        for number in range(len(document)):
            page = document[number]
            words = page.get_textpage()
            texts.append(words.get_text_range())
            links += _links(document, page, words, number + 1, named)
            words.close()
            page.close()
    finally:
        document.close()
    return Printed("\n".join(texts), tuple(links), frozenset(places))


Where = tuple[int, float, float]
"""Page from 0 and coordinates in points, by which pdfium knows a place."""


def _places(document: Any) -> dict[str, Where]:
    import pypdfium2.raw as pdfium

    found = {}
    for index in range(pdfium.FPDF_CountNamedDests(document.raw)):
        size = ctypes.c_long(0)
        pdfium.FPDF_GetNamedDest(document.raw, index, None, size)
        buffer = ctypes.create_string_buffer(size.value)
        place = pdfium.FPDF_GetNamedDest(document.raw, index, buffer, size)
        name = buffer.raw[: size.value].decode("utf-16-le").rstrip("\0")
        found[name] = _where(document, place)
    return found


def _where(document: Any, place: Any) -> Where:
    import pypdfium2.raw as pdfium

    given = [ctypes.c_int() for _ in range(3)]
    x, y, zoom = (ctypes.c_float() for _ in range(3))
    pdfium.FPDFDest_GetLocationInPage(place, *given, x, y, zoom)
    page = int(pdfium.FPDFDest_GetDestPageIndex(document.raw, place))
    return page, round(x.value, 2), round(y.value, 2)


def _links(document: Any, page: Any, words: Any, number: int, named: Mapping[Where, str]) -> Iterator[Link]:
    import pypdfium2.raw as pdfium

    position, link = ctypes.c_int(0), pdfium.FPDF_LINK()
    while pdfium.FPDFLink_Enumerate(page.raw, position, link):
        place = pdfium.FPDFLink_GetDest(document.raw, link)
        box = pdfium.FS_RECTF()
        pdfium.FPDFLink_GetAnnotRect(link, box)
        text = words.get_text_bounded(box.left, box.bottom, box.right, box.top)
        yield Link(number, named.get(_where(document, place), "") if place else "", text)


# ------------------------------------------------------------------------------------ held against LaTeX


def bound_numbers(tex: str) -> dict[str, list[str]]:
    """What a bound paper prints for each fact, in the signs of a number alone.

    Raises:
        Unreadable: the paper is not balanced LaTeX.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for node, printed in macros(tex, ("shoalfact",)):
        first = arguments(node)[0]
        found[tex[first.pos + 1 : first.pos + first.len - 1]].append(signs(printed))
    return dict(found)


def signs(text: str) -> str:
    """The digits, signs and brackets of a printed number, whatever stands around it."""
    plain = _SPACING.sub("", text).replace("{", "").replace("}", "").replace("−", "-")
    return "".join(_SIGNS.findall(plain)).strip(".,")


def link_problems(tex: str, printed: Printed) -> Iterator[str]:
    """Each number of the paper that is not printed with a link to its row, and each row that is missing.

    Raises:
        Unreadable: the paper is not balanced LaTeX.
    """
    under: dict[str, list[Link]] = defaultdict(list)
    for link in printed.links:
        under[link.target].append(link)
    wanted = bound_numbers(tex)
    for name, numbers in wanted.items():
        place = FACT + name
        if place not in printed.places:
            yield f"{name}: no row of the evidence to lead to"
            continue
        missing, left = _matched(numbers, under[place])
        for number in missing:
            there = f"; under links to its row stands {', '.join(left)}" if left else ""
            yield f"{name}: {number} is not printed with a link to its row{there}"
        if not missing:
            yield from (f"{name}: {text} is printed, and the paper's LaTeX does not have it" for text in left)
    for place in sorted(under):
        if place.startswith(FACT) and place.removeprefix(FACT) not in wanted:
            yield f"{place.removeprefix(FACT)}: linked, and the paper's LaTeX does not print it"
    yield from (f"page {link.page}: a link of {link.text.strip()!r} leads nowhere" for link in under[""])


def _matched(numbers: Iterable[str], links: Iterable[Link]) -> tuple[list[str], list[str]]:
    """Numbers that no link prints, and printed texts that are no such number; a link may break over lines."""
    missing, left = list(numbers), []
    begun = ""
    for link in links:
        text = signs(link.text)
        joined = next((one for one in missing if _same(one, begun + text)), None)
        alone = next((one for one in missing if _same(one, text)), None)
        if joined is not None or alone is not None:
            if joined is None and begun:
                left.append(begun)
            missing.remove(joined if joined is not None else str(alone))
            begun = ""
        elif any(one.startswith(begun + text) for one in missing):
            begun += text + ("," if link.text.rstrip().endswith(",") else "")
        else:
            left.append(begun + text)
            begun = ""
    return missing, [*left, begun] if begun else left


def _same(number: str, text: str) -> bool:
    return signs(number) == signs(text)


def stray_decimals(tex: str, others: Iterable[str], printed: Printed) -> tuple[str, ...]:
    """Numbers with a decimal point that a PDF prints more often than its LaTeX and `others` have them.

    Args:
        others: Texts that are printed beside the LaTeX's own: the bibliography's and the figures'.
    """
    plain = _SPACING.sub("", tex).replace("{", "").replace("}", "")
    known = Counter(_NUMBER.findall(plain))
    for text in others:
        known += Counter(_NUMBER.findall(text))
    return tuple(sorted((Counter(_NUMBER.findall(printed.text)) - known).elements()))
