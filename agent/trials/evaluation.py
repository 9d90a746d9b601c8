"""Reads `metrics.json`, what a template's evaluator says about one trial.

Promises that a metric out of the evaluator is declared, finite and within its bounds, or there is none.
A number that outputs can cause (not finite, out of bounds) is `invalid`; a file that breaks the format is
the template's fault. Texts of the evaluator, which may repeat what outputs say, are kept as one short line
that cannot steer a terminal.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.artifacts import Curve, Measure, Scores
from agent.errors import TemplateError
from agent.spec import Metric
from agent.templates import Template

TEXT_LENGTH = 500
"""Characters that are kept of a text of the evaluator."""


class _CurveRow(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: str
    x_name: str
    x: tuple[float, ...]
    y: tuple[float, ...]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Literal["ok", "invalid"]
    reason: str = ""
    metrics: dict[str, float] = {}
    scores: dict[str, tuple[float, ...]] = {}
    curves: tuple[_CurveRow, ...] = ()


class Evaluation(BaseModel):
    """What an evaluator found; without numbers unless the status is ok."""

    model_config = ConfigDict(frozen=True)

    status: Literal["ok", "invalid"]
    reason: str = ""
    metrics: tuple[Measure, ...] = ()
    scores: Scores | None = None
    curves: tuple[Curve, ...] = Field(default=())


def read_evaluation(path: Path, template: Template) -> Evaluation:
    """The evaluation in a `metrics.json`.

    Raises:
        TemplateError: there is no such file, it breaks the format, or a declared metric is missing.
    """
    where = f"template {template.name}: evaluate.py"
    try:
        document = _Document.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, IsADirectoryError):
        raise TemplateError(f"{where} wrote no {path.name} and said nothing was wrong") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise TemplateError(f"{where}: {path.name}: {_line(key)}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise TemplateError(f"{where} wrote a {path.name} that is not JSON: {error}") from error
    if document.status == "invalid":
        return Evaluation(status="invalid", reason=_line(document.reason) or "the evaluator gave no reason")
    declared = template.spec.metrics
    missing = [name for name in declared if name not in document.metrics]
    named = (*document.metrics, *document.scores, *(curve.metric for curve in document.curves))
    unknown = [name for name in named if name not in declared]
    if missing or unknown:
        fault = f"gave no metric {missing[0]!r}" if missing else f"gave {_line(unknown[0])!r}"
        raise TemplateError(f"{where} {fault}; template.toml declares {', '.join(declared)}")
    if problem := _problem(document, declared):
        return Evaluation(status="invalid", reason=problem)
    return Evaluation(
        status="ok",
        metrics=tuple(Measure(name=name, value=document.metrics[name]) for name in sorted(declared)),
        scores=Scores(values=document.scores) if document.scores else None,
        curves=tuple(
            Curve(metric=row.metric, x_name=_line(row.x_name), x=row.x, y=row.y) for row in document.curves
        ),
    )


def _line(text: str) -> str:
    """A text as one line of at most `TEXT_LENGTH` characters, all of which can be shown."""
    words = " ".join(text[: 4 * TEXT_LENGTH].split())
    shown = "".join(one if one.isprintable() else "\ufffd" for one in words)
    return shown if len(shown) <= TEXT_LENGTH else f"{shown[: TEXT_LENGTH - 1]}…"


def _problem(document: _Document, declared: Mapping[str, Metric]) -> str:
    """Why the numbers cannot be results; empty when they can."""
    for name, value in document.metrics.items():
        bounds = declared[name].bounds
        if not math.isfinite(value):
            return f"{name} is not finite"
        if bounds and not bounds[0] <= value <= bounds[1]:
            return f"{name} = {value!r} lies outside its bounds {bounds[0]:g} to {bounds[1]:g}"
    if not _all_finite(value for values in document.scores.values() for value in values):
        return "a score of an item is not finite"
    if not _all_finite(value for row in document.curves for value in (*row.x, *row.y)):
        return "a learning curve holds a value that is not finite"
    if any(len(row.x) != len(row.y) for row in document.curves):
        return "a learning curve has not as many y as x"
    return ""


def _all_finite(values: Iterable[float]) -> bool:
    return all(map(math.isfinite, values))
