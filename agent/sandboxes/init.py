"""Process 1 of every sandbox: runs one job, holds its limits, and hands its files out.

Run by `python3 -I -S init.py KEY=VALUE … -- ARGV`; standard library only, Python 3.9 or newer. Promises
that the job cannot outlive it, read its memory or hold its pipes, and that only regular files with one
link leave, opened without following links. Memory and processes are bounded by the engine around it.

Standard input stays open as long as Shoal lives; its end means that the sandbox must end. On standard
output go frames: one byte of kind, eight bytes of big-endian length, then the payload.

    N  path of a file under /out, relative         C  its content
    S  the job is about to start (empty)
    L  the last bytes of the job's output          E  `key=value` lines: how the job ended
"""

import os
import resource
import select
import signal
import stat
import sys
import time

TAIL_BYTES = 16384
DEPTH = 16
NAME_BYTES, PATH_BYTES = 143, 512  # what every file system of a host takes
OUT = "/out"
FULL = 4096  # bytes of a file system that nobody can use any more
OPEN_FILES = (1024, 4096)  # of one process, at first and at most
FILTER = "/shoal/filter"
PR_SET_DUMPABLE, PR_SET_SECCOMP = 4, 22
THREADS = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM", "BLIS")


def set_dumpable(flag: int) -> None:
    """Let other processes of this user trace this one and read its files in /proc, or not."""
    import ctypes

    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, flag, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def variables(cpus: int) -> dict[str, str]:
    """The whole environment of a job."""
    fixed = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": "/tmp",
        "TMPDIR": "/tmp",
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return {**fixed, **{f"{name}_NUM_THREADS": str(cpus) for name in THREADS}}


def start(argv: list[str], limits: dict[str, int], output: int) -> int:
    """Fork the job; returns its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        set_dumpable(1)
        with open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123
            file.write("1000")
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        bound(resource.RLIMIT_CORE, 1)  # 0 would still feed a program that core_pattern pipes to; 1 does not
        bound(resource.RLIMIT_NOFILE, *OPEN_FILES)
        for name in (resource.RLIMIT_NICE, resource.RLIMIT_RTPRIO):  # a host may let its users go first
            bound(name, 0)
        for name, key in ((resource.RLIMIT_DATA, "data_bytes"), (resource.RLIMIT_NPROC, "processes")):
            if limits.get(key):
                bound(name, limits[key])
        if limits.get("cpu_s"):
            bound(resource.RLIMIT_CPU, limits["cpu_s"], limits["cpu_s"] + 1)  # SIGXCPU, then SIGKILL
        os.chdir("/tmp")
        if limits.get("filter"):
            refuse_calls()
        os.execvpe(argv[0], argv, variables(limits["cpus"]))
    except OSError as error:
        os.write(2, f"the job could not be started: {argv[0]}: {error}\n".encode())
    finally:
        os._exit(127)


def refuse_calls() -> None:
    """Put this process behind the filter of system calls in FILTER, for good."""
    import ctypes

    with open(FILTER, "rb") as file:  # noqa: PTH123
        rules = file.read()
    held = ctypes.create_string_buffer(rules, len(rules))
    program = (len(rules) // 8, ctypes.addressof(held))  # struct sock_fprog
    described = b"".join(value.to_bytes(8, sys.byteorder) for value in program)
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_SECCOMP, 2, described, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


def bound(name: int, value: int, most: int = 0) -> None:
    """Set a resource limit that the job cannot raise again, or not above `most`."""
    wanted = (value, most or value)
    hard = resource.getrlimit(name)[1]
    soft, hard = wanted if hard == resource.RLIM_INFINITY else (min(one, hard) for one in wanted)
    resource.setrlimit(name, (soft, hard))


def reap(job: int, deadline: float) -> "int | None":
    """Collect dead processes until the deadline; returns the wait status of the job if it is among them."""
    ended = None
    while time.monotonic() < deadline:  # on many cores a job may fork as fast as this collects
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        if pid == job:
            ended = status
    return ended


class Tail:
    """The last bytes of what the job prints."""

    def __init__(self, source: int) -> None:
        self.source = source
        self.kept = b""
        os.set_blocking(source, False)

    def read(self) -> bool:
        """Take what is there; False once every writer has closed it."""
        for _ in range(64):
            try:
                chunk = os.read(self.source, 65536)
            except BlockingIOError:
                return True
            if not chunk:
                return False
            self.kept = (self.kept + chunk)[-TAIL_BYTES:]
        return True


def wait(job: int, tail: Tail, wake: int, deadline: float) -> "tuple[int | None, bool]":
    """Wait for the job's end; returns its wait status (None if it still runs) and whether time ran out."""
    poll = select.poll()
    for source in (0, tail.source, wake):
        poll.register(source, select.POLLIN)
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            return None, True
        for source, _ in poll.poll(left * 1000):
            if source == 0 and not os.read(0, 1):
                os._exit(0)
            if source == tail.source and not tail.read():
                poll.unregister(source)
            if source == wake:
                os.read(wake, 4096)
        status = reap(job, deadline)
        if status is not None:
            return status, False


def end_all(job: int) -> "int | None":
    """Kill every other process until none is left; returns the job's wait status if it was among them."""
    ended = None
    while True:
        try:  # noqa: SIM105 (contextlib would double this program's start)
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            pass
        try:
            pid, status = os.waitpid(-1, 0)
        except ChildProcessError:
            return ended
        if pid == job:
            ended = status


def send(kind: bytes, payload: bytes) -> None:
    """Write one frame."""
    push(kind + len(payload).to_bytes(8, "big") + payload)


def push(data: bytes) -> None:
    """Write all of `data` on standard output."""
    while data:
        data = data[os.write(1, data) :]


class Files:
    """Streams what lies under /out and counts it on the way."""

    def __init__(self, max_files: int, max_bytes: int) -> None:
        self.max_files = max_files
        self.max_bytes = max_bytes
        self.entries = self.files = self.bytes = self.left_out = 0
        self.hit = ""

    def walk(self, folder: int, prefix: str, depth: int) -> None:
        """Send every plain file under the open `folder`, until a limit is passed."""
        with os.scandir(folder) as entries:
            for entry in entries:
                self.entries += 1
                if self.entries > 2 * self.max_files + 64:
                    self.hit = "out_files"
                if self.hit:
                    return
                self.take(folder, entry, prefix, depth)

    def take(self, folder: int, entry: "os.DirEntry[str]", prefix: str, depth: int) -> None:
        """Send one entry, or walk into it."""
        name = entry.name
        # a name that is not UTF-8 has surrogates in it, which cannot be printed
        if not name.isprintable() or depth > DEPTH or too_long(prefix, name):
            self.left_out += 1
            return
        if entry.is_dir(follow_symlinks=False):
            try:
                below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            except OSError:
                self.left_out += 1
                return
            try:
                self.walk(below, f"{prefix}{name}/", depth + 1)
            finally:
                os.close(below)
            return
        try:
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        except OSError:
            self.left_out += 1
            return
        try:
            self.copy(file, prefix + name)
        finally:
            os.close(file)

    def copy(self, file: int, path: str) -> None:
        """Send one open file if it is a plain one within the limits."""
        facts = os.fstat(file)
        if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1:
            self.left_out += 1
            return
        self.files += 1
        self.bytes += facts.st_size
        if self.files > self.max_files:
            self.hit = "out_files"
        elif self.bytes > self.max_bytes:
            self.hit = "out_mb"
        else:
            send(b"N", path.encode())
            push(b"C" + facts.st_size.to_bytes(8, "big"))
            sent = 0
            while sent < facts.st_size:
                sent += os.sendfile(1, file, sent, facts.st_size - sent)


def too_long(prefix: str, name: str) -> bool:
    """Whether a host may be unable to store a file under this path."""
    length = len(name.encode())
    return length > NAME_BYTES or len(prefix.encode()) + length > PATH_BYTES


def full(path: str) -> str:
    """Which limit of a file system is used up: `bytes`, `files` or none."""
    facts = os.statvfs(path)
    if facts.f_blocks and facts.f_bavail * facts.f_frsize < FULL:
        return "bytes"
    return "files" if facts.f_files and facts.f_favail == 0 else ""


def seen(key: str, *names: str) -> int:
    """The number behind `key` in the first of these files of the sandbox's own group; 0 without any."""
    for name in names:
        try:
            with open("/sys/fs/cgroup/" + name) as file:  # noqa: PTH123
                rows = (line.split() for line in file)
                return sum(int(row[-1]) for row in rows if row[0] == key or len(row) == 1)
        except OSError:
            continue
    return 0


def main(arguments: list[str]) -> None:
    """Run the job that the arguments describe and report on it."""
    split = arguments.index("--")
    limits = {key: int(value) for key, _, value in (text.partition("=") for text in arguments[:split])}
    set_dumpable(0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # process 1 ignores what it has no handler for
    wake, waking = os.pipe()
    os.set_blocking(waking, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    source, output = os.pipe()
    folder = os.open(OUT, os.O_RDONLY | os.O_DIRECTORY)  # now: the job may close it to its own user
    send(b"S", b"")
    began = time.monotonic()
    job = start(arguments[split + 1 :], limits, output)
    os.close(output)
    tail = Tail(source)
    status, late = wait(job, tail, wake, began + limits["wall_ms"] / 1000)
    wall = time.monotonic() - began
    killed = end_all(job)
    status = status if status is not None else killed
    tail.read()
    report(status, late, wall, limits, tail, folder)


def report(
    status: "int | None", late: bool, wall: float, limits: dict[str, int], tail: Tail, folder: int
) -> None:
    """Stream the files of the open `folder`, then say how the job ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    fullness = {"out": full(OUT), "tmp": full("/tmp"), "shm": full("/dev/shm")}
    files = Files(limits["out_files"], limits["out_bytes"])
    try:  # noqa: SIM105 (contextlib would double this program's start)
        os.fchmod(folder, 0o1777)
    except PermissionError:  # it is not the job's, which then cannot have closed it
        pass
    files.walk(folder, "", 0)
    send(b"L", tail.kept)
    code = os.waitstatus_to_exitcode(status) if status is not None else -signal.SIGKILL
    lines = {
        "exit": code,
        "late": int(late),
        "wall_us": int(wall * 1e6),
        "cpu_us": int((used.ru_utime + used.ru_stime) * 1e6),
        "peak_kb": (seen("", "memory/memory.max_usage_in_bytes", "memory.peak") >> 10) or used.ru_maxrss,
        "memory_kills": seen("oom_kill", "memory/memory.oom_control", "memory.events"),
        "refused_forks": seen("max", "pids/pids.events", "pids.events"),
        "full": ",".join(f"{name}_{what}" for name, what in fullness.items() if what),
        "hit": files.hit,
        "left_out": files.left_out,
    }
    send(b"E", "\n".join(f"{key}={value}" for key, value in lines.items()).encode())


if __name__ == "__main__":
    main(sys.argv[1:])
