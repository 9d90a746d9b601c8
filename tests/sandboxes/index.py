"""A package index on loopback that asks for a password, with one small package in any version.

A package whose version ends in `.1` is handed out only once `release` is called.
"""

import base64
import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAME = "shoal-probe"
SECRET = "s3cret-of-the-index"


class Index:
    """What the server was asked for, and how it answers."""

    def __init__(self) -> None:
        self.downloads: list[str] = []
        """Versions that were downloaded, in order."""
        self.asked = threading.Event()
        """Set once a version that waits was asked for."""
        self._released = threading.Event()
        self.url = ""

    def release(self) -> None:
        """Hand out what waits."""
        self._released.set()

    def answer(self, path: str) -> bytes:
        """The content of a path."""
        if not path.endswith(".whl"):
            names = "".join(f'<a href="/{wheel_name(v)}">{wheel_name(v)}</a>' for v in self.versions)
            return f"<html><body>{names}</body></html>".encode()
        version = path.split("-")[1]
        self.downloads.append(version)
        if version.endswith(".1"):
            self.asked.set()
            self._released.wait(60)
        return wheel(version)

    versions: tuple[str, ...] = ()


@contextmanager
def served(*versions: str) -> Iterator[Index]:
    """An index with these versions, to its end."""
    index = Index()
    index.versions = versions

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = "Basic " + base64.b64encode(f"user:{SECRET}".encode()).decode()
            if self.headers["Authorization"] != wanted:
                self.send_response(401)
                self.send_header("WWW-Authenticate", "Basic")
                self.end_headers()
                return
            content = index.answer(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a killed pip hangs up
    index.url = f"http://user:{SECRET}@127.0.0.1:{server.server_port}/simple"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield index
    finally:
        index.release()
        server.shutdown()
        thread.join()
        server.server_close()


def wheel_name(version: str) -> str:
    """The file name of the package."""
    return f"shoal_probe-{version}-py3-none-any.whl"


def wheel(version: str) -> bytes:
    """The package: one module that knows its version."""
    folder = f"shoal_probe-{version}.dist-info"
    files = {
        "shoal_probe.py": f"version = {version!r}\n",
        f"{folder}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {version}\n",
        f"{folder}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{name},sha256={_digest(text)},{len(text)}" for name, text in files.items()]
    files[f"{folder}/RECORD"] = "\n".join([*rows, f"{folder}/RECORD,,", ""])
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return archive.getvalue()


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
