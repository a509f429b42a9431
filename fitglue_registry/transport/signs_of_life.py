"""What tells whoever waits for a session that it is at work and not blocked.

A thread that asks or waits says so here, with the seconds for which its silence means nothing.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fitglue_registry.transport.clock import WaitingClock

_REMARK_EVERY_S = 10.0


class SignsOfLife:
    """When the threads of one session last did something, and until when each may be silent."""

    def __init__(self, clock: WaitingClock) -> None:
        self._clock = clock
        self._last = clock.monotonic()
        self._alive_until: dict[int, float] = {}
        self._unanswered: dict[int, _Unanswered] = {}

    @property
    def busy_until(self) -> float:
        """The monotonic moment until which silence is no sign of a block: a planned wait, a
        time-out not yet over.
        """
        moments = tuple(self._alive_until.values())
        return max((self._last, *moments))

    def asking(self, for_s: float) -> None:
        """Note that this thread has asked, and waits for an answer for at most so long."""
        self._alive(for_s)
        self._unanswered[threading.get_ident()] = _Unanswered(self._clock.monotonic())

    def waiting(self, for_s: float) -> None:
        """Note that this thread waits on purpose, with no request under way."""
        self._unanswered.pop(threading.get_ident(), None)
        self._alive(for_s)

    def done(self) -> None:
        """Note that this thread has its answer, or gave up."""
        self._unanswered.pop(threading.get_ident(), None)
        self._alive_until.pop(threading.get_ident(), None)
        self._last = self._clock.monotonic()

    def silences(self) -> list[float]:
        """Return for how many seconds each request has had no answer that was not remarked on in
        the last ten seconds.
        """
        now = self._clock.monotonic()
        silences = []
        for request in tuple(self._unanswered.values()):
            if now - request.remarked_on_at >= _REMARK_EVERY_S:
                request.remarked_on_at = now
                silences.append(now - request.asked_at)
        return silences

    def _alive(self, for_s: float) -> None:
        now = self._clock.monotonic()
        self._last = now
        self._alive_until[threading.get_ident()] = now + for_s


class _Unanswered:
    """A request without an answer, and when that was last remarked on."""

    def __init__(self, at: float) -> None:
        self.asked_at = at
        self.remarked_on_at = at
