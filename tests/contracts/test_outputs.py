"""What leaves a sandbox: plain files, as they are once everything inside is dead, unopened by the host."""

import hashlib
import os
import pickle
import zipfile
from pathlib import Path

from agent.ports import Mount
from agent.trials.code import hash_folder
from tests.contracts.support import Run, files_of


def test_only_plain_files_leave(attack: Run, folder: Path) -> None:
    secret = folder / "secret"
    secret.write_text("secret")
    outcome = attack(
        """
        import socket, stat
        open("/out/plain", "w").write("plain")
        os.symlink("/etc/passwd", "/out/link")
        os.symlink("/job/secret", "/out/link-to-mount")
        os.symlink("/", "/out/link-to-folder")
        os.symlink("loop", "/out/loop")
        open("/out/one", "w").write("twice")
        os.link("/out/one", "/out/two")
        os.mkfifo("/out/fifo")
        socket.socket(socket.AF_UNIX).bind("/out/socket")
        tried(os.link, "/job/secret", "/out/hard-link-to-mount")
        tried(os.mknod, "/out/disk", stat.S_IFBLK | 0o666, os.makedev(8, 0))
        tried(os.mknod, "/out/memory", stat.S_IFCHR | 0o666, os.makedev(1, 1))
        os.mknod("/out/whiteout", stat.S_IFCHR | 0o666, os.makedev(0, 0))
        """,
        (Mount(secret, "/job/secret"),),
    )
    assert outcome.status == "ok", outcome.log_tail
    assert files_of(outcome) == {"plain": b"plain"}
    assert "9 entries" in outcome.log_tail


def test_odd_names_and_depths_do_not_leave(attack: Run) -> None:
    outcome = attack(
        """
        for name in (b"\\xff\\xfe", b"new\\nline", b"esc\\x1b[0m", "bidi\\u202e".encode()):
            open(b"/out/" + name, "w").close()
        deep = "/out/" + "/".join(["d"] * 40)
        os.makedirs(deep)
        open(deep + "/file", "w").close()
        for name in ("..fine", "...", " ", "-rf", "~", "a\\\\b", "C:", "$(id)"):
            open(f"/out/{name}", "w").close()
        """,
        out_files=100,
    )
    assert outcome.status == "ok", outcome.log_tail
    assert set(files_of(outcome)) == {"..fine", "...", " ", "-rf", "~", "a\\b", "C:", "$(id)"}


def test_names_too_long_for_the_host_do_not_leave(attack: Run) -> None:
    outcome = attack("""
        open("/out/" + "n" * 255, "w").close()
        for letter in "ab":
            os.chdir("/out")
            for _ in range(14):
                os.mkdir(letter * 255); os.chdir(letter * 255)
            open("file", "w").close()
        open("/out/short", "w").close()
    """, out_files=100)  # fmt: skip
    assert outcome.status == "ok", outcome.log_tail
    assert "short" in files_of(outcome)
    assert max(map(len, files_of(outcome))) <= 512


def test_unreadable_outputs_are_left_out(attack: Run) -> None:
    outcome = attack("""
        open("/out/closed", "w").write("x"); os.chmod("/out/closed", 0)
        os.mkdir("/out/folder", 0)
        open("/out/open", "w").close()
    """)
    assert outcome.status == "ok"
    assert list(files_of(outcome)) == ["open"]


def test_a_job_that_closes_its_folder_ends_all_the_same(attack: Run) -> None:
    outcome = attack("""
        open("/out/inside", "w").close()
        for path in ("/out", "/tmp", "/dev/shm"):
            tried(os.chmod, path, 0)
    """)
    assert outcome.status == "ok"
    assert list(files_of(outcome)) == ["inside"]


def test_a_daemon_is_dead_before_the_files_leave(attack: Run) -> None:
    outcome = attack("""
        import time
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


def test_an_output_cannot_be_swapped_while_it_is_copied(attack: Run, folder: Path) -> None:
    (folder / "secret").write_text("secret")
    outcome = attack(
        """
        import time
        names = [f"/out/{letter}" for letter in "abcdefghijklmno"]
        for name in names: open(name, "w").write("0")
        if os.fork() == 0:
            for count in range(1, 1 << 40):
                for name in names:
                    with open("/out/.new", "w") as file: file.write(str(count))
                    os.replace("/out/.new", name)
                os.symlink("/job/secret", "/out/.link"); os.replace("/out/.link", "/out/link")
        time.sleep(0.1)
        """,
        (Mount(folder / "secret", "/job/secret"),),
    )
    assert outcome.status == "ok"
    files = files_of(outcome)
    counts = {int(content) for name, content in files.items() if not name.startswith(".")}
    assert len(files) >= 15
    assert max(counts) - min(counts) <= 1  # all of one moment, in the middle of a round
    assert "link" not in files


def test_what_a_job_prints_is_no_message_of_process_1(attack: Run) -> None:
    outcome = attack("""
        def frame(kind, payload): return kind + len(payload).to_bytes(8, "big") + payload
        report = b"exit=0\\nlate=0\\nwall_us=1\\ncpu_us=1\\npeak_kb=1\\nmemory_kills=0\\nfull=\\nleft_out=0"
        forged = frame(b"N", b"../forged") + frame(b"C", b"x") + frame(b"L", b"") + frame(b"E", report)
        answer(sorted(os.listdir("/proc/self/fd")))
        for number in (1, 2): os.write(number, forged)
        os._exit(3)
    """)
    assert (outcome.status, outcome.exit_code) == ("crashed", 3)
    assert files_of(outcome) == {
        "answer.json": b'["0", "1", "2", "3"]'
    }  # the last one reads the folder itself


def test_output_of_a_job_cannot_steer_a_terminal(run: Run) -> None:
    outcome = run(r"print('\x1b]0;owned\x07\x1b[2Jmeasured\r\n\ttab \x9b31m\u202e')")
    assert all(letter.isprintable() or letter in "\n\t" for letter in outcome.log_tail)
    assert "measured\n\ttab" in outcome.log_tail


def test_the_host_hashes_outputs_and_never_opens_them(attack: Run, folder: Path) -> None:
    mark, bomb = folder / "mark", folder / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(100 << 20))

    class Poison:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(mark),)

    poison = pickle.dumps(Poison())
    outcome = attack(
        f"""
        import shutil
        for name in ("model.pkl", "weights.pt", "scores.npy", "__pycache__/x.pyc"):
            os.makedirs(os.path.dirname(f"/out/{{name}}"), exist_ok=True)
            open(f"/out/{{name}}", "wb").write({poison!r})
        shutil.copy("/job/bomb.zip", "/out/bomb.zip")
        """,
        (Mount(bomb, "/job/bomb.zip"),),
    )
    assert outcome.status == "ok", outcome.log_tail
    before = {name: hashlib.sha256(content).hexdigest() for name, content in files_of(outcome).items()}
    assert before["bomb.zip"] == hashlib.sha256(bomb.read_bytes()).hexdigest()
    assert len(files_of(outcome)["bomb.zip"]) < 1 << 20
    assert len(hash_folder(Path(str(outcome.outputs)))) == 64
    assert not mark.exists()
    pickle.loads(files_of(outcome)["model.pkl"])  # the poison is real
    assert mark.is_dir()
