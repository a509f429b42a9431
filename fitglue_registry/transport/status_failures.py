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
        host = self.policy.host
        status = answer.status
        at = Place(url=self.redactor.text(url))
        words = server_words.quote(answer.body, self.redactor.text)
        why = f"it answers {status}"
        if words:
            why += f": {words}"
        if status == 401:
            return AthleteNeeded(
                "FG-key-rejected",
                f"{host} rejects the key",
                at=at,
                why=why,
                fix="copy the key again from the settings of that account, and connect again",
            )
        if status == 403:
            return AthleteNeeded(
                "FG-not-permitted",
                f"{host} does not permit this",
                at=at,
                why=why,
                fix="check that the key belongs to this account and may read activities, and "
                "connect again",
            )
        if status == 429:
            limited = Retryable(
                "FG-rate-limited",
                f"{host} limits our requests",
                at=at,
                why=why,
            )
            return self._left_alone(limited, answer, now)
        if status == 503 and "retry-after" in answer.headers:
            down = Retryable(
                "FG-source-down", f"{host} is out of order for a while", at=at, why=why
            )
            return self._left_alone(down, answer, now)
        if status >= 500:
            down = Retryable(
                "FG-source-down",
                f"{host} is out of order",
                at=at,
                why=why,
                fix=LATER,
            )
            return TryAgain(down, self._tries_after(status))
        return ConnectionStopped(
            "FG-unexpected-status",
            f"{host} answers {status}, which was not expected",
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
