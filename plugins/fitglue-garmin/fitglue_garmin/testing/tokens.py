"""The exchange of a key for a token that is valid for 24 hours."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

LIFETIME = timedelta(hours=24)


class Clock(Protocol):
    """The clock of the service."""

    def now(self) -> datetime:
        """Return the current time, as an aware datetime."""


class Tokens:
    """The tokens that were issued for one key.

    Args:
        key: The key that is accepted.
        clock: The clock by which tokens end.
    """

    def __init__(
        self,
        key: str,
        clock: Clock,
    ) -> None:
        self.key: str | None = key
        self._clock = clock
        self._lock = Lock()
        self._ends: dict[str, datetime] = {}
        self._issued: list[str] = []

    def exchange(self, authorization: str) -> str | None:
        """Return a new token for a header ``ApiKey …``; ``None`` if the key is not accepted."""
        scheme, _, key = authorization.partition(" ")
        if scheme != "ApiKey" or self.key is None or key != self.key:
            return None
        # A second exchange does not end the first token. Whether it does at Garmin is not known.
        with self._lock:
            end = self._clock.now() + LIFETIME
            token = _jwt(len(self._issued) + 1, end)
            self._issued.append(token)
            self._ends[token] = end
        return token

    def is_valid(self, authorization: str) -> bool:
        """Return whether a header ``Bearer …`` has a token that has not ended."""
        scheme, _, token = authorization.partition(" ")
        with self._lock:
            end = self._ends.get(token)
        return scheme == "Bearer" and end is not None and self._clock.now() < end

    def end_all(self) -> None:
        """End every token that was issued until now, as a deleted session does."""
        with self._lock:
            self._ends.clear()

    @property
    def issued(self) -> int:
        """How many tokens were issued."""
        return len(self._issued)

    def all_issued(self) -> list[str]:
        """Return every token that was issued, so that a test can search for them."""
        return list(self._issued)


def _jwt(
    number: int,
    end: datetime,
) -> str:
    """Return a JSON Web Token whose signature is invented."""
    header = _encoded({"alg": "RS256", "typ": "JWT"})
    claims = {"exp": int(end.timestamp()), "jti": f"invented-{number}"}
    return f"{header}.{_encoded(claims)}.c2lnbmF0dXJl"


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
