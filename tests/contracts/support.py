"""What the contract suite's tests share: jobs out of a few lines of Python, and what they answered."""

import json
import os
import select
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.artifacts import Limits, Outcome
from agent.ports import Job, Mount, Sandbox

ROOT = Path(__file__).resolve().parents[2]
LIMITS = Limits(wall_s=20, mem_mb=64, out_mb=2, out_files=20, tmp_mb=2, pids=16)
GONE_S = 10
"""Seconds after which nothing of a killed Shoal may be left."""

Run = Callable[..., Outcome]

PRELUDE = '''
import json
import os
def answer(value):
    import json
    with open("/out/answer.json", "w") as file: json.dump(value, file)
def tried(action, *arguments):
    try: action(*arguments)
    except Exception as error: return type(error).__name__
    return "done"
def call(name, *arguments):
    """Error number of a system call by name or number, 0 where it worked."""
    import ctypes, platform
    libc = ctypes.CDLL(None, use_errno=True)
    column = {"x86_64": 0, "aarch64": 1}[platform.machine()]
    number = NUMBERS[name][column] if name in NUMBERS else name
    arguments = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return ctypes.get_errno() if libc.syscall(ctypes.c_long(number), *arguments) == -1 else 0
NUMBERS = {
    "add_key": (248, 217), "bpf": (321, 280), "clone": (56, 220), "clone3": (435, 435), "fsopen": (430, 430),
    "init_module": (175, 105), "io_uring_setup": (425, 425), "kexec_load": (246, 104), "keyctl": (250, 219),
    "mount": (165, 40), "move_mount": (429, 429), "open_by_handle_at": (304, 265), "open_tree": (428, 428),
    "perf_event_open": (298, 241), "personality": (135, 92), "pidfd_getfd": (438, 438),
    "pidfd_open": (434, 434), "pivot_root": (155, 41), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "ptrace": (101, 117), "setns": (308, 268), "shmget": (29, 194),
    "swapon": (167, 224), "syslog": (103, 116), "umount2": (166, 39), "unshare": (272, 97),
    "userfaultfd": (323, 282),
}
'''
"""Stands before the code of every job."""


def code_job(sandbox: Sandbox, code: str, mounts: tuple[Mount, ...] = (), **limits: Any) -> Job:
    """A job that runs `code` after the prelude, under `LIMITS` but for the named ones."""
    environment = sandbox.environment(())
    argv = (environment.python, "-c", PRELUDE + textwrap.dedent(code))
    return Job(argv, mounts, environment, LIMITS.model_copy(update=limits), "test")


def files_of(outcome: Outcome) -> dict[str, bytes]:
    """The collected files by relative path."""
    assert outcome.outputs is not None
    root = Path(outcome.outputs)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if not path.is_dir()}


def answer(outcome: Outcome) -> Any:
    """What the job gave to `answer`."""
    assert outcome.status == "ok", outcome.log_tail
    return json.loads(files_of(outcome)["answer.json"])


def processes_named(mark: str) -> list[int]:
    """Processes of this machine whose command line holds `mark`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in path.read_bytes() and int(path.parent.name) != os.getpid():
                found.append(int(path.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def wait_until(holds: Callable[[], bool], problem: str, seconds: float = GONE_S) -> None:
    """Wait for a condition, a bounded time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, problem
        select.select([], [], [], 0.02)
