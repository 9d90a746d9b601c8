"""A traced trial says which changed lines of the experiment ran, in every sandbox, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.artifacts import Change, Edit, Result, Trace
from agent.ports import Sandbox
from agent.spec import Files
from agent.templates import Template, changed_lines
from agent.trials.prepare import Prepared, prepare
from agent.trials.tracing import MOST_BYTES, run_traced
from tests.trials.conftest import Make

EXPERIMENT = (Path(__file__).resolve().parents[1] / "templates" / "micro" / "experiment.py").read_text()
CAREFUL = '    careful = 0.02 if knobs["mode"] == "slow" else 0.0\n'
MAIN = '\n\nif __name__ == "__main__":\n    main()\n'
DONE = '    (arguments.out / "predictions.json")'


quick = pytest.mark.parametrize("sandbox", ["bubblewrap"], indirect=True)
"""What does not depend on the engine."""


def edited(replace: str, search: str = CAREFUL, file: str = "experiment.py") -> Change:
    return Change(edits=(Edit(file=file, search=search, replace=replace),))


def traced(prepared: Prepared, change: Change, sandbox: Sandbox) -> Result:
    trial = prepared.setup.traced_trial(change, 0)
    assert trial is not None
    result, outcomes = run_traced(trial, change, prepared, sandbox)
    assert all(outcome.outputs is None for outcome in outcomes)
    assert result.metrics == ()
    return result


def trace_of(prepared: Prepared, change: Change, sandbox: Sandbox) -> Trace:
    result = traced(prepared, change, sandbox)
    assert result.status == "ok", result
    assert result.trace is not None
    return result.trace


def texts(template: Template, change: Change, trace: Trace) -> list[str]:
    """The first lines of the statements that did not run."""
    code = {name: text.split("\n") for name, text in template.code(change.edits).items()}
    return [code[file.file][line - 1].strip() for file in trace.files for line in file.missed]


def test_it_tells_the_lines_that_ran_from_those_that_did_not(micro: Prepared, sandbox: Sandbox) -> None:
    change = edited(
        CAREFUL
        + '    """A remark."""\n    # a comment\n\n'
        + "    extra = {\n        'bonus': 0.1,\n    }\n"
        + "    if knobs['mode'] == 'slow':\n        careful += extra['bonus']\n"
        + "    if False:\n        careful = 1.0\n"
        + "    careful += 0.0\n"
    )
    trace = trace_of(micro, change, sandbox)
    assert texts(micro.setup.template, change, trace) == ["careful += extra['bonus']", "careful = 1.0"]
    assert trace.changed == 6
    assert trace.whole
    assert trace.others == 0
    assert not trace.is_dead


@quick
def test_the_same_edit_with_other_knobs_runs_other_lines(micro: Prepared, sandbox: Sandbox) -> None:
    bonus = edited(CAREFUL + "    if knobs['mode'] == 'slow':\n        careful += 0.1\n")
    slow = Change.of({"mode": "slow"}, bonus.edits)
    assert trace_of(micro, bonus, sandbox).missed == 1
    assert trace_of(micro, slow, sandbox).missed == 0


@quick
def test_an_edit_of_which_nothing_runs_is_dead(micro: Prepared, sandbox: Sandbox) -> None:
    helper = (
        'def bonus(knobs: object) -> float:\n    """A bonus."""\n    return 0.3\n\n\ndef main() -> None:\n'
    )
    never = edited("    if STEPS > 99:\n        STEPS2 = 1\n    final = ", search="    final = ")
    assert not trace_of(micro, never, sandbox).is_dead  # the condition runs
    unused = edited("    return []\n    if False:\n        print()\n\n\ndef main(", search="\n\ndef main(")
    trace = trace_of(micro, unused, sandbox)
    assert (trace.changed, trace.missed) == (3, 3)
    assert trace.is_dead
    assert not trace_of(micro, edited(helper, search="def main() -> None:\n"), sandbox).is_dead  # `def` ran


@quick
def test_lines_of_a_helper_module_are_seen(changed: Make, sandbox: Sandbox, store: Path) -> None:
    template = changed(
        experiment=EXPERIMENT.replace("import argparse", "import argparse\nimport method").replace(
            "careful = 0.02 if", "careful = method.bonus() if"
        ),
        method="def bonus():\n    return 0.02\n\n\ndef other():\n    return 0.5\n",
    )
    template = with_editable(template, "experiment.py", "method.py")
    prepared = prepare(template, None, sandbox, store)
    change = edited(
        "    bonus = 0.03\n    return bonus\n", search="    return 0.02\n", file="method.py"
    ).model_copy(update={"knobs": Change.of({"mode": "slow"}).knobs})
    assert trace_of(prepared, change, sandbox).missed == 0
    other = edited("    return 0.6\n", search="    return 0.5\n", file="method.py")
    assert trace_of(prepared, other, sandbox).is_dead


@quick
def test_an_experiment_that_runs_itself_under_python_m_is_seen(
    changed: Make, sandbox: Sandbox, store: Path
) -> None:
    template = changed(
        experiment="import os, subprocess, sys\n\nhere = os.path.dirname(os.path.abspath(__file__))\n"
        "subprocess.run([sys.executable, '-m', 'method', *sys.argv[1:]], cwd=here, check=True)\n",
        method=EXPERIMENT,
    )
    prepared = prepare(with_editable(template, "experiment.py", "method.py"), None, sandbox, store)
    change = edited(CAREFUL + "    if careful > 9:\n        careful = 9.0\n", file="method.py")
    trace = trace_of(prepared, change, sandbox)
    assert (trace.changed, trace.missed, trace.others) == (2, 1, 0)


@quick
def test_programs_that_note_nothing_are_counted(micro: Prepared, sandbox: Sandbox) -> None:
    alone = (
        "    import subprocess, sys\n    subprocess.run([sys.executable, '-I', '-c', 'pass'], check=True)\n"
    )
    trace = trace_of(micro, edited(alone + DONE, search=DONE), sandbox)
    assert trace.others == 1
    dead = edited(alone + DONE, search=DONE).edits + edited("\n    return []\n    print()\n\n\ndef main(",
                                                            search="\n\n\ndef main(").edits  # fmt: skip
    assert not trace_of(micro, Change(edits=dead), sandbox).is_dead


@quick
def test_a_failing_experiment_leaves_what_it_noted(micro: Prepared, sandbox: Sandbox) -> None:
    result = traced(micro, edited("    careful = 1 / 0\n    careful = 0.0\n"), sandbox)
    assert (result.status, result.reason) == ("crashed", "exit code 1")
    assert result.trace is not None
    assert (result.trace.changed, result.trace.missed) == (2, 1)
    assert result.trace.whole is False


@quick
def test_an_experiment_that_leaves_without_an_end_is_not_whole(micro: Prepared, sandbox: Sandbox) -> None:
    trace = trace_of(micro, edited("    import os\n    os._exit(0)\n" + DONE, search=DONE), sandbox)
    assert trace.whole is False


@quick
def test_an_experiment_that_turns_tracing_off_is_not_whole(micro: Prepared, sandbox: Sandbox) -> None:
    off = "    import sys\n    sys.settrace(None)\n    getattr(sys, 'monitoring', sys).__dict__\n"
    trace = trace_of(micro, edited(off + DONE, search=DONE), sandbox)
    assert trace.whole is False


@pytest.mark.parametrize(
    ("forged", "why"),
    [
        ("b'0 1\\n'", "not watched"),
        ("b'everything ran\\n'", "form"),
        (f"b'.\\n' * {MOST_BYTES // 2 + 1}", "larger"),
    ],
)
@quick
def test_forged_notes_are_no_trace(micro: Prepared, sandbox: Sandbox, forged: str, why: str) -> None:
    forge = f"    with open('/out/.shoal-trace', 'ab') as notes:\n        notes.write({forged})\n"
    result = traced(micro, edited(forge + DONE, search=DONE), sandbox)
    assert result.status == "invalid"
    assert result.trace is None
    assert why in result.reason


@quick
def test_notes_that_were_replaced_by_a_link_are_no_trace(micro: Prepared, sandbox: Sandbox) -> None:
    notes = "'/out/.shoal-trace'"
    link = f"    import os\n    os.remove({notes})\n    os.symlink('/etc/passwd', {notes})\n"
    result = traced(micro, edited(link + DONE, search=DONE), sandbox)
    assert result.trace is None or result.trace.missed == result.trace.changed


@quick
def test_a_trial_that_watches_other_lines_is_refused(micro: Prepared, sandbox: Sandbox) -> None:
    trial = micro.setup.traced_trial(edited(CAREFUL + "    careful += 0.0\n"), 0)
    assert trial is not None
    with pytest.raises(ValueError, match="traced one"):
        run_traced(trial, Change(), micro, sandbox)


@quick
def test_a_change_without_new_python_has_nothing_to_trace(micro: Prepared) -> None:
    setup = micro.setup
    assert setup.traced_trial(Change.of({"mode": "slow"}), 0) is None
    assert setup.traced_trial(edited("", search="RITUAL_ITEMS = 8\n"), 0) is None
    assert setup.trial(Change(), 0, "dev").watched == ()


def test_changed_lines_are_those_that_are_not_there_before() -> None:
    before = {"a.py": "one\ntwo\nthree\n", "notes.txt": "x\n"}
    after = {"a.py": "one\n2\nthree\nfour\n", "notes.txt": "y\n"}
    assert [(one.file, one.lines) for one in changed_lines(before, after)] == [("a.py", (2, 4))]


def with_editable(template: Template, *names: str) -> Template:
    """A template whose editable files are these, in its file too."""
    path = template.root / "template.toml"
    listed = ", ".join(f'"{name}"' for name in names)
    path.write_text(re.sub(r"editable = \[.*\]", f"editable = [{listed}]", path.read_text()))
    spec = template.spec.model_copy(update={"files": Files(editable=names)})
    return Template(name=template.name, root=template.root, spec=spec)
