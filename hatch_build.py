"""Puts a copy of templates/ into the wheel, as agent/_templates; an editable install uses the folder."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CarryTemplates(BuildHookInterface):  # type: ignore[type-arg]
    """The build hook that pyproject.toml names."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Include the templates, unless the install is editable."""
        if version != "editable":
            build_data["force_include"]["templates"] = "agent/_templates"
