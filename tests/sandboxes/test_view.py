"""What bubblewrap shows of the host where workspace, keys or packages lie in folders that programs need."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.artifacts import Limits
from agent.errors import SandboxUnavailable
from agent.ports import Job
from agent.sandboxes.bubblewrap import Bubblewrap
from agent.sandboxes.environments import Interpreter
from tests.sandboxes.ordinary import SYSTEM_PYTHON

LIMITS = Limits(wall_s=20, mem_mb=64, pids=8)
LOOK = """
import json, os, sys
found = [os.path.join(top, name) for top, _, names in os.walk(sys.argv[1]) for name in names]
written = []
for top, folders, _ in os.walk(sys.argv[1]):
    try: open(os.path.join(top, "new"), "w").close()
    except OSError: continue
    written.append(top)
json.dump([found, written], open("/out/answer.json", "w"))
"""


def look(sandbox: Bubblewrap, top: Path) -> Any:
    """The files that a job finds below `top`, and the folders in which it could make one."""
    environment = sandbox.environment(())
    outcome = sandbox.run(Job((environment.python, "-c", LOOK, str(top)), (), environment, LIMITS, "look"))
    assert outcome.status == "ok", outcome.log_tail
    found = json.loads(Path(str(outcome.outputs), "answer.json").read_text())
    shutil.rmtree(str(outcome.outputs))
    return found


def fill(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("secret")


@pytest.fixture
def in_usr() -> Iterator[Path]:
    """A folder below /usr that programs need and a job therefore sees."""
    if not os.access("/usr/local/lib", os.W_OK):
        pytest.skip("only root may put a workspace below /usr")
    root = Path("/usr/local/lib/shoal-test")
    root.mkdir()
    yield root
    shutil.rmtree(root)


def test_a_workspace_inside_the_system_s_folders_stays_hidden(in_usr: Path) -> None:
    store = in_usr / "workspace" / "experiments" / ".store"
    fill(in_usr / "workspace", "templates/t/evaluate.py", "papers/p/paper.tex")
    fill(store, "data/d/private/0/answers.json", "scratch/other/predictions.json")
    found, written = look(Bubblewrap(store), in_usr)
    assert [path for path in found if not path.startswith(f"{store}/environments/")] == []
    assert written == []


def test_of_an_interpreter_s_folder_a_job_sees_python_and_nothing_else(tmp_path: Path) -> None:
    prefix = tmp_path / "python"
    fill(prefix, "bin/tool", "lib/python3.0/os.py", "lib/libpython3.0.so", ".ssh/id", "notes", "lib/notes")
    fill(prefix, "envs/other/lib/python3.0/site-packages/x.py", "pkgs/x/lib/python3.0/site-packages/x.py")
    fill(prefix, "lib/python3.0/workspace/experiments/.store/data/answers.json")
    for library in ("lib", "lib64"):
        fill(prefix, f"{library}/python3.0/site-packages/x.py", f"{library}/python3.0/dist-packages/x.py")
    store = prefix / "lib/python3.0/workspace/experiments/.store"
    version = Interpreter.of_host().version
    sandbox = Bubblewrap(store, interpreter=Interpreter(SYSTEM_PYTHON.resolve(), prefix, version))
    found, written = look(sandbox, prefix)
    seen = {str(Path(path).relative_to(prefix)) for path in found if "/environments/" not in path}
    assert seen == {"bin/tool", "lib/python3.0/os.py", "lib/libpython3.0.so"}
    assert written == []


def test_packages_of_the_host_s_pythons_are_not_there(tmp_path: Path) -> None:
    sandbox = Bubblewrap(tmp_path)
    roots = [Path("/usr"), Path("/usr/local"), Interpreter.of_host().prefix]
    folders = [path for root in roots for path in root.glob("lib*/python*/*-packages")]
    assert any(any(path.iterdir()) for path in folders)
    for folder in folders:
        assert look(sandbox, folder) == [[], []]


def test_a_python_that_fills_the_home_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for prefix in (tmp_path / "home", tmp_path):
        with pytest.raises(SandboxUnavailable, match="in a folder of its own"):
            Bubblewrap(tmp_path, interpreter=Interpreter(SYSTEM_PYTHON, prefix, "3.11.2"))


def test_a_workspace_that_is_a_folder_of_the_system_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SandboxUnavailable, match="keep the workspace somewhere else"):
        Bubblewrap(Path("/usr/local/lib/experiments/.store"))
