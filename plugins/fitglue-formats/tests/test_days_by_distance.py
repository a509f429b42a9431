"""Recorders that write a point every few meters: a stop or a night is no clock that was set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import cycle, islice

import pytest

from fitglue_formats import activities
from fitglue_formats.testing import GPX_HEAD

START = datetime(2026, 5, 3, 6, tzinfo=UTC)
HOUR, DAY = 3600, 86_400
#: The seconds that an athlete needs for 10 m, up and down hills.
BY_DISTANCE = (6, 7, 8, 9, 7, 12)
BY_TIME = (5,)


def seconds(stop_s: float, intervals: tuple[int, ...], count: int = 120) -> list[float]:
    """Return the times of points, with a stop in the middle."""
    times = [0.0]
    for number, interval in enumerate(islice(cycle(intervals), count - 1), 1):
        times.append(times[-1] + interval + (stop_s if number == count // 2 else 0))
    return times


def gpx(times: list[float]) -> bytes:
    """Return a GPX with a point every 10 m to the north."""
    points = "".join(
        f'<trkpt lat="{47 + number * 9e-5:.6f}" lon="11.0">'
        f"<time>{START + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ}</time></trkpt>"
        for number, second in enumerate(times)
    )
    return f"{GPX_HEAD}<trk><trkseg>{points}</trkseg></trk></gpx>".encode()


def tcx(times: list[float]) -> bytes:
    """Return a TCX of one lap with a point every 10 m to the north."""
    moments = [f"{START + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ}" for second in times]
    points = "".join(
        f"<Trackpoint><Time>{time}</Time><Position><LatitudeDegrees>{47 + number * 9e-5:.6f}"
        "</LatitudeDegrees><LongitudeDegrees>11.0</LongitudeDegrees></Position></Trackpoint>"
        for number, time in enumerate(moments)
    )
    return (
        f"<TrainingCenterDatabase><Activities><Activity Sport='Biking'><Id>{moments[0]}</Id>"
        f"<Lap StartTime='{moments[0]}'><TotalTimeSeconds>{times[-1]:.0f}</TotalTimeSeconds>"
        f"<Track>{points}</Track></Lap></Activity></Activities></TrainingCenterDatabase>"
    ).encode()


@pytest.mark.parametrize("night_s", [14 * HOUR + 803, 24 * HOUR, 12 * HOUR])
def test_two_days_with_a_point_every_ten_meters_are_two_workouts(night_s):
    """The first day keeps its times, whatever the length of the night."""
    first, second = activities(gpx(seconds(night_s, BY_DISTANCE)))
    assert (first.start_utc, first.elapsed_s) == (START, 478)
    assert second.start_utc > START + timedelta(hours=12)


@pytest.mark.parametrize("stop_s", [7 * HOUR + 780, 2 * HOUR, 45 * 60])
def test_a_stop_with_a_point_every_ten_meters_moves_nothing(stop_s):
    """The points before a stop keep their times."""
    workout = activities(gpx(seconds(stop_s, BY_DISTANCE)))[0]
    assert workout.start_utc == START
    assert "steady clock" not in workout.completeness.missing


def test_a_tcx_with_a_point_every_ten_meters_keeps_its_start():
    """A stop of two hours in a TCX is a part of its duration."""
    [workout] = activities(tcx(seconds(2 * HOUR, BY_DISTANCE)))
    assert (workout.start_utc, workout.elapsed_s > 2 * HOUR) == (START, True)


def test_a_stop_of_seven_hours_with_a_point_every_five_seconds_is_in_doubt():
    """A jump that no clock makes is a stop, and it is said that the points move on."""
    workout = activities(gpx(seconds(7 * HOUR + 780, BY_TIME)))[0]
    assert workout.start_utc == START
    assert "may have been set" in workout.completeness.missing["steady clock"]


@pytest.mark.parametrize("jump_s", [2 * HOUR, 10 * DAY + 12_345])
def test_a_jump_that_is_no_stop_is_a_clock_that_was_set(jump_s):
    """Points every five seconds that move on while the clock jumps by two hours or ten days are one
    workout.
    """
    [workout] = activities(gpx(seconds(jump_s, BY_TIME)))
    assert workout.start_utc == START + timedelta(seconds=jump_s)


def on_days(*counts: int) -> list[float]:
    """Return the times of points on consecutive days, with so many points on each of them."""
    times = []
    for day, count in enumerate(counts):
        times += [day * DAY + second for second in seconds(0, BY_DISTANCE, count)]
    return times


@pytest.mark.parametrize("write", [gpx, tcx])
def test_a_point_on_its_own_is_not_a_day(write):
    """Two days with a recording and a third one with a single point are two workouts."""
    workouts = activities(write(on_days(60, 60, 1)))
    assert [len(workout.streams[0].values) for workout in workouts] == [60, 60]


@pytest.mark.parametrize("write", [gpx, tcx])
def test_a_tracker_with_one_point_on_most_days_has_one_workout(write):
    """If most of the days have a single point, all points are one workout."""
    [workout] = activities(write(on_days(6, 6, 1, 1, 1, 1, 1)))
    assert (len(workout.streams[0].values), workout.elapsed_s) == (17, 6 * DAY)
