"""What a job can see: its own files and processes; nothing of the host, of its keys, of other jobs."""

import ctypes
import json
import os
import platform
import shutil
import threading
from pathlib import Path

import pytest

from agent.artifacts import Outcome
from agent.ports import Mount, Sandbox
from tests.contracts.conftest import SECRET
from tests.contracts.support import ROOT, Run, answer, code_job
from tests.sandboxes.ordinary import USER, OrdinaryBubblewrap


def test_files_of_the_host_are_not_there(attack: Run, folder: Path) -> None:
    (folder / "key").write_text("secret")
    outcome = attack(f"""
        paths = ["{folder}/key", "/etc/shadow", "/root/.ssh", "/root/.bashrc", "{ROOT}/pyproject.toml",
                 "/proc/1/environ", "/proc/1/root/etc/shadow", "/proc/1/cwd", "/proc/1/maps", "/proc/kcore",
                 "/proc/kmsg", "/proc/keys", "/dev/mem", "/dev/kmsg", "/dev/sda", "/dev/vda", "/dev/fuse",
                 "/dev/kvm", "/home", "/var/lib/docker", "/var/log", "/var/run", "/boot", "/mnt", "/srv"]
        def read(path):
            return os.listdir(path)[0] if os.path.isdir(path) else open(path, "rb").read(1)[0]
        found = {{}}
        for path in paths:
            try: found[path] = str(read(path))
            except (OSError, IndexError): pass
        answer(found)
    """)
    allowed = {"/var/log", "/boot", "/var/run"}  # a base image may have such folders of its own
    assert set(answer(outcome)) <= allowed


def test_a_file_that_only_its_owner_may_read_stays_closed_to_nobody(
    sandbox: Sandbox, run: Run, folder: Path
) -> None:
    owner = USER if isinstance(sandbox, OrdinaryBubblewrap) else os.geteuid()
    (folder / "closed").write_text("secret")
    (folder / "inner").mkdir()
    for path, mode in ((folder / "closed", 0o600), (folder / "inner", 0o700)):
        os.chown(path, owner, -1)
        path.chmod(mode)
    outcome = run(
        """
        answer([tried(open, "/job/folder/closed"), tried(os.listdir, "/job/folder/inner"),
                tried(os.chmod, "/job/folder/closed", 0o644), tried(os.chown, "/job/folder/closed", 1, 1)])
        """,
        (Mount(folder, "/job/folder"),),
    )
    *read, changed, given = answer(outcome)
    as_its_owner = (
        sandbox.name == "bubblewrap" and owner != 0
    )  # to the kernel, the job of a user is that user
    assert [one == "done" for one in read] == [as_its_owner] * 2
    assert "done" not in (changed, given)
    assert (folder / "closed").stat().st_mode & 0o777 == 0o600


def test_keys_of_the_host_are_not_named(run: Run) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    add, control = {"x86_64": (248, 250), "aarch64": (217, 219)}[platform.machine()]
    session = -3  # the keyring of this process and those it starts
    key = libc.syscall(add, b"user", b"shoal-test-key", b"x", 1, session)
    if key < 0:
        pytest.skip("this kernel lets no key be made")
    try:
        named = answer(
            run("""
            found = ""
            for path in ("/proc/keys", "/proc/key-users"):
                try: found += open(path).read()
                except OSError: pass
            answer(found)
        """)
        )
    finally:
        libc.syscall(control, 9, key, session)  # KEYCTL_UNLINK
    assert "shoal-test-key" not in named


def test_variables_of_the_host_are_not_there(run: Run) -> None:
    outcome = run(
        """
        import glob
        seen = dict(os.environ)
        for path in glob.glob("/proc/[0-9]*/environ"):
            try: seen[path] = open(path).read()
            except OSError: pass
        answer(seen)
        """,
        cpus=1,
    )
    seen = answer(outcome)
    assert SECRET not in json.dumps(seen)
    assert {name for name in seen if not name.startswith("/proc")} == {
        *("PATH", "HOME", "TMPDIR", "LANG", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE"),
        *(f"{name}_NUM_THREADS" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM", "BLIS")),
    }
    assert seen["OMP_NUM_THREADS"] == "1"


def test_mounts_can_be_read_and_not_written(attack: Run, folder: Path) -> None:
    (folder / "x").write_text("x")
    (folder / "x").chmod(0o666)
    folder.chmod(0o777)
    outcome = attack(
        """
        import ctypes
        def remount():
            if error := call("mount", b"none", b"/job/data", 0, 0x1020, 0): raise OSError(error, "mount")
        os.chdir("/job/data")
        answer([open("x").read(), *(tried(action) for action in (
            lambda: open("x", "w"), lambda: open("new", "w"), lambda: os.remove("x"), lambda: os.utime("x"),
            lambda: os.chmod("x", 0o777), lambda: os.truncate("x", 0), lambda: os.rename("x", "y"),
            lambda: os.symlink("x", "z"), lambda: os.setxattr("x", "user.x", b"x"),
            lambda: os.open(".", os.O_TMPFILE | os.O_RDWR),
            lambda: os.open(f"/proc/self/fd/{os.open('x', os.O_RDONLY)}", os.O_RDWR), remount,
            lambda: open("/shoal/init.py", "a"), lambda: os.remove("/shoal/init.py")))])
        """,
        (Mount(folder, "/job/data"),),
    )
    first, *others = answer(outcome)
    assert first == "x"
    assert "done" not in others
    assert [path.name for path in folder.iterdir()] == ["x"]
    assert ((folder / "x").read_text(), (folder / "x").stat().st_mode & 0o777) == ("x", 0o666)


def test_the_kernel_cannot_be_written_to(attack: Run) -> None:
    settings = [
        Path("/proc/sys/kernel/core_pattern"),
        Path("/proc/sys/kernel/hostname"),
        Path("/proc/sys/vm/swappiness"),
    ]
    before = [path.read_text() for path in settings]
    outcome = attack("""
        def writable(path):
            try: os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
            except OSError: return False
            return True
        files = []
        for start in ("/proc", "/sys"):
            for top, folders, names in os.walk(start):
                files += [os.path.join(top, name) for name in names]
                if top == "/proc": folders[:] = [name for name in folders if not name.isdecimal()]
        files = [path for path in files if os.path.exists(path) and os.stat(path).st_rdev == 0]
        answer([len(files), [path for path in files if writable(path)],
                tried(lambda: open("/proc/sys/kernel/core_pattern", "w").write("|/tmp/x"))])
    """)
    files, writable, core_pattern = answer(outcome)
    assert files > 500
    assert writable == []
    assert core_pattern != "done"
    assert [path.read_text() for path in settings] == before


def test_two_jobs_at_once_do_not_see_each_other(sandbox: Sandbox, folder: Path) -> None:
    code = """
        import ctypes, glob, socket, time
        libc = ctypes.CDLL(None, use_errno=True)
        open("/tmp/mark", "x").close(); open("/dev/shm/mark", "x").close()
        segment = libc.shmget(0x5A0A1, 4096, 0o3666)           # IPC_CREAT | IPC_EXCL
        queue = libc.mq_open(b"/shoal", os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666, None)
        abstract = tried(socket.socket(socket.AF_UNIX).bind, "\\0shoal-job")
        open("/job/door/a" if os.path.exists("/job/a") else "/job/door/b", "rb").read()  # until both are here
        others = [number for number in range(2, 300) if number != os.getpid()]
        answer({"processes": len(glob.glob("/proc/[0-9]*")), "tmp": os.listdir("/tmp"),
                "shm": os.listdir("/dev/shm"), "segment": segment >= 0, "queue": queue >= 0,
                "abstract": abstract, "killed": [tried(os.kill, one, 9) for one in others].count("done")})
    """
    for name in "ab":
        os.mkfifo(folder / name, 0o666)
        (folder / name).chmod(0o666)
    outcomes: list[Outcome] = []
    sandbox.environment(())

    def work(name: str) -> None:
        mounts = (Mount(folder, "/job/door"), Mount(ROOT / "LICENSE", f"/job/{name}"))
        outcomes.append(sandbox.run(code_job(sandbox, code, mounts)))

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    doors = [(folder / name).open("wb") for name in "ab"]
    for door in doors:
        door.close()
    for thread in threads:
        thread.join()
    for outcome in outcomes:
        found = answer(outcome)
        assert "mark" in found.pop("tmp")
        assert found == {
            "processes": 2,
            "shm": ["mark"],
            "segment": True,
            "queue": True,
            "abstract": "done",
            "killed": 0,
        }
        shutil.rmtree(str(outcome.outputs))
    assert len(outcomes) == 2
