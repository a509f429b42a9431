"""Translates the failure of a request without a usable response into an error with a fix."""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests.exceptions as rex
import urllib3.exceptions as uex

from fitglue_registry.errors import ConnectionStopped, FitglueError, Place, Retryable
from fitglue_registry.transport.adapter import TOO_SLOW, TOTAL_TIME_EXCEEDED
from fitglue_registry.transport.body import BodyBroken, BodyTooLarge
from fitglue_registry.transport.limits import RUN_LATER
from fitglue_registry.transport.never_sent import causes
from fitglue_registry.transport.origin import is_loopback, origin_of
from fitglue_registry.transport.request_body import SENDING_TIME_EXCEEDED
from fitglue_registry.transport.retries import FEW_ATTEMPTS, TWO_ATTEMPTS, TryAgain
from fitglue_registry.transport.server_message import LONGEST_QUOTE, quote_or_log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.redaction.redactor import Redactor
    from fitglue_registry.transport.policy import HttpPolicy

#: The exceptions that an attempt may raise, in addition to errors of ours.
NETWORK_ERRORS = (rex.RequestException, uex.HTTPError, OSError, BodyTooLarge, BodyBroken)

_TLS_ERRORS = (ssl.SSLError, uex.SSLError, rex.SSLError)
_TIMEOUTS = (TimeoutError, uex.ReadTimeoutError)
_SILENCES = (uex.ReadTimeoutError, rex.ReadTimeout)
# The first is also the base class of the errors for a refused connection and an unknown host.
_UNCONNECTED = (uex.ConnectTimeoutError, uex.ProxyError)


@dataclass(frozen=True, slots=True)
class NetworkFailures:
    """The translator of the exceptions of one request. Its errors contain no secret."""

    policy: HttpPolicy
    redactor: Redactor
    host: str  # of the request
    quotes: bool = True  # whether errors may contain parts of a response that is not HTTP

    def translate(self, error: Exception, url: str) -> FitglueError | TryAgain:
        """Return the error for an exception of an attempt.

        Args:
            error: One of ``NETWORK_ERRORS``.
            url: The URL of the request, as it may be shown.

        Returns:
            A ``TryAgain`` if another attempt makes sense, else the error itself.
        """
        at = Place(url=self.redactor.text(url))
        if isinstance(error, BodyTooLarge):
            return self._too_large(error, at)
        if isinstance(error, BodyBroken):
            return self._not_unpacked(error, at)
        found = list(causes(error))
        # The order matters: a certificate error is also a TLS error, and a failed connection may
        # have a time-out among its causes.
        if _has(found, ssl.SSLCertVerificationError):
            return self._untrusted(found, at)
        if _has(found, *_TLS_ERRORS):
            return TryAgain(self._untrusted(found, at), FEW_ATTEMPTS)
        if _has(found, *_TIMEOUTS):
            return self._timeout(found, at)
        if _has(found, *_UNCONNECTED):
            return self._unconnected(found, url, at)
        return self._broken_off(found, at)

    def _too_large(self, error: BodyTooLarge, at: Place) -> ConnectionStopped:
        if error.args:
            return ConnectionStopped(
                "FG-answer-beyond-limits",
                f"{self.host} sends a response that no service should send",
                at=at,
                why=f"{error}, so it was not unpacked",
                fix="check the base URL; if it is correct, report it to the service",
            )
        megabytes = self.policy.max_body / 1e6
        fix = "if responses may be that large, raise max_body_mb in the entry"
        # Only responses with tokens are never quoted. Their limit does not come from the entry.
        if not self.quotes:
            fix = "check the address that issues tokens, and report it to the plugin's author"
        return ConnectionStopped(
            "FG-answer-too-large",
            f"{self.host} responds with more than {megabytes:g} MB",
            at=at,
            why="the remaining bytes were not read, because they could fill the memory",
            fix=fix,
        )

    def _not_unpacked(self, error: BodyBroken, at: Place) -> TryAgain:
        failure = Retryable(
            "FG-answer-broken",
            f"{self.host} sends a response that cannot be decompressed",
            at=at,
            why=str(error),
            fix=RUN_LATER,
        )
        return TryAgain(failure, self.policy.retries + 1)

    def _broken_off(self, causes: Sequence[BaseException], at: Place) -> TryAgain:
        what = f"the response of {self.host} ended too early"
        if _breaks_rules(causes):
            what = f"the response of {self.host} breaks the rules of HTTP"
        failure = Retryable(
            "FG-answer-broken",
            what,
            at=at,
            why=self._reason(causes),
            fix=RUN_LATER,
        )
        return TryAgain(failure, self.policy.retries + 1)

    def _untrusted(self, causes: Sequence[BaseException], at: Place) -> ConnectionStopped:
        return ConnectionStopped(
            "FG-tls-failed",
            f"no trusted connection to {self.host}",
            at=at,
            why=self._reason(causes),
            fix="check the clock of this machine, and whether a proxy or the login page of this "
            "network is in between",
        )

    def _timeout(self, causes: Sequence[BaseException], at: Place) -> TryAgain:
        attempts = TWO_ATTEMPTS
        if _has(causes, *_UNCONNECTED):
            attempts = FEW_ATTEMPTS
            why = f"no connection within {self.policy.connect_s:g} s"
        elif any(TOTAL_TIME_EXCEEDED in str(cause) for cause in causes):
            why = f"the response was not complete after {self.policy.total_s:g} s"
        elif any(TOO_SLOW in str(cause) for cause in causes):
            why = "fewer than 200 bytes per second arrived"
        elif any(SENDING_TIME_EXCEEDED in str(cause) for cause in causes):
            why = f"the request was not sent completely after {self.policy.total_s:g} s"
        elif not _has(causes, *_SILENCES):
            why = f"it accepted no byte of the request for {self.policy.connect_s:g} s"
        else:
            why = f"no byte arrived for {self.policy.read_s:g} s"
        failure = Retryable(
            "FG-timeout",
            f"{self.host} does not respond in time",
            at=at,
            why=why,
            fix=RUN_LATER,
        )
        return TryAgain(failure, attempts)

    def _unconnected(self, causes: Sequence[BaseException], url: str, at: Place) -> TryAgain:
        fix = f"check the network connection; {RUN_LATER}"
        origin = origin_of(url)
        if origin and is_loopback(origin.host) and _has(causes, ConnectionRefusedError):
            # No network is involved, so the general advice about the connection would not help.
            fix = (
                f"start the program that answers on port {origin.port} of this machine, "
                "since nothing listens there; then run the command again"
            )
        failure = Retryable(
            "FG-no-network",
            f"{self.host} cannot be reached",
            at=at,
            why=self._reason(causes),
            fix=fix,
        )
        return TryAgain(failure, FEW_ATTEMPTS)

    def _reason(self, causes: Sequence[BaseException]) -> str:
        """Return the message of the innermost cause, which does not contain the URL."""
        inner = causes[-1]
        message = str(inner)
        # A text of the operating system, which contains nothing of the response.
        is_local = isinstance(inner, OSError) and bool(inner.strerror)
        if is_local:
            message = str(inner.strerror)  # type: ignore[attr-defined]
        # Redacted before it is shortened, because a part of a secret would not be recognized.
        on_one_line = self.redactor.text(" ".join(message.split()))
        reason = on_one_line[:LONGEST_QUOTE] or type(inner).__name__
        if is_local:
            return reason
        if not self.quotes:
            return type(inner).__name__
        # A status line that is none, for example, is quoted by the exception.
        return quote_or_log(reason, self.host, self.policy.rules)


def _breaks_rules(causes: Sequence[BaseException]) -> bool:
    """Return whether a response is not HTTP, and not merely incomplete."""
    # Where the size of a chunk should be is something else, or a size that the adapter refuses.
    if _has(causes, ValueError):
        return True
    # A connection that is closed before the status line is reported as a broken status line.
    if _has(causes, http.client.IncompleteRead, ConnectionError):
        return False
    return _has(causes, http.client.HTTPException)


def _has(causes: Sequence[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(cause, kinds) for cause in causes)
