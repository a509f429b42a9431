"""The waits of a session: for its budget and between attempts, reported, and ended by ``close``."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fitglue_registry.errors import ConnectionStopped, Place
from fitglue_registry.transport.budget import Budget, NoBudget
from fitglue_registry.transport.clock import SystemClock, WaitingClock
from fitglue_registry.transport.limits import over_budget
from fitglue_registry.transport.reported_limits import reports_of
from fitglue_registry.transport.signs_of_life import SignsOfLife

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_registry.transport.answer import HttpAnswer
    from fitglue_registry.transport.policy import HttpPolicy

log = logging.getLogger(__name__)

#: A wait consists of naps of this length, so that ``close`` can end it.
_NAP_S = 1.0
#: Shorter waits for the budget are normal and are not reported.
_WORTH_REPORTING_S = 1.0


@dataclass(frozen=True, slots=True)
class Pace:
    """What decides when a session sends its requests."""

    clock: WaitingClock = field(default_factory=SystemClock)
    budget: Budget | None = None  # None: only the limits that the responses state
    # Called with the seconds and the reason of each wait that is worth reporting.
    on_wait: Callable[[float, str], None] | None = None


class Waiting:
    """The waits of one session, on all of its threads.

    Args:
        policy: The policy of the session.
        pace: The clock, the budget, and a function that is told about waits.
    """

    def __init__(self, policy: HttpPolicy, pace: Pace) -> None:
        self._policy = policy
        self._clock = pace.clock
        self._budget = pace.budget or NoBudget(pace.clock)
        self._on_wait = pace.on_wait
        self._closed = threading.Event()
        self.signs = SignsOfLife(pace.clock)

    def for_budget(self, longest_s: float) -> None:
        """Return when the budget grants a request.

        Args:
            longest_s: The longest wait in seconds.

        Raises:
            Retryable: FG-rate-limited if the wait is longer.
            ConnectionStopped: FG-session-closed if the session is closed while waiting.
        """
        # Repeated, because another process may take the request that this one has waited for.
        while (wait_s := self._budget.acquire()) > 0:
            if wait_s > longest_s:
                raise over_budget(self._policy, wait_s)
            if wait_s >= _WORTH_REPORTING_S:
                self.announce(wait_s, f"the request limit of {self._policy.host}")
            self.sleep(wait_s)

    def hold_budget(self, seconds: float) -> None:
        """Let no thread and no process that shares the budget send a request for some seconds."""
        self._budget.hold(seconds)

    def note_limits(self, answer: HttpAnswer) -> None:
        """Let the budget grant no more requests than a response says that the service answers."""
        for report in reports_of(answer, self._policy.limits, self._clock.now()):
            self._budget.cap(report)

    def announce(self, seconds: float, reason: str) -> None:
        """Report a wait to the log and to the function of the pace."""
        if not seconds:
            return
        log.info("waiting %.1f s: %s", seconds, reason)
        if self._on_wait:
            self._on_wait(seconds, reason)

    def report_silence(self) -> None:
        """Report each request that has had no response for some seconds as a wait.

        The seconds of the wait are the longest time until the request times out.
        """
        policy = self._policy
        for silent_s in self.signs.silences():
            # A request that is older than one read time-out must be receiving bytes slowly.
            limit_s = policy.read_s if silent_s < policy.read_s else policy.total_s
            left_s = max(limit_s - silent_s, 0.0)
            self.announce(left_s, f"{policy.host} has not answered for {silent_s:.0f} s")

    def sleep(self, seconds: float) -> None:
        """Wait for some seconds.

        Raises:
            ConnectionStopped: FG-session-closed if the session is closed while waiting.
        """
        self.signs.waiting(seconds + self._policy.read_s)
        remaining_s = seconds
        while remaining_s > 0:
            if self._closed.is_set():
                raise self._was_closed()
            nap_s = min(remaining_s, _NAP_S)
            self._clock.sleep(nap_s)
            remaining_s -= nap_s

    def close(self) -> None:
        """End the waits of other threads."""
        self._closed.set()

    def _was_closed(self) -> ConnectionStopped:
        return ConnectionStopped(
            "FG-session-closed",
            f"the session with {self._policy.host} was closed while it waited",
            at=Place(url=self._policy.base_url),
            why="the program that opened it has finished or was interrupted",
            fix="run the command again; it continues where it stopped",
        )
