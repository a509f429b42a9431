"""Translates an unexpected HTTP status into an error with a fix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.errors import AthleteNeeded, ConnectionStopped, FitglueError, Place, Retryable
from fitglue_registry.transport.answer import HttpAnswer
from fitglue_registry.transport.auth import connect_again
from fitglue_registry.transport.limits import RUN_LATER, retry_after, run_again_in
from fitglue_registry.transport.retries import FEW_ATTEMPTS, TryAgain

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from fitglue_registry.redaction.redactor import Redactor
    from fitglue_registry.transport.policy import HttpPolicy

#: The statuses of a service, or of the proxy in front of it, that is down for some time.
_OUTAGES = (502, 503, 504)


@dataclass(frozen=True, slots=True)
class StatusFailures:
    """The translator of an unexpected response. Its errors contain no secret."""

    policy: HttpPolicy
    redactor: Redactor
    host: str  # of the response
    # Returns what may be shown of a response.
    quote: Callable[[HttpAnswer], str] = HttpAnswer.quote
    not_given: tuple[str, ...] = ()  # the permissions that the athlete has not given

    def translate(
        self,
        answer: HttpAnswer,
        url: str,
        now: datetime,
    ) -> FitglueError | TryAgain:
        """Return the error for a status, with the message of the server if it sent one.

        Args:
            answer: The response, whose body is the beginning of what the server sent.
            url: The URL of the request, as it may be shown.
            now: The current time, for a ``Retry-After`` header with a date.

        Returns:
            A ``TryAgain`` if another attempt makes sense, else the error itself.
        """
        status = answer.status
        at = Place(url=self.redactor.text(url))
        message = self.quote(answer)
        why = f"it responded with status {status}"
        if message:
            why += f": {message}"
        if status in (401, 403) and not answer.authenticated:
            return self._address_refused(at, why)
        if status == 401:
            return self._key_rejected(at, why)
        if status == 403:
            return self._not_permitted(at, why)
        if status == 429:
            return self._with_retry_after(self._rate_limited(at, why), answer, now)
        if status == 503 and "retry-after" in answer.headers:
            return self._with_retry_after(self._down_for_a_while(at, why), answer, now)
        if status >= 500:
            return TryAgain(self._down(at, why), self._attempts_after(status))
        return self._unexpected(status, at, message)

    def _key_rejected(self, at: Place, why: str) -> AthleteNeeded:
        what = "permission" if self.policy.auth.scheme == "oauth2" else "key"
        return AthleteNeeded(
            "FG-key-rejected",
            f"{self.host} rejects the {what}",
            at=at,
            why=why,
            fix=connect_again(self.policy.auth),
        )

    def _not_permitted(self, at: Place, why: str) -> AthleteNeeded:
        fix = (
            "check that the key belongs to this account and may read activities, and connect again"
        )
        if self.policy.auth.scheme == "oauth2":
            fix = "connect again, and leave every permission ticked that you are asked for"
        if self.not_given:
            why += f"; you did not give the permission {', '.join(self.not_given)}"
        return AthleteNeeded(
            "FG-not-permitted",
            f"{self.host} does not permit this",
            at=at,
            why=why,
            fix=fix,
        )

    def _address_refused(self, at: Place, why: str) -> ConnectionStopped:
        # The key of the athlete was not sent there, so it cannot be wrong.
        return ConnectionStopped(
            "FG-unexpected-status",
            f"{self.host} does not accept an address that leads to it",
            at=at,
            why=f"{why}; it is asked without credentials",
            fix="run the command again, since such an address may be valid for a short time only",
        )

    def _rate_limited(self, at: Place, why: str) -> Retryable:
        return Retryable(
            "FG-rate-limited", f"{self.host} limits the number of requests", at=at, why=why
        )

    def _down_for_a_while(self, at: Place, why: str) -> Retryable:
        return Retryable(
            "FG-source-down", f"{self.host} is temporarily unavailable", at=at, why=why
        )

    def _down(self, at: Place, why: str) -> Retryable:
        return Retryable(
            "FG-source-down", f"{self.host} is not working", at=at, why=why, fix=RUN_LATER
        )

    def _unexpected(self, status: int, at: Place, message: str | None) -> ConnectionStopped:
        return ConnectionStopped(
            "FG-unexpected-status",
            f"{self.host} responds with the unexpected status {status}",
            at=at,
            why=message or "it gave no reason",
            fix="check the base URL; if it is correct, report this with the error code",
        )

    def _with_retry_after(
        self,
        failure: Retryable,
        answer: HttpAnswer,
        now: datetime,
    ) -> Retryable | TryAgain:
        """Return a failure with the wait that the service asks for in ``Retry-After``.

        A short wait leads to another attempt; a long one ends the sync of this connection.
        """
        wait_s = retry_after(answer.headers.get("retry-after"), now)
        failure.retry_after_s = wait_s
        if wait_s is not None and wait_s > self.policy.longest_wait_s:
            failure.fix = run_again_in(wait_s)
            return failure
        failure.fix = RUN_LATER
        return TryAgain(failure, self.policy.retries + 1, wait_s)

    def _attempts_after(self, status: int) -> int:
        # Services also respond with 500 to a request that they cannot process, and repeating such
        # a request seldom helps.
        return self.policy.retries + 1 if status in _OUTAGES else FEW_ATTEMPTS
