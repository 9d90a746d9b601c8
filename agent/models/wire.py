"""What passes between `ask` and whoever answers: one request, one reply.

Promises that a request's key depends on everything that can change its answer, and on no secret.
"""

from __future__ import annotations

import base64
import hashlib
import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from agent.artifacts import sha256_of
from agent.errors import ModelUnavailable
from agent.ports import Usage
from agent.prompts.render import Message

SCRIPTED = "scripted"
"""The name of the scripted study, where others have `provider:name`."""
Mode = Literal["json_schema", "json_object", "fenced", "scripted"]
"""How the server was asked for JSON."""
Finish = Literal["stop", "length", "refusal", "limit"]
"""`length` where the reply was cut at its limit; `limit` where the server does not allow so high a limit, and
made no reply."""


@dataclass(frozen=True)
class Sampling:
    """Settings of a call that can change its answer."""

    max_output_tokens: int = 8000
    """Tokens of one reply, reasoning included."""
    temperature: float | None = None
    """None leaves it to the server."""


def _nobody_counts() -> None:
    """Where no budget stands before the client."""


@dataclass(frozen=True)
class Picture:
    """One picture of a prompt."""

    media_type: str
    """Such as `image/png`."""
    content: bytes

    @classmethod
    def read(cls, path: Path) -> Picture:
        """The picture in a file.

        Raises:
            OSError: it cannot be read.
        """
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return cls(media_type, path.read_bytes())

    @property
    def hash(self) -> str:
        """Hex sha256 of the content."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def url(self) -> str:
        """The picture as a data URL."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.content).decode()}"


@dataclass(frozen=True)
class Request:
    """One turn of one question."""

    prompt: str
    version: int
    messages: tuple[Message, ...]
    schema: Mapping[str, Any]
    model: str
    """`provider:name`, or `scripted`."""
    sampling: Sampling
    site: str
    sample: int
    turn: int
    data: BaseModel
    """The prompt's typed input; not part of the key, since the messages render it."""
    pictures: tuple[Picture, ...] = ()
    """Go with the last message."""
    enlarged: bool = False
    """Its limit was raised after a reply was cut: where the server refuses that, the reply is `limit`, not an
    error. Not part of the key, since the limit is."""
    again: Callable[[], None] = field(default=_nobody_counts, compare=False, repr=False)
    """A client calls it before it repeats an attempt that the server may have billed, such as one that timed
    out: the budget books that attempt, and raises `CapReached` where no cap allows another one."""

    @property
    def key(self) -> str:
        """Hex sha256 that the journal files the answer under."""
        pictures = {"pictures": [picture.hash for picture in self.pictures]} if self.pictures else {}
        return sha256_of(
            {
                **pictures,
                "prompt": [self.prompt, self.version],
                "messages": [[message.role, message.text] for message in self.messages],
                "schema": self.schema,
                "model": self.model,
                "settings": [self.sampling.max_output_tokens, self.sampling.temperature],
                "site": self.site,
                "sample": self.sample,
                "turn": self.turn,
            }
        )


@dataclass(frozen=True)
class Reply:
    """What came back for one request."""

    text: str
    finish: Finish
    mode: Mode
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = None
    """Set by the budget; None where the price is not known."""
    recorded: bool = False
    """It was taken from the journal and spent nothing now."""
    reservation: Path | None = None
    """The budget's note of what was reserved; the journal removes it once the reply is safe."""
    uncounted: frozenset[Literal["prompt", "completion"]] = frozenset()
    """Parts whose tokens the server did not count, or not in a number: the budget books what it reserved."""


class Passing(ModelUnavailable):
    """A fault that may pass: the same request may be answered when it is sent again."""

    def __init__(
        self, fault: str, remedy: str = "", *, asked_s: float | None = None, tries: int | None = None
    ) -> None:
        super().__init__(f"{fault}; {remedy}" if remedy else fault)
        self.fault = fault
        """What happened, such as `HTTP 429`."""
        self.remedy = remedy
        """What its reader may do if it lasts, and the server's own words."""
        self.asked_s = asked_s
        """Seconds that the server asks to be left alone; None where it names none."""
        self.tries = tries
        """Attempts that may end in such a fault, where these are fewer than usual."""


class Unanswered(Passing):
    """The request was sent and no answer came back: the server may have done the work, and bill it."""


class Client(Protocol):
    """Answers single requests."""

    def complete(self, request: Request) -> Reply:
        """Answer one request.

        Raises:
            ModelUnavailable: the server gave no answer within the bounded attempts.
            Passing: one attempt failed, where the client makes one only.
            Unanswered: the same, and the server may bill it.
            SettingsError: the server refused the key, the model's name or the request.
            Stopped: the budget does not allow the call, or the run is to stop.
        """
