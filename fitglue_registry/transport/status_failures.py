"""What a status means that nobody expects, as an error that says what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.errors import AthleteNeeded, ConnectionStopped, FitglueError, Place, Retryable
from fitglue_registry.transport import server_words
from fitglue_registry.transport.limits import LATER, again_in, retry_after
from fitglue_registry.transport.tries import FEW_TRIES, TryAgain

if TYPE_CHECKING:
    from datetime import datetime

    from fitglue_registry.redaction.redactor import Redactor
    from fitglue_registry.transport.answer import HttpAnswer
    from fitglue_registry.transport.policy import HttpPolicy

_OUTAGES = (502, 503, 504)


@dataclass(frozen=True, slots=True)
class StatusFailures:
    """Makes the errors of one session's answers; none of them holds a secret."""

    policy: HttpPolicy
    redactor: Redactor

    def explain(
        self,
        answer: HttpAnswer,
        url: str,
        now: datetime,
    ) -> FitglueError | TryAgain:
        """Return the meaning of the status, with the server's own words where it has any."""
        status = answer.status
        at = Place(url=self.redactor.text(url))
        words = server_words.quote(answer.body, self.redactor.text)
        why = f"it answers {status}"
        if words:
            why += f": {words}"
        if status == 401:
            return self._key_rejected(at, why)
        if status == 403:
            return self._not_permitted(at, why)
        if status == 429:
            return self._left_alone(self._rate_limited(at, why), answer, now)
        if status == 503 and "retry-after" in answer.headers:
            return self._left_alone(self._down_for_a_while(at, why), answer, now)
        if status >= 500:
            return TryAgain(self._down(at, why), self._tries_after(status))
        return self._unexpected(status, at, words)

    def _key_rejected(self, at: Place, why: str) -> AthleteNeeded:
        return AthleteNeeded(
            "FG-key-rejected",
            f"{self.policy.host} rejects the key",
            at=at,
            why=why,
            fix="copy the key again from the settings of that account, and connect again",
        )

    def _not_permitted(self, at: Place, why: str) -> AthleteNeeded:
        return AthleteNeeded(
            "FG-not-permitted",
            f"{self.policy.host} does not permit this",
            at=at,
            why=why,
            fix="check that the key belongs to this account and may read activities, and "
            "connect again",
        )

    def _rate_limited(self, at: Place, why: str) -> Retryable:
        return Retryable(
            "FG-rate-limited", f"{self.policy.host} limits our requests", at=at, why=why
        )

    def _down_for_a_while(self, at: Place, why: str) -> Retryable:
        return Retryable(
            "FG-source-down", f"{self.policy.host} is out of order for a while", at=at, why=why
        )

    def _down(self, at: Place, why: str) -> Retryable:
        return Retryable(
            "FG-source-down", f"{self.policy.host} is out of order", at=at, why=why, fix=LATER
        )

    def _unexpected(self, status: int, at: Place, words: str | None) -> ConnectionStopped:
        return ConnectionStopped(
            "FG-unexpected-status",
            f"{self.policy.host} answers {status}, which was not expected",
            at=at,
            why=words or "it gave no reason",
            fix="check the base URL; if it is right, report this with its code",
        )

    def _left_alone(
        self,
        failure: Retryable,
        answer: HttpAnswer,
        now: datetime,
    ) -> Retryable | TryAgain:
        """Return the failure of a source that may say for how long it is to be left alone."""
        wait_s = retry_after(answer.headers.get("retry-after"), now)
        failure.retry_after_s = wait_s
        if wait_s is not None and wait_s > self.policy.longest_wait_s:
            failure.fix = again_in(wait_s)
            return failure
        failure.fix = LATER
        return TryAgain(failure, self.policy.retries + 1, wait_s)

    def _tries_after(self, status: int) -> int:
        # Services also answer 500 to a request that they cannot digest, so asking on is seldom of
        # use.
        return self.policy.retries + 1 if status in _OUTAGES else FEW_TRIES
