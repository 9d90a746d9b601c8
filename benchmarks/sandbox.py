"""What a sandbox costs over a bare one, and whether trials stay cheap from the first to the last.

    python benchmarks/sandbox.py [--quick]

Each ratio is taken in one run, its two sides in turn. Exit 1 where a bar is missed. `--quick` takes a few
of everything, to try the script; its figures are printed and written nowhere. Docker's base image and
certificates are those of the settings (SHOAL_SANDBOX__BASE_IMAGE, SHOAL_SANDBOX__CA_BUNDLE).
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from bare import bare_bwrap, bare_docker
from report import report, table

from agent.artifacts import Change, Limits, Outcome
from agent.cli.settings import load
from agent.ports import Finished, Job, Sandbox
from agent.sandboxes.bubblewrap import Bubblewrap
from agent.sandboxes.choose import working_docker
from agent.sandboxes.collect import discard
from agent.store import Recorder
from agent.templates import load_template
from agent.trials.local import Local
from agent.trials.prepare import Prepared, prepare
from agent.workspace import Workspace

MICRO = Path(__file__).parents[1] / "tests" / "templates" / "micro"
LIMITS = Limits(wall_s=30, mem_mb=128, out_mb=4, out_files=16, tmp_mb=4, pids=16)
BUSY = "import time\nend = time.perf_counter() + 1.0\nwhile time.perf_counter() < end:\n    pass\n\n"
"""Put before an experiment: a second of work."""
WORKERS = 2
DOCKER_BAR, BUBBLEWRAP_BAR_MS, MAKESPAN_BAR, GROWTH_BAR_MB, LATE_BAR = 1.25, 60.0, 1.10, 30.0, 1.2


@dataclass(frozen=True)
class Size:
    """How much of everything is measured."""

    pairs: int
    """Jobs beside bare sandboxes."""
    long: int
    """Trials of one second."""
    many: int
    """Trivial trials."""
    edge: int
    """Trivial trials at either end that are compared."""


FULL, QUICK = Size(pairs=40, long=40, many=2000, edge=200), Size(pairs=6, long=6, many=60, edge=20)


@dataclass(frozen=True)
class Row:
    """One measurement beside its bar."""

    what: str
    measured: str
    value: float
    bar: float
    unit: str

    @property
    def within(self) -> bool:
        """Whether the bar is kept."""
        return self.value <= self.bar

    def cells(self) -> list[str]:
        """The row of the table."""
        value, bar = (f"{number:.{0 if self.unit == ' ms' else 2}f}" for number in (self.value, self.bar))
        state = "yes" if self.within else "**no**"
        return [self.what, self.measured, f"{value}{self.unit}", f"≤ {bar}{self.unit}", state]


class Timed(Recorder):
    """A recorder that notes how long each trial took, from its turn to its record, in seconds."""

    def __init__(self, workspace: Workspace, run: str) -> None:
        super().__init__(workspace, run, shared=True)
        self.taken: list[float] = []

    @contextmanager
    def lock(self, trial_id: str, while_waiting: Callable[[], None]) -> Iterator[None]:
        """See `agent.store.Recorder`."""
        began = time.monotonic()
        with super().lock(trial_id, while_waiting):
            yield
        self.taken.append(time.monotonic() - began)


# ----------------------------------------------------------------------------------- a job beside a bare one


def beside(
    sandbox: Sandbox, bare_of: Callable[[Job, Sandbox], Callable[[], None]], pairs: int
) -> list[float]:
    """Median seconds of a job and of its bare counterpart, run in turn."""
    environment = sandbox.environment(())
    job = Job((environment.python, "-c", "pass"), (), environment, LIMITS, "benchmark")
    bare = bare_of(job, sandbox)

    def whole() -> None:
        outcome = sandbox.run(job)
        assert outcome.status == "ok", outcome
        discard(Path(outcome.outputs or ""))

    times: dict[Callable[[], None], list[float]] = {whole: [], bare: []}
    for call in (whole, bare):  # the first of each fills caches
        call()
    for number in range(pairs):
        for call in (whole, bare) if number % 2 else (bare, whole):
            began = time.monotonic()
            call()
            times[call].append(time.monotonic() - began)
    return [statistics.median(times[whole]), statistics.median(times[bare])]


def docker_row(store: Path, pairs: int) -> Row:
    """A Docker job beside `docker run`."""
    settings = load({}, Path(), os.environ).sandbox
    sandbox = working_docker(store, settings.base_image, settings.ca_bundle)
    job, bare = beside(sandbox, bare_docker, pairs)
    measured = f"{1000 * job:.0f} ms / {1000 * bare:.0f} ms, medians of {pairs}"
    return Row("Docker: a job / `docker run` with its flags", measured, job / bare, DOCKER_BAR, " ×")


def bubblewrap_row(store: Path, pairs: int) -> Row:
    """A bubblewrap job beside `bwrap`."""
    job, bare = (1000 * seconds for seconds in beside(Bubblewrap(store), bare_bwrap, pairs))
    measured = f"{job:.0f} ms − {bare:.0f} ms, medians of {pairs}"
    return Row("bubblewrap: a job − `bwrap` with its flags", measured, job - bare, BUBBLEWRAP_BAR_MS, " ms")


# -------------------------------------------------------------------------------------------- many trials


def prepared(folder: Path, sandbox: Sandbox, before: str = "") -> Prepared:
    """The micro-template, its experiment with some lines before it."""
    root = folder / "template"
    shutil.copytree(MICRO, root)
    experiment = root / "experiment.py"
    experiment.write_text(before + experiment.read_text())
    return prepare(load_template(root), None, sandbox, folder / "experiments" / ".store")


def run_all(ready: Prepared, sandbox: Sandbox, recorder: Recorder, count: int) -> list[str]:
    """Run different trials through the executor, as a confirming stage does; their ids."""
    never: Callable[[], None] = lambda: None  # noqa: E731
    replicates = ready.setup.template.exploring
    settings = [Change.of({"attention": 0.5 + step / 1000}) for step in range(-(-count // len(replicates)))]
    with closing(Local(ready, sandbox, recorder, workers=WORKERS, stop=never, note=print)) as executor:
        waiting: deque[Future[Finished]] = deque()
        for change, replicate in list(product(settings, replicates))[:count]:
            waiting.append(executor.submit(ready.setup.trial(change, replicate, "dev"), change))
        ran = []
        while waiting:
            finished = waiting.popleft().result()
            assert finished.result.status == "ok", finished
            assert not finished.reused
            ran.append(finished.result.trial)
    return ran


def makespan_row(folder: Path, count: int) -> Row:
    """Trials of one second through the executor, beside what their sandboxes say they took."""
    sandbox = Bubblewrap(folder / "experiments" / ".store")
    ready, workspace = prepared(folder, sandbox, BUSY), Workspace(folder)
    began = time.monotonic()
    trials = run_all(ready, sandbox, Recorder(workspace, "long", shared=True), count)
    makespan = time.monotonic() - began
    outcomes: list[Outcome] = [outcome for trial in trials for outcome in workspace.outcomes("long", trial)]
    ideal = sum(outcome.wall_s for outcome in outcomes) / WORKERS
    measured = f"{makespan:.1f} s / {ideal:.1f} s, {count} trials, {WORKERS} workers"
    return Row("makespan / (sum of the sandboxes' times ÷ workers)", measured, makespan / ideal,
               MAKESPAN_BAR, " ×")  # fmt: skip


def many_rows(folder: Path, size: Size) -> list[Row]:
    """What many trivial trials do to this process."""
    sandbox = Bubblewrap(folder / "experiments" / ".store")
    ready, recorder = prepared(folder, sandbox), Timed(Workspace(folder), "many")
    before = resident_mb()
    with watched() as peaks:
        run_all(ready, sandbox, recorder, size.many)
    first, last = recorder.taken[: size.edge], recorder.taken[-size.edge :]
    early, late = 1000 * statistics.median(first), 1000 * statistics.median(last)
    grown = f"{before:.0f} MB before, at most {max(peaks):.0f} MB, {size.many} trials"
    slower = f"{late:.0f} ms / {early:.0f} ms, medians of {size.edge}"
    return [
        Row(
            "memory that Shoal grows by over trivial trials", grown, max(peaks) - before, GROWTH_BAR_MB, " MB"
        ),
        Row("the last trivial trials / the first", slower, late / early, LATE_BAR, " ×"),
    ]


@contextmanager
def watched() -> Iterator[list[float]]:
    """This process's resident memory in MB, looked at all the time."""
    peaks, ended = [resident_mb()], threading.Event()

    def watch() -> None:
        while not ended.wait(0.2):
            peaks.append(resident_mb())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peaks
    finally:
        ended.set()
        thread.join()
        peaks.append(resident_mb())


def resident_mb() -> float:
    """MB that this process holds in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> int:
    """Measure, print and record the table; 1 where a bar is missed."""
    size = QUICK if "--quick" in sys.argv[1:] else FULL
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        rows = [docker_row(Path(one), size.pairs), bubblewrap_row(Path(one), size.pairs)]
        rows += [makespan_row(Path(one), size.long), *many_rows(Path(two), size)]
    columns = ["what", "measured", "value", "bar", "kept"]
    note = f"On {os.cpu_count()} cores; load {load_before:.1f} before, {os.getloadavg()[0]:.1f} after."
    made = table(columns, [row.cells() for row in rows])
    text = f"{note} The two sides of a ratio were measured in turn.\n\n{made}"
    if size is FULL:
        report("Sandboxes", "python benchmarks/sandbox.py", text)
    else:
        print(text)
    return 0 if all(row.within for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
