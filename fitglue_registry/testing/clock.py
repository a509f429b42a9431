"""A clock for tests that moves only when it is told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_START = datetime(2026, 11, 21, 12, tzinfo=UTC)


class FakeClock:
    """A clock that moves only when a test moves it, or when somebody sleeps, which takes no time.

    It serves as the clock of a ``Host``, of a ``FakeConnection`` and of an HTTP session. ``sleeps``
    lists how many seconds were slept each time.
    """

    def __init__(self, moment: datetime = _START) -> None:
        self.moment = moment
        self.sleeps: list[float] = []
        self._passed_s = 0.0

    @property
    def slept_s(self) -> float:
        """How many seconds were slept in all."""
        return round(sum(self.sleeps), 3)

    def now(self) -> datetime:
        """The moment at which the clock stands, in UTC."""
        return self.moment

    def monotonic(self) -> float:
        """Seconds that have passed since the clock was made; they never go back."""
        return self._passed_s

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass at once."""
        self.sleeps.append(seconds)
        self.move(seconds=seconds)

    def move(
        self,
        *,
        days: float = 0,
        hours: float = 0,
        seconds: float = 0,
    ) -> None:
        """Move the clock on, or set it back: then no time passes."""
        by = timedelta(
            days=days,
            hours=hours,
            seconds=seconds,
        )
        self.moment += by
        self._passed_s += max(by.total_seconds(), 0.0)
