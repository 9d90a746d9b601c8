"""The evaluator's separation: no attempt at a forged score gets more than a plain wrong prediction would.

Attempts run against the micro-template's evaluator, which withstands them, and against evaluators with one
careless line each, of which the check must name the attempt and the remedy.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.artifacts import Measure, Outcome, Result
from agent.ports import Sandbox
from agent.sandboxes.bubblewrap import Bubblewrap
from agent.templates import Template, load_template
from agent.trials.check.attacks import ATTACKS, Attack, Kind
from agent.trials.check.forgery import Attempt, forged, try_forgeries
from agent.trials.check.rows import Row
from agent.trials.check.smoke import honest_run
from agent.trials.prepare import prepare
from tests.trials.conftest import MICRO, Make

EVALUATE = (MICRO / "evaluate.py").read_text()
EXPERIMENT = (MICRO / "experiment.py").read_text()
READ = '        guesses = json.loads(path.read_text(encoding="utf-8"))\n'
START = '    signs = json.loads((arguments.private / "signs.json").read_text())\n'
BY_NAME = {attack.name: attack for attack in ATTACKS}
IN_ANY = ("pickles", "late-swap", "answers")


def attempted(template: Template, sandbox: Sandbox, store: Path, *names: str) -> dict[str, Row]:
    """Rows of attacks by name; of all of them where none is named."""
    prepared = prepare(template, None, sandbox, store)
    attacks = tuple(BY_NAME[name] for name in names) or ATTACKS
    with ThreadPoolExecutor(2) as pool, honest_run(prepared, sandbox) as (honest, _):
        assert honest is not None
        rows = try_forgeries(honest, prepared, sandbox, pool, attacks)
    return {row.name: row for row in rows}


@pytest.fixture(scope="module")
def bubblewrap(tmp_path_factory: pytest.TempPathFactory) -> Bubblewrap:
    return Bubblewrap(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def tried(bubblewrap: Bubblewrap, store: Path) -> dict[str, Row]:
    """Every attack on the micro-template."""
    return attempted(load_template(MICRO), bubblewrap, store)


@pytest.mark.parametrize("name", BY_NAME)
def test_an_attempt_at_a_forged_score_gains_nothing(tried: dict[str, Row], name: str) -> None:
    assert (tried[name].state, tried[name].mend) == ("passed", "")
    assert tried[name].evidence


def test_attempts_gain_nothing_in_any_sandbox(sandbox: Sandbox, store: Path) -> None:
    rows = attempted(load_template(MICRO), sandbox, store, *IN_ANY)
    assert {row.state for row in rows.values()} == {"passed"}


@dataclass(frozen=True)
class Careless:
    """A mistake in an evaluator: what is written instead of what, and what the check must say."""

    name: str
    changes: dict[str, str]
    caught: set[str]
    remedy: str


CARELESS = (
    Careless(
        "unpickles",
        {
            READ: """\
        raw = path.read_bytes()
        guesses = __import__("pickle").loads(raw) if raw[:1] == b"\\x80" else json.loads(raw)
"""
        },
        {"pickles"},
        "without unpickling",
    ),
    Careless(
        "evaluates texts",
        {READ: "        guesses = eval(path.read_text())\n"},
        {"outputs-as-code"},
        "exec and eval",
    ),
    Careless(
        "believes metrics.json",
        {
            START: START + "    told = arguments.outputs / 'metrics.json'\n    if told.exists():\n"
            "        arguments.out.write_text(told.read_text())\n        return\n"
        },
        {"own-metrics", "own-metrics-flat"},
        "never a score",
    ),
    Careless(
        "imports from the outputs",
        {
            START: f"""\
    __import__("sys").path.insert(0, str(arguments.outputs))
    import statistics
{START}"""
        },
        {"shadowed-modules", "shadowed-packages", "poisoned-caches"},
        "off sys.path",
    ),
    Careless(
        "runs a program of the outputs",
        {
            START: START + "    if (program := arguments.outputs / 'post.py').exists():\n"
            "        __import__('runpy').run_path(str(program))\n"
        },
        {"own-evaluator"},
        "off sys.path",
    ),
    Careless(
        "scores what is there",
        {" or len(guesses) != len(signs)": "", "signs, strict=True": "signs"},
        {"one-item"},
        "every prediction is there once",
    ),
    Careless(
        "gives what is odd the benefit of the doubt",
        {"type(guess) is not int or guess not in (0, 1)": "guess < 0", "guess == sign)": "not guess < sign)"},
        {"not-a-number", "infinity"},
        "not finite",
    ),
)


@pytest.mark.parametrize("careless", CARELESS, ids=lambda one: one.name)
def test_a_careless_evaluator_is_found_with_the_attempt_and_the_remedy(
    bubblewrap: Bubblewrap, store: Path, changed: Make, careless: Careless
) -> None:
    text = EVALUATE
    for old, new in careless.changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    names = careless.caught | {"boast", "cut-files"}
    rows = attempted(changed(evaluate=text), bubblewrap, store, *sorted(names))
    assert {row.name for row in rows.values() if row.state == "failed"} == careless.caught
    assert all(careless.remedy in rows[one].mend for one in careless.caught)
    assert all(rows[one].evidence for one in careless.caught)


def test_answers_that_a_trial_can_read_are_found(bubblewrap: Bubblewrap, store: Path, changed: Make) -> None:
    code = (MICRO / "prepare.py").read_text()
    signs = "[int(number > 0.0) for number in numbers])\n"
    leak = f'        write(data / "common" / f"{{split}}-hints.json", {signs}'
    assert code.count(signs) == 1
    template = changed(prepare=code.replace(signs, signs + leak))
    rows = attempted(template, bubblewrap, store, "answers", "other-parts")
    assert {name: row.state for name, row in rows.items()} == {"answers": "failed", "other-parts": "passed"}
    assert "signs.json as /job/data/common/dev-hints.json" in rows["answers"].evidence
    assert "private/" in rows["answers"].mend


def test_a_score_that_the_experiment_writes_among_its_own_files_is_found(
    bubblewrap: Bubblewrap, store: Path, changed: Make
) -> None:
    summary = '\n    (arguments.out / "summary.json").write_text(json.dumps({"accuracy": 0.5}))\n'
    reads = "    told = json.loads((outputs / 'summary.json').read_text())['accuracy']\n    return {"
    template = changed(
        experiment=EXPERIMENT.replace("\n\n\nif __name__", summary + "\n\nif __name__"),
        evaluate=EVALUATE.replace("    return {\n", reads + "\n", 1).replace(
            "sum(right) / len(right)", "told"
        ),
    )
    rows = attempted(template, bubblewrap, store, "boast", "own-metrics")
    assert {name: row.state for name, row in rows.items()} == {"boast": "failed", "own-metrics": "passed"}


def test_an_attempt_that_could_do_nothing_is_not_taken_for_one_that_failed(
    bubblewrap: Bubblewrap, store: Path
) -> None:
    prepared = prepare(load_template(MICRO), None, bubblewrap, store)
    idle = Attack("idle", "does nothing", "spoiled", "", "")
    broken = Attack("broken", "breaks", "spoiled", "raise RuntimeError('typing error')", "")
    with ThreadPoolExecutor(2) as pool, honest_run(prepared, bubblewrap) as (honest, _):
        assert honest is not None
        rows = try_forgeries(honest, prepared, bubblewrap, pool, (idle, broken))
    assert [row.state for row in rows] == ["not checked", "not checked"]
    assert "typing error" in rows[1].evidence


# --------------------------------------------------------------------------------------------- the rule


def result(value: float | None, scores: str = "s") -> Result:
    if value is None:
        return Result(trial="a" * 40, status="invalid", reason="of the wrong shape")
    measure = Measure(name="accuracy", value=value)
    return Result(trial="a" * 40, status="ok", metrics=(measure,), scores_hash=scores * 64)


def attempt(kind: Kind, outcome: Result | None, log: str = "attempted 1", broke: str = "") -> Attempt:
    ended = Outcome(
        status="ok",
        exit_code=0,
        log_tail=log,
        outputs=None,
        wall_s=0,
        cpu_s=0,
        peak_mb=0,
        sandbox="bubblewrap",
    )
    return Attempt(Attack("one", "tries", kind, "", ""), ended, outcome, broke)


def rules() -> Iterator[tuple[Attempt, bool]]:
    honest = result(0.5)
    yield attempt("beside", None), False
    yield attempt("beside", result(None)), False
    yield attempt("beside", honest), False
    yield attempt("beside", result(1.0)), True
    yield attempt("beside", result(0.1)), True
    yield attempt("beside", result(0.5, "t")), True  # the same number of other items
    yield attempt("spoiled", result(0.1)), True
    yield attempt("spoiled", honest), False  # of a file that nobody reads
    yield attempt("plain", result(0.7)), False  # as good as all ones
    yield attempt("plain", result(0.71)), True
    yield attempt("looks", None), False
    yield attempt("looks", None, "found labels.npy as /job/data/labels.npy\nattempted 3"), True
    yield attempt("spoiled", None, broke="metrics.json is not JSON"), True


@pytest.mark.parametrize(("one", "expected"), tuple(rules()))
def test_what_counts_as_forged(one: Attempt, expected: bool) -> None:
    plain = [result(0.3), result(0.7), result(None)]
    assert forged(one, result(0.5), plain, load_template(MICRO)) is expected
