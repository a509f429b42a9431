"""The dashboard: connections, two weeks, what needs attention, and the next command."""

from __future__ import annotations

from datetime import date, timedelta

from fitglue_registry.testing import Fault
from tests.sync.builders import finished


def test_a_connection_that_was_never_synced_is_synced_next(connected):
    """If nothing was fetched yet, the next command is a sync."""
    overview = connected.overview()
    assert [status.name for status in overview.connections] == ["intervals"]
    assert overview.next == "fitglue sync"


def test_after_a_sync_the_newest_activity_is_next(connected):
    """If everything was fetched, the next command shows the newest activity."""
    finished(connected)
    assert connected.overview().next == "fitglue show last"


def test_a_rejected_key_is_given_again_next(connected, server):
    """A connection with a revoked key needs attention, and the next command renews it."""
    server.revoke_key()
    list(connected.sync())
    overview = connected.overview()
    assert overview.needs[0]["what"].startswith("intervals: ")
    assert overview.next == overview.needs[0]["fix"] == "fitglue connect intervals"


def test_a_sync_that_was_stopped_is_repeated_next(connected, server):
    """If the newest sync was stopped by an error, the next command is a sync."""
    finished(connected)
    server.fault("*/activities*", Fault.status(500), times=None)
    list(connected.sync())
    overview = connected.overview()
    assert overview.needs[0]["what"].startswith("intervals: ")
    assert overview.next == "fitglue sync"
    server.clear_faults()
    finished(connected)
    assert connected.overview().next == "fitglue show last"


def test_a_stub_needs_somebody(connected):
    """Workouts that will not arrive are listed with their number and the reason."""
    finished(connected)
    [stub] = connected.records.stubs()
    [need] = connected.overview().needs
    assert need["what"] == f"1 workout of intervals will not arrive: {stub['reason']}"


def test_weeks_begin_on_a_monday(host):
    """The two weeks are that of today and the one before, each from its Monday."""
    overview = host.overview()
    this, last = (date.fromisoformat(week["monday"]) for week in overview.weeks.values())
    assert this.weekday() == 0
    assert this <= overview.now.date() < this + timedelta(days=7)
    assert this - last == timedelta(days=7)
