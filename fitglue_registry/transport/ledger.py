"""The arithmetic of a request budget: how many requests were granted when, and how many may be
granted now.

It uses no clock and no file; ``budget`` passes the time and the content of the file.
"""

from __future__ import annotations

import json
import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.registry import Budget as Limit

log = logging.getLogger(__name__)

#: A file never blocks requests for longer than a day, even if its content is wrong.
_LONGEST_HOLD_S = 86_400.0
#: A process that is killed wastes its lease, and others cannot use it meanwhile.
_LONGEST_LEASE_S = 1.0
#: Requests are counted in steps of a 64th of the window, so that the file stays small. Each step is
#: counted until its end has left the window, so a request may wait a little longer than needed.
_STEPS = 64
#: The end of a step, in seconds of the wall clock, and the number of requests granted in it.
_Granted = tuple[float, int]
#: What reading a damaged file can raise.
_DAMAGE = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True)
class Window:
    """A sliding window: at most ``count`` requests in any period of ``seconds``."""

    count: int
    seconds: float

    @property
    def key(self) -> str:
        """The name of the window in the file."""
        return f"{self.count}/{self.seconds:g}"

    @property
    def per_s(self) -> float:
        """The number of requests per second that it allows in the long run."""
        return self.count / self.seconds

    @property
    def step_s(self) -> float:
        """The length in seconds of the steps in which the file counts requests."""
        return self.seconds / _STEPS


@dataclass(frozen=True, slots=True)
class Grant:
    """The result of asking a ledger for requests."""

    wait_s: float = 0.0  # seconds to wait; if positive, nothing was granted
    lease: int = 0  # further requests that were granted in addition
    lease_s: float = 0.0  # seconds in which the lease must be used


def windows_of(limits: Sequence[Limit]) -> tuple[Window, ...]:
    """Return the windows that enforce limits with bursts.

    A burst above the number of requests makes the window longer at the same rate (8 per second with
    a burst of 10 allows 10 in 1.25 s). A smaller burst adds a shorter window at the same rate.
    """
    windows: list[Window] = []
    for limit in limits:
        burst = limit.burst or limit.requests
        if burst < limit.requests:
            windows.append(Window(limit.requests, limit.per_s))
        burst_s = burst * limit.per_s / limit.requests
        windows.append(Window(burst, burst_s))
    return tuple(dict.fromkeys(windows))


class Ledger:
    """The requests that were granted, and the rules for granting more.

    Args:
        content: The content of the file; empty for a new one.
        windows: The windows that must all allow a request.
        now: The current time in seconds of the wall clock.
    """

    def __init__(
        self,
        content: bytes,
        windows: tuple[Window, ...],
        now: float,
    ) -> None:
        self._uses = [_Use(window, now) for window in windows]
        self._now = now
        self._held_at = now
        self._held_s = 0.0
        if content:
            try:
                self._load(json.loads(content))
            except _DAMAGE:
                log.warning("the file that counts requests is damaged; counting starts at zero")

    def take(self, n: int) -> Grant:
        """Grant ``n`` requests and, if the limits are large enough, a lease of more.

        Nothing is granted if one of the windows, or a hold, requires a wait.
        """
        waits_s = [use.wait_s(n) for use in self._uses]
        hold_ends = self._held_at + self._held_s
        held_s = hold_ends - self._now
        wait_s = max(held_s, *waits_s)
        if wait_s > 0:
            return Grant(wait_s=wait_s)
        # A lease lasts at most one step, so that it is counted where it is used.
        steps_s = [use.window.step_s for use in self._uses]
        lease_s = min(_LONGEST_LEASE_S, *steps_s)
        lease = self._lease(n, lease_s)
        if not lease:
            lease_s = 0.0
        for use in self._uses:
            use.note(n + lease, self._now + lease_s)
        return Grant(lease=lease, lease_s=lease_s)

    def hold(self, seconds: float) -> None:
        """Grant nothing for some seconds, unless a longer hold is active already."""
        ends = self._now + seconds
        if ends > self._held_at + self._held_s:
            self._held_at = self._now
            self._held_s = seconds

    def written(self) -> bytes:
        """Return the new content of the file."""
        held = [self._held_at, self._held_s]
        granted = {use.window.key: use.rows for use in self._uses}
        return json.dumps({"held": held, "granted": granted}).encode()

    def _load(self, document: dict[str, Any]) -> None:
        """Load the content of a file: all of it, or nothing if a part is damaged."""
        held_at, held_s = document["held"]
        # A time in the future means that the clock was set back. It then counts as now.
        held_at = min(float(held_at), self._now)
        held_s = min(float(held_s), _LONGEST_HOLD_S)
        granted = document["granted"]
        rows_of_uses = [_parsed(granted.get(use.window.key, ())) for use in self._uses]
        # Set only after everything was parsed, because the caller ignores a damaged file.
        self._held_at = held_at
        self._held_s = held_s
        for use, rows in zip(self._uses, rows_of_uses, strict=True):
            use.load(rows)

    def _lease(self, n: int, lease_s: float) -> int:
        """Return how many requests in addition to ``n`` are leased for ``lease_s`` seconds."""
        room = min(use.room for use in self._uses)
        per_s = min(use.window.per_s for use in self._uses)
        # No more than the long-term rate, so that one process cannot take all of a burst.
        usual = int(per_s * lease_s)
        return max(0, min(usual, room) - n)


class _Use:
    """The requests that were granted in one window."""

    def __init__(self, window: Window, now: float) -> None:
        self.window = window
        self.rows: list[_Granted] = []
        self._now = now

    @property
    def room(self) -> int:
        """The number of further requests that the window allows now."""
        used = sum(n for _, n in self.rows)
        return self.window.count - used

    def load(self, rows: Sequence[_Granted]) -> None:
        """Load the rows that are still inside the window."""
        oldest = self._now - self.window.seconds
        # A lease ends at most two steps from now. A later time means that the clock was set back.
        latest = self._now + 2 * self.window.step_s
        for end, n in rows:
            until = min(end, latest)
            if until > oldest:
                self.rows.append((until, n))

    def wait_s(self, n: int) -> float:
        """Return the seconds until enough older requests have left the window for ``n`` more.

        Raises:
            ValueError: The window can never allow so many requests at once.
        """
        if n > self.window.count:
            raise ValueError(
                f"{n} requests at once can never be granted by a limit of {self.window.key}"
            )
        excess = n - self.room
        wait_s = 0.0
        for end, granted in sorted(self.rows):
            if excess <= 0:
                break
            excess -= granted
            leaves_at = end + self.window.seconds
            wait_s = leaves_at - self._now
        return wait_s

    def note(self, n: int, latest: float) -> None:
        """Count ``n`` requests that are sent until ``latest``.

        They count from the end of their step, so that the window is never fuller than counted.
        """
        step_s = self.window.step_s
        end = math.ceil(latest / step_s) * step_s
        if self.rows and self.rows[-1][0] == end:
            _, before = self.rows.pop()
            n += before
        self.rows.append((end, n))


def _parsed(rows: Any) -> list[_Granted]:
    return [(float(end), int(n)) for end, n in rows]
