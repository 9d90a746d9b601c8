"""Every kind of wrong input: one line that says what to do, exit code 2, and nothing left behind."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from agent.artifacts import Run
from agent.workspace import Workspace
from tests.cli.at_once import at_once
from tests.cli.support import MICRO, Shoal, assert_refused, files, run_record


def changed_micro(folder: Path, name: str, before: str, after: str) -> Path:
    """A copy of the micro template in which one text of one file is another."""
    copy = folder / "odd"
    shutil.copytree(MICRO, copy)
    text = (copy / name).read_text()
    assert before in text
    (copy / name).write_text(text.replace(before, after, 1))
    return copy


def path_with(folder: Path, *programs: str) -> str:
    """A PATH on which nothing but these programs is found."""
    folder.mkdir()
    for program in programs:
        found = shutil.which(program)
        assert found, program
        (folder / program).symlink_to(found)
    return str(folder)


NO_DOCKER = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "nothing"], ["nothing", "known:", "digits"]),
        (["run", MICRO, "--idea", "colour"], ["colour", "no such file", "knobs"]),
        (["run", MICRO, "--regime", "night"], ["night", "it has"]),
        (["run", MICRO, "--model", "nobody:x"], ["nobody", "openai"]),
        (["run", MICRO, "--model", "gpt"], ["gpt", "provider:name"]),
        (["run", MICRO, "--model", "openai:x"], ["OPENAI_API_KEY"]),
        (["estimate", MICRO, "--model", "nobody:x"], ["nobody", "openai"]),
        (["estimate", MICRO, "--model", "openai:"], ["openai:", "provider:name"]),
        (["estimate", MICRO, "--model", ""], ["provider:name"]),
        (["run", MICRO, "--approve", ","], ["--approve", "idea, plan, paper"]),
        (["run", MICRO, "--until", "lunch"], ["lunch", "explore"]),
        (["run", MICRO, "--sandbox", "paper"], ["paper", "bubblewrap"]),
        (["run", MICRO, "--name", "My Run"], ["--name", "a–z"]),
        (["run", MICRO, "--name", "../x"], ["--name", "a–z"]),
        (["run", MICRO, "--name=--json"], ["--name", "not - first"]),
        (["run", MICRO, "--replicates", "17"], ["17", "16 confirming", "8 to 16"]),
        (["run", MICRO, "--model", "vllm:x", "--base-url", "here"], ["'here'", "http://"]),
        (["run", MICRO, "--replicates", "3"], ["--replicates", "8"]),
        (["run", MICRO, "--ideas", "few"], ["--ideas"]),
        (["run", MICRO, "--max-pages", "0"], ["--max-pages", "1"]),
        (["run", MICRO, "--max-pages", "-3"], ["--max-pages"]),
        (["run", MICRO, "--max-pages", "few"], ["--max-pages", "integer"]),
        (["run", MICRO, "--max-pages", "4", "--no-pdf"], ["max_pages = 4", "--no-pdf"]),
        (["run", MICRO, "--workspace", "/proc/nowhere"], ["/proc/nowhere", "--workspace"]),
        (["resume", "nothing"], ["nothing", "there is: none"]),
        (["stop", "nothing"], ["nothing"]),
        (["show", "nothing/idea"], ["nothing"]),
        (["logs", "nothing"], ["nothing"]),
        (["clean", "--run", "nothing", "--yes"], ["nothing"]),
        (["template", "check", "nothing"], ["nothing"]),
        (["trial", MICRO, "--set", "colour=1"], ["colour", "it has"]),
        (["trial", MICRO, "--set", "colour"], ["KNOB=VALUE"]),
        (["trial", MICRO, "--set", "width=3", "--set", "width=4"], ["width", "twice"]),
        (["trial", MICRO, "--keep", "/proc/nowhere"], ["/proc/nowhere", "another folder"]),
        (["trial", MICRO, "--split", "test"], ["dev"]),
        (["trial", MICRO, "--replicate", "4000"], ["4000", "0 to"]),
        (["init", "nowhere"], ["nowhere"]),
    ],
    ids=lambda value: (
        " ".join(map(str, value)).replace(str(MICRO), "micro") if isinstance(value, list) else ""
    ),
)
def test_wrong_arguments_change_nothing(
    shoal: Shoal, here: Path, arguments: list[str | Path], words: list[str]
) -> None:
    assert_refused(shoal(*arguments, env={"OPENAI_API_KEY": ""}), *words)
    assert files(here) == set()


def test_a_wrong_knob_value_names_the_allowed_ones(shoal: Shoal, here: Path) -> None:
    assert_refused(shoal("trial", "digits", "--set", "weight_decay=heavy"), "weight_decay", "a number from")
    assert files(here) == set()


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('goal = "', 'goal = "max', ["template.toml:", "metrics.", ".goal"]),
        ("schema = 1", "schema = 1\ncolour = 2", ["template.toml:2", "colour"]),
        ("schema = 1", "schema = ", ["template.toml", "line 1"]),
        ("primary = true", "primary = false", ["template.toml:", "metrics", "primary"]),
    ],
)
def test_a_malformed_template_is_named_with_key_and_line(
    shoal: Shoal, here: Path, tmp_path: Path, before: str, after: str, words: list[str]
) -> None:
    template = changed_micro(tmp_path, "template.toml", before, after)
    assert_refused(shoal("run", template), *words)
    assert files(here) == set()


def test_a_template_without_its_evaluator_is_refused(shoal: Shoal, here: Path, tmp_path: Path) -> None:
    shutil.copytree(MICRO, tmp_path / "odd")
    (tmp_path / "odd" / "evaluate.py").unlink()
    assert_refused(shoal("run", tmp_path / "odd"), "evaluate.py", "missing")
    assert files(here) == set()


def test_a_template_without_data_is_refused(shoal: Shoal, here: Path, tmp_path: Path) -> None:
    shutil.copytree(MICRO, tmp_path / "odd")
    (tmp_path / "odd" / "prepare.py").write_text("print('nothing to do')\n")
    assert_refused(shoal("run", tmp_path / "odd", "--sandbox", "bubblewrap", "--no-pdf"), "wrote no data")
    assert Workspace(here).runs() == []
    assert [path for path in files(here) if not path.startswith("experiments/.store")] == ["experiments"]


def test_an_unknown_setting_is_named_with_its_line(shoal: Shoal, here: Path) -> None:
    (here / "shoal.toml").write_text("[run]\nsede = 1\n")
    assert_refused(shoal("run", MICRO), "shoal.toml:2", "run.sede")
    assert files(here) == {"shoal.toml"}


def test_an_unknown_variable_is_refused(shoal: Shoal, here: Path) -> None:
    assert_refused(shoal("run", MICRO, env={"SHOAL_SEED": "1"}), "SHOAL_SEED")
    assert files(here) == set()


def test_a_certificate_file_that_is_not_there_is_refused(shoal: Shoal, here: Path) -> None:
    env = {"SHOAL_SANDBOX__CA_BUNDLE": "/nowhere/ca.pem"}
    assert_refused(shoal("run", MICRO, env=env), "SHOAL_SANDBOX__CA_BUNDLE", "file")
    assert files(here) == set()


def test_a_workspace_whose_store_is_a_file_is_refused(shoal: Shoal, here: Path) -> None:
    (here / "experiments").mkdir()
    (here / "experiments" / ".store").write_text("")
    assert_refused(shoal("run", MICRO, "--no-pdf"), "experiments/.store", "--workspace")


def test_an_evaluator_without_its_metric_leaves_no_run_behind(
    shoal: Shoal, here: Path, tmp_path: Path
) -> None:
    template = changed_micro(
        tmp_path, "evaluate.py", '"metrics": {"accuracy": sum(right) / len(right)}', '"metrics": {}'
    )
    done = shoal("run", template, "--sandbox", "bubblewrap", "--no-pdf", "--explore", "2")
    assert done.returncode == 2
    assert "gave no metric 'accuracy'" in done.stderr.splitlines()[-1]
    assert Workspace(here).runs() == []


def test_a_file_is_no_workspace(shoal: Shoal, here: Path) -> None:
    (here / "notes").write_text("")
    assert_refused(shoal("run", MICRO, "--workspace", "notes"), "notes", "--workspace")
    assert files(here) == {"notes"}


def test_a_name_that_exists_is_refused(shoal: Shoal, here: Path) -> None:
    Workspace(here).put("taken", run_record("taken"))
    before = files(here)
    assert_refused(shoal("run", MICRO, "--name", "taken"), "taken", "shoal resume taken")
    assert files(here) == before


def test_a_full_disk_is_found_before_the_start(shoal: Shoal, here: Path) -> None:
    assert_refused(shoal("run", MICRO, env={"SHOAL_RUN__MIN_FREE_MB": "900000000"}), "MB free", "shoal clean")
    assert files(here) == set()


def test_a_machine_without_a_sandbox_is_told_how_to_get_one(shoal: Shoal, here: Path, tmp_path: Path) -> None:
    env = {"PATH": path_with(tmp_path / "bin"), **NO_DOCKER}
    assert_refused(shoal("run", MICRO, "--no-pdf", env=env), "bubblewrap", "install")
    assert files(here) == set()


def test_a_machine_without_tex_is_told_how_to_get_it(shoal: Shoal, here: Path, tmp_path: Path) -> None:
    env = {"PATH": path_with(tmp_path / "bin", "bwrap", "setpriv", "sh"), **NO_DOCKER}
    assert_refused(shoal("run", MICRO, env=env), "TeX", "texlive", "--no-pdf")
    assert files(here) == set()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('title = "t"\n', ["hypothesis"]),
        ('title = "t"\nhypothesis = "h"\nprediction = "p"\nrefuted_if = "r"\nknob = "colour"\n', ["colour"]),
        ('title = "t"\nhypothesis = "h"\nprediction = "p"\nrefuted_if = "r"\n', ["knob", "what"]),
        ('title = "t"\nhypothesis = "h"\nprediction = "p"\nrefuted_if = "r"\nwhat = "w"\n', ["--model"]),
        (
            'title = "t"\nhypothesis = "h"\nprediction = "p"\nrefuted_if = "r"\ncolour = 1\n',
            [":5:", "colour"],
        ),
        ("title = \n", ["line 1"]),
    ],
)
def test_a_wrong_idea_file_is_refused(shoal: Shoal, here: Path, text: str, words: list[str]) -> None:
    (here / "idea.toml").write_text(text)
    assert_refused(shoal("run", MICRO, "--idea", "idea.toml"), "idea.toml", *words)
    assert files(here) == {"idea.toml"}


def test_the_key_of_a_server_is_never_printed(shoal: Shoal) -> None:
    env = {"OPENAI_API_KEY": "sk-secret-0815"}
    done = shoal("run", MICRO, "--model", "openai:x", "--until", "lunch", env=env)
    assert "0815" not in done.stdout + done.stderr


def test_no_traceback_is_shown_where_home_is_missing(shoal: Shoal) -> None:
    assert "Traceback" not in shoal("list", env={"HOME": os.devnull}).stderr


def test_a_damaged_run_does_not_hide_the_others_from_the_list(here: Path) -> None:
    workspace = Workspace(here)
    for name in ("first", "second"):
        workspace.put(name, run_record(name))
    workspace.path(Run, "first").write_text("{")
    listed = at_once(here)("list")
    assert listed.returncode == 4
    assert re.findall(r"^(\w+) .*(damaged|started)", listed.stdout, re.MULTILINE) == [
        ("first", "damaged"), ("second", "started"),
    ]  # fmt: skip
    (line,) = listed.stderr.splitlines()
    assert "`shoal clean --run first`" in line
    document = json.loads(at_once(here)("list", "--json").stdout)
    assert [("damaged" in run, run["run"]) for run in document["runs"]] == [
        (True, "first"),
        (False, "second"),
    ]
