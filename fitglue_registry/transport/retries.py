"""Decides whether and when a failed request is tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tenacity

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_registry.errors import FitglueError

FEW_ATTEMPTS = 3  # for failures that another attempt seldom repairs
TWO_ATTEMPTS = 2  # for failures that take a complete time-out each

#: Exponential back-off of 1, 2, 4, … up to 30 seconds. The jitter of up to a second keeps several
#: processes from repeating their requests at the same moment.
_BACKOFF = tenacity.wait_exponential_jitter(initial=1, max=30, jitter=1)


class TryAgain(Exception):
    """Raised if an attempt failed and another one may succeed.

    Args:
        failure: The error to raise after the last attempt.
        attempts: The largest number of attempts, including the first.
        wait_s: Seconds to wait before the next attempt; ``None`` uses the back-off.
    """

    def __init__(
        self,
        failure: FitglueError,
        attempts: int,
        wait_s: float | None = None,
    ) -> None:
        super().__init__(failure)
        self.failure = failure
        self.attempts = attempts
        self.wait_s = wait_s


def retrying(
    announce: Callable[[float, str], None], sleep: Callable[[float], None]
) -> tenacity.Retrying:
    """Return a caller that repeats a function while it raises ``TryAgain``.

    Args:
        announce: Called before each wait with its seconds and its reason.
        sleep: Waits for some seconds.
    """

    def before_sleep(state: tenacity.RetryCallState) -> None:
        if state.next_action:
            announce(state.next_action.sleep, _failed(state).failure.what)

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(TryAgain),
        stop=_is_last,
        wait=_wait,
        before_sleep=before_sleep,
        sleep=sleep,
        reraise=True,
    )


def _is_last(state: tenacity.RetryCallState) -> bool:
    return state.attempt_number >= _failed(state).attempts


def _wait(state: tenacity.RetryCallState) -> float:
    asked_for = _failed(state).wait_s
    return _BACKOFF(state) if asked_for is None else asked_for


def _failed(state: tenacity.RetryCallState) -> TryAgain:
    failure = state.outcome.exception() if state.outcome else None
    assert isinstance(failure, TryAgain)  # tenacity retries no other exception
    return failure
