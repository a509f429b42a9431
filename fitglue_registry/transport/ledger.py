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

from fitglue_registry.transport.caps import Caps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.registry import Budget as Limit
    from fitglue_registry.transport.caps import Report

log = logging.getLogger(__name__)

#: A file never blocks requests for longer than a day, even if its content is wrong.
_LONGEST_HOLD_S = 86_400.0
#: A process that is killed wastes its lease, and others cannot use it meanwhile.
_LONGEST_LEASE_S = 1.0
#: Requests are counted in steps of a 64th of the window, so that the file stays small. Each step is
#: counted until its end has left the window, so a request may wait a little longer than needed.
_STEPS = 64
#: Seconds before the end of a window of the clock in which a request may still arrive after it.
_LATE_S = 1.0
#: The end of a step, in seconds of the wall clock, and the number of requests granted in it.
_Granted = tuple[float, int]
#: What reading a damaged file can raise.
_DAMAGE = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)


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


@dataclass(frozen=True, slots=True)
class Grant:
    """The result of asking a ledger for requests."""

    wait_s: float = 0.0  # seconds to wait; if positive, nothing was granted
    lease: int = 0  # further requests that were granted in addition
    lease_s: float = 0.0  # seconds in which the lease must be used


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
        self._uses = [_use(window, now) for window in windows]
        self._caps = Caps()
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
        wait_s = max(held_s, self._caps.wait_s(n, self._now), *waits_s)
        if wait_s > 0:
            return Grant(wait_s=wait_s)
        # A lease lasts at most one step, so that it is counted where it is used.
        steps_s = [use.step_s for use in self._uses]
        lease_s = min(_LONGEST_LEASE_S, *steps_s)
        lease = self._lease(n, lease_s)
        if not lease:
            lease_s = 0.0
        for use in self._uses:
            use.note(n + lease, self._now + lease_s)
        self._caps.take(n + lease, self._now)
        return Grant(lease=lease, lease_s=lease_s)

    def hold(self, seconds: float) -> None:
        """Grant nothing for some seconds, unless a longer hold is active already."""
        ends = self._now + seconds
        if ends > self._held_at + self._held_s:
            self._held_at = self._now
            self._held_s = seconds

    def cap(self, report: Report) -> None:
        """Grant no more than the service says that it will answer."""
        self._caps.add(report, self._now)

    def written(self) -> bytes:
        """Return the new content of the file."""
        held = [self._held_at, self._held_s]
        granted = {use.window.key: use.rows for use in self._uses}
        document = {"held": held, "granted": granted, "caps": self._caps.rows(self._now)}
        return json.dumps(document).encode()

    def _load(self, document: dict[str, Any]) -> None:
        """Load the content of a file: all of it, or nothing if a part is damaged."""
        held_at, held_s = document["held"]
        # A time in the future means that the clock was set back. It then counts as now.
        held_at = min(float(held_at), self._now)
        held_s = min(float(held_s), _LONGEST_HOLD_S)
        granted = document["granted"]
        rows_of_uses = [_parsed(granted.get(use.window.key, ())) for use in self._uses]
        caps = Caps.of(document.get("caps", {}), self._now + _LONGEST_HOLD_S)
        # Set only after everything was parsed, because the caller ignores a damaged file.
        self._held_at = held_at
        self._held_s = held_s
        self._caps = caps
        for use, rows in zip(self._uses, rows_of_uses, strict=True):
            use.load(rows)

    def _lease(self, n: int, lease_s: float) -> int:
        """Return how many requests in addition to ``n`` are leased for ``lease_s`` seconds."""
        room = min(self._caps.room(self._now), *(use.room for use in self._uses))
        per_s = min(use.window.per_s for use in self._uses)
        # No more than the long-term rate, so that one process cannot take all of a burst.
        usual = int(per_s * lease_s)
        return max(0, min(usual, room) - n)


class _Use:
    """The requests that were granted in one sliding window."""

    def __init__(self, window: Window, now: float) -> None:
        self.window = window
        self.rows: list[_Granted] = []
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


class _ClockUse:
    """The requests that were granted in a window that follows the clock.

    A request that is granted just before a window ends may arrive after it, so it counts in the
    next window as well. Each row has the beginning of a window.
    """

    def __init__(self, window: Window, now: float) -> None:
        self.window = window
        self.rows: list[_Granted] = []
        self._now = now
        self._begins = math.floor(now / window.seconds) * window.seconds
        self._ends = self._begins + window.seconds
        self._late_s = min(_LATE_S, window.seconds / _STEPS)

    @property
    def step_s(self) -> float:
        """The longest time in seconds between a grant and its use."""
        return self._ends - self._now

    @property
    def room(self) -> int:
        """The number of further requests that the window allows now."""
        return self.window.count - sum(n for begins, n in self.rows if begins == self._begins)

    def load(self, rows: Sequence[_Granted]) -> None:
        """Load the rows of this window and the next."""
        counted = {self._begins: 0, self._ends: 0}
        for begins, n in rows:
            if begins > self._ends:  # the clock was set back
                counted[self._begins] += n
            elif begins in counted:
                counted[begins] += n
        self.rows = [(begins, n) for begins, n in counted.items() if n]

    def wait_s(self, n: int) -> float:
        """Return the seconds until the next window, unless this one allows ``n`` more.

        Raises:
            ValueError: The window can never allow so many requests at once.
        """
        _check_count(n, self.window)
        return self._ends - self._now if n > self.room else 0.0

    def note(self, n: int, latest: float) -> None:
        """Count ``n`` requests that are sent until ``latest``."""
        self.rows.append((self._begins, n))
        if latest > self._ends - self._late_s:
            self.rows.append((self._ends, n))


def _use(window: Window, now: float) -> _Use | _ClockUse:
    if window.follows_clock:
        return _ClockUse(window, now)
    return _Use(window, now)


def _check_count(n: int, window: Window) -> None:
    if n > window.count:
        raise ValueError(f"{n} requests at once can never be granted by a limit of {window.key}")


def _parsed(rows: Any) -> list[_Granted]:
    return [(float(end), int(n)) for end, n in rows]
