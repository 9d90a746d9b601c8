"""What the settings file of the current folder may not say: it may have come with a cloned template.

Promises that such a file neither sends a key to a server of its choice nor loosens what holds experiments;
what the user says in a flag, a variable or a file of his own goes. Does not judge what a study may cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.errors import SettingsError
from agent.spec import line_of_key

HOLDS = ("base_image", "ca_bundle", "allow_unenforced", "gpus")
"""Settings of [sandbox] that decide what holds experiments and where their packages come from."""

Tables = Mapping[str, Any]


def keep_sandbox(path: Path, folders: Tables, users: Tables, said: frozenset[str], user_file: Path) -> None:
    """Refuse a folder's file that says what holds experiments, unless the user says it too.

    Args:
        path: The folder's file.
        folders: Its tables.
        users: The tables of the user's own file.
        said: Keys of [sandbox] that flags or variables give: they go before both files.
        user_file: Where the user's own file stands, there or not.

    Raises:
        SettingsError: it does; the text says where, and how to say it oneself.
    """
    table, own = folders.get("sandbox", {}), users.get("sandbox", {})
    for key in HOLDS:
        value = table.get(key)
        if value in (None, [], own.get(key)) or key in said:
            continue
        line = line_of_key(path.read_text(encoding="utf-8"), ["sandbox", key])
        raise SettingsError(
            f"{path}:{line}: sandbox.{key} decides what holds experiments, and this file may have come with "
            f"a template; say it yourself: SHOAL_SANDBOX__{key.upper()}, or [sandbox] in {user_file}, or "
            "take the line out"
        )


def keep_keys(
    address: str | None,
    models: tuple[str | None, ...],
    environ: Mapping[str, str],
    file: str,
    user_file: Path,
) -> None:
    """Refuse to send a key to an address that the folder's file names.

    Args:
        address: The address in that file.
        models: `provider:name` of every role.
        file: Its name.

    Raises:
        SettingsError: a key that is set would be sent there.
    """
    from agent.models.providers import PROVIDERS

    for provider in {(name or "").partition(":")[0] for name in models} & set(PROVIDERS):
        key = PROVIDERS[provider].key_variable
        if address and key and environ.get(key):
            raise SettingsError(
                f"./{file} names the model server {address}, which would get your {key}; the file may have "
                f"come with a template, so say it yourself: --base-url {address}, or in {user_file}"
            )
