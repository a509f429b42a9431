"""Moments are written in one text form, and some local times are no single moment."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from fitglue_registry.model.moments import clock_text, is_ambiguous, utc_text

MOMENT = datetime(2026, 6, 15, 12, 0, 0, 250_400, tzinfo=UTC)


def test_a_moment_is_as_exact_as_it_is_known():
    """A moment of a source is written with its own precision, up to microseconds."""
    assert utc_text(MOMENT) == "2026-06-15T12:00:00.250400Z"
    assert utc_text(MOMENT.replace(microsecond=0)) == "2026-06-15T12:00:00Z"


def test_a_moment_of_the_clock_has_milliseconds():
    """The texts of the host's own moments have the same length, so they sort like the moments."""
    assert clock_text(MOMENT) == "2026-06-15T12:00:00.250Z"
    assert clock_text(MOMENT.replace(microsecond=0)) == "2026-06-15T12:00:00.000Z"


@pytest.mark.parametrize(
    ("local", "ambiguous"),
    [
        ("2026-10-25T02:30", True),  # shown twice
        ("2026-03-29T02:30", True),  # left out
        ("2026-10-25T03:00", False),
        ("2026-03-29T01:59", False),
    ],
)
def test_a_local_time_in_the_hour_of_a_clock_change_is_ambiguous(local, ambiguous):
    """A local time that the clocks show twice or leave out is ambiguous, and no other one is."""
    time = datetime.fromisoformat(local)
    assert is_ambiguous(time, ZoneInfo("Europe/Berlin")) is ambiguous
    assert is_ambiguous(time.replace(fold=1), ZoneInfo("Europe/Berlin")) is ambiguous
    assert not is_ambiguous(time, UTC)
