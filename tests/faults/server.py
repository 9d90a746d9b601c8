"""A served model that plays scripts of faults over a real socket.

Every answer comes from `tests.served_model.answer_to`. A script says which faults the calls of a stage meet;
when it is played out, calls are answered. The server counts what it billed and which questions it answered.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.served_model import answer_to, completion_of, stage_of

STALL_S = 20.0
"""Seconds that a stalled reply would take; the tests' client gives up long before."""


@dataclass
class Call:
    """One request and the means to answer it."""

    http: BaseHTTPRequestHandler
    body: dict[str, Any]
    closing: threading.Event

    def good(self) -> dict[str, Any]:
        """The completion that would be right."""
        return completion_of(self.body, json.dumps(answer_to(self.body)))

    def send(self, content: bytes, status: int = 200, kind: str = "application/json", **headers: str) -> None:
        """A whole reply."""
        self.start(len(content), status, kind, **headers)
        self.http.wfile.write(content)

    def start(self, length: int, status: int = 200, kind: str = "application/json", **headers: str) -> None:
        """A reply's head."""
        self.http.send_response(status)
        self.http.send_header("content-type", kind)
        self.http.send_header("content-length", str(length))
        for name, value in headers.items():
            self.http.send_header(name.replace("_", "-"), value)
        self.http.end_headers()
        self.http.wfile.flush()

    def reset(self) -> None:
        """Break the connection with RST."""
        linger = struct.pack("ii", 1, 0)
        self.http.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.http.connection.close()
        self.http.close_connection = True


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong with a call."""

    name: str
    play: Callable[[Call], None]
    billed: bool = False
    """The server did the work."""
    ends: int | None = None
    """The exit code of the run that it ends; None where the run gets over it."""
    told: str = ""
    """What the run's last line then says."""
    times: int = 1
    """Attempts in a row that it lasts for."""


def refuses(status: int, message: str, code: str = "", **headers: str) -> Callable[[Call], None]:
    """An error as OpenAI-compatible servers send it."""
    content = json.dumps({"error": {"message": message, "type": "error", "code": code or None}}).encode()
    return lambda call: call.send(content, status, **headers)


def says(text: str | None, finish: str = "stop", **message: Any) -> Callable[[Call], None]:
    """A completion of another text that took as many tokens."""

    def play(call: Call) -> None:
        completion = call.good()
        completion["choices"][0]["finish_reason"] = finish
        completion["choices"][0]["message"].update(content=text, **message)
        call.send(json.dumps(completion).encode())

    return play


def around(before: str, after: str) -> Callable[[Call], None]:
    """The right answer with more text about it."""

    def play(call: Call) -> None:
        completion = call.good()
        message = completion["choices"][0]["message"]
        message["content"] = before + message["content"] + after
        call.send(json.dumps(completion).encode())

    return play


def raw(content: bytes, kind: str, status: int = 200) -> Callable[[Call], None]:
    """Any body."""
    return lambda call: call.send(content, status, kind)


def cut(call: Call) -> None:
    """A reply that ends at its limit."""
    completion = call.good()
    choice = completion["choices"][0]
    choice["message"]["content"] = choice["message"]["content"][:15]
    choice["finish_reason"] = "length"
    call.send(json.dumps(completion).encode())


def garbled(call: Call) -> None:
    """The right answer with a form feed in its first string, as from a backslash that was not doubled."""
    completion = call.good()
    message = completion["choices"][0]["message"]
    message["content"] = message["content"].replace('": "', '": "\\f', 1)
    call.send(json.dumps(completion).encode())


def half(call: Call) -> None:
    """The connection breaks in the middle of the body."""
    content = json.dumps(call.good()).encode()
    call.start(len(content))
    call.http.wfile.write(content[: len(content) // 2])
    call.http.wfile.flush()
    call.reset()


def truncated(call: Call) -> None:
    """A whole HTTP reply whose JSON is not whole."""
    content = json.dumps(call.good()).encode()
    call.send(content[: len(content) // 2])


def stalls(call: Call) -> None:
    """Headers come, the body does not."""
    call.start(100)
    call.closing.wait(STALL_S)
    call.http.close_connection = True


def silent(call: Call) -> None:
    """Nothing comes."""
    call.closing.wait(STALL_S)
    call.http.close_connection = True


def trickles(call: Call) -> None:
    """One byte at a time, so that no single read takes long."""
    call.start(10_000)
    for _ in range(10_000):
        call.http.wfile.write(b" ")
        call.http.wfile.flush()
        if call.closing.wait(0.05):
            return


def huge(call: Call) -> None:
    """A body that goes on and on."""
    call.start(2**30)
    for _ in range(64):
        call.http.wfile.write(b" " * 2**19)


def dated(call: Call) -> None:
    """`retry-after` as a date that is now."""
    content = json.dumps({"error": {"message": "slow down"}}).encode()
    call.send(content, 429, retry_after=formatdate(usegmt=True))


def wrong_type(call: Call) -> None:
    """The right answer, called something else."""
    call.send(json.dumps(call.good()).encode(), kind="text/plain; charset=latin-1")


@dataclass
class Tally:
    """What a server saw."""

    calls: int = 0
    faults: int = 0
    billed_tokens: int = 0
    """Of every call that it did the work for."""
    answered: Counter[str] = field(default_factory=Counter)
    """How often it gave the right answer to each body."""


@dataclass
class FaultServer:
    """Answers chat completions on loopback, faults first."""

    script: dict[str, list[Fault]] = field(default_factory=dict)
    """Faults by stage, played in order; a played one is taken out."""
    tally: Tally = field(default_factory=Tally)
    closing: threading.Event = field(default_factory=threading.Event)
    base_url: str = ""
    errors: list[str] = field(default_factory=list)
    """What broke in the server itself."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, http: BaseHTTPRequestHandler) -> None:
        """Play the next fault of the call's stage, or answer."""
        body = json.loads(http.rfile.read(int(http.headers["content-length"])))
        call = Call(http, body, self.closing)
        with self._lock:
            faults = self.script.get(stage_of(body), [])
            fault = faults.pop(0) if faults else None
            self.tally.calls += 1
            self.tally.faults += fault is not None
            if fault is None or fault.billed:
                self.tally.billed_tokens += call.good()["usage"]["total_tokens"]
            if fault is None:
                self.tally.answered[json.dumps(body, sort_keys=True)] += 1
        if fault is None:
            call.send(json.dumps(call.good()).encode())
        else:
            fault.play(call)

    def plays(self, script: Mapping[str, list[Fault]]) -> None:
        """Take up a new script, and count anew."""
        with self._lock:
            self.script = {stage: list(faults) for stage, faults in script.items()}
            self.tally = Tally()


@contextmanager
def fault_server() -> Iterator[FaultServer]:
    """A server of the chat-completions wire on a free port of loopback."""
    served = FaultServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            served.answer(self)

        def do_GET(self) -> None:
            Call(self, {}, served.closing).send(b'{"object": "list", "data": []}')

        def finish(self) -> None:
            with suppress(OSError, ValueError):
                super().finish()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Keep what went wrong; a client that goes away in the middle is no error here."""
            if not isinstance(sys.exception(), OSError) and "closed file" not in str(sys.exception()):
                served.errors.append(traceback.format_exc())

    with Server(("127.0.0.1", 0), Handler) as server:
        served.base_url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield served
        finally:
            served.closing.set()
            server.shutdown()
            thread.join()
