"""The windows in which a budget counts requests: any period, or those that follow the clock."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.registry import Budget as Limit

#: Requests are counted in steps of a 64th of the window, so that the file stays small. Each step is
#: counted until its end has left the window, so a request may wait a little longer than needed.
_STEPS = 64
#: Seconds before the end of a window of the clock in which a request may still arrive after it.
_LATE_S = 1.0
#: The end of a step, in seconds of the wall clock, and the number of requests granted in it. In a
#: window of the clock, the beginning of the window takes the place of the end of a step.
Granted = tuple[float, int]


@dataclass(frozen=True, slots=True)
class Window:
    """A window: at most ``count`` requests in a period of ``seconds``.

    A sliding window is any period; one that follows the clock begins at a multiple of ``seconds``.
    """

    count: int
    seconds: float
    follows_clock: bool = False

    @property
    def key(self) -> str:
        """The name of the window in the file."""
        name = f"{self.count}/{self.seconds:g}"
        return f"{name} clock" if self.follows_clock else name

    @property
    def per_s(self) -> float:
        """The number of requests per second that it allows in the long run."""
        return self.count / self.seconds

    @property
    def step_s(self) -> float:
        """The length in seconds of the steps in which the file counts requests."""
        return self.seconds / _STEPS


def windows_of(limits: Sequence[Limit]) -> tuple[Window, ...]:
    """Return the windows that enforce limits with bursts.

    A burst above the number of requests makes the window longer at the same rate (8 per second with
    a burst of 10 allows 10 in 1.25 s). A smaller burst adds a shorter window at the same rate. A
    window that follows the clock keeps its length.
    """
    windows: list[Window] = []
    for limit in limits:
        burst = limit.burst or limit.requests
        if limit.window == "clock":
            windows.append(Window(limit.requests, limit.per_s, follows_clock=True))
            if burst >= limit.requests:
                continue
        elif burst < limit.requests:
            windows.append(Window(limit.requests, limit.per_s))
        burst_s = burst * limit.per_s / limit.requests
        windows.append(Window(burst, burst_s))
    return tuple(dict.fromkeys(windows))


class SlidingUse:
    """The requests that were granted in one sliding window."""

    def __init__(self, window: Window, now: float) -> None:
        self.window = window
        self.rows: list[Granted] = []
        self._now = now

    @property
    def step_s(self) -> float:
        """The longest time in seconds between a grant and its use."""
        return self.window.step_s

    @property
    def room(self) -> int:
        """The number of further requests that the window allows now."""
        used = sum(n for _, n in self.rows)
        return self.window.count - used

    def load(self, rows: Sequence[Granted]) -> None:
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
        _check_count(n, self.window)
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


class ClockUse:
    """The requests that were granted in a window that follows the clock.

    A request that is granted just before a window ends may arrive after it, so it counts in the
    next window as well. Each row has the beginning of a window.
    """

    def __init__(self, window: Window, now: float) -> None:
        self.window = window
        self.rows: list[Granted] = []
        self._now = now
        number = math.floor(now / window.seconds)
        self._begins = number * window.seconds
        self._ends = (number + 1) * window.seconds
        self._late_s = min(_LATE_S, window.seconds / _STEPS)

    @property
    def step_s(self) -> float:
        """The longest time in seconds between a grant and its use."""
        return self._ends - self._now

    @property
    def room(self) -> int:
        """The number of further requests that the window allows now."""
        used = sum(n for begins, n in self.rows if begins == self._begins)
        return self.window.count - used

    def load(self, rows: Sequence[Granted]) -> None:
        """Load the rows of this window and the next.

        Each request that counts in the next window counts in this one as well. If there are fewer
        here, the clock was set back, and what was sent then counts as sent now.
        """
        now = 0
        later = 0
        for begins, n in rows:
            if begins == self._ends:
                later += n
            elif begins >= self._begins:
                now += n
        self.rows = [
            (self._begins, max(now, later)),
            (self._ends, later),
        ]

    def wait_s(self, n: int) -> float:
        """Return the seconds until the next window, unless this one allows ``n`` more.

        Raises:
            ValueError: The window can never allow so many requests at once.
        """
        _check_count(n, self.window)
        if n <= self.room:
            return 0.0
        return self._ends - self._now

    def note(self, n: int, latest: float) -> None:
        """Count ``n`` requests that are sent until ``latest``."""
        self.rows.append((self._begins, n))
        if latest > self._ends - self._late_s:
            self.rows.append((self._ends, n))


def use_of(window: Window, now: float) -> SlidingUse | ClockUse:
    """Return an empty count of the requests in a window at a time of the wall clock."""
    if window.follows_clock:
        return ClockUse(window, now)
    return SlidingUse(window, now)


def _check_count(n: int, window: Window) -> None:
    if n > window.count:
        raise ValueError(f"{n} requests at once can never be granted by a limit of {window.key}")
