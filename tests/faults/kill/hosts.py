"""Hosts for these tests, in the test's own process and in a child, with a clock near the dates of
the stand-in's workouts.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fitglue_registry import Host, Policy
from fitglue_registry.transport.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

#: The newest workouts of the stand-in are a few days older than this.
_TODAY = datetime(2026, 11, 21, 12, tzinfo=UTC)
#: Child processes inherit this value through the environment, so that their clocks agree with the
#: parent's.
_OFFSET = timedelta(
    seconds=float(
        os.environ.setdefault(
            "FITGLUE_TESTS_BEHIND_S", str((datetime.now(UTC) - _TODAY).total_seconds())
        )
    )
)


class ShiftedClock(SystemClock):
    """A clock that is shifted by a constant, so that the tests began at noon of ``_TODAY``."""

    def now(self) -> datetime:
        return super().now() - _OFFSET


def open_host(home: Path, database: str | None = None) -> Host:
    """Return a host with the clock of these tests."""
    return Host(home, database, clock=ShiftedClock(), policy=Policy.personal())


def finish(events: Iterable[Any]) -> None:
    """Consume the events of a sync or a rebuild, and raise the error if it stops."""
    from fitglue_registry.sync.events import SyncStopped

    for event in events:
        if isinstance(event, SyncStopped):
            raise event.error
