"""What is kept of an evaluator's texts, which may repeat what untrusted outputs say."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.artifacts import Result
from agent.errors import TemplateError
from agent.templates import load_template
from agent.trials.evaluation import TEXT_LENGTH, Evaluation, read_evaluation
from tests.trials.conftest import MICRO

ODD = "a\x1b]0;title\x07\nb\tc\ud800\u202e"
SHOWN = "a\ufffd]0;title\ufffd b c\ufffd\ufffd"


def evaluation(tmp_path: Path, **document: Any) -> Evaluation:
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps(document))
    return read_evaluation(path, load_template(MICRO))


def test_a_reason_cannot_steer_a_terminal_and_can_be_stored(tmp_path: Path) -> None:
    found = evaluation(tmp_path, status="invalid", reason=ODD)
    assert found.reason == SHOWN
    assert Result(trial="a" * 40, status="invalid", reason=found.reason).hash


def test_a_reason_is_cut_where_it_gets_long(tmp_path: Path) -> None:
    for text in ("x" * 3_000_000, "x " * 400, " " * 9000 + "x" * TEXT_LENGTH):
        assert len(evaluation(tmp_path, status="invalid", reason=text).reason) <= TEXT_LENGTH
    exact = "x" * TEXT_LENGTH
    assert evaluation(tmp_path, status="invalid", reason=exact).reason == exact


def test_the_name_of_a_curve_s_axis_is_shown_the_same_way(tmp_path: Path) -> None:
    names = load_template(MICRO).spec.metrics
    curve = {"metric": next(iter(names)), "x_name": ODD, "x": [1.0], "y": [0.5]}
    found = evaluation(tmp_path, status="ok", metrics=dict.fromkeys(names, 0.5), curves=[curve])
    assert [one.x_name for one in found.curves] == [SHOWN]


@pytest.mark.parametrize("value", [0.5, "no number"])
def test_a_strange_metric_is_named_in_one_short_line(tmp_path: Path, value: object) -> None:
    names = load_template(MICRO).spec.metrics
    metrics = {**dict.fromkeys(names, 0.5), ODD + "x" * 10_000: value}
    with pytest.raises(TemplateError) as raised:
        evaluation(tmp_path, status="ok", metrics=metrics)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 2 * TEXT_LENGTH
