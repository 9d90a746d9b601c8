"""`init`, `doctor` and the list of templates."""

import json
from pathlib import Path

from tests.cli.support import Shoal, assert_refused


def test_init_writes_a_file_and_never_over_one(shoal: Shoal, here: Path) -> None:
    assert shoal("init").returncode == 0
    written = (here / "shoal.toml").read_text()
    for key in ("#seed = 0", "#max_cost_usd =", "#base_image =", '#default = "scripted"'):
        assert key in written
    assert shoal("list").returncode == 0
    assert_refused(shoal("init"), "exists already")
    (here / "other").mkdir()
    document = json.loads(shoal("init", "other", "--json").stdout)
    assert document["path"] == str(here / "other" / "shoal.toml")
    assert (here / "shoal.toml").read_text() == written


def test_templates_of_the_package_are_listed(shoal: Shoal) -> None:
    names = [row["template"] for row in json.loads(shoal("template", "list", "--json").stdout)["templates"]]
    assert "digits" in names


def test_templates_of_the_folder_come_first_and_broken_ones_are_named(shoal: Shoal, here: Path) -> None:
    (here / "templates" / "digits").mkdir(parents=True)
    (here / "templates" / "digits" / "template.toml").write_text("schema = 2\n")
    rows = json.loads(shoal("template", "list", "--json").stdout)["templates"]
    (digits,) = (row for row in rows if row["template"] == "digits")
    assert digits["title"].startswith("broken: ")
    assert digits["path"] == "templates/digits"


def test_doctor_finds_this_machine_fit(shoal: Shoal, here: Path) -> None:
    done = shoal("doctor", "--json")
    document = json.loads(done.stdout)
    assert {one["name"] for one in document["findings"]} >= {"Python", "docker", "bubblewrap", "TeX"}
    assert all(one["mend"] for one in document["findings"] if not one["works"])
    assert done.returncode == (0 if document["fine"] else 1)
    assert not list(here.iterdir())


def test_doctor_names_what_mends_a_bare_machine(shoal: Shoal, here: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    env = {"PATH": str(tmp_path / "bin"), "DOCKER_HOST": "unix:///nonexistent/docker.sock"}
    done = shoal("doctor", "--json", env=env)
    assert done.returncode == 1
    findings = {one["name"]: one for one in json.loads(done.stdout)["findings"]}
    assert "bubblewrap" in findings["bubblewrap"]["mend"]
    assert "texlive" in findings["TeX"]["mend"]


def test_doctor_asks_a_configured_model_server(shoal: Shoal, here: Path) -> None:
    (here / "shoal.toml").write_text('[models]\ndefault = "vllm:x"\nbase_url = "http://127.0.0.1:9/v1"\n')
    done = shoal("doctor", "--json")
    assert done.returncode == 1
    findings = {one["name"]: one for one in json.loads(done.stdout)["findings"]}
    assert findings["model vllm:x"]["works"] is False
    assert "127.0.0.1:9" in findings["model vllm:x"]["detail"]
