"""Runs a program and notes which watched lines it executes: inside the sandbox of a traced trial.

`python shoal_trace.py PROGRAM ARGUMENT…` runs PROGRAM as `python PROGRAM ARGUMENT…` would. The file
`watched.json` beside it holds `{"out": FILE, "files": {PATH: [line, …]}}`. FILE gets a line at once for
each thing noted: `i n` line n of the i-th file ran; `+` another program was started; `-` it was a Python that
notes too, as those do that inherit the environment; `.` the program ended by itself with the tracing on.

Below Python 3.12 by `sys.settrace`, for functions with watched lines that have not run yet; from 3.12 on by
`sys.monitoring`. What shares its process can write all this itself: it tells of oversight, not of deceit.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import sys
import threading
import types
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
STARTING = frozenset(("subprocess.Popen", "os.system", "os.posix_spawn", "os.spawn", "os.exec"))
TOOL = 4
"""One of the two numbers of `sys.monitoring` that no kind of tool is meant to have."""


class Notes:
    """The watched lines that have not run yet, and the file that the others are noted in."""

    def __init__(self) -> None:
        with open(os.path.join(HERE, "watched.json"), encoding="utf-8") as file:
            watched = json.load(file)
        self.waiting: list[set[int]] = [set(lines) for lines in watched["files"].values()]
        self.by_name: dict[str, int | None] = {path: at for at, path in enumerate(watched["files"])}
        self._paths = dict(self.by_name)
        self._out = os.open(watched["out"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write(self, text: str) -> None:
        """Note something; where it cannot be noted it counts as not run."""
        with contextlib.suppress(OSError):
            os.write(self._out, (text + "\n").encode())

    def file_of(self, name: str) -> int | None:
        """Which watched file a code object's file name means."""
        if name not in self.by_name:
            self.by_name[name] = self._paths.get(os.path.abspath(name))
        return self.by_name[name]

    def ran(self, file: int, line: int) -> None:
        """Note a line that ran, once."""
        if line in self.waiting[file]:
            self.waiting[file].discard(line)
            self.write(f"{file} {line}")


def lines_of(code: types.CodeType, waiting: set[int]) -> set[int]:
    """The lines of a code object that wait to be run, without those of functions inside it."""
    if hasattr(code, "co_lines"):
        return waiting.intersection(line for _, _, line in code.co_lines() if line is not None)
    import dis

    return waiting.intersection(line for _, line in dis.findlinestarts(code))


def watch_by_settrace(notes: Notes) -> Any:
    """Trace this thread and those to come; returns what says whether that is still so."""
    tracers: dict[int, tuple[types.CodeType, set[int], Any]] = {}

    def on_call(frame: types.FrameType, event: str, arg: object) -> Any:
        code = frame.f_code
        name = code.co_filename
        file = notes.by_name[name] if name in notes.by_name else notes.file_of(name)
        if file is None:
            return None
        if id(code) not in tracers:
            lines = lines_of(code, notes.waiting[file])
            tracers[id(code)] = code, lines, tracer(file, lines)
        _, lines, on_line = tracers[id(code)]
        return on_line if lines else None

    def tracer(file: int, lines: set[int]) -> Any:
        def on_line(frame: types.FrameType, event: str, arg: object) -> Any:
            line = frame.f_lineno
            if line in lines and event == "line":
                lines.discard(line)
                notes.ran(file, line)
                if not lines:
                    frame.f_trace_lines = False
            return on_line

        return on_line

    threading.settrace(on_call)
    sys.settrace(on_call)
    return lambda: sys.gettrace() is on_call


def watch_by_monitoring(notes: Notes) -> Any:
    """Have each watched line tell once, in all threads; returns what says whether that is still so."""
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined, unused-ignore]
    events = monitoring.events

    def on_start(code: types.CodeType, offset: int) -> Any:
        file = notes.file_of(code.co_filename)
        if file is not None and lines_of(code, notes.waiting[file]):
            monitoring.set_local_events(TOOL, code, events.LINE)
        return monitoring.DISABLE

    def on_line(code: types.CodeType, line: int) -> Any:
        file = notes.file_of(code.co_filename)
        if file is not None:
            notes.ran(file, line)
        return monitoring.DISABLE

    monitoring.use_tool_id(TOOL, "shoal")
    monitoring.register_callback(TOOL, events.PY_START, on_start)
    monitoring.register_callback(TOOL, events.LINE, on_line)
    monitoring.set_events(TOOL, events.PY_START)
    return lambda: monitoring.get_tool(TOOL) == "shoal" and monitoring.get_events(TOOL) == events.PY_START


def begin() -> Notes:
    """Trace this process, and have the Pythons that it starts do so too."""
    notes = Notes()

    def on_audit(event: str, arguments: object) -> None:
        if event in STARTING:
            notes.write("+")

    sys.addaudithook(on_audit)
    others = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path not in ("", HERE)]
    os.environ["PYTHONPATH"] = os.pathsep.join([HERE, *others])
    watch = watch_by_monitoring if hasattr(sys, "monitoring") else watch_by_settrace
    process, is_on = os.getpid(), watch(notes)
    if "shoal_trace" in sys.modules:  # a child; the first process is the one whose end is told
        notes.write("-")
    else:
        atexit.register(lambda: notes.write(".") if os.getpid() == process and is_on() else None)
    return notes


def run(program: str) -> None:
    """Run a program as the main module."""
    with open(program, "rb") as file:
        source = file.read()
    module = types.ModuleType("__main__")
    module.__dict__.update(__file__=program, __builtins__=__builtins__, __spec__=None)
    sys.modules["__main__"] = module
    sys.path[0] = os.path.dirname(program)
    exec(compile(source, program, "exec", dont_inherit=True), module.__dict__)


if __name__ == "__main__":
    sys.argv = sys.argv[1:]
    begin()
    run(sys.argv[0])
