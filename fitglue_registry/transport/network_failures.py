"""What it means that a request brought no usable answer, as an error that says what to do."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests.exceptions as rex
import urllib3.exceptions as uex

from fitglue_registry.errors import ConnectionStopped, FitglueError, Place, Retryable
from fitglue_registry.transport.body import BodyBroken, BodyTooLarge
from fitglue_registry.transport.limits import LATER
from fitglue_registry.transport.origin import is_loopback, origin_of
from fitglue_registry.transport.server_words import LONGEST_QUOTE
from fitglue_registry.transport.tries import FEW_TRIES, TWO_TRIES, TryAgain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.redaction.redactor import Redactor
    from fitglue_registry.transport.policy import HttpPolicy

#: What a try may raise beside our own errors.
NETWORK_ERRORS = (rex.RequestException, uex.HTTPError, OSError, BodyTooLarge, BodyBroken)

_TLS_ERRORS = (ssl.SSLError, uex.SSLError, rex.SSLError)
_TIMEOUTS = (TimeoutError, uex.ReadTimeoutError)
# A refused connection and an unknown name are kinds of the first.
_UNCONNECTED = (uex.ConnectTimeoutError, uex.ProxyError)


@dataclass(frozen=True, slots=True)
class NetworkFailures:
    """Makes the errors of one session's network; none of them holds a secret."""

    policy: HttpPolicy
    redactor: Redactor

    def explain(self, error: Exception, url: str) -> FitglueError | TryAgain:
        """Return the meaning of an exception of ``requests``, ``urllib3`` or a body that cannot be
        read.
        """
        at = Place(url=self.redactor.text(url))
        if isinstance(error, BodyTooLarge):
            return self._too_large(at)
        if isinstance(error, BodyBroken):
            return self._not_unpacked(error, at)
        causes = list(_causes(error))
        if _has(causes, ssl.SSLCertVerificationError):
            return self._untrusted(causes, at)
        if _has(causes, *_TLS_ERRORS):
            return TryAgain(self._untrusted(causes, at), FEW_TRIES)
        if _has(causes, *_TIMEOUTS):
            return self._timeout(causes, at)
        if _has(causes, *_UNCONNECTED):
            return self._unconnected(causes, url, at)
        return self._broken_off(causes, at)

    def _too_large(self, at: Place) -> ConnectionStopped:
        megabytes = self.policy.max_body / 1e6
        return ConnectionStopped(
            "FG-answer-too-large",
            f"{self.policy.host} answers with more than {megabytes:g} MB",
            at=at,
            why="the rest was not read, to keep this machine's memory",
            fix="if such an answer is right, raise max_body_mb in the entry",
        )

    def _not_unpacked(self, error: BodyBroken, at: Place) -> TryAgain:
        failure = Retryable(
            "FG-answer-broken",
            f"{self.policy.host} sends an answer that cannot be unpacked",
            at=at,
            why=str(error),
            fix=LATER,
        )
        return TryAgain(failure, self.policy.retries + 1)

    def _broken_off(self, causes: Sequence[BaseException], at: Place) -> TryAgain:
        failure = Retryable(
            "FG-answer-broken",
            f"{self.policy.host} broke off its answer",
            at=at,
            why=self._reason(causes),
            fix=LATER,
        )
        return TryAgain(failure, self.policy.retries + 1)

    def _untrusted(self, causes: Sequence[BaseException], at: Place) -> ConnectionStopped:
        return ConnectionStopped(
            "FG-tls-failed",
            f"no trusted connection to {self.policy.host}",
            at=at,
            why=self._reason(causes),
            fix="check this machine's clock, and whether a proxy or this network's login page "
            "stands between",
        )

    def _timeout(self, causes: Sequence[BaseException], at: Place) -> TryAgain:
        tries = TWO_TRIES
        if _has(causes, *_UNCONNECTED):
            tries = FEW_TRIES
            why = f"no connection within {self.policy.connect_s:g} s"
        elif any("as a whole" in str(cause) for cause in causes):
            why = f"the answer was not complete after {self.policy.total_s:g} s"
        else:
            why = f"no byte for {self.policy.read_s:g} s"
        failure = Retryable(
            "FG-timeout", f"{self.policy.host} does not answer in time", at=at, why=why, fix=LATER
        )
        return TryAgain(failure, tries)

    def _unconnected(self, causes: Sequence[BaseException], url: str, at: Place) -> TryAgain:
        fix = f"check the network connection; {LATER}"
        origin = origin_of(url)
        if origin and is_loopback(origin.host) and _has(causes, ConnectionRefusedError):
            # No network lies between this program and its own machine.
            fix = (
                f"start the program that answers on port {origin.port} of this machine, "
                "since nothing listens there; then run the command again"
            )
        failure = Retryable(
            "FG-no-network",
            f"{self.policy.host} cannot be reached",
            at=at,
            why=self._reason(causes),
            fix=fix,
        )
        return TryAgain(failure, FEW_TRIES)

    def _reason(self, causes: Sequence[BaseException]) -> str:
        """Return the innermost cause in the words of its system, which name no URL."""
        inner = causes[-1]
        words = str(inner)
        if isinstance(inner, OSError) and inner.strerror:
            words = inner.strerror
        # Redacted before it is cut: half a secret is one too.
        on_one_line = self.redactor.text(" ".join(words.split()))
        return on_one_line[:LONGEST_QUOTE] or type(inner).__name__


def _has(causes: Sequence[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(cause, kinds) for cause in causes)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error, and what it was made of, outermost first: requests and urllib3 keep the
    cause as an argument, a reason, or behind.
    """
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None:
        seen.add(id(current))
        yield current
        current = _cause(current, seen)


def _cause(error: BaseException, seen: set[int]) -> BaseException | None:
    inside = [getattr(error, "reason", None), *reversed(error.args)]
    inside += [error.__cause__, error.__context__]
    for candidate in inside:
        if isinstance(candidate, BaseException) and id(candidate) not in seen:
            return candidate
    return None
