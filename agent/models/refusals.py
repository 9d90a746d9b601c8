"""What an error status of a model server means, and who must act.

Promises that redirects and 400, 401, 402, 403 and 404 end at once with their remedy, that 408, 409, 429 and
5xx are faults that may pass, and that no key stands in any text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from agent.errors import ModelUnavailable, SettingsError
from agent.models.keys import MARK
from agent.models.wire import Passing, Unanswered

PASSING = (408, 409, 425, 429)
"""And every status from 500 on."""
WORK_GOES_ON = (504, 524)
"""A gateway gave up; the server behind it may still answer, and bill."""
QUOTA_TRIES = 2
"""A quota that is used up does not come back in minutes; asked once more, since the word is used loosely."""
_NO_CREDIT = ("insufficient_quota", "billing_hard_limit_reached", "insufficient_balance", "credit balance")


class Told:
    """What a server said with an error status."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str], key: str) -> None:
        self.status = status
        self.error = _error(body)
        self.headers = headers
        text = self.error.get("message") or self.error or body
        text = " ".join(str(text).split())
        self._key = key
        self.text = self._without_key(text)
        """Its words in one line, without the key."""

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, MARK) if self._key else text

    @property
    def short(self) -> str:
        """Its first words."""
        return re.sub(r"<[^>]*>", " ", self.text).strip()[:300]

    @property
    def code(self) -> str:
        """The name that the server gives the error; empty where it gives none."""
        return str(self.error.get("code") or self.error.get("type") or "").lower()

    def fault(self, model: str, where: str, key_variable: str) -> SettingsError | ModelUnavailable:
        """The error to raise.

        Args:
            model: `provider:name`.
            where: The server's address.
        """
        says = f"The server says: {self.short}" if self.short else ""
        if self.status in (401, 403):
            refused = "the key" if self.status == 401 else "access"
            variable = key_variable or "what the server wants as its key"
            return SettingsError(
                f"{model}: the server refused {refused} (HTTP {self.status}); check {variable}. {says}"
            )
        if self.status == 404:
            hint = "check the model's name and --base-url (for most servers it ends in /v1)"
            return SettingsError(f"{model}: HTTP 404 from {where}; {hint}. {says}")
        if 300 <= self.status < 400:
            to = self._without_key(self.headers.get("location", "")) or "another address"
            return SettingsError(
                f"{model}: {where} sends on to {to} (HTTP {self.status}), which is not followed: name the "
                "address that is meant with --base-url"
            )
        if self.status == 402:
            return ModelUnavailable(f"{model}: HTTP 402, the account has no credit: add some. {says}")
        if self.status in PASSING or self.status >= 500:
            return self._passing(says)
        return SettingsError(f"{model}: the server refused the request (HTTP {self.status}): {self.short}")

    def _passing(self, says: str) -> Passing:
        fault = f"HTTP {self.status}"
        if any(word in f"{self.code} {self.text}".lower() for word in _NO_CREDIT):
            remedy = f"the account's quota is used up: add credit. {says}"
            return Passing(fault, remedy, asked_s=self._asked_s(), tries=QUOTA_TRIES)
        kind = Unanswered if self.status in WORK_GOES_ON else Passing
        return kind(fault, says, asked_s=self._asked_s())

    def _asked_s(self) -> float | None:
        """Seconds to leave the server alone: its `retry-after-ms`, or `retry-after` in either form."""
        milliseconds = _number(self.headers.get("retry-after-ms"))
        if milliseconds is not None:
            return milliseconds / 1000
        asked = self.headers.get("retry-after")
        seconds = _number(asked)
        if seconds is not None or not asked:
            return seconds
        until, now = _date(asked), _date(self.headers.get("date", "")) or datetime.now(UTC)
        return None if until is None else max(0.0, (until - now).total_seconds())


def _error(body: Any) -> dict[str, Any]:
    """The error in a body; some servers wrap it in a list, or give a bare string."""
    first = body[0] if isinstance(body, list) and body else body
    if isinstance(first, dict):
        inner = first.get("error", first)
        return inner if isinstance(inner, dict) else {"message": inner}
    return {}


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < 1e9 else None


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
