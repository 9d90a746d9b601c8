"""Memory, processes, disks and files: what a job may use, and how it ends when it wants more."""

import pytest

from agent.ports import Sandbox
from agent.sandboxes.docker import Docker
from agent.sandboxes.enforcement import NO_SOCKETS
from tests.contracts.support import Run, answer, files_of

BOMB = "held = []\nwhile True: held.append(bytearray(b'x' * (1 << 20)))"


def test_a_memory_bomb_runs_out_of_memory(attack: Run) -> None:
    outcome = attack(BOMB)
    assert outcome.status == "out_of_memory"
    assert "mem_mb" in outcome.limits_hit


def test_a_memory_bomb_in_a_child_counts_though_its_parent_ends_well(attack: Run, sums_memory: None) -> None:
    outcome = attack(f"""
        import subprocess, sys
        subprocess.run([sys.executable, "-c", {BOMB!r}])
    """)
    assert (outcome.status, outcome.exit_code) == ("out_of_memory", 0)


@pytest.mark.parametrize(
    "held",
    [
        "held = bytearray(b'x' * (24 << 20))",
        "file = os.memfd_create('x'); os.write(file, bytes(24 << 20))",
        "import mmap; held = mmap.mmap(-1, 24 << 20); held.write(bytes(24 << 20))",
    ],
    ids=["private", "file in memory", "shared"],
)
def test_memory_is_bounded_over_all_processes(attack: Run, sums_memory: None, held: str) -> None:
    outcome = attack(f"""
        import time
        for _ in range(8):
            if os.fork() == 0:
                {held}; time.sleep(600)
        os.wait()  # until the first one is killed
    """)
    assert outcome.status == "out_of_memory"


def test_what_sockets_hold_is_bounded_where_doctor_does_not_say_otherwise(
    sandbox: Sandbox, attack: Run, sums_memory: None
) -> None:
    said_to_be_open = isinstance(sandbox, Docker) and NO_SOCKETS in str(sandbox.enforcement())
    outcome = attack("""
        import socket
        loopback, held, sent = ("127.0.0.1", 0), [], 0
        for _ in range(24):
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            one.bind(loopback)
            one.setblocking(False)
            held.append(one)
            for _ in range(70): tried(one.sendto, bytes(60000), one.getsockname())
        server = socket.create_server(loopback, backlog=100)
        for _ in range(24):
            sender = socket.create_connection(server.getsockname())
            held += [sender, server.accept()[0]]
            sender.setblocking(False)
            try:
                while True: sent += sender.send(bytes(1 << 20))
            except BlockingIOError: pass
        received = 0
        for one in held[:24]:
            try:
                while True: received += len(one.recv(1 << 16))
            except BlockingIOError: pass
        answer([received, sent])
    """)
    bounded = outcome.status == "out_of_memory" or sum(answer(outcome)) < 64 << 20
    assert bounded != said_to_be_open


def test_a_job_that_would_have_process_1_killed_for_its_memory_runs_out_of_it(
    attack: Run, sums_memory: None
) -> None:
    outcome = attack("""
        open("/proc/self/oom_score_adj", "w").write("0")
        held = []
        for _ in range(12):
            if os.fork() == 0:
                while True: held.append(bytearray(b"x" * 4096))
        while True: held.append(bytearray(b"x" * 4096))
    """)
    assert outcome.status == "out_of_memory"


def test_a_fork_bomb_meets_the_limit_and_leaves_nothing(attack: Run) -> None:
    outcome = attack("""
        import time
        count = 0
        try:
            while count < 1000:
                if os.fork() == 0: time.sleep(600); os._exit(0)
                count += 1
        except OSError: pass
        answer(count)
    """)
    assert answer(outcome) < 20


def test_a_fork_bomb_that_never_rests_ends_with_its_time(attack: Run) -> None:
    outcome = attack("""
        while True:
            try: os.fork()
            except OSError: pass
    """, wall_s=1)  # fmt: skip
    assert outcome.status == "timeout"


@pytest.mark.parametrize("folder", ["/out", "/tmp"])
def test_a_full_disk_is_an_outcome(attack: Run, folder: str) -> None:
    outcome = attack(f"""
        with open("{folder}/big", "wb") as file:
            while True: file.write(bytes(1 << 20))
    """)
    assert outcome.status == "disk_full"
    assert outcome.limits_hit == (f"{folder[1:]}_mb",)


def test_a_disk_filled_by_a_job_that_does_not_mind_is_full_too(attack: Run) -> None:
    outcome = attack("""
        try:
            with open("/out/big", "wb") as file:
                while True: file.write(bytes(1 << 20))
        except OSError: pass
    """)
    assert outcome.status == "disk_full"


def test_no_other_folder_takes_much(attack: Run) -> None:
    outcome = attack(
        """
        folders = {"/", "/home", "/var", "/run", "/var/tmp"}
        for line in open("/proc/self/mountinfo"):
            point = line.split()[4]
            if not point.startswith(("/proc/", "/tmp/")):  # below /tmp counts as /tmp
                folders |= {point, os.path.dirname(point)}
        def fill(path):
            written = 0
            try:
                with open(path, "wb", buffering=0) as file:
                    while written < (64 << 20): written += file.write(bytes(1 << 20))
            except OSError: pass
            return written
        answer({folder: fill(f"{folder}/big") for folder in folders - {"/out", "/tmp", "/proc"}})
        """,
        mem_mb=256,
    )
    written = answer(outcome)
    assert {"/", "/dev", "/dev/shm", "/shoal"} <= set(written)
    assert 0 < written.pop("/dev/shm") <= 8 << 20
    assert set(written.values()) == {0}


def test_too_many_files_are_a_full_disk(attack: Run) -> None:
    outcome = attack("for i in range(1000): open(f'/out/{i}', 'w').close()", out_files=20)
    assert outcome.status == "disk_full"
    assert "out_files" in outcome.limits_hit
    assert len(files_of(outcome)) <= 20


def test_a_million_files_end_within_the_limits(attack: Run) -> None:
    outcome = attack("""
        for i in range(1_000_000):
            try: open(f"/out/{i}", "w").close()
            except OSError: pass
    """, wall_s=1)  # fmt: skip
    assert outcome.status in ("disk_full", "timeout", "out_of_memory")
    assert outcome.outputs is None or len(files_of(outcome)) <= 20


def test_too_many_folders_are_a_full_disk(attack: Run) -> None:
    outcome = attack("for i in range(1000): os.mkdir(f'/out/{i}')", out_files=20)
    assert outcome.status == "disk_full"


def test_a_sparse_file_counts_with_its_whole_length(attack: Run) -> None:
    outcome = attack("open('/out/sparse', 'wb').truncate(1 << 40)")
    assert outcome.status == "disk_full"
    assert files_of(outcome) == {}


def test_open_files_are_bounded(attack: Run) -> None:
    outcome = attack("""
        import resource
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        held = []
        try:
            while len(held) < 5000: held.append(os.open("/dev/null", os.O_RDONLY))
        except OSError: os.close(held.pop())
        answer(len(held))
    """)
    assert answer(outcome) < 4096


def test_no_limit_can_be_raised(attack: Run) -> None:
    outcome = attack("""
        import glob, resource
        limits = {name: getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}
        raised = []
        for name, number in limits.items():
            soft, hard = resource.getrlimit(number)
            if hard != resource.RLIM_INFINITY:
                raised.append(tried(resource.setrlimit, number, (soft, hard + 1)))
        groups = glob.glob("/sys/fs/cgroup/**/*", recursive=True)
        wanted = ("limit_in_bytes", "procs", ".max", "quota_us", "release_agent", "subtree_control")
        written = [tried(lambda: open(path, "w").write("1")) for path in groups if path.endswith(wanted)]
        made = [tried(os.mkdir, os.path.join(path, "x")) for path in groups if os.path.isdir(path)]
        answer({"raised": raised, "written": written, "made": made, "core": len(raised)})
    """)
    found = answer(outcome)
    assert found["core"]
    assert "done" not in found["raised"] + found["written"] + found["made"]


def test_a_job_cannot_put_itself_first(run: Run) -> None:
    outcome = run("""
        import resource
        first = [os.SCHED_FIFO, os.SCHED_RR]
        limits = [resource.getrlimit(name) for name in (resource.RLIMIT_NICE, resource.RLIMIT_RTPRIO)]
        answer([limits, *(tried(os.sched_setscheduler, 0, policy, os.sched_param(1)) for policy in first),
                tried(os.nice, -1), tried(os.setpriority, os.PRIO_PROCESS, 0, -20)])
    """)
    limits, *attempts = answer(outcome)
    assert limits == [[0, 0], [0, 0]]
    assert set(attempts) == {"PermissionError"}
