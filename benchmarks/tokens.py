"""Calls and tokens of one whole idea on the digits, by prompt, over the wire to a server on loopback.

    python benchmarks/tokens.py

A code idea with 24 exploring trials an arm, 12 of the treatment's being edits, and a panel of three, in real
sandboxes; the answers are the author's in `author.py`, of realistic length and with a few mistakes.

A token is four characters of the messages. The repeated prefix of a call is the longest beginning that its
messages share with any earlier call of the run: what a provider's cache can serve. The column `in blocks`
counts it as providers do that cache from 1,024 tokens on, in steps of 128.

Bars: 40 calls besides the edits, 150,000 prompt tokens, half of them repeated. A ratchet: ends with 1 where a
figure is worse than the one in docs/benchmarks.md, beyond what another processor's arithmetic changes; the
page is written only where none is worse at all.
"""

from __future__ import annotations

import json
import operator
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import takewhile
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from author import Author
from report import PAGE, report, table

TITLE = "Tokens of one idea"
STAGES = ("ideate", "edit", "section", "refine", "review", "meta")
CHARACTERS_A_TOKEN = 4
CACHED_FROM, CACHED_IN = 1024, 128
MOST_CALLS, MOST_PROMPT_TOKENS, LEAST_SHARE = 40, 150_000, 0.5
SLACK = 1.005
"""Another processor may choose other candidates, whose numbers are printed with other digits."""


@dataclass
class Tally:
    """What one stage, or a whole run, sent and got."""

    calls: int = 0
    prompt: int = 0
    prefix: int = 0
    blocks: int = 0
    completion: int = 0

    def add(self, prompt: int, prefix: int, completion: int) -> None:
        """Count one call."""
        self.calls += 1
        self.prompt += prompt
        self.prefix += prefix
        self.blocks += prefix // CACHED_IN * CACHED_IN if prefix >= CACHED_FROM else 0
        self.completion += completion

    @property
    def share(self) -> float:
        """Repeated prefix by prompt tokens."""
        return self.prefix / max(1, self.prompt)

    def row(self, name: str) -> list[str]:
        """As a line of the table."""
        numbers = (self.calls, self.prompt, self.prefix, self.blocks, self.completion)
        return [name, *(f"{number:,}" for number in numbers), f"{self.share:.0%}"]


@dataclass
class Ledger:
    """Every exchange of a run, in the order of the calls."""

    earlier: list[str] = field(default_factory=list)
    stages: dict[str, Tally] = field(default_factory=lambda: {name: Tally() for name in STAGES})
    lock: Lock = field(default_factory=Lock)

    def book(self, body: dict[str, Any], answer: str) -> None:
        """Count one exchange."""
        text = "".join(f"<{message['role']}>{message['content']}" for message in body["messages"])
        shared = max((common_prefix(text, other) for other in self.earlier), default=0)
        self.earlier.append(text)
        stage = self.stages[body["response_format"]["json_schema"]["name"]]
        stage.add(*(length // CHARACTERS_A_TOKEN for length in (len(text), shared, len(answer))))

    def total(self) -> Tally:
        """All stages together."""
        parts = self.stages.values()
        names = ("calls", "prompt", "prefix", "blocks", "completion")
        return Tally(*(sum(getattr(part, name) for part in parts) for name in names))


def common_prefix(one: str, other: str) -> int:
    """Number of characters that two texts have in common from their start on."""
    return sum(takewhile(bool, map(operator.eq, one, other)))


@contextmanager
def served(keep: Path | None) -> Iterator[tuple[str, Ledger]]:
    """A chat-completions server on loopback; its address, and the ledger of what it was asked."""
    ledger, author = Ledger(), Author()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

        def do_GET(self) -> None:
            self._send({"object": "list", "data": [{"id": "x", "object": "model"}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with ledger.lock:
                answer = author.answer(body)
                ledger.book(body, answer)
                if keep is not None:
                    name = f"{len(ledger.earlier):03d}-{body['response_format']['json_schema']['name']}.txt"
                    (keep / name).write_text(f"{ledger.earlier[-1]}\n<answer>{answer}\n", encoding="utf-8")
            message = {"role": "assistant", "content": answer}
            choice = {"index": 0, "finish_reason": "stop", "message": message}
            kind = "chat.completion"
            self._send({"id": "1", "object": kind, "created": 0, "model": body["model"], "choices": [choice]})

        def _send(self, document: dict[str, Any]) -> None:
            content = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", ledger
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run(keep: Path | None) -> Ledger:
    """Run one whole idea; `keep` is a folder for every exchange, to be read.

    Raises:
        subprocess.CalledProcessError: the run did not end well; its standard error is shown.
    """
    with served(keep) as (address, ledger), tempfile.TemporaryDirectory() as workspace:
        command = [
            *("run", "digits", "--model", "vllm:x", "--base-url", address, "--workspace", workspace),
            *("--name", "tokens", "--explore", "24", "--allow-uninformative", "--json"),
        ]
        subprocess.run([sys.executable, "-m", "agent", *command], check=True, stdout=subprocess.DEVNULL)
    return ledger


def recorded() -> dict[str, float] | None:
    """The total on the page, by column; None where there is none yet."""
    section = PAGE.read_text(encoding="utf-8").partition(f"## {TITLE}\n")[2].partition("\n## ")[0]
    row = re.search(r"^\| all \|(.*)\|$", section, re.MULTILINE)
    besides = re.search(r"(\d+) calls besides the edits", section)
    if row is None or besides is None:
        return None
    cells = [cell.strip().replace(",", "") for cell in row[1].split("|")]
    return {"calls": int(besides[1]), "prompt": int(cells[1]), "new": int(cells[1]) - int(cells[2])}


def measured(ledger: Ledger) -> dict[str, float]:
    """The figures that may only fall."""
    total = ledger.total()
    besides = total.calls - ledger.stages["edit"].calls
    return {"calls": besides, "prompt": total.prompt, "new": total.prompt - total.prefix}


def worse(found: dict[str, float], slack: float) -> list[str]:
    """The figures that are worse than what the page records."""
    return [
        f"{name}: {found[name]:,} now, {before:,} recorded; it may only fall"
        for name, before in (recorded() or {}).items()
        if found[name] > slack * before
    ]


def main() -> None:
    """Measure, compare with the page, write it; a folder named on the command line keeps the exchanges."""
    keep = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    ledger = run(keep)
    total = ledger.total()
    columns = [
        "prompt",
        "calls",
        "prompt tokens",
        "repeated prefix",
        "in blocks",
        "completion tokens",
        "share",
    ]
    text = table(columns, [*(tally.row(name) for name, tally in ledger.stages.items()), total.row("all")])
    note = (
        f"{total.calls - ledger.stages['edit'].calls} calls besides the edits, repairs included. A token is "
        f"{CHARACTERS_A_TOKEN} characters of the messages. The repeated prefix of a call is the longest "
        f"beginning that it shares with any earlier call; *in blocks* counts it from {CACHED_FROM:,} tokens "
        f"on, in steps of {CACHED_IN}. These figures may only fall: the command fails where one has risen."
    )
    found = measured(ledger)
    problems = worse(found, SLACK)
    if found["calls"] > MOST_CALLS or total.prompt > MOST_PROMPT_TOKENS or total.share < LEAST_SHARE:
        problems.append("a bar is broken")
    if problems or worse(found, 1.0):
        print(text, *problems, sep="\n")
        raise SystemExit(1 if problems else 0)
    report(TITLE, "python benchmarks/tokens.py", f"{note}\n\n{text}")


if __name__ == "__main__":
    main()
