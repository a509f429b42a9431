"""The arithmetic of a request budget: what was granted when, and what may be granted now; no file,
no clock.
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

_LONGEST_HOLD_S = 86_400.0
_LONGEST_LEASE_S = 1.0
# A window is remembered in so many steps, each counted until its end has left the window.
_STEPS = 64
#: The moment until which it counts, and how many requests.
_Granted = tuple[float, int]
_DAMAGE = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True)
class Window:
    """At most ``count`` in any ``seconds``."""

    count: int
    seconds: float

    @property
    def key(self) -> str:
        """Its name in the file."""
        return f"{self.count}/{self.seconds:g}"

    @property
    def step_s(self) -> float:
        """How exactly the file remembers when something was granted."""
        return self.seconds / _STEPS


@dataclass(frozen=True, slots=True)
class Grant:
    """What a ledger answers: nothing is granted where there is a wait, and otherwise a lease of
    further requests may come on top of those that were asked for.
    """

    wait_s: float = 0.0
    lease: int = 0
    lease_s: float = 0.0


def windows_of(limits: Sequence[Limit]) -> tuple[Window, ...]:
    """Return limits as windows: a burst above the rate widens its window, one below it adds a
    narrower one.
    """
    windows: list[Window] = []
    for limit in limits:
        burst = limit.burst or limit.requests
        if burst < limit.requests:
            windows.append(Window(limit.requests, limit.per_s))
        windows.append(Window(burst, burst * limit.per_s / limit.requests))
    return tuple(dict.fromkeys(windows))


class Ledger:
    """What the windows were used for, as read from a file at the moment ``now`` (seconds of the
    wall clock).
    """

    def __init__(self, content: bytes, windows: tuple[Window, ...], now: float) -> None:
        self._windows = windows
        self._now = now
        self._held_at = now
        self._held_s = 0.0
        self._granted: dict[str, list[_Granted]] = {}
        for window in windows:
            self._granted[window.key] = []
        if content:
            try:
                self._load(json.loads(content))
            except _DAMAGE:
                log.warning("a file that counts requests was damaged; counting starts anew")

    def take(self, n: int) -> Grant:
        """Grant ``n`` requests, and lease more where they are plenty; nothing is taken where there
        is a wait.
        """
        waits_s = [self._wait(window, n) for window in self._windows]
        wait_s = max(self._held_at + self._held_s - self._now, *waits_s)
        if wait_s > 0:
            return Grant(wait_s=wait_s)
        lease_s = min(_LONGEST_LEASE_S, *(window.step_s for window in self._windows))
        lease = self._lease(n, lease_s)
        if not lease:
            lease_s = 0.0
        for window in self._windows:
            self._note(window, n + lease, self._now + lease_s)
        return Grant(lease=lease, lease_s=lease_s)

    def hold(self, seconds: float) -> None:
        """Grant nothing for so long, or for longer where that was asked already."""
        if self._now + seconds > self._held_at + self._held_s:
            self._held_at = self._now
            self._held_s = seconds

    def written(self) -> bytes:
        """Return the file's new content."""
        document = {"held": [self._held_at, self._held_s], "granted": self._granted}
        return json.dumps(document).encode()

    def _load(self, document: dict[str, Any]) -> None:
        held_at, held_s = (float(number) for number in document["held"])
        granted = {}
        for window in self._windows:
            rows = document["granted"].get(window.key, ())
            granted[window.key] = [(float(end), int(n)) for end, n in rows]
        # What lies in the future says that the clock was set back: it then counts as of now.
        self._held_at = min(held_at, self._now)
        self._held_s = min(held_s, _LONGEST_HOLD_S)
        for window in self._windows:
            self._granted[window.key] = self._still_counted(window, granted[window.key])

    def _still_counted(self, window: Window, rows: Sequence[_Granted]) -> list[_Granted]:
        oldest = self._now - window.seconds
        latest = self._now + 2 * window.step_s
        counted = []
        for end, n in rows:
            until = min(end, latest)
            if until > oldest:
                counted.append((until, n))
        return counted

    def _lease(self, n: int, lease_s: float) -> int:
        """Return how many more than ``n`` are leased for so long."""
        room = min(window.count - self._used(window) for window in self._windows)
        per_s = min(window.count / window.seconds for window in self._windows)
        usual = int(per_s * lease_s)
        return max(0, min(usual, room) - n)

    def _used(self, window: Window) -> int:
        return sum(n for _, n in self._granted[window.key])

    def _wait(self, window: Window, n: int) -> float:
        """Return the seconds until enough of what was granted has left the window."""
        if n > window.count:
            raise ValueError(
                f"{n} requests at once can never be granted by a limit of {window.key}"
            )
        excess = self._used(window) + n - window.count
        wait_s = 0.0
        for end, granted in sorted(self._granted[window.key]):
            if excess <= 0:
                break
            excess -= granted
            wait_s = end + window.seconds - self._now
        return wait_s

    def _note(self, window: Window, n: int, latest: float) -> None:
        """Count at the end of the step, so that no window is ever thought emptier than it is."""
        end = math.ceil(latest / window.step_s) * window.step_s
        rows = self._granted[window.key]
        if rows and rows[-1][0] == end:
            _, before = rows[-1]
            rows[-1] = (end, before + n)
        else:
            rows.append((end, n))
