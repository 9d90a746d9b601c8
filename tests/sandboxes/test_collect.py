"""The host's side of the stream: whatever comes, nothing is written outside, and limits hold."""

import io
from pathlib import Path

import pytest

from agent.artifacts import Limits
from agent.sandboxes.collect import Silent, Torn, collect, safe_path

LIMITS = Limits(wall_s=1, out_mb=1, out_files=2)
END = (
    b"exit=0\nlate=0\nwall_us=1\ncpu_us=1\npeak_kb=1\nmemory_kills=0\nrefused_forks=0\nfull=\nhit=\n"
    b"left_out=0"
)


def frame(kind: bytes, payload: bytes) -> bytes:
    return kind + len(payload).to_bytes(8, "big") + payload


def read(stream: bytes, folder: Path) -> None:
    collect(io.BytesIO(stream).read, folder / "outputs", LIMITS)


@pytest.mark.parametrize(
    "name",
    [b"../x", b"/etc/x", b"a/../../x", b"", b".", b"..", b"a//b", b"a/", b"./a", b"\xff", b"a\nb", b"a\0b"],
)
def test_a_name_that_leaves_its_folder_is_refused(name: bytes, tmp_path: Path) -> None:
    with pytest.raises(Torn):
        safe_path(name)
    with pytest.raises(Torn):
        read(frame(b"N", name) + frame(b"C", b"x") + frame(b"E", END), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b"C",
        frame(b"C", b"content without a name"),
        frame(b"N", b"a") + frame(b"C", b"short")[:-1],
        frame(b"N", b"a") + b"C" + (1 << 62).to_bytes(8, "big"),
        b"".join(frame(b"N", b"%d" % i) + frame(b"C", b"") for i in range(3)),
        2 * (frame(b"N", b"twice") + frame(b"C", b"")),
        frame(b"N", b"file") + frame(b"C", b"") + frame(b"N", b"file/below") + frame(b"C", b""),
        frame(b"X", b""),
        b"L" + (1 << 40).to_bytes(8, "big"),
        frame(b"L", b"tail"),
        frame(b"E", b"exit=zero"),
        frame(b"E", b"\xff"),
    ],
)
def test_a_stream_that_is_none_is_torn(stream: bytes, tmp_path: Path) -> None:
    with pytest.raises(Torn):
        read(stream, tmp_path)


def test_a_whole_stream_is_read(tmp_path: Path) -> None:
    stream = frame(b"N", b"sub/a") + frame(b"C", b"one") + frame(b"L", b"log\xff") + frame(b"E", END)
    report = collect(io.BytesIO(stream).read, tmp_path / "outputs", LIMITS)
    assert (tmp_path / "outputs/sub/a").read_bytes() == b"one"
    assert (report.exit_code, report.log_tail) == (0, "log\ufffd")


@pytest.mark.parametrize("started", [True, False])
def test_silence_says_whether_the_job_had_started(started: bool, tmp_path: Path) -> None:
    stream = io.BytesIO(frame(b"S", b"") if started else b"")

    def read_until_silence(size: int) -> bytes:
        part = stream.read(size)
        if not part:
            raise Silent("it does not answer")
        return part

    with pytest.raises(Silent) as silent:
        collect(read_until_silence, tmp_path / "outputs", LIMITS)
    assert silent.value.started == started
    assert list(tmp_path.iterdir()) == []
