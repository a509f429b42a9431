"""Moments are written in one text form."""

from __future__ import annotations

from datetime import UTC, datetime

from fitglue_registry.model.moments import clock_text, utc_text

MOMENT = datetime(2026, 6, 15, 12, 0, 0, 250_400, tzinfo=UTC)


def test_a_moment_is_as_exact_as_it_is_known():
    """A moment of a source is written with its own precision, up to microseconds."""
    assert utc_text(MOMENT) == "2026-06-15T12:00:00.250400Z"
    assert utc_text(MOMENT.replace(microsecond=0)) == "2026-06-15T12:00:00Z"


def test_a_moment_of_the_clock_has_milliseconds():
    """The texts of the host's own moments have the same length, so they sort like the moments."""
    assert clock_text(MOMENT) == "2026-06-15T12:00:00.250Z"
    assert clock_text(MOMENT.replace(microsecond=0)) == "2026-06-15T12:00:00.000Z"
