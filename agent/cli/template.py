"""`shoal template list` and `check`, and where templates are looked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import agent
from agent.cli.look import print_json, print_table
from agent.errors import TemplateError
from agent.templates import Template, find_template, load_template

if TYPE_CHECKING:
    from agent.trials.check import Row


def template_folders() -> tuple[Path, ...]:
    """`./templates`, then the copy in the package, else the folder of an editable install."""
    package = Path(agent.__file__).resolve().parent
    carried = package / "_templates"
    return (Path("templates"), carried if carried.is_dir() else package.parent / "templates")


def named_template(name: str) -> Template:
    """The template that a name or a path means.

    Raises:
        TemplateError: there is none, or it is wrong; the text names file, line and key.
    """
    return load_template(find_template(name, template_folders()))


def list_templates(*, json: bool) -> int:
    """Print every template that a name can mean; a broken one is listed with what is wrong."""
    rows: dict[str, tuple[str, str, Path]] = {}
    for folder in template_folders():
        for path in sorted(folder.glob("*/template.toml")):
            try:
                template = load_template(path.parent)
                entry = (template.spec.title, template.primary[0], path.parent)
            except TemplateError as error:
                entry = (f"broken: {error}", "", path.parent)
            rows.setdefault(path.parent.name, entry)
    if json:
        listed = [
            {"template": name, "title": title, "metric": metric, "path": str(path)}
            for name, (title, metric, path) in rows.items()
        ]
        print_json({"schema": 1, "command": "template list", "templates": listed})
        return 0
    print_table(
        [("template", "title", "metric", "where")]
        + [(name, title, metric, str(path)) for name, (title, metric, path) in rows.items()]
    )
    return 0


def check_template(
    name: str,
    regime: str | None,
    sandbox_kind: str | None,
    root: Path,
    *,
    flags: Mapping[str, Mapping[str, Any]],
    allow_network: bool,
    json: bool,
) -> int:
    """Prepare a template, run its smoke trials and print what was found; 1 if a check failed.

    Raises:
        UserError: the template cannot be loaded or prepared, or no sandbox works here.
    """
    from agent.cli import build, checks
    from agent.cli.settings import load

    kind = checks.known_sandbox(sandbox_kind)
    settings = load(flags, Path(), os.environ)
    template = named_template(name)
    chosen, _ = template.regime(regime)
    workspace = checks.usable_workspace(root, settings.run.min_free_mb)
    sandbox, chosen_because = build.sandbox(settings, kind, workspace)
    build.literature(template)
    print(chosen_because, file=sys.stderr)
    from agent.trials.check import check_template as check

    found = check(template, chosen, sandbox, workspace.store, allow_network=allow_network)
    failed = [one for one in found if one.state == "failed"]
    if json:
        rows = [one.model_dump(mode="json") for one in found]
        document = {"schema": 1, "command": "template check", "template": template.name}
        print_json({**document, "passed": not failed, "checks": rows})
    else:
        print_rows(template.name, found)
    return 1 if failed else 0


MARKS = {"passed": "✓", "failed": "✗", "not checked": "? not checked:"}
TITLES = {
    "trials": "Trials",
    "forged scores": "Forged scores: an experiment of this template gains nothing that …",
    "evaluator": "The evaluator, against answers whose score is known",
    "duplicates": "Duplicates between training, dev and test",
}


def print_rows(name: str, rows: Sequence[Row]) -> None:
    """Print what was tried, by groups, and what it comes to."""
    for group, title in TITLES.items():
        of_group = [one for one in rows if one.group == group]
        if of_group:
            print(title)
        for one in of_group:
            print(f"  {MARKS[one.state]} {one.question}: {one.evidence}".replace("\n", "\n      "))
            if one.mend:
                print(f"      → {one.mend}")
    states = [one.state for one in rows]
    said = ", ".join(f"{states.count(state)} {state}" for state in MARKS if state in states)
    fit = "has faults" if "failed" in states else "is fit to use"
    print(f"template {name} {fit}: {said}")
