"""Environments: what a trial can import, and what a failed build says."""

import json
import os
import shutil
from pathlib import Path

import pytest

from agent.artifacts import Limits, Outcome
from agent.errors import TemplateError
from agent.ports import Environment, Job, Sandbox
from agent.sandboxes.bubblewrap import Bubblewrap
from agent.sandboxes.environments import Interpreter, check_requirements, failed_install, host_pip
from agent.sandboxes.sources import sources_of_host

LIMITS = Limits(wall_s=30, mem_mb=256)


def run(sandbox: Sandbox, environment: Environment, code: str) -> Outcome:
    outcome = sandbox.run(Job((environment.python, "-c", code), (), environment, LIMITS, "test"))
    if outcome.outputs:
        shutil.rmtree(outcome.outputs)
    return outcome


@pytest.fixture(scope="module")
def with_package(sandbox: Sandbox) -> Environment:
    return sandbox.environment(("six==1.17.0",))


def test_an_environment_has_what_was_asked_for_and_nothing_of_the_host(
    sandbox: Sandbox, with_package: Environment
) -> None:
    assert run(sandbox, with_package, "import six; assert six.__version__ == '1.17.0'").status == "ok"
    for name in ("pydantic", "sklearn", "pip"):
        assert f"No module named '{name}'" in run(sandbox, with_package, f"import {name}").log_tail


def test_an_empty_environment_has_only_the_standard_library(
    sandbox: Sandbox, with_package: Environment
) -> None:
    empty = sandbox.environment(())
    assert "No module named 'six'" in run(sandbox, empty, "import six").log_tail
    assert empty.hash != with_package.hash


def test_the_packages_of_the_host_are_not_even_on_disk(sandbox: Sandbox) -> None:
    code = """
import os
tops = ["/" + name for name in os.listdir("/") if name not in ("proc", "sys")]
folders = [path for top in tops for path, _, _ in os.walk(top) if path.endswith("-packages")]
print([name for path in folders for name in os.listdir(path) if name in ("pydantic", "sklearn", "numpy")])
"""
    assert run(sandbox, sandbox.environment(()), code).log_tail == "[]\n"


def test_the_same_requirements_are_the_same_environment(sandbox: Sandbox, with_package: Environment) -> None:
    assert sandbox.environment(("six==1.17.0",)) == with_package


def test_a_requirement_that_cannot_be_installed_is_named(sandbox: Sandbox) -> None:
    with pytest.raises(TemplateError, match=r"six==0\.0\.999 cannot be installed"):
        sandbox.environment(("six==0.0.999",))


def test_nothing_in_the_folder_that_shoal_was_started_in_runs_on_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cloned"
    for name in ("pip", "venv", "ensurepip"):
        (folder / name).mkdir(parents=True)
        for file in ("__init__.py", "__main__.py"):
            (folder / name / file).write_text("open('ran', 'w')\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", f":{folder.parent}")  # an empty part means the folder one is in
    sources_of_host(host_pip(Interpreter.of_host()), os.environ, None)
    bundle = os.environ.get("SHOAL_SANDBOX__CA_BUNDLE")
    Bubblewrap(tmp_path / "store", ca_bundle=Path(bundle) if bundle else None).environment(("six==1.17.0",))
    assert not (folder / "ran").exists()


BREAKS = ("\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028")
"""Where pip ends a line of a file of requirements; an option may follow."""


@pytest.mark.parametrize(
    "text",
    [
        *("-e .", "--index-url=x", "./wheel.whl", "git+https://x/y", "", "six\\", "six==${HOME}"),
        *(
            "six @ file:///x",
            "six@http://x/six.tar.gz",
            "six[a]@file:///x",
            "six==1 @ http://x; python_version>'3'",
        ),
        *(
            "six.tar.gz",
            "six-1.zip",
            "six-1.WHL[a]",
            "six===1.tar.gz; python_version>'3'",
            "six==1 --hash=a:b",
        ),
        *(f"six==1.17.0{one}--only-binary=:none:{one}http://x/six.tar.gz" for one in BREAKS),
        *(f"six==1.17.0{one}" for one in BREAKS),
    ],
)
def test_only_plain_requirements_are_taken(text: str) -> None:
    with pytest.raises(TemplateError, match="is not a package with a version"):
        check_requirements((text,))


@pytest.mark.parametrize(
    "text",
    ["numpy", "numpy==2.4.6", "scikit-learn>=1.2,<2", "a[b]==1; python_version<'3.13'", "a == 1!2.0+cpu"],
)
def test_versions_extras_and_markers_are_plain(text: str) -> None:
    check_requirements((text,))


def test_what_an_environment_is_made_of_is_recorded(sandbox: Sandbox, with_package: Environment) -> None:
    code = "import platform, json; print(json.dumps([platform.python_version(), platform.machine()]))"
    version, machine = json.loads(run(sandbox, with_package, code).log_tail)
    assert version.startswith("3.")
    assert machine
    assert len(with_package.hash) == 64


def test_a_failed_install_without_a_name_gives_the_last_line() -> None:
    error = failed_install(("a==1",), "some\nERROR: Could not open\n")
    assert str(error) == "requirement a==1 cannot be installed: Could not open"
