"""A clock for tests that moves only when a test moves it or code sleeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_START = datetime(2026, 11, 21, 12, tzinfo=UTC)


class FakeClock:
    """A clock that a test moves. Its ``sleep`` returns at once and moves it, too.

    A ``Host``, a ``FakeConnection`` and an HTTP session can use it as their clock.

    Args:
        moment: The time at the start, in UTC; by default noon of 2026-11-21.
    """

    def __init__(self, moment: datetime = _START) -> None:
        self.moment = moment  # the current time, in UTC
        self.sleeps: list[float] = []  # the seconds of each sleep, in order
        # Counted apart from the moment, because a wall clock can be set back and this cannot.
        self._passed_s = 0.0

    @property
    def slept_s(self) -> float:
        """The sum of all sleeps, in seconds."""
        return round(sum(self.sleeps), 3)

    def now(self) -> datetime:
        """Return the current time of this clock, in UTC."""
        return self.moment

    def monotonic(self) -> float:
        """Return the seconds that have passed since the clock was made; they never decrease."""
        return self._passed_s

    def sleep(self, seconds: float) -> None:
        """Move the clock forward by some seconds without waiting, and note the sleep."""
        self.sleeps.append(seconds)
        self.move(seconds=seconds)

    def move(
        self,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
    ) -> None:
        """Move the clock forward, or set it back if the sum is negative.

        A clock that is set back shows an earlier time in ``now``, and ``monotonic`` stays the same.

        Args:
            days: Days of 24 hours to move.
            hours: Hours to move, in addition to the days.
            minutes: Minutes to move, in addition to both.
            seconds: Seconds to move, in addition to all of them.
        """
        by = timedelta(
            days=days,
            hours=hours,
            minutes=minutes,
            seconds=seconds,
        )
        self.moment += by
        self._passed_s += max(by.total_seconds(), 0.0)
