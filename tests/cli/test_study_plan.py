"""Plans and code that a person brings: the example of the docs, and the ways to get one wrong."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.artifacts import Ideas, Plan, Tree
from agent.cli.code import between, hunks
from agent.cli.idea import read_idea
from agent.cli.plan import read_plan
from agent.errors import EditFailed, UserError
from agent.templates import apply_edits, load_template
from agent.workspace import Workspace
from tests.cli.at_once import at_once
from tests.cli.support import MICRO, REPOSITORY, assert_refused, in_folder

DOCS = (REPOSITORY / "docs" / "people-in-the-loop.md").read_text(encoding="utf-8")
IDEA, PLAN = re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL)
(COMMAND,) = re.findall(r"```\nshoal (study .*)\n```", DOCS)
TREATED = '    careful = 0.02 if knobs["mode"] == "slow" else 0.0\n'
BONUS = '    careful = 0.2 if knobs["mode"] == "slow" else 0.0\n'
(RETURNS,) = re.findall(r"^    return 0.*\n", (MICRO / "experiment.py").read_text(), re.MULTILINE)
TWICE = 'role = "control"\nedits = [{ file = "experiment.py", search = "STEPS", replace = "" }]'
ENDLESS = 'files = { "experiment.py" = "/dev/zero" }'
DIFF = f"""\
diff --git a/experiment.py b/experiment.py
--- a/experiment.py
+++ b/experiment.py
@@ -1,3 +1,3 @@
     \"\"\"Probability of a right guess.\"\"\"
-{TREATED}+{BONUS}{" " + RETURNS}"""
"""Its line numbers are wrong: they are not believed."""


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A workspace in which the docs' example ran, and its document."""
    folder = tmp_path_factory.mktemp("example")
    shutil.copytree(MICRO, folder / "tests" / "templates" / "micro")
    (folder / "plan.toml").write_text(PLAN, encoding="utf-8")
    ended = in_folder(folder)(*shlex.split(COMMAND), "--sandbox", "bubblewrap")
    assert ended.returncode == 0, ended.stderr
    return folder, json.loads(ended.stdout)


def test_the_example_of_the_docs_is_tested_as_it_stands(example: tuple[Path, dict[str, Any]]) -> None:
    folder, document = example
    assert (document["command"], document["run"], document["status"]) == ("study", "attention", "done")
    (idea,) = document["ideas"]
    assert idea["verdict"] == "supported"
    workspace = Workspace(folder)
    plan = workspace.get(Plan, f"attention/{idea['id']}/1")
    assert [(arm.name, arm.tuning_trials, arm.declared) for arm in plan.arms] == [
        ("treatment", 12, True), ("baseline", 12, True), ("control", 1, True),
    ]  # fmt: skip
    assert plan.arms[0].change.values() == {"attention": 1.0, "width": 5}
    assert [one.family for one in plan.comparisons] == ["verdict", "descriptive"]
    assert (plan.n, plan.sesoi) == (8, 0.1)


def test_nothing_is_searched_and_every_arm_is_tried_out(example: tuple[Path, dict[str, Any]]) -> None:
    folder, document = example
    tree = Workspace(folder).get(Tree, f"attention/{document['ideas'][0]['id']}")
    assert tree.brought
    assert [(one.arm, one.origin, len(one.trials)) for one in tree.candidates] == [
        (arm, "brought", 5) for arm in ("treatment", "baseline", "control")
    ]
    assert document["trials"] == 3 * 5 + 3 * 8


def test_the_paper_says_what_was_brought_and_declared(example: tuple[Path, dict[str, Any]]) -> None:
    folder, document = example
    paper = (folder / f"papers/attention/{document['ideas'][0]['id']}/round-0/paper.tex").read_text()
    for words in (
        "A person brought idea and plan",
        "is what that person declares",
        "Nothing was searched",
        "attentive (treatment)",
        "a person chose the hypothesis",
    ):
        assert words in paper, words
    assert "the tuned baseline" not in paper
    assert "a rule chose" not in paper


def test_code_of_a_person_is_tuned_like_the_baseline_without_a_model(tmp_path: Path) -> None:
    (tmp_path / "bonus.diff").write_text(DIFF)
    (tmp_path / "idea.toml").write_text(IDEA, encoding="utf-8")
    command = [
        *("run", str(MICRO), "--idea", "idea.toml", "--name", "code", "--sandbox", "bubblewrap", "--no-pdf"),
        *("--explore", "2", "--replicates", "8", "--allow-uninformative", "--until", "register"),
    ]
    ended = in_folder(tmp_path)(*command)
    assert ended.returncode == 3, ended.stderr
    workspace = Workspace(tmp_path)
    (idea,) = workspace.get(Ideas, "code").items
    tree, plan = workspace.get(Tree, f"code/{idea.id}"), workspace.get(Plan, f"code/{idea.id}/1")
    by_arm = {arm: [one for one in tree.candidates if one.arm == arm] for arm in ("baseline", "treatment")}
    assert [one.change.knobs for one in by_arm["treatment"]] == [
        one.change.knobs for one in by_arm["baseline"]
    ]
    assert all(one.change.edits == idea.edits != () for one in by_arm["treatment"])
    assert [one.family for one in plan.comparisons] == ["verdict", "verdict"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"treatment"', '"treated"', ["plan.toml:", "arms.attentive.role"]),
        ('role = "treatment"', 'role = "baseline"', ["one treatment, this one 0"]),
        ("attention = 1.0", "attention = 0.0", ["arms.attentive.knobs", "the same value"]),
        ("attention = 1.0", "attention = 7", ["attention", "7 is not a number from 0.5 to 1"]),
        ("width = 5 } #", "breadth = 5 } #", ["breadth", "no such knob"]),
        ('knob = "attention"', 'knob = "patience"', ["plan.toml:7", "no knob 'patience'"]),
        ('metric = "accuracy"', 'metric = "speed"', ["plan.toml:8", "primary metric"]),
        ("sesoi = 0.1", "sesoi = 0", ["plan.toml:9", "sesoi"]),
        ("sesoi = 0.1", "sesoi = inf", ["plan.toml:9", "sesoi", "finite"]),
        ("sesoi = 0.1", "sesoi = true", ["plan.toml:9", "sesoi", "valid number"]),
        ("sesoi = 0.1", "sesoi = 1.5", ["plan.toml:9", "more than accuracy can differ by"]),
        ("sesoi = 0.1", "sesoi = 1e-300", ["plan.toml:9", "next to nothing"]),
        ("n = 8 ", "max_pages = 0 ", ["plan.toml:10", "max_pages"]),
        ("n = 8 ", "max_pages = '4' ", ["plan.toml:10", "max_pages"]),
        ('title = "', 'title = " "#', ["plan.toml:", "title", "blank"]),
        ('title = "', 'title = "\\u001b', ["plan.toml:", "title", "control character"]),
        ('title = "', f'title = "{"x" * 301}', ["plan.toml:", "title", "at most 300"]),
        ("[arms.plain]", '[arms.""]', ["plan.toml:", "'' is no name for an arm"]),
        ("[arms.plain]", '[arms."../../x"]', ["plan.toml:", "no name for an arm"]),
        ("[arms.plain]", f'[arms."{"x" * 5000}"]', ["plan.toml:", "…' is no name"]),
        ("tuning_trials = 1\n", f"tuning_trials = {10**29}\n", ["arms.defaults.tuning_trials"]),
        ('role = "control"', f'role = "control"\n{ENDLESS}', ["arms.defaults.files", "no regular file"]),
        ("n = 8", "n = 17", ["plan.toml:10", "has 16"]),
        ("n = 8", "n = 7", ["plan.toml:10", "8"]),
        ("tuning_trials = 1\n", "", ["arms.defaults.tuning_trials", "1 if it was simply set"]),
        ("tuning_trials = 1\n", "tuned = 1\n", ["arms.defaults.tuned", "known are", "tuning_trials"]),
        ('defaults = "descriptive"', 'plain = "descriptive"', ["comparisons.plain", "verdict"]),
        ('defaults = "descriptive"', 'nobody = "verdict"', ["comparisons.nobody", "plain, defaults"]),
        ('template = "tests/', 'template = "nowhere/', ["plan.toml:2", "no template"]),
        ("schema = 1", "schema = 2", ["plan.toml:1", "schema"]),
        ("schema = 1", "schema = ", ["plan.toml"]),
        ('role = "control"', 'role = "control"\ndiff = "gone.diff"', ["plan.toml:", "arms.defaults.diff"]),
        ('role = "control"', TWICE, ["arms.defaults.edits", "occurs"]),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_used_is_one_line_that_says_where(
    example: tuple[Path, dict[str, Any]], old: str, new: str, words: list[str]
) -> None:
    folder, _ = example
    assert PLAN.count(old) == 1 or old == "tuning_trials = 1\n"
    path = folder / "bad" / "plan.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        PLAN.replace("tests/templates", "../tests/templates").replace(
            old.replace("tests/", "../tests/"), new
        ),
        "utf-8",
    )
    with pytest.raises(UserError) as refused:
        read_plan(path)
    text = str(refused.value)
    assert "\n" not in text
    assert [word for word in words if word not in text] == [], text


def test_a_plan_is_a_small_file_without_keys(tmp_path: Path) -> None:
    answer, plan = at_once(tmp_path), tmp_path / "plan.toml"
    plan.write_text(PLAN + "# sk-SECRETKEY12345\n")
    given = answer("study", "plan.toml", env={"OPENAI_API_KEY": "sk-SECRETKEY12345"})
    assert_refused(given, "plan.toml", "holds the key of a model server")
    assert "SECRET" not in given.stderr
    plan.write_text(PLAN + "#" * 2**20)
    assert_refused(answer("study", "plan.toml"), "plan.toml", "more than 1048576 bytes")
    assert_refused(answer("study", "/dev/zero"), "/dev/zero", "no regular file")


def test_the_command_refuses_a_bad_plan_and_leaves_no_run(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(PLAN.replace("n = 8", "n = 8\nm = 9"), encoding="utf-8")
    assert_refused(at_once(tmp_path)("study", "plan.toml"), "plan.toml:11", "no such key")
    assert_refused(at_once(tmp_path)("study", "missing.toml"), "missing.toml", "cannot be read")
    assert not (tmp_path / "experiments").exists()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("", "somebody has to write this code"),
        ('diff = "empty.diff"', "no unified diff"),
        ('diff = "other.diff"', "no editable file"),
        ('files = { "experiment.py" = "same.py" }', "nothing changes"),
        ('files = { "experiment.py" = "broken.py" }', "does not parse"),
        ('files = { "evaluate.py" = "same.py" }', "not an editable file"),
        ('diff = "bonus.diff"\ndeciding = ["baseline"]', "control has to be among them"),
        ('diff = "bonus.diff"\nfiles = { "experiment.py" = "same.py" }', "given twice"),
    ],
)
def test_code_that_cannot_be_used_is_refused(tmp_path: Path, code: str, words: str) -> None:
    original = (MICRO / "experiment.py").read_text()
    (tmp_path / "empty.diff").write_text("nothing\n")
    (tmp_path / "other.diff").write_text(DIFF.replace("experiment.py", "evaluate.py"))
    (tmp_path / "bonus.diff").write_text(DIFF)
    (tmp_path / "same.py").write_text(original)
    (tmp_path / "broken.py").write_text(original.replace(TREATED, "    careful = (\n"))
    path = tmp_path / "idea.toml"
    path.write_text(IDEA.replace('diff = "bonus.diff"\n', f"{code}\n"), encoding="utf-8")
    with pytest.raises(UserError, match=r"idea\.toml:\d+: ") as refused:
        read_idea(str(path), load_template(MICRO), scripted=True)
    assert words in str(refused.value)


def test_a_diff_a_changed_file_and_edits_mean_the_same() -> None:
    before = (MICRO / "experiment.py").read_text()
    after = before.replace(TREATED, BONUS)
    for edits in (list(hunks(DIFF, ("experiment.py",))), between("experiment.py", before, after)):
        assert apply_edits({"experiment.py": before}, edits) == {"experiment.py": after}
    with pytest.raises(EditFailed):
        list(hunks("--- a\n+++ b\n", ("experiment.py",)))


LINES = st.lists(st.sampled_from(["a", "b", "", "  c"]), min_size=1, max_size=12).map("\n".join)


@given(LINES, LINES)
def test_the_edits_between_two_texts_turn_one_into_the_other(before: str, after: str) -> None:
    if before and before != after:
        assert apply_edits({"f": before}, between("f", before, after)) == {"f": after}
