"""The fake clock moves only when it is told to."""

from __future__ import annotations

from datetime import UTC, datetime

from fitglue_registry.testing import FakeClock

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_a_sleep_takes_no_time_and_makes_it_later():
    """Both the moment and the seconds that have passed move by what was slept."""
    clock = FakeClock(NOON)
    begun = clock.monotonic()
    clock.sleep(90)
    assert clock.now() == datetime(2026, 5, 1, 12, 1, 30, tzinfo=UTC)
    assert clock.monotonic() - begun == 90


def test_sleeps_are_listed():
    """Each sleep is kept, and their sum."""
    clock = FakeClock()
    clock.sleep(1.5)
    clock.sleep(2)
    assert (clock.sleeps, clock.slept_s) == ([1.5, 2], 3.5)


def test_time_passes_when_the_clock_is_moved():
    """Nobody has slept then."""
    clock = FakeClock(NOON)
    clock.move(days=1, hours=2, seconds=3)
    assert clock.now() == datetime(2026, 5, 2, 14, 0, 3, tzinfo=UTC)
    assert clock.sleeps == []


def test_a_clock_that_is_set_back_lets_no_time_pass():
    """The seconds that have passed never go back."""
    clock = FakeClock(NOON)
    clock.move(hours=1)
    clock.move(hours=-1)
    assert (clock.now(), clock.monotonic()) == (NOON, 3600)
