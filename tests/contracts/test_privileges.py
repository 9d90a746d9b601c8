"""What a job may ask of the kernel: as nobody, without capabilities, behind a filter, beside process 1."""

import errno
from pathlib import Path

import pytest

from agent.ports import Mount
from tests.contracts.support import Run, answer


def test_the_user_is_nobody_without_capabilities(run: Run) -> None:
    outcome = run("""
        status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
        answer({
            "caps": [status[name].strip() for name in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb")],
            "no new privileges": status["NoNewPrivs"].strip(), "seccomp": status["Seccomp"].strip(),
            "ids": [*os.getresuid(), *os.getresgid()], "groups": sorted(set(os.getgroups()) - {65534}),
        })
    """)
    found = answer(outcome)
    assert set(found["caps"]) == {"0" * 16}
    assert (found["no new privileges"], found["seccomp"]) == ("1", "2")
    assert found["ids"] == [65534] * 6
    assert found["groups"] == []


def test_calls_into_the_kernel_fail(attack: Run) -> None:
    outcome = attack("""
        import ctypes, socket, time
        zeros = ctypes.create_string_buffer(256)
        flags = {"user": 0x10000000, "mount": 0x20000, "pid": 0x20000000, "net": 0x40000000, "ipc": 0x8000000,
                 "uts": 0x4000000, "cgroup": 0x2000000}
        def clone3(flag):
            arguments = flag.to_bytes(8, "little") + bytes(56)
            return call("clone3", ctypes.create_string_buffer(arguments, 64), 64)
        found = {f"unshare {name}": call("unshare", flag) for name, flag in flags.items()}
        found |= {f"clone {name}": call("clone", flag | 17, 0, 0, 0, 0) for name, flag in flags.items()}
        found |= {f"clone3 {name}": clone3(flag) for name, flag in flags.items()}
        for name in ("net", "mnt", "user"):
            found[f"setns {name}"] = call("setns", os.open(f"/proc/self/ns/{name}", os.O_RDONLY), 0)
        calls = {
            "mount": (b"none", b"/tmp", b"tmpfs", 0, 0), "umount2": (b"/tmp", 2), "fsopen": (b"tmpfs", 0),
            "pivot_root": (b"/tmp", b"/tmp"), "open_tree": (-100, b"/", 1),
            "move_mount": (-100, b"/", -100, b"/tmp", 0),
            "ptrace": (0, 0, 0, 0), "process_vm_readv": (1, zeros, 1, zeros, 1, 0),
            "process_vm_writev": (1, zeros, 1, zeros, 1, 0), "pidfd_getfd": (os.pidfd_open(1), 1, 0),
            "bpf": (0, zeros, 64), "perf_event_open": (zeros, 0, -1, -1, 0), "userfaultfd": (0,),
            "io_uring_setup": (4, zeros), "keyctl": (0, -3, 1), "add_key": (b"user", b"x", b"x", 1, -3),
            "personality": (0x0400000,), "syslog": (3, zeros, 256), "open_by_handle_at": (-100, zeros, 0),
            "kexec_load": (0, 0, zeros, 0), "init_module": (zeros, 8, b""), "swapon": (b"/tmp", 0),
        }
        found |= {name: call(name, *arguments) for name, arguments in calls.items()}
        actions = {"setuid": (os.setuid, 0), "setgroups": (os.setgroups, [0]), "chroot": (os.chroot, "/tmp"),
                   "hostname": (socket.sethostname, "x"), "clock": (time.clock_settime, 0, 0)}
        found |= {name: 0 if tried(*action) == "done" else 1 for name, action in actions.items()}
        answer(found)
    """)
    refused = (errno.EPERM, errno.ENOSYS)  # an error about the arguments would mean that the call was open
    assert {name: error for name, error in answer(outcome).items() if error not in refused} == {}


def test_what_all_jobs_share_and_no_limit_counts_is_closed(run: Run, folder: Path) -> None:
    (folder / "x").write_text("x")
    outcome = run(
        """
        import ctypes, fcntl, mmap, socket
        libc = ctypes.CDLL(None, use_errno=True)
        file = os.open("/job/data/x", os.O_RDONLY)
        def error(action, *arguments):
            try: result = action(*arguments)
            except OSError as failed: return failed.errno
            return 0 if result != -1 else ctypes.get_errno()
        closed = {
            "inotify": error(libc.inotify_init1, 0), "lease": error(fcntl.fcntl, file, 1024, fcntl.F_RDLCK),
            "lease on its own": error(fcntl.fcntl, os.open("/tmp/x", os.O_CREAT), 1024, fcntl.F_RDLCK),
            "notes": error(fcntl.fcntl, os.open("/tmp", os.O_RDONLY), 1026, 1),
            "huge file": error(os.memfd_create, "x", 4), "huge pages": error(mmap.mmap, -1, 1 << 21, 0x40022),
            "huge segment": call("shmget", 0, 1 << 21, 0o4600),
        }
        sockets = {
            "sctp": (2, 1, 132), "sctp by type": (2, 5, 0), "sctp 6": (10, 5, 132), "dccp": (2, 6, 33),
            "dccp by type": (2, 6 | socket.SOCK_CLOEXEC, 0), "mptcp": (2, 1, 262), "smc": (10, 1, 256),
            "l2tp": (2, 2, 115), "udplite": (2, 2, 136), "raw": (2, 3, 1),
        }
        closed |= {name: error(socket.socket, *arguments) for name, arguments in sockets.items()}
        usual = [(2, 1, 0), (2, 2, 0), (2, 1, 6), (10, 2, 17), (1, 1, 0), (1, 5, 0)]
        answer([closed, [tried(socket.socket, *arguments) for arguments in usual],
                tried(mmap.mmap, -1, 1 << 21), tried(os.memfd_create, "x"), tried(fcntl.flock, file, 2)])
        """,
        (Mount(folder, "/job/data"),),
    )
    closed, usual, *others = answer(outcome)
    refused = {errno.EPERM, errno.ENOSYS, errno.EAFNOSUPPORT}
    assert {name: number for name, number in closed.items() if number not in refused} == {}
    assert {*usual, *others} == {"done"}


def test_a_terminal_takes_no_typed_letters(run: Run) -> None:
    outcome = run("""
        import fcntl, pty
        os.setsid() if os.fork() == 0 else os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, 0x540E, 0)  # TIOCSCTTY
        typed = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
        answer([tried(fcntl.ioctl, follower, number, b"x") for number in typed])
    """)
    assert "done" not in answer(outcome)


@pytest.mark.skipif(
    "__import__('platform').machine() != 'x86_64'", reason="only x86-64 has two other call tables"
)
@pytest.mark.parametrize("table", ["i386", "x32"])
def test_other_tables_of_calls_are_closed(attack: Run, table: str) -> None:
    outcome = attack(f"""
        import ctypes, mmap
        unshare_user = {{
            "i386": b"\\x53\\xb8\\x36\\x01\\x00\\x00\\xbb\\x00\\x00\\x00\\x10\\xcd\\x80\\x5b\\xc3",
            "x32": b"\\xb8\\x10\\x01\\x00\\x40\\xbf\\x00\\x00\\x00\\x10\\x0f\\x05\\xc3",
        }}["{table}"]  # mov eax, NUMBER; mov ebx or edi, CLONE_NEWUSER; int 0x80 or syscall; ret
        page = mmap.mmap(-1, 4096, prot=7)
        page.write(unshare_user)
        function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
        before = os.readlink("/proc/self/ns/user")
        if (child := os.fork()) == 0:
            result = function()
            open("/out/same", "w").write(str(os.readlink("/proc/self/ns/user") == before))
            os._exit(0 if result == 0 else 1)
        answer(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """)
    assert answer(outcome) in (1, -31)  # refused, or ended by SIGSYS


def test_programs_with_the_set_user_bit_run_as_nobody(attack: Run) -> None:
    outcome = attack("""
        import subprocess
        tops = ("/usr/bin", "/usr/sbin", "/usr/lib")
        programs = [path for top in tops for folder, _, names in os.walk(top)
                    for path in (os.path.join(folder, name) for name in names)
                    if os.path.isfile(path) and os.stat(path).st_mode & 0o6000 and os.access(path, os.X_OK)]
        users, null = set(), subprocess.DEVNULL
        for program in programs:
            process = subprocess.Popen([program], stdin=null, stdout=null, stderr=null)  # returns after exec
            rows = [line.split() for line in open(f"/proc/{process.pid}/status")]
            users |= {user for row in rows if row[0] in ("Uid:", "Gid:") for user in row[1:]}
            process.kill()
            process.wait()
        answer([len(programs), sorted(users)])
    """, pids=64)  # fmt: skip
    programs, users = answer(outcome)
    assert programs > 0
    assert users == ["65534"]


def test_process_1_cannot_be_killed_traced_or_spoken_for(attack: Run) -> None:
    outcome = attack("""
        import signal
        for number in range(1, 65):
            tried(os.kill, 1, number)
        answer({
            "output": tried(lambda: open("/proc/1/fd/1", "wb").write(b"N")),
            "input": tried(lambda: open("/proc/1/fd/0", "rb")),
            "memory": tried(lambda: open("/proc/1/mem", "rb")),
            "environment": tried(lambda: open("/proc/1/environ", "rb").read()),
            "descriptors": tried(lambda: os.listdir("/proc/1/fd")),
            "badness": tried(lambda: open("/proc/1/oom_score_adj", "w").write("1000")),
        })
    """)
    assert set(answer(outcome).values()) == {"PermissionError"}


def test_process_1_keeps_its_limits(attack: Run) -> None:
    outcome = attack("""
        import resource
        limits = [getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")]
        answer([tried(resource.prlimit, 1, limit, (0, 0)) for limit in limits])
    """)
    assert set(answer(outcome)) == {"PermissionError"}


def test_process_1_keeps_its_share_of_the_processor(attack: Run) -> None:
    outcome = attack("""
        before = os.getpriority(os.PRIO_PROCESS, 1)
        found = {
            "idle": tried(os.sched_setscheduler, 1, os.SCHED_IDLE, os.sched_param(0)),
            "batch": tried(os.sched_setscheduler, 1, os.SCHED_BATCH, os.sched_param(0)),
            "affinity": tried(os.sched_setaffinity, 1, [0]),
            "nice": tried(os.setpriority, os.PRIO_PROCESS, 1, 19),
            "nice of its group": tried(os.setpriority, os.PRIO_PGRP, 1, 19),
            "nice of all": tried(os.setpriority, os.PRIO_USER, 65534, 19),
        }
        answer([found, os.getpriority(os.PRIO_PROCESS, 1) - before])
    """)
    found, change = answer(outcome)
    assert "done" not in found.values()
    assert change == 0
