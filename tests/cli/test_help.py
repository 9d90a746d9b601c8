"""The help: complete, and without any heavy library."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.support import REPOSITORY, Shoal, assert_refused

HEAVY = ("langgraph", "openai", "scipy", "docker", "matplotlib", "numpy", "pydantic_settings")
COMMANDS = (
    *("run", "resume", "stop", "list", "show", "logs", "trial", "template"),
    *("init", "clean", "doctor", "models", "estimate", "calls", "replay"),
    *("verify", "reproduce", "replicate", "ledger", "audit", "env", "study"),
    *("approve", "reject", "hint", "prune", "pin", "tree"),
)
PROGRAM = """
import sys
from agent.cli import run
code = run(sys.argv[1:])
print("loaded:", *sorted(set(sys.modules) & set({heavy!r})), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["template", "check", "--help"]])
def test_help_imports_no_heavy_library(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(heavy=HEAVY), *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Usage" in done.stdout
    assert done.stderr.strip() == "loaded:"


def test_help_names_every_command(shoal: Shoal) -> None:
    shown = shoal("--help").stdout
    for command in COMMANDS:
        assert f" {command} " in shown


def test_every_command_has_a_form_for_programs() -> None:
    from typer.main import get_command

    from agent.cli.app import app

    def lacking(command: Any, name: str) -> Iterator[str]:
        if hasattr(command, "commands"):
            for word, inner in command.commands.items():
                yield from lacking(inner, f"{name} {word}")
        elif not any("--json" in parameter.opts for parameter in command.params):
            yield name

    assert list(lacking(get_command(app), "shoal")) == []


def test_run_has_every_flag_of_the_contract(shoal: Shoal) -> None:
    shown = shoal("run", "--help").stdout
    flags = "model base-url seed ideas idea explore replicates workers sandbox workspace name regime until"
    switches = "no-pdf allow-uninformative allow-exhausted json yes"
    caps = "max-cost max-tokens max-minutes max-trials"
    for flag in [*flags.split(), *switches.split(), *caps.split()]:
        assert f"--{flag} " in shown


def test_an_unknown_flag_is_one_line(shoal: Shoal) -> None:
    assert_refused(shoal("run", "digits", "--colour"), "--colour", "--help")


def test_a_missing_argument_is_one_line(shoal: Shoal) -> None:
    assert_refused(shoal("run"), "TEMPLATE")


def test_without_a_command_the_help_is_shown(shoal: Shoal) -> None:
    done = shoal()
    assert "Usage" in done.stdout
    assert "Traceback" not in done.stderr
