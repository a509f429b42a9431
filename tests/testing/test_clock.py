"""Tests of the fake clock."""

from __future__ import annotations

from datetime import UTC, datetime

from fitglue_registry.testing import FakeClock

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_a_sleep_takes_no_time_and_makes_it_later():
    """A sleep moves the time of day and the monotonic time of the clock by its seconds."""
    clock = FakeClock(NOON)
    start = clock.monotonic()
    clock.sleep(90)
    assert clock.now() == datetime(2026, 5, 1, 12, 1, 30, tzinfo=UTC)
    assert clock.monotonic() - start == 90


def test_sleeps_are_listed():
    """The clock lists each sleep and has the sum of all."""
    clock = FakeClock()
    clock.sleep(1.5)
    clock.sleep(2)
    assert (clock.sleeps, clock.slept_s) == ([1.5, 2], 3.5)


def test_time_passes_when_the_clock_is_moved():
    """Moving the clock changes the time and lists no sleep."""
    clock = FakeClock(NOON)
    clock.move(days=1, hours=1, minutes=60, seconds=3)
    assert clock.now() == datetime(2026, 5, 2, 14, 0, 3, tzinfo=UTC)
    assert clock.sleeps == []


def test_a_clock_that_is_set_back_lets_no_time_pass():
    """Setting the clock back does not change its monotonic time."""
    clock = FakeClock(NOON)
    clock.move(hours=1)
    clock.move(hours=-1)
    assert (clock.now(), clock.monotonic()) == (NOON, 3600)
