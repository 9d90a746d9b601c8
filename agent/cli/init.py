"""`shoal init`: a settings file that says what can be set, generated from the settings themselves."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path

from agent.cli.look import print_json
from agent.errors import SettingsError
from agent.workspace import write_durably

HEAD = """\
# Settings of Shoal for the studies that are started in this folder. Every key is shown with its default;
# one without a value is unset. Take the # away from a key to set it.
#
# A flag of the command wins over SHOAL_TABLE__KEY (SHOAL_RUN__SEED=7), that over this file, and this file
# over ~/.config/shoal/config.toml. Keys of model servers do not belong here: they stay in the servers' own
# variables, such as OPENAI_API_KEY.
"""
ELSEWHERE = " Refused in this file, which may come with a template: say it in the user's own, or a variable."
STAGES = """
# The caps of single stages are written the same: ideate, explore, register, confirm, analyse, write, review.
#[budget.stage.explore]
#max_trials = 100
"""
PRICES = """
# What a model costs, in US dollars for a million tokens, where Shoal does not know it.
#[prices."openai:some-model"]
#input_usd = 1.0
#output_usd = 4.0
#cached_usd = 0.5
"""


def write_settings_file(folder: Path, *, json: bool) -> int:
    """Write `shoal.toml` into a folder.

    Raises:
        SettingsError: there is one already, or no such folder.
    """
    path = folder / "shoal.toml"
    if not folder.is_dir():
        raise SettingsError(f"{folder} is not a folder: make it first")
    if path.exists():
        raise SettingsError(f"{path} exists already; it is left as it is")
    write_durably(path, settings_text().encode())
    if json:
        print_json({"schema": 1, "command": "init", "path": str(path.absolute())})
    else:
        print(path)
    return 0


def settings_text() -> str:
    """Every table and key with its meaning and default, commented out."""
    from pydantic import BaseModel

    from agent.cli.settings import Tables
    from agent.cli.trusted import HOLDS

    parts = [HEAD]
    for name, field in Tables.model_fields.items():
        table = field.default
        if not isinstance(table, BaseModel):
            continue
        parts.append(f"\n# {(type(table).__doc__ or '').strip()}\n[{name}]")
        for key, entry in type(table).model_fields.items():
            default = getattr(table, key)
            if isinstance(default, dict):
                parts.append(STAGES.strip())
                continue
            elsewhere = ELSEWHERE if name == "sandbox" and key in HOLDS else ""
            parts.append(f"# {' '.join((entry.description or '').split())}{elsewhere}")
            parts.append(f"#{key} =" if default is None else f"#{key} = {jsonlib.dumps(default)}")
    return "\n".join(parts) + "\n" + PRICES
