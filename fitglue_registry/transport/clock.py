"""The time and the waiting, so that a test can hold both."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class WaitingClock(Protocol):
    """A ``plugin_api.Clock`` that can also wait; every sleep of the transport goes through it."""

    def now(self) -> datetime:
        """Now, in UTC; it may be set back."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""

    def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""
        time.sleep(seconds)
