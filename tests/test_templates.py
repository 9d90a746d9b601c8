"""What loading a template promises: errors with file, line and key; hashes that follow what matters."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.artifacts import Change, Edit
from agent.errors import EditFailed, TemplateError
from agent.templates import Setup, Template, find_template, load_template

TOML = """\
schema = 1
title = "A title"
question = "A question?"
scope = "a scope"

[replicates]
explore = 16
confirm = 16
varies = ["noise"]

[metrics.score]
goal = "maximize"
primary = true
worst = 0.0
sesoi = 0.1

[knobs.rate]
type = "float"
default = 0.1
low = 0.01
high = 1.0
log = true
also = [0.0]

[knobs.loss]
type = "categorical"
default = "ce"
choices = ["ce", "mae"]

[limits]
wall_s = 5
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "toy"
    root.mkdir()
    (root / "template.toml").write_text(TOML)
    (root / "prepare.py").write_text("prepare = 1\n")
    (root / "experiment.py").write_text("alpha = 1\nbeta = 1\n")
    (root / "evaluate.py").write_text("evaluate = 1\n")
    return root


def setup_of(template: Template) -> Setup:
    return Setup(template, "default", "a scope", "d", "p", template.hash("env"), "e")


@pytest.mark.parametrize(
    ("old", "new", "line", "key"),
    [
        ('goal = "maximize"', 'goal = "max"', 12, "metrics.score.goal"),
        ("low = 0.01", "lwo = 0.01", 20, "knobs.rate.lwo"),
        ("wall_s = 5", "wall_s = -5", 31, "limits.wall_s"),
        ("sesoi = 0.1", "", 11, "metrics.score"),
        ("schema = 1", "schema = 2", 1, "schema"),
        ("default = 0.1", "default = 7.5", 17, "knobs.rate"),
        ("primary = true", "", 11, "metrics"),
        ("worst = 0.0", "worst = 2.0\nbounds = [0.0, 1.0]", 11, "metrics.score: worst = 2"),
        ("worst = 0.0", "worst = 0.0\nbounds = [1.0, 0.0]", 11, "metrics.score: bounds"),
        ('choices = ["ce", "mae"]', 'choices = ["ce", "ce"]', 25, "knobs.loss: two choices"),
        ("[knobs.loss]", '[knobs."The Loss"]', 25, "knobs.The Loss: use at most 40"),
        ('default = "ce"', 'default = "ce"\nwhen = {speed = 1}', 28, "knobs.loss.when.speed: no such knob"),
    ],
)
def test_a_wrong_key_is_named_with_its_line(folder: Path, old: str, new: str, line: int, key: str) -> None:
    (folder / "template.toml").write_text(TOML.replace(old, new))
    with pytest.raises(TemplateError, match=rf"template\.toml:{line}: {key}"):
        load_template(folder)


def test_broken_toml_is_named_with_its_line(folder: Path) -> None:
    (folder / "template.toml").write_text(TOML.replace('goal = "maximize"', "goal = maximize"))
    with pytest.raises(TemplateError, match="line 12"):
        load_template(folder)


def test_a_missing_program_is_named(folder: Path) -> None:
    (folder / "evaluate.py").unlink()
    with pytest.raises(TemplateError, match=r"evaluate\.py is missing"):
        load_template(folder)


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        "experiment.py",
        "template.toml",
        "evaluate.py",
        "README.md",
        "sub/notes.txt",
        ".own/code.py",
    ],
)
def test_a_link_in_a_template_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text(TOML if name == "template.toml" else "secret = 1\n")
    if name == ".own/code.py":
        (folder / "template.toml").write_text(f'{TOML}\n[files]\neditable = ["experiment.py", "{name}"]\n')
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(secret)
    with pytest.raises(TemplateError, match=rf"{name} is a link: .* put a copy there"):
        load_template(folder)


@pytest.mark.parametrize("target", ["outside", "nowhere"])
def test_a_linked_folder_in_a_template_is_refused(folder: Path, tmp_path: Path, target: str) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "code.py").write_text("")
    (folder / ".own").symlink_to(tmp_path / target)
    assert load_template(folder).name == "toy"  # hidden: nobody reads it
    (folder / "template.toml").write_text(f'{TOML}\n[files]\neditable = [".own/code.py"]\n')
    with pytest.raises(TemplateError, match=r"\.own is a link"):
        load_template(folder)
    (folder / ".own").rename(folder / "own")
    (folder / "template.toml").write_text(TOML)
    with pytest.raises(TemplateError, match="own is a link"):
        load_template(folder)


def test_a_pipe_in_a_template_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "notes.txt")
    with pytest.raises(TemplateError, match=r"notes\.txt is no plain file"):
        load_template(folder)


def test_a_link_that_comes_after_loading_is_refused_all_the_same(folder: Path) -> None:
    template = load_template(folder)
    (folder / "notes.txt").symlink_to("/etc/passwd")
    with pytest.raises(TemplateError, match="is a link"):
        template.hash("env")


def test_a_template_may_be_reached_by_a_link(folder: Path) -> None:
    (folder.parent / "other").symlink_to(folder)
    template = load_template(folder.parent / "other")
    assert template.hash("env") == load_template(folder).hash("env")


@pytest.mark.parametrize("name", ["/etc/passwd", "../other.py", "evaluate.py", "./evaluate.py", "private/x"])
def test_only_code_of_the_experiment_is_editable(folder: Path, name: str) -> None:
    (folder / "template.toml").write_text(TOML + f'\n[files]\neditable = ["experiment.py", "{name}"]\n')
    with pytest.raises(TemplateError, match=r"template\.toml:\d+: files"):
        load_template(folder)


def test_an_unknown_template_lists_the_known_ones(folder: Path) -> None:
    with pytest.raises(TemplateError, match="known: toy"):
        find_template("toi", [folder.parent])
    assert find_template("toy", [folder.parent]) == folder


def test_knobs_and_values_outside_the_template_are_refused(folder: Path) -> None:
    template = load_template(folder)
    for change in (Change.of({"nope": 1}), Change.of({"rate": 5.0}), Change.of({"loss": "hinge"})):
        with pytest.raises(TemplateError, match="knob"):
            template.knobs(change)
    assert {k.name: k.value for k in template.knobs(Change.of({"rate": 0.0}))} == {"rate": 0.0, "loss": "ce"}


@pytest.mark.parametrize(("text", "value"), [("0.5", 0.5), ("0", 0.0)])
def test_a_knob_reads_its_value_from_text(folder: Path, text: str, value: float) -> None:
    assert load_template(folder).spec.knobs["rate"].coerce(text) == value


@pytest.mark.parametrize("text", ["fast", "7", "nan", "-1", "inf"])
def test_text_that_is_no_value_of_a_knob_says_what_is(folder: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r"a number from 0\.01 to 1 or 0\.0"):
        load_template(folder).spec.knobs["rate"].coerce(text)


def test_the_trial_id_follows_what_matters(folder: Path) -> None:
    def trial_id() -> str:
        return setup_of(load_template(folder)).trial(Change(), 0, "dev").id

    first = trial_id()
    files = {"README.md": False, "library.bib": False, "evaluate.py": True, "helper.py": True}
    for name, matters in files.items():
        before = trial_id()
        with (folder / name).open("a") as file:
            file.write("# more\n")
        assert (trial_id() != before) is matters, name
    title = (folder / "template.toml").read_text().replace("A title", "Another")
    before = trial_id()
    (folder / "template.toml").write_text(title)
    assert trial_id() == before != first


def test_a_default_written_out_is_the_same_trial(folder: Path) -> None:
    setup = setup_of(load_template(folder))
    assert setup.trial(Change.of({"rate": 0.1}), 3, "dev") == setup.trial(Change(), 3, "dev")
    assert setup.trial(Change(), 3, "test").id != setup.trial(Change(), 3, "dev").id


@pytest.mark.parametrize(
    "edit",
    [
        Edit(file="experiment.py", search="gamma", replace="x"),
        Edit(file="experiment.py", search=" = 1", replace="x"),
        Edit(file="evaluate.py", search="evaluate", replace="x"),
        Edit(file="experiment.py", search="", replace="x"),
    ],
    ids=["absent", "twice", "another file", "empty"],
)
def test_an_edit_that_does_not_fit_once_is_refused(folder: Path, edit: Edit) -> None:
    with pytest.raises(EditFailed):
        load_template(folder).code([edit])


def test_edits_apply_in_order(folder: Path) -> None:
    edits = [
        Edit(file="experiment.py", search="alpha = 1", replace="alpha = 2"),
        Edit(file="experiment.py", search="alpha = 2", replace="alpha = 3"),
    ]
    assert load_template(folder).code(edits)["experiment.py"] == "alpha = 3\nbeta = 1\n"
