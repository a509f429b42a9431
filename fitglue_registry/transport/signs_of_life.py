"""Records what the threads of a session are doing, so that the plugin guard can distinguish a wait
from a blocked plugin.

A thread notes here that it sends a request or waits, and for how many seconds that may take.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fitglue_registry.transport.clock import WaitingClock

_REPORT_EVERY_S = 10.0


class SignsOfLife:
    """The last activity of a session, and the time until which each of its threads may be silent.

    Each thread adds and removes only its own rows, so no lock is needed.
    """

    def __init__(self, clock: WaitingClock) -> None:
        self._clock = clock
        self._last = clock.monotonic()
        self._alive_until: dict[int, float] = {}
        self._unanswered: dict[int, _Unanswered] = {}

    @property
    def busy_until(self) -> float:
        """The monotonic time until which silence does not mean that the plugin is blocked."""
        # A copy, because other threads change the dictionary meanwhile.
        moments = tuple(self._alive_until.values())
        return max((self._last, *moments))

    def request_sent(self, for_s: float) -> None:
        """Note that this thread has sent a request and waits for at most ``for_s`` seconds."""
        self._alive(for_s)
        thread = threading.get_ident()
        self._unanswered[thread] = _Unanswered(self._clock.monotonic())

    def waiting(self, for_s: float) -> None:
        """Note that this thread waits on purpose for ``for_s`` seconds, without a request."""
        self._unanswered.pop(threading.get_ident(), None)
        self._alive(for_s)

    def finished(self) -> None:
        """Note that this thread has its response or has given up.

        A request that was refused before it was sent is no sign of life: a plugin that ignores the
        error and tries again for ever must count as blocked.
        """
        thread = threading.get_ident()
        self._unanswered.pop(thread, None)
        if self._alive_until.pop(thread, None) is not None:
            self._last = self._clock.monotonic()

    def silences(self) -> list[float]:
        """Return the seconds since each request without a response was sent.

        A request that was returned in the last ten seconds is omitted.
        """
        now = self._clock.monotonic()
        silences = []
        for request in tuple(self._unanswered.values()):
            since_report_s = now - request.reported_at
            if since_report_s >= _REPORT_EVERY_S:
                request.reported_at = now
                silences.append(now - request.sent_at)
        return silences

    def _alive(self, for_s: float) -> None:
        now = self._clock.monotonic()
        self._last = now
        self._alive_until[threading.get_ident()] = now + for_s


class _Unanswered:
    """A request without a response: when it was sent, and when its silence was last reported."""

    def __init__(self, at: float) -> None:
        self.sent_at = at
        self.reported_at = at
