"""Reads `metrics.json`, what a template's evaluator says about one trial.

Promises that a metric out of the evaluator is declared, finite and within its bounds, or there is none.
A number that outputs can cause (not finite, out of bounds) is `invalid`; a file that breaks the format is
the template's fault.
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
        raise TemplateError(f"{where}: {path.name}: {key}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise TemplateError(f"{where} wrote a {path.name} that is not JSON: {error}") from error
    if document.status == "invalid":
        return Evaluation(status="invalid", reason=document.reason or "the evaluator gave no reason")
    declared = template.spec.metrics
    missing = [name for name in declared if name not in document.metrics]
    named = (*document.metrics, *document.scores, *(curve.metric for curve in document.curves))
    unknown = [name for name in named if name not in declared]
    if missing or unknown:
        fault = f"gave no metric {missing[0]!r}" if missing else f"gave {unknown[0]!r}"
        raise TemplateError(f"{where} {fault}; template.toml declares {', '.join(declared)}")
    if problem := _problem(document, declared):
        return Evaluation(status="invalid", reason=problem)
    return Evaluation(
        status="ok",
        metrics=tuple(Measure(name=name, value=document.metrics[name]) for name in sorted(declared)),
        scores=Scores(values=document.scores) if document.scores else None,
        curves=tuple(Curve.model_validate(row.model_dump()) for row in document.curves),
    )


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
