"""Experiment templates: loads a template folder and says what a trial of it is.

Does not run anything: preparing and evaluating happen in sandboxes (`agent.trials`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.artifacts import (
    Change,
    Edit,
    KnobValue,
    Limits,
    Lines,
    Run,
    Scalar,
    Split,
    Trial,
    hash_files,
    sha256_of,
)
from agent.errors import EditFailed, TemplateError
from agent.spec import Metric, Regime, Spec, read_spec

TRACED_SLOWER = 4
"""How much longer than others a traced trial may run: tracing slows loops that it watches."""


@dataclass(frozen=True)
class Template:
    """A loaded template folder."""

    name: str
    root: Path
    spec: Spec

    @property
    def primary(self) -> tuple[str, Metric]:
        """Name and table of the primary metric."""
        return next((name, metric) for name, metric in self.spec.metrics.items() if metric.primary)

    @property
    def defaults(self) -> dict[str, Scalar]:
        """Every knob at its default."""
        return {name: knob.default for name, knob in self.spec.knobs.items()}

    def regime(self, name: str | None) -> tuple[str, Regime]:
        """A regime by name; the first, or one named `default` with the template's scope, without.

        Raises:
            TemplateError: there is no such regime.
        """
        if not self.spec.regimes and name in (None, "default"):
            return "default", Regime(scope=self.spec.scope)
        if name is None:
            return next(iter(self.spec.regimes.items()))
        if name not in self.spec.regimes:
            known = ", ".join(self.spec.regimes) or "default"
            raise TemplateError(f"template {self.name} has no regime {name!r}; it has {known}")
        return name, self.spec.regimes[name]

    def code(self, edits: Iterable[Edit] = ()) -> dict[str, str]:
        """The editable files after `edits`, by relative path.

        Raises:
            EditFailed: an edit names another file, or its search text does not occur exactly once.
        """
        files = {name: (self.root / name).read_text(encoding="utf-8") for name in self.spec.files.editable}
        return apply_edits(files, edits)

    def code_hash(self, edits: Iterable[Edit] = ()) -> str:
        """Hash of the editable files after `edits`."""
        return hash_files({name: text.encode() for name, text in self.code(edits).items()})

    def hash(self, evaluate_environment: str) -> str:
        """Hash of what scores a trial and of the read-only code beside it.

        Text for people (README, library.bib), `prepare.py` (its effect is the data's hash), `oracle.py`
        (it scores no trial) and the editable files (they are the code's hash) are left out.
        """
        skip = {"template.toml", "library.bib", "prepare.py", "oracle.py", *self.spec.files.editable}
        files = {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in template_files(self.root)
            if path.relative_to(self.root).as_posix() not in skip and path.suffix != ".md"
        }
        return sha256_of(
            {
                "files": hash_files(files),
                "metrics": self.spec.model_dump(mode="json", include={"metrics"}),
                "evaluate": self.evaluate_limits.model_dump(mode="json"),
                "environment": evaluate_environment,
            }
        )

    @property
    def evaluate_limits(self) -> Limits:
        """Limits of the evaluator; the experiment's where the template names none."""
        return self.spec.evaluate or self.spec.limits

    @property
    def prepare_limits(self) -> Limits:
        """Limits of `prepare.py`."""
        return Limits(**self.spec.prepare.model_dump(exclude={"network"}))

    def knobs(self, change: Change) -> tuple[KnobValue, ...]:
        """All knobs with the change applied, sorted by name.

        Raises:
            TemplateError: the change names an unknown knob or a value outside its range.
        """
        values = self.defaults
        for name, value in change.values().items():
            if name not in self.spec.knobs:
                known = ", ".join(self.spec.knobs)
                raise TemplateError(f"template {self.name} has no knob {name!r}; it has {known}")
            if not self.spec.knobs[name].allows(value):
                wanted = self.spec.knobs[name].describe()
                raise TemplateError(f"template {self.name}: knob {name} = {value!r} is not {wanted}")
            values[name] = value
        return Change.of(values).knobs

    @property
    def exploring(self) -> range:
        """Numbers of the exploring replicates."""
        return range(self.spec.replicates.explore)

    @property
    def confirming(self) -> range:
        """Numbers of the confirming replicates."""
        first = self.spec.replicates.explore
        return range(first, first + self.spec.replicates.confirm)


@dataclass(frozen=True)
class Setup:
    """A template made ready for one regime: its data prepared, its environments built."""

    template: Template
    regime: str
    scope: str
    """What the results hold for, in words: the template's scope, or the regime's with it."""
    data_hash: str
    pool: str
    """Hash of the test inputs and answers; the ledger counts registrations on it."""
    template_hash: str
    environment_hash: str

    @classmethod
    def recorded(cls, run: Run, template: Template) -> Setup:
        """The setup that a run began with; nothing is prepared or built."""
        return cls(
            template=template,
            regime=run.regime,
            scope=run.scope,
            data_hash=run.data_hash,
            pool=run.pool,
            template_hash=run.template_hash,
            environment_hash=run.environment_hash,
        )

    def trial(self, change: Change, replicate: int, split: Split) -> Trial:
        """The trial of a variant on one replicate and split.

        Raises:
            EditFailed: an edit of the change does not apply.
            TemplateError: a knob of the change is unknown or out of range.
        """
        return Trial(
            template_hash=self.template_hash,
            data_hash=self.data_hash,
            code_hash=self.template.code_hash(change.edits),
            knobs=self.template.knobs(change),
            replicate=replicate,
            split=split,
            limits=self.template.spec.limits,
            environment_hash=self.environment_hash,
        )

    def traced_trial(self, change: Change, replicate: int) -> Trial | None:
        """The trial on the dev split that notes which changed lines run, and is not scored.

        It has room for the one file that it notes them in. None where no line of a Python file is new.

        Raises:
            EditFailed: an edit of the change does not apply.
            TemplateError: a knob of the change is unknown or out of range.
        """
        watched = changed_lines(self.template.code(), self.template.code(change.edits))
        if not watched:
            return None
        plain = self.trial(change, replicate, "dev")
        limits = plain.limits.model_copy(
            update={
                "wall_s": TRACED_SLOWER * plain.limits.wall_s,
                "out_mb": plain.limits.out_mb + 1,
                "out_files": plain.limits.out_files + 1,
            }
        )
        return plain.model_copy(update={"limits": limits, "watched": watched})


def changed_lines(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Lines, ...]:
    """The lines of each Python file in `after` that `before` does not have there; no file without any."""
    found = []
    for name in (name for name in after if name.endswith(".py")):
        old, new = before[name].split("\n"), after[name].split("\n")
        blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        lines = [line + 1 for tag, *_, low, high in blocks if tag != "equal" for line in range(low, high)]
        if lines:
            found.append(Lines(file=name, lines=tuple(lines)))
    return tuple(found)


def apply_edits(files: Mapping[str, str], edits: Iterable[Edit]) -> dict[str, str]:
    """`files` after search/replace edits, in order.

    Raises:
        EditFailed: an edit names another file, or its search text does not occur exactly once.
    """
    changed = dict(files)
    for number, edit in enumerate(edits, start=1):
        if edit.file not in changed:
            raise EditFailed(f"edit {number}: {edit.file!r} is not an editable file ({', '.join(changed)})")
        count = changed[edit.file].count(edit.search) if edit.search else 0
        if count != 1:
            raise EditFailed(f"edit {number}: its search text occurs {count} times in {edit.file}, not once")
        changed[edit.file] = changed[edit.file].replace(edit.search, edit.replace)
    return changed


def template_files(root: Path) -> list[Path]:
    """The files of a template folder, caches and hidden files left out, sorted.

    Raises:
        TemplateError: something in it is neither file nor folder, such as a link, which could show any file
            of this machine to a trial or a model.
    """
    found = []
    for path in root.rglob("*"):
        parts = path.relative_to(root).parts
        if "__pycache__" not in parts and not any(part.startswith(".") for part in parts):
            _refuse_links(root, path)
            found += [path] if path.is_file() else []
    return sorted(found)


def _refuse_links(root: Path, path: Path) -> None:
    """Refuse a path of a template that leads out of it, or to a device, socket or pipe."""
    parents = (parent for parent in path.parents if parent.is_relative_to(root) and parent != root)
    linked = next((one for one in (path, *parents) if one.is_symlink()), None)
    if linked is not None:
        raise TemplateError(f"{linked} is a link: a template holds plain files only, so put a copy there")
    if path.exists() and not path.is_file() and not path.is_dir():
        raise TemplateError(f"{path} is no plain file: take it out of the template")


def find_template(name: str, folders: Iterable[Path]) -> Path:
    """The folder of a template: a path, else `NAME` in one of `folders`.

    Raises:
        TemplateError: there is none; the text lists the known ones.
    """
    folders = tuple(folders)
    candidates = [Path(name)] if "/" in name or name in (".", "..") else []
    candidates += [folder / name for folder in folders]
    for candidate in candidates:
        if (candidate / "template.toml").is_file():
            return candidate.resolve()
    known = sorted({path.parent.name for folder in folders for path in folder.glob("*/template.toml")})
    names = ", ".join(known) or "none"
    raise TemplateError(f"no template {name!r}; known: {names}, or give a folder with template.toml")


def load_template(root: Path) -> Template:
    """Load and check a template folder.

    The folder itself may be reached by a link, nothing in it may be one.

    Raises:
        TemplateError: a file is missing or no plain one, or `template.toml` is wrong; the text names line
            and key.
    """
    _refuse_links(root, root / "template.toml")
    spec = read_spec(root / "template.toml")
    for name in ("prepare.py", "evaluate.py", "experiment.py", *spec.files.editable):
        _refuse_links(root, root / name)  # an editable file may be a hidden one
        if not (root / name).is_file():
            raise TemplateError(f"{root}: {name} is missing")
    template_files(root)
    return Template(name=root.name, root=root, spec=spec)
