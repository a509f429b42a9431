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
#: The moment until which requests count, and how many they are.
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
    def per_s(self) -> float:
        """How many requests a second it allows in the long run."""
        return self.count / self.seconds

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
                log.warning("a file that counts requests was damaged; counting starts anew")

    def take(self, n: int) -> Grant:
        """Grant ``n`` requests, and lease more where they are plenty; nothing is taken where there
        is a wait.
        """
        waits_s = [use.wait_s(n) for use in self._uses]
        held_s = self._held_at + self._held_s - self._now
        wait_s = max(held_s, *waits_s)
        if wait_s > 0:
            return Grant(wait_s=wait_s)
        lease_s = min(_LONGEST_LEASE_S, *(use.window.step_s for use in self._uses))
        lease = self._lease(n, lease_s)
        if not lease:
            lease_s = 0.0
        for use in self._uses:
            use.note(n + lease, self._now + lease_s)
        return Grant(lease=lease, lease_s=lease_s)

    def hold(self, seconds: float) -> None:
        """Grant nothing for so long, or for longer where that was asked already."""
        if self._now + seconds > self._held_at + self._held_s:
            self._held_at = self._now
            self._held_s = seconds

    def written(self) -> bytes:
        """Return the file's new content."""
        held = [self._held_at, self._held_s]
        granted = {use.window.key: use.rows for use in self._uses}
        return json.dumps({"held": held, "granted": granted}).encode()

    def _load(self, document: dict[str, Any]) -> None:
        """Take over what a file says; all of it, or nothing where it is damaged."""
        held_at, held_s = document["held"]
        held_at = min(float(held_at), self._now)
        held_s = min(float(held_s), _LONGEST_HOLD_S)
        granted = document["granted"]
        rows_of_uses = [_parsed(granted.get(use.window.key, ())) for use in self._uses]
        # What lies in the future says that the clock was set back: it then counts as of now.
        self._held_at = held_at
        self._held_s = held_s
        for use, rows in zip(self._uses, rows_of_uses, strict=True):
            use.load(rows)

    def _lease(self, n: int, lease_s: float) -> int:
        """Return how many more than ``n`` are leased for so long."""
        room = min(use.room for use in self._uses)
        per_s = min(use.window.per_s for use in self._uses)
        usual = int(per_s * lease_s)
        return max(0, min(usual, room) - n)


class _Use:
    """What one window was used for."""

    def __init__(self, window: Window, now: float) -> None:
        self.window = window
        self.rows: list[_Granted] = []
        self._now = now

    @property
    def room(self) -> int:
        """How many more requests fit into the window."""
        return self.window.count - sum(n for _, n in self.rows)

    def load(self, rows: Sequence[_Granted]) -> None:
        """Take over those rows that still count."""
        oldest = self._now - self.window.seconds
        latest = self._now + 2 * self.window.step_s
        for end, n in rows:
            until = min(end, latest)
            if until > oldest:
                self.rows.append((until, n))

    def wait_s(self, n: int) -> float:
        """Return the seconds until enough of what was granted has left the window."""
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
            wait_s = end + self.window.seconds - self._now
        return wait_s

    def note(self, n: int, latest: float) -> None:
        """Count at the end of the step, so that no window is ever thought emptier than it is."""
        step_s = self.window.step_s
        end = math.ceil(latest / step_s) * step_s
        if self.rows and self.rows[-1][0] == end:
            _, before = self.rows.pop()
            n += before
        self.rows.append((end, n))


def _parsed(rows: Any) -> list[_Granted]:
    return [(float(end), int(n)) for end, n in rows]
