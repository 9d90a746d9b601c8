"""Citations without entry, entries without citation or given twice, figures that are missing or
unmentioned.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from agent.evidence.audit.foreign.reading import Reading
from agent.evidence.audit.foreign.report import Remark
from agent.evidence.audit.foreign.source import Spot, uncommented

_ENTRY = re.compile(r"@\s*(?!comment|string|preamble)[A-Za-z]+\s*\{\s*([^,\s{}]+)\s*,", re.IGNORECASE)
_ITEM = re.compile(r"\\bibitem(?:\[[^\]]*\])?\s*\{([^}]+)\}")
_CITED_ALL = "*"
_PICTURES = ("", ".pdf", ".png", ".jpg", ".jpeg", ".eps", ".svg")
_MOST = 2_000_000
"""Bytes of a bibliography that are read."""


def reference_remarks(reading: Reading) -> list[Remark]:
    """What is wrong between citations and bibliography."""
    entries = list(_entries(reading))
    first: dict[str, Spot] = {}
    remarks: list[Remark] = []
    for key, spot in entries:
        if key in first:
            reason = f"the bibliography has it twice (also {first[key].file}:{first[key].line})"
            remarks.append(Remark("duplicated", spot.file, spot.line, spot.column, key, reason))
        else:
            first[key] = spot
    cited = {key for key, _ in reading.cited}
    seen: set[str] = set()
    for key, position in reading.cited:
        if key not in first and key != _CITED_ALL and key not in seen:
            seen.add(key)
            spot = reading.source.spot(position)
            reason = "cited, but the bibliography has no such entry"
            remarks.append(Remark("unknown", spot.file, spot.line, spot.column, key, reason))
    if _CITED_ALL not in cited:
        for key, spot in first.items():
            if key not in cited:
                reason = "in the bibliography, but cited nowhere"
                remarks.append(Remark("uncited", spot.file, spot.line, spot.column, key, reason))
    return remarks


def _entries(reading: Reading) -> Iterator[tuple[str, Spot]]:
    """The bibliography's keys with their places: in the paper's own text, and in the .bib files it names."""
    source = reading.source
    written: set[str] = set()
    for index, text in enumerate(source.texts):
        plain = uncommented(text)
        for block in re.finditer(r"\\begin\{filecontents\*?\}(?:\[[^\]]*\])?\{([^}]*)\}", plain):
            stop = plain.find(r"\end{filecontents", block.end())
            written.add(block[1])
            for found in _ENTRY.finditer(text, block.end(), stop if stop > 0 else len(text)):
                yield found[1], source.spot(source.starts[index] + found.start(1))
        for found in _ITEM.finditer(plain):
            yield found[1].strip(), source.spot(source.starts[index] + found.start(1))
    for name in dict.fromkeys(reading.bibliographies):
        file = name if name.endswith(".bib") else f"{name}.bib"
        path = (source.root / file).resolve()
        if file in written or not path.is_relative_to(source.root) or not path.is_file():
            continue
        if path.stat().st_size <= _MOST:
            text = path.read_bytes().decode("utf-8", errors="replace")
            for found in _ENTRY.finditer(text):
                before = text[: found.start(1)]
                yield found[1], Spot(file, before.count("\n") + 1, found.start(1) - before.rfind("\n"))


def figure_remarks(reading: Reading, results: Path) -> list[Remark]:
    """Pictures that are not there, and figures that the text never points at."""
    source = reading.source
    folders = [source.root, *_graphics_folders(reading), results.resolve()]
    remarks = []
    for name, position in reading.graphics:
        if not any((folder / f"{name}{ending}").is_file() for folder in folders for ending in _PICTURES):
            spot = source.spot(position)
            reason = "no such picture beside the paper"
            remarks.append(Remark("missing", spot.file, spot.line, spot.column, name, reason))
    for label, position, kind in reading.labels:
        if kind and label not in reading.pointed:
            spot = source.spot(position)
            reason = f"the text points nowhere at this {kind}"
            remarks.append(Remark("unreferenced", spot.file, spot.line, spot.column, label, reason))
    return remarks


def _graphics_folders(reading: Reading) -> list[Path]:
    """The folders of `\\graphicspath`, which may lie one above the paper's."""
    root = reading.source.root
    found = []
    for text in reading.source.texts:
        for path in re.findall(r"\\graphicspath\s*\{((?:\s*\{[^}]*\})+)\s*\}", uncommented(text)):
            for folder in re.findall(r"\{([^}]*)\}", path):
                full = (root / folder).resolve()
                if full.is_relative_to(root.parent):
                    found.append(full)
    return found
