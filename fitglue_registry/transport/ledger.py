"""The arithmetic of a request budget: how many requests were granted when, and how many may be
granted now.

It uses no clock and no file; ``budget`` passes the time and the content of the file.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fitglue_registry.transport.caps import Caps
from fitglue_registry.transport.windows import use_of

if TYPE_CHECKING:
    from fitglue_registry.transport.caps import Report
    from fitglue_registry.transport.windows import Granted, Window

log = logging.getLogger(__name__)

#: A file never blocks requests for longer than a day, even if its content is wrong.
_LONGEST_HOLD_S = 86_400.0
#: A process that is killed wastes its lease, and others cannot use it meanwhile.
_LONGEST_LEASE_S = 1.0
#: What reading a damaged file can raise.
_DAMAGE = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True)
class Grant:
    """The result of asking a ledger for requests."""

    wait_s: float = 0.0  # seconds to wait; if positive, nothing was granted
    lease: int = 0  # further requests that were granted in addition
    lease_s: float = 0.0  # seconds in which the lease must be used


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
        self._uses = [use_of(window, now) for window in windows]
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


def _parsed(rows: Any) -> list[Granted]:
    return [(float(end), int(n)) for end, n in rows]
