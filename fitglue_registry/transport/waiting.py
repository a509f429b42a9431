"""How a session waits: for its budget and between tries, announced, and ended by ``close``."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fitglue_registry.errors import ConnectionStopped, Place
from fitglue_registry.transport.budget import Budget, NoBudget
from fitglue_registry.transport.clock import SystemClock, WaitingClock
from fitglue_registry.transport.limits import over_budget
from fitglue_registry.transport.signs_of_life import SignsOfLife

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_registry.transport.policy import HttpPolicy

log = logging.getLogger(__name__)

_NAP_S = 1.0  # a wait is cut into naps, so that ``close`` ends it
_WORTH_SAYING_S = 1.0  # shorter waits for the budget are part of the pace


@dataclass(frozen=True, slots=True)
class Pace:
    """What decides when a session asks: its clock, its budget (none: no limit but what the answers
    state), and who hears of each wait worth mentioning, with its seconds and its reason.
    """

    clock: WaitingClock = field(default_factory=SystemClock)
    budget: Budget | None = None
    on_wait: Callable[[float, str], None] | None = None


class Waiting:
    """The waits of one session, on whichever of its threads they happen."""

    def __init__(self, policy: HttpPolicy, pace: Pace) -> None:
        self._policy = policy
        self._clock = pace.clock
        self._budget = pace.budget or NoBudget(pace.clock)
        self._on_wait = pace.on_wait
        self._closed = threading.Event()
        self.signs = SignsOfLife(pace.clock)

    def for_budget(self) -> None:
        """Return when the budget grants a request; raises ``Retryable`` (FG-rate-limited) where
        that takes too long.
        """
        while (wait_s := self._budget.acquire()) > 0:
            if wait_s > self._policy.longest_wait_s:
                raise over_budget(self._policy, wait_s)
            if wait_s >= _WORTH_SAYING_S:
                self.announce(wait_s, f"the request limit of {self._policy.host}")
            self.sleep(wait_s)

    def hold_budget(self, seconds: float) -> None:
        """Let no thread and no process ask for so long."""
        self._budget.hold(seconds)

    def announce(self, seconds: float, reason: str) -> None:
        """Say that there is a wait."""
        if not seconds:
            return
        log.info("waiting %.1f s: %s", seconds, reason)
        if self._on_wait:
            self._on_wait(seconds, reason)

    def announce_silence(self) -> None:
        """Say so where a request has had no answer for a while, and for how long at most it will
        still be waited for.
        """
        policy = self._policy
        for silent_s in self.signs.silences():
            limit_s = policy.read_s if silent_s < policy.read_s else policy.total_s
            left_s = max(limit_s - silent_s, 0.0)
            self.announce(left_s, f"{policy.host} has not answered for {silent_s:.0f} s")

    def sleep(self, seconds: float) -> None:
        """Wait; raises ``ConnectionStopped`` (FG-session-closed) once the session is closed."""
        self.signs.waiting(seconds + self._policy.read_s)
        left_s = seconds
        while left_s > 0:
            if self._closed.is_set():
                raise self._was_closed()
            nap_s = min(left_s, _NAP_S)
            self._clock.sleep(nap_s)
            left_s -= nap_s

    def close(self) -> None:
        """End the waits of other threads."""
        self._closed.set()

    def _was_closed(self) -> ConnectionStopped:
        return ConnectionStopped(
            "FG-session-closed",
            f"the session with {self._policy.host} was closed while it waited",
            at=Place(url=self._policy.base_url),
            why="whoever opened it is done or was interrupted",
            fix="run the command again; it goes on where it stopped",
        )
