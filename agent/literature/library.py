"""The template's own library.bib as a source of literature.

Promises that every work it returns stands in the file, and that an entry which cannot be read is named
with its line. Whether the works exist in the world is for the other sources to say; the template's author
vouches for these.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.artifacts import Reference
from agent.errors import TemplateError
from agent.ports import Literature

_NOT_PRINTED = frozenset({"keywords", "abstract", "file", "note-to-self"})
_SOURCE = "library.bib"
_SAID_AS_ERROR = logging.NullHandler()
"""The parser logs what it could not read; here that becomes one TemplateError instead."""


@dataclass(frozen=True)
class Library(Literature):
    """The works of one library.bib, in the order of the file."""

    references: tuple[Reference, ...]

    @classmethod
    def read(cls, path: Path) -> Library:
        """Read a BibTeX file; its `keywords` fields say which topics a work speaks to.

        Raises:
            TemplateError: the file cannot be read, an entry is broken or has no title, author or year, or
                a key stands twice; the text names file and line.
        """
        from bibtexparser.entrypoint import parse_string

        logging.getLogger("bibtexparser").addHandler(_SAID_AS_ERROR)
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise TemplateError(f"{path}: cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise TemplateError(f"{path}: cannot be read: {error}") from error
        library = parse_string(text)
        for block in library.failed_blocks:
            said = getattr(block.error, "abort_reason", "") or str(block.error)
            reason = " ".join(said.split())
            line = (block.start_line or 0) + 1
            raise TemplateError(f"{path}:{line}: this entry cannot be used: {reason}")
        return cls(tuple(_reference(entry, path) for entry in library.entries))

    def works(self, topics: tuple[str, ...], limit: int) -> tuple[Reference, ...]:
        """The works that share a topic with `topics`: most shared topics first, then as the file has them."""
        wanted = {topic.lower() for topic in topics}
        shared = [(len(wanted.intersection(work.topics)), work) for work in self.references]
        ranked = sorted((pair for pair in shared if pair[0] > 0), key=lambda pair: -pair[0])
        return tuple(work for _, work in ranked[:limit])

    def find(self, key: str) -> Reference:
        """The work with this key; one with status `not_found` where the file has none."""
        for work in self.references:
            if work.key == key:
                return work
        return Reference(key=key, title="", authors=(), year=0, bibtex="", status="not_found", source=_SOURCE)


def _reference(entry: Any, path: Path) -> Reference:
    fields = {field.key.lower(): " ".join(str(field.value).split()) for field in entry.fields}
    line = (entry.start_line or 0) + 1
    for name in ("title", "author", "year"):
        if not fields.get(name):
            raise TemplateError(f"{path}:{line}: {entry.key} has no {name}")
    if not fields["year"].isdigit():
        raise TemplateError(f"{path}:{line}: {entry.key}: year is {fields['year']!r}, not a whole number")
    topics = fields.get("keywords", "").replace(";", ",").lower().split(",")
    printed = [f"  {name} = {{{value}}}" for name, value in fields.items() if name not in _NOT_PRINTED]
    return Reference(
        key=entry.key,
        title=_plain(fields["title"]),
        authors=_people(fields["author"]),
        year=int(fields["year"]),
        venue=_plain(
            next(
                (fields[n] for n in ("journal", "booktitle", "howpublished", "publisher") if n in fields), ""
            )
        ),
        topics=tuple(topic.strip() for topic in topics if topic.strip()),
        bibtex=f"@{entry.entry_type}{{{entry.key},\n" + ",\n".join(printed) + "\n}\n",
        status="found",
        source=_SOURCE,
    )


def _people(names: str) -> tuple[str, ...]:
    from bibtexparser.middlewares.names import split_multiple_persons_names

    return tuple(_plain(name) for name in split_multiple_persons_names(names))


def _plain(latex: str) -> str:
    from pylatexenc.latex2text import LatexNodes2Text

    return str(LatexNodes2Text().latex_to_text(latex)).strip()
