"""What went wrong with a request, as an error that says what to do, and whether another try makes
sense.
"""

from __future__ import annotations

import json
import re
import ssl
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import requests.exceptions as rex
import urllib3.exceptions as uex

from fitglue_registry.errors import AthleteNeeded, ConnectionStopped, FitglueError, Place, Retryable
from fitglue_registry.transport.body import BodyBroken, BodyTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from fitglue_registry.redaction.redactor import Redactor
    from fitglue_registry.transport.policy import HttpPolicy

#: What a try may raise beside our own errors.
NETWORK_ERRORS = (rex.RequestException, uex.HTTPError, OSError, BodyTooLarge, BodyBroken)

_LATER = "run the command again later; nothing that was fetched is lost"
_FEW = 3  # tries where another one seldom helps
_TWICE = 2  # … and where each costs a whole time-out
_LONGEST_WORDS = 200
_WORDS = ("error", "message", "detail", "error_description", "title")
_UNSEEN = re.compile(r"(?is)<(script|style|head)\b.*?</\1\s*>|<[^>]*>")


class TryAgain(Exception):
    """This try failed with ``failure``; up to ``tries`` in all make sense, after ``wait_s`` if the
    source said so.
    """

    def __init__(self, failure: FitglueError, tries: int, wait_s: float | None = None) -> None:
        super().__init__(failure)
        self.failure, self.tries, self.wait_s = failure, tries, wait_s


@dataclass(frozen=True, slots=True)
class Failures:
    """Makes the errors of one session; none of them holds a secret."""

    policy: HttpPolicy
    redactor: Redactor

    def of_network(self, error: Exception, url: str) -> FitglueError | TryAgain:
        """The meaning of an exception of ``requests``, ``urllib3`` or a body that cannot be
        read.
        """
        host, at = self.policy.host, self._at(url)
        causes = list(_causes(error))
        if isinstance(error, BodyTooLarge):
            return ConnectionStopped(
                "FG-answer-too-large",
                f"{host} answers with more than {self.policy.max_body / 1e6:g} MB",
                at=at,
                why="the rest was not read, to keep this machine's memory",
                fix="if such an answer is right, raise max_body_mb in the entry",
            )
        if isinstance(error, BodyBroken):
            damaged = Retryable(
                "FG-answer-broken",
                f"{host} sends an answer that cannot be unpacked",
                at=at,
                why=str(error),
                fix=_LATER,
            )
            return TryAgain(damaged, self.policy.retries + 1)
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            return self._tls(causes, at)
        if any(isinstance(cause, ssl.SSLError | uex.SSLError | rex.SSLError) for cause in causes):
            return TryAgain(self._tls(causes, at), _FEW)
        # A refused connection and an unknown name are kinds of the first.
        unconnected = any(
            isinstance(cause, uex.ConnectTimeoutError | uex.ProxyError) for cause in causes
        )
        if any(isinstance(cause, TimeoutError | uex.ReadTimeoutError) for cause in causes):
            why = (
                f"no connection within {self.policy.connect_s:g} s"
                if unconnected
                else self._patience(causes)
            )
            silent = Retryable(
                "FG-timeout", f"{host} does not answer in time", at=at, why=why, fix=_LATER
            )
            return TryAgain(silent, _FEW if unconnected else _TWICE)
        if unconnected:
            return TryAgain(
                Retryable(
                    "FG-no-network",
                    f"{host} cannot be reached",
                    at=at,
                    why=self._reason(causes),
                    fix=f"check the network connection; {_LATER}",
                ),
                _FEW,
            )
        return TryAgain(
            Retryable(
                "FG-answer-broken",
                f"{host} broke off its answer",
                at=at,
                why=self._reason(causes),
                fix=_LATER,
            ),
            self.policy.retries + 1,
        )

    def of_status(
        self, status: int, headers: Mapping[str, str], body: bytes, url: str, now: datetime
    ) -> FitglueError | TryAgain:
        """The meaning of a status that nobody expects, with the server's own words where it has
        any.
        """
        host, at = self.policy.host, self._at(url)
        words = self._words(body)
        said = f"it answers {status}" + (f": {words}" if words else "")
        if status == 401:
            return AthleteNeeded(
                "FG-key-rejected",
                f"{host} rejects the key",
                at=at,
                why=said,
                fix="copy the key again from the settings of that account, and connect again",
            )
        if status == 403:
            return AthleteNeeded(
                "FG-not-permitted",
                f"{host} does not permit this",
                at=at,
                why=said,
                fix="check that the key belongs to this account and may read activities, and "
                "connect again",
            )
        if status == 429 or (status == 503 and "retry-after" in headers):
            return self._limited(status, retry_after(headers.get("retry-after"), now), said, at)
        if status >= 500:
            # Services also answer 500 to a request that they cannot digest, so asking on is seldom
            # of use.
            tries = _FEW if status not in (502, 503, 504) else self.policy.retries + 1
            return TryAgain(
                Retryable("FG-source-down", f"{host} is out of order", at=at, why=said, fix=_LATER),
                tries,
            )
        return ConnectionStopped(
            "FG-unexpected-status",
            f"{host} answers {status}, which was not expected",
            at=at,
            why=words or "it gave no reason",
            fix="check the base URL; if it is right, report this with its code",
        )

    def over_budget(self, wait_s: float) -> Retryable:
        """No request is due for so long that waiting here makes no sense."""
        failure = Retryable(
            "FG-rate-limited",
            f"{self.policy.host} may not be asked for another {_span(wait_s)}",
            at=Place(url=self.policy.base_url),
            fix=_in(wait_s),
            why="the limit that its entry states, or that it stated itself, is used up",
        )
        failure.retry_after_s = wait_s
        return failure

    def _limited(
        self, status: int, wait_s: float | None, said: str, at: Place
    ) -> FitglueError | TryAgain:
        code, what = (
            ("FG-rate-limited", "limits our requests")
            if status == 429
            else ("FG-source-down", "is out of order for a while")
        )
        failure = Retryable(code, f"{self.policy.host} {what}", at=at, why=said, fix=_LATER)
        failure.retry_after_s = wait_s
        if wait_s is not None and wait_s > self.policy.longest_wait_s:
            failure.fix = _in(wait_s)
            return failure
        return TryAgain(failure, self.policy.retries + 1, wait_s)

    def _tls(self, causes: list[BaseException], at: Place) -> ConnectionStopped:
        return ConnectionStopped(
            "FG-tls-failed",
            f"no trusted connection to {self.policy.host}",
            at=at,
            why=self._reason(causes),
            fix="check this machine's clock, and whether a proxy or this network's login page "
            "stands between",
        )

    def _patience(self, causes: list[BaseException]) -> str:
        if any("as a whole" in str(cause) for cause in causes):
            return f"the answer was not complete after {self.policy.total_s:g} s"
        return f"no byte for {self.policy.read_s:g} s"

    def _reason(self, causes: list[BaseException]) -> str:
        """The innermost cause in the words of its system, which name no URL."""
        inner = causes[-1]
        words = inner.strerror if isinstance(inner, OSError) and inner.strerror else str(inner)
        return self.redactor.text(" ".join(words.split()))[:_LONGEST_WORDS] or type(inner).__name__

    def _at(self, url: str) -> Place:
        return Place(url=self.redactor.text(url))

    def _words(self, body: bytes) -> str:
        """What the server says in its answer: its JSON's message, or its page's text; short and on
        one line.
        """
        # Redacted before it is cut, here and below: half a secret is one too.
        text = self.redactor.text(body.decode("utf-8", "replace"))[:20_000]
        try:
            found = _message(json.loads(text))
        except (ValueError, RecursionError):
            found = text
        plain = " ".join(_UNSEEN.sub(" ", found).split())
        printable = "".join(character if character.isprintable() else "�" for character in plain)
        return self.redactor.text(printable)[:_LONGEST_WORDS]


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait from a ``Retry-After`` in seconds or as an HTTP date; ``None`` where it says
    nothing of use.
    """
    if not value:
        return None
    if re.fullmatch(r"\s*\d{1,9}(\.\d+)?\s*", value):
        return float(value) or None
    try:
        moment = parsedate_to_datetime(value)
        left = ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return left if left > 0 else None


def _message(document: Any) -> str:
    first = document[0] if isinstance(document, list) and document else document
    if isinstance(first, dict):
        return next((str(first[name]) for name in _WORDS if first.get(name)), "")
    return first if isinstance(first, str) else ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it was made of, outermost first: requests and urllib3 keep the cause as
    an argument, a reason, or behind.
    """
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        inside = (
            getattr(current, "reason", None),
            *reversed(current.args),
            current.__cause__,
            current.__context__,
        )
        current = next(
            (
                cause
                for cause in inside
                if isinstance(cause, BaseException) and id(cause) not in seen
            ),
            None,
        )


def _in(seconds: float) -> str:
    return f"run the command again in {_span(seconds)}; nothing that was fetched is lost"


def _span(seconds: float) -> str:
    """A wait as a person says it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
