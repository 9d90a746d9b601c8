"""Figures: the same bytes every time, one page, with everything that their captions say."""

import hashlib
import io
import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib
import pypdfium2
import pytest

from agent.evidence.drawing import LOOKS, MORE_LOOKS, STYLE, look_of
from agent.evidence.facts import facts
from agent.evidence.figures import Drawn, effects, exploration, learning_curves
from agent.evidence.verdict import judge
from tests.evidence.studies import Row, plan_of, registration_of, results_of, tree_of

ARMS = ["treatment", "baseline", "control", "ablation-a"]
VALUES: dict[str, Row] = {
    arm: [0.8 + 0.02 * place + 0.001 * i for i in range(8)] for place, arm in enumerate(ARMS)
}
ROWS = [[0.7, 0.8, 0.81, 0.79, 0.8], [0.6, 0.7, 0.7], [None]]
TREE = tree_of({"baseline": ROWS, "treatment": ROWS, "control": ROWS})


def draw(which: str, values: dict[str, Row] = VALUES, *, curves: bool = True, **more: Any) -> Drawn | None:
    plan = plan_of(list(values), 8, **more)
    registration = registration_of(plan)
    results = results_of(registration, values, curves=curves)
    verdict = judge(plan, registration, results)
    found = facts(plan, registration, results, verdict, TREE, unit="fraction")
    if which == "curves":
        drawn = learning_curves(plan, registration, results, found)
    elif which == "effects":
        drawn = effects(plan, verdict, found, unit="fraction")
    else:
        drawn = exploration(TREE, plan, unit="fraction")
    assert drawn is None or set(drawn.figure.facts) <= {fact.name for fact in found.items}
    return drawn


@pytest.fixture(scope="module")
def drawn() -> dict[str, Drawn]:
    found = {which: draw(which) for which in ("curves", "effects", "exploration")}
    return {which: one for which, one in found.items() if one is not None}


def text_of(drawn: Drawn | None) -> str:
    assert drawn is not None
    document = pypdfium2.PdfDocument(io.BytesIO(drawn.pdf))
    try:
        assert len(document) == 1
        page = document[0]
        text = page.get_textpage()
        found = text.get_text_range()
        text.close()
        page.close()
        return str(found)
    finally:
        document.close()


def test_the_same_study_gives_the_same_bytes_whatever_the_users_settings(drawn: dict[str, Drawn]) -> None:
    with matplotlib.rc_context({"lines.linewidth": 9.0, "font.size": 20.0}):
        assert {which: draw(which) for which in drawn} == drawn
    for one in drawn.values():
        assert one.figure.sha256 == hashlib.sha256(one.pdf).hexdigest()
        assert b"CreationDate" not in one.pdf


def test_a_figure_has_the_same_bytes_in_another_process_folder_and_time(
    drawn: dict[str, Drawn], tmp_path: Path
) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r}); from {__name__} import draw; "
    )
    code += f"print([draw(which).figure.sha256 for which in {list(drawn)!r}])"
    other = {
        "PYTHONHASHSEED": "7",
        "TZ": "Pacific/Auckland",
        "MPLCONFIGDIR": str(tmp_path),
        "HOME": str(tmp_path),
    }
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=other, capture_output=True, text=True
    )
    assert ended.stdout.strip() == str([one.figure.sha256 for one in drawn.values()]), ended.stderr


@pytest.mark.parametrize("which", ["curves", "effects"])
def test_other_results_give_another_figure(drawn: dict[str, Drawn], which: str) -> None:
    other = draw(which, VALUES | {"treatment": [*VALUES["treatment"][1:], 0.7]})
    assert other is not None
    assert other.pdf != drawn[which].pdf


def test_curves_name_the_arms_and_the_caption_says_n_and_what_the_bands_are(drawn: dict[str, Drawn]) -> None:
    text, caption = text_of(drawn["curves"]), drawn["curves"].figure.caption
    assert all(arm in text for arm in ("treatment", "baseline", "control", "epoch", "test accuracy"))
    assert "ablation" not in text
    assert r"Bands are t intervals of the mean with a coverage of \fact{arms.level}" in caption
    assert r"\fact{count.replicates} replicates" in caption


def test_a_study_without_curves_has_no_such_figure() -> None:
    assert draw("curves", curves=False) is None


def test_failed_trials_have_no_curve_and_the_caption_says_so() -> None:
    one = draw("curves", VALUES | {"treatment": [None, *VALUES["treatment"][1:]]})
    assert one is not None
    assert r"\fact{count.failures} trials failed" in one.figure.caption


def test_effects_have_a_row_for_each_comparison(drawn: dict[str, Drawn]) -> None:
    text = text_of(drawn["effects"])
    assert all(f"against {arm}" in text for arm in ARMS[1:])
    assert "difference in test accuracy" in text
    assert "reduction of test accuracy" in text_of(draw("effects", goal="minimize", worst=1.0))


def test_the_exploration_says_that_it_is_no_result(drawn: dict[str, Drawn]) -> None:
    assert "Nothing here is a result" in drawn["exploration"].figure.caption
    assert "dev accuracy" in text_of(drawn["exploration"])


def test_no_caption_types_a_number(drawn: dict[str, Drawn]) -> None:
    assert len(drawn) == 3
    assert not any(c.isdigit() for one in drawn.values() for c in one.figure.caption)


def luminance(color: str) -> float:
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue


def test_arms_differ_in_line_and_marker_and_the_usual_three_in_grey_too() -> None:
    looks = [*LOOKS.values(), *MORE_LOOKS]
    assert len({look.marker for look in looks}) == len(looks)
    assert len({str(look.line) for look in looks}) == len(looks)
    greys = sorted(luminance(look.color) for look in LOOKS.values())
    assert min(b - a for a, b in itertools.pairwise(greys)) > 0.1
    plan = plan_of(ARMS, 8)
    assert len({look_of(plan, arm).marker for arm in ARMS}) == len(ARMS)


def test_no_type_is_below_seven_points() -> None:
    sizes = [value for key, value in STYLE.items() if key.endswith("size") and "marker" not in key]
    assert len(sizes) == 5
    assert min(sizes) >= 7


@pytest.mark.parametrize("width", [3.3, 5.5])
def test_a_figure_has_the_width_that_was_asked_for(width: float) -> None:
    drawn = exploration(TREE, plan_of(ARMS, 8), width_in=width)
    document = pypdfium2.PdfDocument(io.BytesIO(drawn.pdf))
    size = document.get_page_size(0)
    document.close()
    assert size[0] == pytest.approx(width * 72, abs=0.5)
