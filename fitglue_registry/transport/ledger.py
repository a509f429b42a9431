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
# A window is remembered in so many steps, each counted until its end has left the window.
_STEPS = 64


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


def windows_of(limits: Sequence[Limit]) -> tuple[Window, ...]:
    """A limit as windows: a burst above the rate widens its window, one below it adds a narrower
    one.
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
        self._windows, self._now = windows, now
        self._held_at, self._held_s = now, 0.0
        self._granted: dict[str, list[tuple[float, int]]] = {window.key: [] for window in windows}
        if content:
            try:
                self._load(json.loads(content))
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
                log.warning("a file that counts requests was damaged; counting starts anew")

    def _load(self, document: dict[str, Any]) -> None:
        held_at, held_s = document["held"]
        granted = {
            window.key: [(float(end), int(n)) for end, n in document["granted"].get(window.key, ())]
            for window in self._windows
        }
        # What lies in the future says that the clock was set back: it then counts as of now.
        self._held_at, self._held_s = (
            min(float(held_at), self._now),
            min(float(held_s), _LONGEST_HOLD_S),
        )
        for window in self._windows:
            latest = self._now + 2 * window.step_s
            ends = [(min(end, latest), n) for end, n in granted[window.key]]
            self._granted[window.key] = [
                (end, n) for end, n in ends if end > self._now - window.seconds
            ]

    def take(self, n: int) -> tuple[int, float, float]:
        """(how many more than ``n`` are leased, for how many seconds, how long to wait); nothing is
        taken where there is a wait.
        """
        wait = max(
            [
                self._held_at + self._held_s - self._now,
                *(self._wait(window, n) for window in self._windows),
            ]
        )
        if wait > 0:
            return 0, 0.0, wait
        lease_s = min(1.0, *(window.step_s for window in self._windows))
        room = min(window.count - self._used(window) for window in self._windows)
        usual = min(window.count / window.seconds for window in self._windows) * lease_s
        lease = max(0, min(int(usual), room) - n)
        for window in self._windows:
            self._note(window, n + lease, self._now + (lease_s if lease else 0.0))
        return lease, lease_s if lease else 0.0, 0.0

    def hold(self, seconds: float) -> None:
        """Grant nothing for so long, or for longer where that was asked already."""
        if self._now + seconds > self._held_at + self._held_s:
            self._held_at, self._held_s = self._now, seconds

    def written(self) -> bytes:
        """The file's new content."""
        return json.dumps(
            {"held": [self._held_at, self._held_s], "granted": self._granted}
        ).encode()

    def _used(self, window: Window) -> int:
        return sum(n for _, n in self._granted[window.key])

    def _wait(self, window: Window, n: int) -> float:
        """Seconds until enough of what was granted has left the window."""
        if n > window.count:
            raise ValueError(
                f"{n} requests at once can never be granted by a limit of {window.key}"
            )
        excess, wait = self._used(window) + n - window.count, 0.0
        for end, granted in sorted(self._granted[window.key]):
            if excess <= 0:
                break
            excess -= granted
            wait = end + window.seconds - self._now
        return wait

    def _note(self, window: Window, n: int, latest: float) -> None:
        """Counted at the end of its step, so that no window is ever thought emptier than it is."""
        end = math.ceil(latest / window.step_s) * window.step_s
        rows = self._granted[window.key]
        if rows and rows[-1][0] == end:
            rows[-1] = (end, rows[-1][1] + n)
        else:
            rows.append((end, n))
