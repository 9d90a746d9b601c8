"""`shoal replay RUN`: makes a run's texts again from its record, and compares them byte for byte.

Promises to use no network, no sandbox and no prepared data, and to leave the run untouched: answers come from
the journal, trials from their recorded results, what people said from its files. A text that comes out
otherwise is named with its first difference. PDFs of papers are not made again; only where a run limits the
pages of its papers does TeX run in its sandbox, since the text depends on what it counts.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from agent.artifacts import Archive, Change, Result, Run, Scores, Trial
from agent.cli import build, checks
from agent.cli.events import beginning
from agent.cli.look import known_run, print_json, print_table
from agent.cli.people import copy_answers, copy_wishes
from agent.cli.recorded import reading
from agent.cli.template import named_template
from agent.deps import Tex
from agent.errors import Stopped, StudyError, UserError
from agent.ports import Finished
from agent.store import Recorder
from agent.templates import Template
from agent.workspace import Workspace

if TYPE_CHECKING:
    from agent.models.replay import Replayed

NOT_TEXT = frozenset({"events.jsonl", "lock", "stop", "paper.pdf", "choices.json"})
"""Files that hold times, belong to a process, or are no text; and so every `*.lock` and `*.damaged`."""
INPUTS = frozenset({
    "calls", "outcomes", "steering", "approvals", "trials", "results", "scores", "calculations",
})  # fmt: skip
"""Folders of what a replay is given."""
LATER = re.compile(r"reproductions|(plan|registration|replication)-([2-9]|[1-9]\d+)\.json")
"""What `shoal reproduce` and `shoal replicate` leave after the run, and no replay makes."""
LEDGER = "ledger.jsonl"


class Recorded:
    """An executor that knows the trials of one run and runs none."""

    def __init__(self, run: str, source: Workspace, target: Workspace) -> None:
        self._run = run
        self._source = source
        self._recorder = Recorder(target, run, shared=False)
        self.taken: set[str] = set()
        """Trials that were asked for."""

    def submit(self, trial: Trial, change: Change, *, queue: str = "") -> Future[Finished]:
        """The recorded trial (see `agent.ports.Executor`); the future raises `Stopped` without one."""
        future: Future[Finished] = Future()
        try:
            result = self._source.get(Result, f"{self._run}/{trial.id}")
        except KeyError:
            future.set_exception(Stopped(f"trial {trial.id[:12]} of {queue or 'the run'} is not recorded"))
            return future
        scores = self._source.get(Scores, f"{self._run}/{result.scores_hash}") if result.scores_hash else None
        outcomes = self._source.outcomes(self._run, trial.id)
        self.taken.add(trial.id)
        future.set_result(self._recorder.record(trial, result, scores, outcomes))
        return future

    def close(self) -> None:
        """Nothing runs."""


@dataclass
class Comparison:
    """How the texts that were made again compare with the run's."""

    equal: Counter[str] = field(default_factory=Counter)
    """Texts that are equal, by kind."""
    every: Counter[str] = field(default_factory=Counter)
    """Texts of the run, by kind."""
    different: list[str] = field(default_factory=list)
    """Each difference in a line."""
    missing: list[str] = field(default_factory=list)
    """Texts of the run that were not made again."""

    def problems(self, misses: list[str], ended: str) -> list[str]:
        """What keeps the replay from being the run, in lines: its cause first."""
        found = [*misses, *self.different]
        if self.missing:
            why = f": {ended}" if ended and not misses else ""
            found.append(f"{len(self.missing)} texts were not made again, the first {self.missing[0]}{why}")
        return found


def replay_run(run: str, root: Path, template: str | None, out: Path | None, *, json: bool) -> int:
    """Replay a run and report; returns 1 where a text differs or a question is not the recorded one.

    Raises:
        UserError: there is no such run, its template changed, or `out` is in use.
        WorkspaceCorrupt: part of the record is damaged.
    """
    from agent.models.replay import Replayed

    source = Workspace(root)
    record = known_run(source, run)
    checks.same_graph(record, build.graph_version())
    began = beginning(source.run_folder(run))
    found = named_template(template or began.template or record.template)
    checks.same_code(source, record, found)
    journal = Replayed.read(source.run_folder(run) / "calls")
    with _folder(out) as folder:
        target = Workspace(folder)
        executor, ended = _replayed(record, found, journal, source, target)
        compared = compare(source, target, run)
    problems = compared.problems(journal.misses, ended)
    if json:
        kinds = {kind: {"equal": compared.equal[kind], "of": of} for kind, of in compared.every.items()}
        print_json(
            {
                "schema": 1, "command": "replay", "run": run, "same": not problems, "texts": kinds,
                "answers": len(journal.used), "trials": len(executor.taken), "problems": problems,
                "out": str(out.resolve()) if out else None,
            }
        )  # fmt: skip
    else:
        rows = [(kind, str(compared.equal[kind]), str(of)) for kind, of in sorted(compared.every.items())]
        print_table([("text", "equal", "of"), *rows])
        far = f"; the run went no further: {ended}" if ended and not problems else ""
        print(f"from {len(journal.used)} recorded answers and {len(executor.taken)} recorded trials{far}")
    for problem in problems:
        print(f"shoal: {run}: {problem}", file=sys.stderr)
    return 1 if problems else 0


def compare(source: Workspace, target: Workspace, run: str) -> Comparison:
    """Compare every text of a run with the one that was made again."""
    compared = Comparison()
    for top in ("experiments", "papers", "reviews"):
        for path in sorted((source.root / top / run).rglob("*")):
            name = path.relative_to(source.root / top / run)
            if not path.is_file() or _is_no_text(name):
                continue
            kind = _kind(name)
            compared.every[kind] += 1
            again, text = target.root / top / run / name, f"{top}/{run}/{name.as_posix()}"
            if not again.is_file():
                compared.missing.append(text)
            elif where := _first_difference(path, again):
                compared.different.append(f"{text} {where}")
            else:
                compared.equal[kind] += 1
    return compared


def _replayed(
    run: Run, template: Template, journal: Replayed, source: Workspace, target: Workspace
) -> tuple[Recorded, str]:
    """Run the graph over the record; returns what was taken, and why it ended early, if it did."""
    from agent.models.ask import Asked

    target.put(run.name, source.get(Archive, run.name))
    target.put(run.name, run)
    copy_answers(run.name, source, target)
    copy_wishes(run.name, source, target)
    models = build.Models.parse(run.model)
    executor = Recorded(run.name, source, target)
    deps = replace(
        reading(run, target, template, told=source),
        model=Asked(journal, {"default": models.default, **models.others}),
        executor=executor,
        calculator=build.calculations(run, source, target),
        tex=_tex(run, target),
        consent=lambda _consent, _why: True,
    )
    try:
        build.run_graph(deps, until=None)
    except (Stopped, StudyError) as error:
        return executor, str(error)
    return executor, ""


def _tex(run: Run, workspace: Workspace) -> Tex | None:
    """TeX where the text depends on the pages that it makes; else None.

    Raises:
        UserError: there is no TeX here.
    """
    if run.max_pages is None or not run.pdf:
        return None
    from agent.cli.settings import load
    from agent.cli.tex import find_tex, open_tex

    settings = load({}, Path(), os.environ)
    where = find_tex(settings.sandbox)
    sandbox, _ = build.sandbox(settings, None, workspace)
    return open_tex(where, settings.sandbox, workspace, sandbox)


@contextmanager
def _folder(out: Path | None) -> Iterator[Path]:
    """Where the replay works: a new folder that stays, or a passing one."""
    if out is None:
        with tempfile.TemporaryDirectory(prefix="shoal-replay-") as name:
            yield Path(name)
        return
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"--out {out}: it is there already; name a new folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--out {out}: it cannot be made ({error.strerror}); name another folder") from error
    yield out
    shutil.rmtree(out / "experiments" / ".store", ignore_errors=True)


def _is_no_text(name: PurePath) -> bool:
    return (
        name.name in NOT_TEXT
        or name.name.startswith(("checkpoint.sqlite", "."))
        or name.suffix in (".lock", ".damaged")
        or bool(INPUTS & set(name.parts[:-1]))
        or any(LATER.fullmatch(part) for part in name.parts)
    )


def _kind(name: PurePath) -> str:
    """What a file is called in the report: its name without its number."""
    if "figures" in name.parts[:-1]:
        return "figures/"
    stem, dash, number = name.stem.rpartition("-")
    return f"{stem}{name.suffix}" if dash and number.isdecimal() else name.name


def _first_difference(ours: Path, theirs: Path) -> str:
    """Where two files differ; empty where they do not."""
    before, after = ours.read_bytes(), theirs.read_bytes()
    if ours.name == LEDGER:  # later commands have added their lines
        before = b"".join(line for line in before.splitlines(keepends=True) if b'"kind":"primary"' in line)
    if before == after:
        return ""
    lines = zip(before.split(b"\n"), after.split(b"\n"), strict=False)
    for number, (old, new) in enumerate(lines, start=1):
        if old != new:
            return f"differs at line {number}: was {_text(old)}, is {_text(new)}"
    return "has another length"


def _text(line: bytes) -> str:
    return repr(line.decode(errors="replace").strip()[:60])
