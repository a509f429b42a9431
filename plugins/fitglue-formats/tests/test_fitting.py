"""Tests of which workout of a file belongs to a row of a service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fitglue_formats.rows import legs_of_rows, why_other_workout
from fitglue_registry.model import SourceActivity

START = datetime(2026, 11, 15, 7, tzinfo=UTC)
MINUTE = 60
HOUR = 3600


def workout(after_s=0, lasts_s=HOUR, leg_no=0):
    """Return a workout that begins some seconds after the first one."""
    return SourceActivity(
        sport="Run",
        start_utc=START + timedelta(seconds=after_s),
        elapsed_s=lasts_s,
        leg_no=leg_no,
    )


@pytest.mark.parametrize("after_s", [-2 * MINUTE, 0, 2 * MINUTE, HOUR - 1])
def test_a_row_that_begins_with_its_file_or_within_it_may_be_its_own(after_s):
    """A file is that of a row that begins at the same time, or that was cropped at its start."""
    assert why_other_workout(workout(after_s, MINUTE), [workout()]) is None


@pytest.mark.parametrize("after_s", [-3 * 24 * HOUR, -8 * HOUR, -3 * MINUTE, HOUR, 8 * HOUR])
def test_a_file_of_another_time_is_of_another_workout(after_s):
    """A file that began at another time is not that of the row, be it minutes or days."""
    why = why_other_workout(workout(after_s), [workout()])
    assert why == "the file is of another workout, which began at 2026-11-15 07:00 UTC"


def test_a_file_with_an_unset_clock_does_not_fit():
    """A file whose clock was never set cannot be compared with the row."""
    old = SourceActivity(start_utc=datetime(1990, 1, 1, tzinfo=UTC), elapsed_s=HOUR)
    assert "1990-01-01" in why_other_workout(workout(), [old])


@pytest.mark.parametrize(("local", "fits"), [("2026-11-15T21:00", True), ("2026-11-17", False)])
def test_a_local_start_is_compared_with_every_offset_that_exists(local, fits):
    """A row that has only a local start may be that of a file of the same day."""
    row = SourceActivity(start_local=datetime.fromisoformat(local))
    assert (why_other_workout(row, [workout()]) is None) == fits


def test_a_file_without_a_start_is_not_refused():
    """Nothing speaks against a file that states no start, such as a track without times."""
    assert why_other_workout(workout(), [SourceActivity(distance_m=5000.0)]) is None


def test_a_short_leg_leaves_the_recording_of_its_neighbor():
    """A transition whose session is missing does not get that of the ride after it."""
    rows = {0: workout(0, 1500), 1: workout(1500, 60), 2: workout(1560, HOUR)}
    sessions = [workout(0, 1500), workout(1560, HOUR, leg_no=1)]
    found = legs_of_rows(rows, sessions, by_order=False)
    assert found == {0: sessions[0], 2: sessions[1]}


def test_the_nearest_starts_are_paired_first():
    """Of two short legs, each gets its own session, although both lie within the tolerance."""
    rows = {0: workout(0, 60), 1: workout(60, 62)}
    session = workout(61, 61)
    assert legs_of_rows(rows, [session], by_order=False) == {1: session}


def test_a_leg_without_a_start_takes_the_session_of_its_number():
    """The order decides about a leg without a start, if it is as long as the session."""
    rows = {0: workout(0, 1500), 1: SourceActivity(elapsed_s=600), 2: SourceActivity(elapsed_s=10)}
    sessions = [workout(0, 1500), workout(1500, 605, 1), workout(2105, HOUR, 2)]
    found = legs_of_rows(rows, sessions, by_order=True)
    assert found == {0: sessions[0], 1: sessions[1]}


def test_a_leg_may_state_its_duration_without_pauses():
    """A row that states only the time without pauses gets the session with that time."""
    paused = SourceActivity(start_utc=START, elapsed_s=HOUR, moving_s=1800.0)
    assert legs_of_rows({0: workout(0, 1800)}, [paused], by_order=False) == {0: paused}
