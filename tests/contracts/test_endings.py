"""How a job can end: well, with a crash, or at the end of its time; and what its Outcome says of it."""

import pytest

from agent.ports import Job, Sandbox
from tests.contracts.support import LIMITS, Run, files_of


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


def test_a_crash_of_the_interpreter_leaves_no_core_anywhere(attack: Run) -> None:
    outcome = attack("""
        import resource, signal
        core = resource.RLIMIT_CORE
        print(resource.getrlimit(core), tried(resource.setrlimit, core, (1 << 20, 1 << 20)))
        os.chdir("/out")
        if os.fork() == 0: os.kill(os.getpid(), signal.SIGSEGV)
        print("dumped", os.WCOREDUMP(os.wait()[1]), flush=True)
        os.kill(os.getpid(), signal.SIGSEGV)
    """)
    assert (outcome.status, outcome.exit_code) == ("crashed", -11)
    assert outcome.log_tail == "(1, 1) ValueError\ndumped False\n"
    assert files_of(outcome) == {}


@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)",
        "while True: print('x' * 4096)",
        "import time; os.fork() or os.setsid(); time.sleep(600)",
        "import signal; os.kill(os.getpid(), signal.SIGSTOP)",
        "import signal; os.fork() or os.kill(-1, signal.SIGSTOP); os.wait()",
    ],
    ids=[
        "busy",
        "ignores SIGTERM",
        "prints for ever",
        "forks and sleeps",
        "stops itself",
        "stops all it can",
    ],
)
def test_time_runs_out(attack: Run, code: str) -> None:
    outcome = attack(code, wall_s=0.5)
    assert (outcome.status, outcome.exit_code) == ("timeout", None)
    assert "wall_s" in outcome.limits_hit
    assert len(outcome.log_tail) <= 20_000


def test_the_time_that_a_job_used_tells_sleep_from_work(run: Run) -> None:
    asleep, busy = run("import time; time.sleep(600)", wall_s=0.5), run("while True: pass", wall_s=0.5)
    assert (asleep.status, busy.status) == ("timeout", "timeout")
    assert asleep.cpu_s < busy.cpu_s
