"""When a failed request is tried again, how often, and after which wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tenacity

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_registry.errors import FitglueError

FEW_TRIES = 3  # where another one seldom helps
TWO_TRIES = 2  # where each costs a whole time-out

_BACKOFF = tenacity.wait_exponential_jitter(initial=1, max=30, jitter=1)


class TryAgain(Exception):
    """This try failed with ``failure``; up to ``tries`` in all make sense, after ``wait_s`` if the
    source said so.
    """

    def __init__(
        self,
        failure: FitglueError,
        tries: int,
        wait_s: float | None = None,
    ) -> None:
        super().__init__(failure)
        self.failure = failure
        self.tries = tries
        self.wait_s = wait_s


def retrying(
    announce: Callable[[float, str], None], sleep: Callable[[float], None]
) -> tenacity.Retrying:
    """Return what calls a function until it raises no ``TryAgain``, or no further try makes sense;
    each wait is announced with its seconds and its reason.
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
    return state.attempt_number >= _failed(state).tries


def _wait(state: tenacity.RetryCallState) -> float:
    asked_for = _failed(state).wait_s
    return _BACKOFF(state) if asked_for is None else asked_for


def _failed(state: tenacity.RetryCallState) -> TryAgain:
    failure = state.outcome.exception() if state.outcome else None
    assert isinstance(failure, TryAgain)  # tenacity asks about nothing else
    return failure
