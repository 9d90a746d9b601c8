"""Truth, a constant and permuted truth get what they deserve, or the check says which metric does not."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent.artifacts import Change
from agent.sandboxes.bubblewrap import Bubblewrap
from agent.templates import Template, load_template
from agent.trials.check.oracle import consult_oracle
from agent.trials.check.rows import Row
from agent.trials.prepare import data_key, prepare, prepare_files
from agent.trials.runner import evaluation_job, experiment_job
from tests.trials.conftest import MICRO, Make

EVALUATE = (MICRO / "evaluate.py").read_text()
ORACLE = (MICRO / "oracle.py").read_text()


@pytest.fixture(scope="module")
def bubblewrap(tmp_path_factory: pytest.TempPathFactory) -> Bubblewrap:
    return Bubblewrap(tmp_path_factory.mktemp("store"))


def consulted(template: Template, bubblewrap: Bubblewrap, store: Path) -> dict[str, Row]:
    prepared = prepare(template, None, bubblewrap, store)
    with ThreadPoolExecutor(2) as pool:
        return {row.name: row for row in consult_oracle(prepared, bubblewrap, pool)}


def edited(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


def test_a_sound_evaluator_passes_with_its_numbers_shown(bubblewrap: Bubblewrap, store: Path) -> None:
    rows = consulted(load_template(MICRO), bubblewrap, store)
    assert {name: row.state for name, row in rows.items()} == dict.fromkeys(
        ("truth", "constant", "permuted"), "passed"
    )
    assert rows["truth"].evidence == "dev: accuracy = 1; test: accuracy = 1"
    assert "where chance is" in rows["permuted"].evidence


@pytest.mark.parametrize(
    ("old", "new", "failed", "said"),
    [
        pytest.param(
            "    arguments.out.write_text(",
            "    signs.append(signs.pop(0))\n    arguments.out.write_text(",
            {"truth"},
            "the best is 1",
            id="answers one place off",
        ),
        pytest.param(
            '"accuracy": sum(right) / len(right)',
            '"accuracy": 1 - sum(right) / len(right)',
            {"truth", "constant"},
            "the best is 1",
            id="the wrong way round",
        ),
        pytest.param(
            '"accuracy": sum(right) / len(right)',
            '"accuracy": (1 + sum(right)) / (1 + len(right))',
            {"constant"},
            "evaluate.py says accuracy",
            id="one item too many",
        ),
        pytest.param(
            '"accuracy": sum(right) / len(right)',
            '"accuracy": (sum(right) / len(right)) ** 0.1',
            {"constant", "permuted"},
            "evaluate.py says accuracy",
            id="credit for what is wrong",
        ),
        pytest.param(
            "    try:\n        right =",
            "    if signs[:3] != [1, 0, 1]:\n        signs = signs[::-1]\n    try:\n        right =",
            {"truth"},
            "test: ",
            id="another order on one split",
        ),
    ],
)
def test_a_broken_evaluator_is_found(
    bubblewrap: Bubblewrap, store: Path, changed: Make, old: str, new: str, failed: set[str], said: str
) -> None:
    rows = consulted(changed(evaluate=edited(EVALUATE, old, new)), bubblewrap, store)
    assert {name for name, row in rows.items() if row.state == "failed"} == failed
    assert any(said in rows[name].evidence for name in failed)
    assert all(rows[name].mend for name in failed)


def test_without_bounds_the_truth_must_be_the_best_of_all_kinds(
    bubblewrap: Bubblewrap, store: Path, changed: Make
) -> None:
    turned = edited(
        EVALUATE, '"accuracy": sum(right) / len(right)', '"accuracy": 2 - sum(right) / len(right)'
    )
    sound = changed()
    broken = changed(
        evaluate=turned, oracle=edited(ORACLE, '{"accuracy": accuracy}', '{"accuracy": 2 - accuracy}')
    )
    for template in (sound, broken):
        path = template.root / "template.toml"
        path.write_text(edited(path.read_text(), "bounds = [0.0, 1.0]\n", ""))
    assert consulted(load_template(sound.root), bubblewrap, store)["truth"].state == "passed"
    row = consulted(load_template(broken.root), bubblewrap, store)["truth"]
    assert (row.state, "of the truth 1" in row.evidence) == ("failed", True)


@pytest.mark.parametrize(
    ("oracle", "said"),
    [
        ("raise SystemExit(3)", "oracle.py --kind truth ended with exit code 3"),
        ("pass", "wrote no expected.json"),
        ("open('/out/expected.json', 'w').write('{\"speed\": 1}')", "names speed; metrics are accuracy"),
        ("open('/out/expected.json', 'w').write('{\"accuracy\": 1}')", "truth is invalid: predictions.json"),
    ],
)
def test_a_broken_oracle_is_named(
    bubblewrap: Bubblewrap, store: Path, changed: Make, oracle: str, said: str
) -> None:
    rows = consulted(changed(oracle=oracle), bubblewrap, store)
    assert {row.state for row in rows.values()} == {"failed"}
    assert said in rows["truth"].evidence


def test_without_an_oracle_the_row_says_that_nothing_was_checked(
    bubblewrap: Bubblewrap, store: Path, changed: Make
) -> None:
    template = changed()
    (template.root / "oracle.py").unlink()
    (row,) = consulted(template, bubblewrap, store).values()
    assert (row.state, row.evidence) == ("not checked", "the template has no oracle.py")


def test_an_oracle_is_neither_seen_by_trials_nor_part_of_what_is_hashed(
    bubblewrap: Bubblewrap, store: Path, changed: Make
) -> None:
    template = changed()
    prepared = prepare(template, None, bubblewrap, store)
    trial = prepared.setup.trial(Change(), 0, "dev")
    jobs = (experiment_job(trial, Change(), prepared), evaluation_job(trial, prepared, store))
    code = [
        mount.source for job in jobs for mount in job.mounts if mount.target in ("/job/code", "/job/evaluate")
    ]
    assert len(code) == 2
    assert not any((folder / "oracle.py").exists() for folder in code)
    assert "oracle.py" not in prepare_files(template)
    before = (template.hash("environment"), data_key(template, "default"))
    (template.root / "oracle.py").unlink()
    assert (template.hash("environment"), data_key(template, "default")) == before
