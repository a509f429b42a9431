"""The clock of the transport, which tests replace to control the time and the waits."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class WaitingClock(Protocol):
    """A ``plugin_api.Clock`` that can also wait. The transport waits only through it."""

    def now(self) -> datetime:
        """Return the current time in UTC. It can decrease when the clock is set back."""

    def monotonic(self) -> float:
        """Return the seconds since an arbitrary moment. They never decrease."""

    def sleep(self, seconds: float) -> None:
        """Return after some seconds."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the seconds since an arbitrary moment. They never decrease."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Return after some seconds."""
        time.sleep(seconds)
