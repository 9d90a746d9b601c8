"""Commands that only look and answer, in this process: no new interpreter, the same command line."""

import contextlib
import io
import subprocess
from pathlib import Path

import pytest

from agent.cli import run as command
from tests.cli.support import Shoal


def at_once(folder: Path) -> Shoal:
    """Runs `shoal ARGUMENTS` in a folder; `env` adds variables."""

    def run(*arguments: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        out, err = io.StringIO(), io.StringIO()
        words = [str(one) for one in arguments]
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.chdir(folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            code = command(words)
        return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())

    return run
