"""What every sandbox promises, tried from inside: how jobs end, what leaves, what they cannot reach."""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.artifacts import Limits, Outcome
from agent.errors import Stopped
from agent.ports import Job, Mount, Sandbox

ROOT = Path(__file__).resolve().parents[2]
LIMITS = Limits(wall_s=20, mem_mb=64, out_mb=2, out_files=20, tmp_mb=2, pids=16)
GONE_S = 10
"""Seconds after which nothing of a killed Shoal may be left."""

Run = Callable[..., Outcome]


@pytest.fixture
def run(sandbox: Sandbox) -> Iterator[Run]:
    """Runs Python code as a job and removes what it left."""
    folders = []

    def run_code(code: str, mounts: tuple[Mount, ...] = (), **limits: Any) -> Outcome:
        outcome = sandbox.run(code_job(sandbox, code, mounts, **limits))
        if outcome.outputs is not None:
            folders.append(outcome.outputs)
        return outcome

    yield run_code
    for folder in folders:
        shutil.rmtree(folder)


def code_job(sandbox: Sandbox, code: str, mounts: tuple[Mount, ...] = (), **limits: Any) -> Job:
    environment = sandbox.environment(())
    argv = (environment.python, "-c", textwrap.dedent(code))
    return Job(argv, mounts, environment, LIMITS.model_copy(update=limits), "test")


def files_of(outcome: Outcome) -> dict[str, bytes]:
    assert outcome.outputs is not None
    root = Path(outcome.outputs)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if not path.is_dir()}


def answer(outcome: Outcome) -> Any:
    """What the job wrote to /out/answer.json."""
    assert outcome.status == "ok", outcome.log_tail
    return json.loads(files_of(outcome)["answer.json"])


ANSWER = """
import json
def answer(value):
    with open("/out/answer.json", "w") as file: json.dump(value, file)
def tried(action):
    try: action()
    except (OSError, PermissionError) as error: return type(error).__name__
    return "done"
"""


# ------------------------------------------------------------------------------- how a job can end


def test_a_job_that_ends_well_hands_out_its_files_and_the_tail_of_its_output(run: Run) -> None:
    outcome = run("""
        import os
        os.makedirs("/out/sub")
        open("/out/a.txt", "w").write("one")
        open("/out/sub/b.bin", "wb").write(bytes(range(256)))
        print("x" * 100_000)
        print("the end")
    """)
    assert (outcome.status, outcome.exit_code, outcome.limits_hit) == ("ok", 0, ())
    assert files_of(outcome) == {"a.txt": b"one", "sub/b.bin": bytes(range(256))}
    assert outcome.log_tail.endswith("the end\n")
    assert len(outcome.log_tail) <= 20_000
    assert outcome.cpu_s > 0
    assert 0 < outcome.peak_mb < 64


def test_a_crash_is_an_outcome_with_its_traceback(run: Run) -> None:
    outcome = run("raise RuntimeError('boom')")
    assert (outcome.status, outcome.exit_code) == ("crashed", 1)
    assert "RuntimeError: boom" in outcome.log_tail


def test_a_program_that_does_not_exist_is_a_crash(sandbox: Sandbox) -> None:
    outcome = sandbox.run(Job(("/no/such",), (), sandbox.environment(()), LIMITS, "test"))
    assert (outcome.status, outcome.exit_code) == ("crashed", 127)
    assert "/no/such" in outcome.log_tail


@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        "import time; time.sleep(600)",
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)",
        "while True: print('x' * 4096)",
        "import os, time; os.fork() or os.setsid(); time.sleep(600)",
    ],
    ids=["busy", "asleep", "ignores SIGTERM", "prints for ever", "forks and sleeps"],
)
def test_time_runs_out(run: Run, code: str) -> None:
    outcome = run(code, wall_s=1)
    assert (outcome.status, outcome.exit_code) == ("timeout", None)
    assert "wall_s" in outcome.limits_hit
    assert len(outcome.log_tail) <= 20_000


def test_the_time_that_a_job_used_tells_sleep_from_work(run: Run) -> None:
    asleep, busy = run("import time; time.sleep(600)", wall_s=1), run("while True: pass", wall_s=1)
    assert asleep.cpu_s < busy.cpu_s


def test_a_memory_bomb_runs_out_of_memory(run: Run) -> None:
    outcome = run("held = []\nwhile True: held.append(bytearray(1 << 20))", mem_mb=64)
    assert outcome.status == "out_of_memory"
    assert "mem_mb" in outcome.limits_hit


def test_a_memory_bomb_in_a_child_counts_though_its_parent_ends_well(run: Run, sums_memory: None) -> None:
    outcome = run(
        """
        import subprocess, sys
        bomb = "held = []\\nwhile True: held.append(bytearray(1 << 20))"
        subprocess.run([sys.executable, "-c", bomb])
        """
    )
    assert outcome.status == "out_of_memory"


def test_memory_is_bounded_over_all_processes(run: Run, sums_memory: None) -> None:
    outcome = run(
        """
        import os, time
        for _ in range(8):
            if os.fork() == 0:
                held = bytearray(b"x" * (24 << 20)); time.sleep(2); os._exit(0)
        for _ in range(8): os.wait()
        """
    )
    assert outcome.status == "out_of_memory"


def test_a_fork_bomb_meets_the_limit_and_leaves_nothing(run: Run) -> None:
    outcome = run(
        ANSWER
        + textwrap.dedent("""
        import os, time
        count = 0
        try:
            while count < 1000:
                if os.fork() == 0: time.sleep(600); os._exit(0)
                count += 1
        except OSError: pass
        answer(count)
        """),
        pids=16,
    )
    assert answer(outcome) < 20


@pytest.mark.parametrize("folder", ["/out", "/tmp"])
def test_a_full_disk_is_an_outcome(run: Run, folder: str) -> None:
    outcome = run(f"""
        with open("{folder}/big", "wb") as file:
            while True: file.write(bytes(1 << 20))
    """)
    assert outcome.status == "disk_full"
    assert outcome.limits_hit == (f"{folder[1:]}_mb",)


def test_a_disk_filled_by_a_job_that_does_not_mind_is_full_too(run: Run) -> None:
    outcome = run("""
        try:
            with open("/out/big", "wb") as file:
                while True: file.write(bytes(1 << 20))
        except OSError: pass
    """)
    assert outcome.status == "disk_full"


@pytest.mark.parametrize("folder", ["/dev/shm", "/dev", "/", "/usr", "/job", "/shoal", "/etc"])
def test_no_other_folder_takes_much(run: Run, folder: str) -> None:
    outcome = run(
        ANSWER
        + textwrap.dedent(f"""
        written = 0
        try:
            with open("{folder}/big", "wb", buffering=0) as file:
                while written < (64 << 20): written += file.write(bytes(1 << 20))
        except OSError: pass
        answer(written)
        """),
        mem_mb=256,
    )
    assert answer(outcome) <= (8 << 20 if folder == "/dev/shm" else 0)


def test_too_many_files_are_a_full_disk(run: Run) -> None:
    outcome = run("for i in range(1000): open(f'/out/{i}', 'w').close()", out_files=20)
    assert outcome.status == "disk_full"
    assert "out_files" in outcome.limits_hit
    assert len(files_of(outcome)) <= 20


def test_too_many_folders_are_a_full_disk(run: Run) -> None:
    outcome = run("import os\nfor i in range(1000): os.mkdir(f'/out/{i}')", out_files=20)
    assert outcome.status == "disk_full"


def test_a_sparse_file_counts_with_its_whole_length(run: Run) -> None:
    outcome = run("open('/out/sparse', 'wb').truncate(1 << 40)")
    assert outcome.status == "disk_full"
    assert files_of(outcome) == {}


# ------------------------------------------------------------------------------- what can leave it


def test_only_plain_files_leave(run: Run, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    secret.chmod(0o644)
    outcome = run(
        """
        import os, socket
        open("/out/plain", "w").write("plain")
        os.symlink("/etc/passwd", "/out/link")
        os.symlink("/job/secret", "/out/link-to-mount")
        os.symlink("/", "/out/link-to-folder")
        open("/out/one", "w").write("twice")
        os.link("/out/one", "/out/two")
        os.mkfifo("/out/fifo")
        socket.socket(socket.AF_UNIX).bind("/out/socket")
        """,
        (Mount(secret, "/job/secret"),),
    )
    assert outcome.status == "ok"
    assert files_of(outcome) == {"plain": b"plain"}
    assert "7 entries" in outcome.log_tail


def test_odd_names_and_depths_do_not_leave(run: Run) -> None:
    outcome = run(
        """
        import os
        for name in (b"\\xff\\xfe", b"new\\nline", b"esc\\x1b[0m", "bidi\\u202e".encode()):
            open(b"/out/" + name, "w").close()
        deep = "/out/" + "/".join(["d"] * 40)
        os.makedirs(deep)
        open(deep + "/file", "w").close()
        open("/out/..fine", "w").close()
        """,
        out_files=100,
    )
    assert outcome.status == "ok", outcome.log_tail
    assert list(files_of(outcome)) == ["..fine"]


def test_unreadable_outputs_are_left_out(run: Run) -> None:
    outcome = run("""
        import os
        open("/out/closed", "w").write("x"); os.chmod("/out/closed", 0)
        os.mkdir("/out/folder", 0)
        open("/out/open", "w").close()
    """)
    assert outcome.status == "ok"
    assert list(files_of(outcome)) == ["open"]


def test_a_daemon_is_dead_before_the_files_leave(run: Run) -> None:
    outcome = run("""
        import os, sys, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                while True:
                    open("/out/alive", "a").write("x"); time.sleep(0.01)
            os._exit(0)
        os.wait()
        while not os.path.exists("/out/alive"): time.sleep(0.01)
    """)
    assert outcome.status == "ok"
    assert set(files_of(outcome)) == {"alive"}


def test_process_1_cannot_be_killed_traced_or_spoken_for(run: Run) -> None:
    outcome = run(
        ANSWER
        + textwrap.dedent("""
        import os, signal
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSTOP, signal.SIGSEGV):
            os.kill(1, number)
        answer({
            "output": tried(lambda: open("/proc/1/fd/1", "wb").write(b"N")),
            "input": tried(lambda: open("/proc/1/fd/0", "rb")),
            "memory": tried(lambda: open("/proc/1/mem", "rb")),
            "environment": tried(lambda: open("/proc/1/environ", "rb").read()),
        })
        """)
    )
    assert set(answer(outcome).values()) == {"PermissionError"}


# ------------------------------------------------------------------------------- what it cannot reach


def test_there_is_no_network(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        outcome = run(
            ANSWER
            + textwrap.dedent(f"""
            import socket
            addresses = [("127.0.0.1", {port}), ("1.1.1.1", 53), ("172.17.0.1", {port})]
            found = [tried(lambda: socket.create_connection(at, timeout=2)) for at in addresses]
            found.append(tried(lambda: socket.create_connection(("::1", {port}), timeout=2)))
            found.append(tried(lambda: socket.getaddrinfo("example.org", 80)))
            found.append(tried(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)))
            answer(found)
            """)
        )
    assert "done" not in answer(outcome)


def test_sockets_of_the_host_cannot_be_reached(run: Run, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind("\0shoal-test")
        abstract.listen()
        outcome = run(
            ANSWER
            + textwrap.dedent("""
            import socket
            names = ["\\0shoal-test", "/var/run/docker.sock", "/run/docker.sock"]
            answer([tried(lambda: socket.socket(socket.AF_UNIX).connect(name)) for name in names])
            """)
        )
    assert "done" not in answer(outcome)


def test_files_of_the_host_are_not_there(run: Run, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret")
    outcome = run(
        ANSWER
        + textwrap.dedent(f"""
        import os
        paths = ["{tmp_path}/key", "/etc/shadow", "/root/.ssh", "/root/.bashrc", "{ROOT}/pyproject.toml",
                 "/proc/1/environ", "/proc/1/root/etc/shadow", "/proc/kcore", "/dev/mem", "/dev/sda", "/home"]
        def read(path):
            return os.listdir(path)[0] if os.path.isdir(path) else open(path, "rb").read(1)[0]
        found = {{}}
        for path in paths:
            try: found[path] = str(read(path))
            except (OSError, IndexError): pass
        answer(found)
        """)
    )
    assert answer(outcome) == {}


def test_variables_of_the_host_are_not_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "shoal-secret")
    outcome = run(
        ANSWER
        + textwrap.dedent("""
        import glob, os
        seen = dict(os.environ)
        for path in glob.glob("/proc/[0-9]*/environ"):
            try: seen[path] = open(path).read()
            except OSError: pass
        answer(seen)
        """),
        cpus=1,
    )
    seen = answer(outcome)
    assert "shoal-secret" not in json.dumps(seen)
    assert {name for name in seen if not name.startswith("/proc")} == {
        *("PATH", "HOME", "TMPDIR", "LANG", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE"),
        *(f"{name}_NUM_THREADS" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM", "BLIS")),
    }
    assert seen["OMP_NUM_THREADS"] == "1"


def test_mounts_can_be_read_and_not_written(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    (folder / "x").write_text("x")
    (folder / "x").chmod(0o666)
    outcome = run(
        ANSWER
        + textwrap.dedent("""
        import os
        answer([open("/job/data/x").read(), tried(lambda: open("/job/data/x", "w")),
                tried(lambda: open("/job/data/new", "w")), tried(lambda: os.remove("/job/data/x")),
                tried(lambda: open("/shoal/init.py", "a"))])
        """),
        (Mount(folder, "/job/data"),),
    )
    first, *others = answer(outcome)
    assert first == "x"
    assert "done" not in others
    assert (folder / "x").read_text() == "x"


def test_the_kernel_cannot_be_written_to(run: Run) -> None:
    before = Path("/proc/sys/kernel/core_pattern").read_text()
    outcome = run(
        ANSWER
        + textwrap.dedent("""
        paths = ["/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sysrq-trigger",
                 "/proc/sys/vm/drop_caches", "/sys/kernel/uevent_helper"]
        answer([tried(lambda: open(path, "w").write("|/tmp/x")) for path in paths])
        """)
    )
    assert "done" not in answer(outcome)
    assert Path("/proc/sys/kernel/core_pattern").read_text() == before


def test_privileged_calls_fail_and_the_user_is_nobody(run: Run) -> None:
    outcome = run(
        ANSWER
        + textwrap.dedent("""
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        calls = {
            "unshare user": lambda: libc.unshare(0x10000000),
            "unshare mount": lambda: libc.unshare(0x00020000),
            "mount": lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None),
            "umount": lambda: libc.umount2(b"/tmp", 2),
            "ptrace 1": lambda: libc.ptrace(16, 1, 0, 0),
            "setuid": lambda: libc.setuid(0),
            "bpf": lambda: libc.syscall(321, 0, 0, 0),
            "keyctl": lambda: libc.syscall(250, 0, -3, 1),
            "clone3 user": lambda: libc.syscall(435, ctypes.create_string_buffer(
                (0x10000000).to_bytes(8, "little") + bytes(56), 64), 64),
            "chroot": lambda: libc.chroot(b"/tmp"),
        }
        status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
        answer({
            "calls": {name: call() for name, call in calls.items()},
            "caps": [status[name].strip() for name in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb")],
            "no new privileges": status["NoNewPrivs"].strip(), "seccomp": status["Seccomp"].strip(),
            "ids": [os.getuid(), os.geteuid(), os.getgid()],
        })
        """)
    )
    found = answer(outcome)
    assert set(found["calls"].values()) == {-1}
    assert set(found["caps"]) == {"0" * 16}
    assert (found["no new privileges"], found["seccomp"]) == ("1", "2")
    assert found["ids"] == [65534, 65534, 65534]


def test_two_jobs_at_once_do_not_see_each_other(sandbox: Sandbox) -> None:
    code = ANSWER + textwrap.dedent("""
        import glob, os, time
        open("/tmp/mark", "x").close(); open("/dev/shm/mark", "x").close()
        time.sleep(0.5)
        answer([len(glob.glob("/proc/[0-9]*")), os.listdir("/tmp"), os.listdir("/dev/shm")])
        """)
    outcomes: list[Outcome] = []
    sandbox.environment(())
    work = [
        threading.Thread(target=lambda: outcomes.append(sandbox.run(code_job(sandbox, code)))) for _ in "ab"
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    for outcome in outcomes:
        processes, files, shared = answer(outcome)
        assert (processes, shared) == (2, ["mark"])
        assert "mark" in files
        shutil.rmtree(str(outcome.outputs))


# ------------------------------------------------------------------------------- how it is ended


def test_stop_all_ends_a_running_job(sandbox: Sandbox, tmp_path: Path) -> None:
    fifo = tmp_path / "started"
    os.mkfifo(fifo, 0o666)
    fifo.chmod(0o666)
    errors: list[BaseException] = []
    # opening a FIFO for reading needs no write access to the read-only mount, and wakes this test
    job = code_job(sandbox, "import time; open('/job/started', 'rb'); time.sleep(600)",
                   (Mount(fifo, "/job/started"),), wall_s=600)  # fmt: skip

    def work() -> None:
        try:
            sandbox.run(job)
        except Stopped as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    with fifo.open("wb"):
        sandbox.stop_all()
    thread.join()
    assert len(errors) == 1


def test_nothing_is_left_after_shoal_was_killed(sandbox: Sandbox, tmp_path: Path) -> None:
    mark = f"shoal-orphan-{os.getpid()}-{sandbox.name}"
    script = textwrap.dedent(f"""
        import os, sys
        from pathlib import Path
        from agent.artifacts import Limits
        from agent.ports import Job
        if {sandbox.name!r} == "docker":
            from agent.sandboxes.docker import Docker
            sandbox = Docker(Path(sys.argv[1]), base_image=os.environ["SHOAL_SANDBOX__BASE_IMAGE"])
        else:
            from agent.sandboxes.bubblewrap import Bubblewrap
            sandbox = Bubblewrap(Path(sys.argv[1]))
        environment = sandbox.environment(())
        argv = (environment.python, "-c", "import time; time.sleep(600)", sys.stdin.readline())
        sandbox.run(Job(argv, (), environment, Limits(wall_s=600), "test"))
    """)
    command = [sys.executable, "-c", script, str(tmp_path)]
    shoal = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=ROOT, text=True, start_new_session=True)
    assert shoal.stdin is not None
    shoal.stdin.write(mark + "\n")
    shoal.stdin.close()
    wait_until(lambda: processes_named(mark) > 0, "the job never started")
    shoal.send_signal(signal.SIGKILL)
    shoal.wait()
    wait_until(lambda: processes_named(mark) == 0, "a process outlived Shoal")


def processes_named(mark: str) -> int:
    """Processes of this machine whose command line holds `mark`."""
    found = 0
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += mark.encode() in path.read_bytes() and int(path.parent.name) != os.getpid()
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def wait_until(holds: Callable[[], bool], problem: str) -> None:
    deadline = time.monotonic() + GONE_S
    while not holds():
        assert time.monotonic() < deadline, problem
        select.select([], [], [], 0.02)
