"""A clock that is set forward during the recording, in formats without events of the timer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fitglue_formats import activities
from fitglue_formats.testing import GPX_HEAD

START = datetime(2026, 5, 3, 6, tzinfo=UTC)
HOUR, DAY = 3600, 86_400


def moments(jump_s: float, at: int = 20, count: int = 60, start: datetime = START) -> list[str]:
    """Return the times of points every 5 seconds, with a jump before one of them."""
    seconds = [5 * number + (jump_s if number >= at else 0) for number in range(count)]
    return [f"{start + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ}" for second in seconds]


def gpx(times: list[str], latitudes: list[float] | None = None, segment_at: int = -1) -> bytes:
    """Return a GPX of points that go north in equal steps, or that have these latitudes."""
    points = []
    for number, time in enumerate(times):
        latitude = latitudes[number] if latitudes else 47 + number / 10_000
        border = "</trkseg><trkseg>" if number == segment_at else ""
        points.append(f'{border}<trkpt lat="{latitude:.6f}" lon="11.0"><time>{time}</time></trkpt>')
    return f"{GPX_HEAD}<trk><trkseg>{''.join(points)}</trkseg></trk></gpx>".encode()


def tcx(times: list[str]) -> bytes:
    """Return a TCX of one lap with points that go north in equal steps."""
    points = "".join(
        f"<Trackpoint><Time>{time}</Time><Position><LatitudeDegrees>{47 + number / 10_000:.6f}"
        "</LatitudeDegrees><LongitudeDegrees>11.0</LongitudeDegrees></Position></Trackpoint>"
        for number, time in enumerate(times)
    )
    return (
        "<TrainingCenterDatabase><Activities><Activity Sport='Biking'>"
        f"<Id>{times[0]}</Id><Lap StartTime='{times[0]}'><TotalTimeSeconds>300</TotalTimeSeconds>"
        f"<DistanceMeters>656</DistanceMeters><Track>{points}</Track></Lap></Activity></Activities>"
        "</TrainingCenterDatabase>"
    ).encode()


@pytest.mark.parametrize("jump_s", [3 * DAY, 20 * 365 * DAY, 7 * HOUR, HOUR, 45 * 60])
def test_a_gpx_in_motion_whose_times_jump_is_one_workout_by_the_later_clock(jump_s):
    """Points that move on as before while the clock jumps are one workout, by the later clock."""
    start = START - timedelta(seconds=jump_s)
    [workout] = activities(gpx(moments(jump_s, start=start)))
    assert (workout.start_utc, workout.elapsed_s) == (START, 295)
    assert "set forward" in workout.provenance["start_utc"].note
    assert "set forward" in workout.completeness.missing["steady clock"]


def test_the_points_of_a_clock_that_was_never_set_are_kept_if_it_is_set_later():
    """Points from 1990 are moved to the time at which the receiver set the clock."""
    dead = datetime(1990, 1, 1, tzinfo=UTC)
    [workout] = activities(gpx(moments((START - dead).total_seconds(), start=dead)))
    assert (workout.start_utc, len(workout.streams[0].values)) == (START, 60)


@pytest.mark.parametrize("jump_s", [3 * DAY, HOUR])
def test_a_tcx_whose_times_jump_has_the_duration_of_its_laps(jump_s):
    """The elapsed time of a TCX does not contain the jump, and its lap moves with the points."""
    start = START - timedelta(seconds=jump_s)
    [workout] = activities(tcx(moments(jump_s, start=start)))
    assert (workout.start_utc, workout.elapsed_s, workout.moving_s) == (START, 300, 300)
    assert workout.laps[0].start_s == 0


def test_a_night_at_a_camp_divides_two_days():
    """An athlete who stops before the jump, and goes on elsewhere, has two days."""
    latitudes = [47 + min(number, 17) / 10_000 for number in range(20)]
    latitudes += [47.0018 + number / 10_000 for number in range(40)]
    assert len(activities(gpx(moments(14 * HOUR), latitudes))) == 2


def test_a_segment_that_begins_after_the_jump_is_another_day():
    """A file that divides its points where they jump says that they are two recordings."""
    assert len(activities(gpx(moments(3 * DAY), segment_at=20))) == 2


def test_a_pause_for_coffee_is_not_a_clock_that_was_set():
    """A jump of 37 minutes is an ordinary pause, because no clock is set by that much."""
    [workout] = activities(gpx(moments(37 * 60)))
    assert (workout.start_utc, workout.elapsed_s) == (START, 295 + 37 * 60)
    assert "steady clock" not in workout.completeness.missing
