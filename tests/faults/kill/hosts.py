"""Hosts as these tests open them, in the test's own process and in a child: with a clock that is
near the account.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fitglue_registry import Host
from fitglue_registry.transport.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

#: The stand-in's newest workouts lie some days before.
_TODAY = datetime(2026, 11, 21, 12, tzinfo=UTC)
#: Handed on to child processes, whose time must go on and not begin anew.
_BEHIND = timedelta(
    seconds=float(
        os.environ.setdefault(
            "FITGLUE_TESTS_BEHIND_S", str((datetime.now(UTC) - _TODAY).total_seconds())
        )
    )
)


class ShiftedClock(SystemClock):
    """The time of these tests: it began at noon of one day, and goes on as any clock does."""

    def now(self) -> datetime:
        return super().now() - _BEHIND


def open_host(home: Path, database: str | None = None) -> Host:
    """A host with the clock of these tests."""
    return Host(home, database, clock=ShiftedClock())


def finish(events: Iterable[Any]) -> None:
    """Go through the events of a sync or a rebuild; one that stops fails."""
    from fitglue_registry.sync.events import SyncStopped

    for one in events:
        if isinstance(one, SyncStopped):
            raise one.error
