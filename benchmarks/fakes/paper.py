"""What a forger sees: one of the committed papers as plain data, and what a planted fake is.

Promises to read nothing but committed files and to import nothing of the program that is measured. A file of
fakes has `KINDS: dict[str, Callable[[random.Random, Paper], Planted | None]]`.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BOUND = "paper.tex"
"""What `Planted.section` says where the fake stands in the bound paper."""
_ROW = re.compile(r"^(.+?) & (\w+) & \\shoalfact\{arm\.([^.}]+)\.mean\}", re.MULTILINE)
_SETTING = re.compile(r"\\shoalsetting\{([\w.-]+)\}\{")
_NUMBER = re.compile(r"\\ensuremath\{(-?[\d.]+)\}")


@dataclass(frozen=True)
class Paper:
    """A paper and its evidence."""

    name: str
    """Of the run, such as `example-supported`."""
    sections: dict[str, str]
    """LaTeX in macro language by the section's name, in the paper's order."""
    facts: list[dict[str, Any]]
    """`name label value low high unit arms split metric digits`, among others."""
    claims: list[dict[str, Any]]
    """`id text wording direction facts arms metric scope`."""
    settings: dict[str, str | float]
    references: list[str]
    """Keys that may be cited."""
    arms: dict[str, str]
    """Label by name: `treatment baseline control`, and ablations where there are any."""
    metric: str
    goal: str
    """`maximize` or `minimize`."""
    scope: str
    verdict: str
    bound: str
    """The rendered `paper.tex`."""


@dataclass(frozen=True)
class Planted:
    """A fake in its place."""

    section: str
    """Name of the section, or `paper.tex`."""
    latex: str
    """The section's (or bound paper's) whole new text."""
    fake: str
    """The fake as it stands in `latex`; of an omission, what was left out."""


Kind = Callable[[random.Random, Paper], Planted | None]
"""A way to lie; None where the paper offers no occasion for it."""


def load(run: str, root: Path = ROOT) -> Paper:
    """The first paper of a committed run.

    Raises:
        OSError: a file is missing.
        StopIteration: the run has no finished paper.
    """
    folder = next(iter(sorted((root / "papers" / run).iterdir())))
    best = json.loads((folder / "best.json").read_text(encoding="utf-8"))["round"]
    paper = _content(folder / f"round-{best}" / "paper.json")
    bound = (folder / f"round-{best}" / BOUND).read_text(encoding="utf-8")
    idea = root / "experiments" / run / "ideas" / folder.name
    plan = _content(idea / "plan-1.json")
    claims = _content(idea / "claims.json")["items"]
    return Paper(
        name=run,
        sections={section["name"]: section["latex"] for section in paper["sections"]},
        facts=_content(idea / "facts.json")["items"],
        claims=claims,
        settings=_settings(bound),
        references=paper["references"],
        arms={name: label for label, _, name in _ROW.findall(bound)},
        metric=plan["metric"],
        goal=plan["goal"],
        scope=claims[0]["scope"],
        verdict=_content(idea / "verdict.json")["word"],
        bound=bound,
    )


def examples(root: Path = ROOT) -> list[Paper]:
    """The papers of the three committed examples."""
    return [load(path.name, root) for path in sorted((root / "papers").glob("example-*"))]


def _content(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))["content"])


def _settings(bound: str) -> dict[str, str | float]:
    """The settings that the bound paper prints."""
    found: dict[str, str | float] = {}
    for match in _SETTING.finditer(bound):
        depth, stop = 1, match.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(bound[stop], 0)
            stop += 1
        text = bound[match.end() : stop - 1]
        number = _NUMBER.fullmatch(text)
        found[match[1]] = float(number[1]) if number else text
    return found
