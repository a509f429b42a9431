"""A few samples whose times are wrong: they are left out, and the others keep their times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fitglue_formats import activities
from fitglue_formats.fit.clock import EPOCH
from fitglue_formats.testing import GPX_HEAD, T0, FitFile

HOUR, DAY = 3600, 86_400
START = datetime(2026, 5, 3, 6, tzinfo=UTC)
FIT_START = EPOCH + timedelta(seconds=T0)
FIRST, LAST = range(1), range(599, 600)


def moments(wrong: range, by: int) -> list[str]:
    """Return the times of ten minutes, of which some are wrong."""
    seconds = [number + (by if number in wrong else 0) for number in range(600)]
    return [f"{START + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ}" for second in seconds]


def gpx(times: list[str]) -> bytes:
    """Return a GPX of points that go north in equal steps."""
    points = "".join(
        f'<trkpt lat="{47 + number / 40_000:.6f}" lon="11.0"><time>{time}</time></trkpt>'
        for number, time in enumerate(times)
    )
    return f"{GPX_HEAD}<trk><trkseg>{points}</trkseg></trk></gpx>".encode()


def tcx(times: list[str]) -> bytes:
    """Return a TCX of one lap with points that go north in equal steps."""
    points = "".join(
        f"<Trackpoint><Time>{time}</Time><Position><LatitudeDegrees>{47 + number / 40_000:.6f}"
        "</LatitudeDegrees><LongitudeDegrees>11.0</LongitudeDegrees></Position></Trackpoint>"
        for number, time in enumerate(times)
    )
    return (
        "<TrainingCenterDatabase><Activities><Activity Sport='Biking'>"
        f"<Id>{START:%Y-%m-%dT%H:%M:%SZ}</Id><Lap StartTime='{START:%Y-%m-%dT%H:%M:%SZ}'>"
        f"<TotalTimeSeconds>600</TotalTimeSeconds><Track>{points}</Track></Lap></Activity>"
        "</Activities></TrainingCenterDatabase>"
    ).encode()


@pytest.mark.parametrize("write", [gpx, tcx])
@pytest.mark.parametrize("by", [3 * HOUR, 2 * DAY, -3 * HOUR, -2 * DAY, 5 * HOUR + 17])
@pytest.mark.parametrize("wrong", [FIRST, LAST, range(597, 600), range(300, 301)])
def test_a_few_points_with_a_wrong_time_do_not_move_or_prolong_a_workout(write, by, wrong):
    """The start and the duration are those of nearly all points, and the others are counted."""
    [workout] = activities(write(moments(wrong, by)))
    assert START <= workout.start_utc <= START + timedelta(seconds=1)
    assert workout.elapsed_s in (596, 598, 599, 600)
    assert f"dropped {len(wrong)} of 600" in workout.completeness.missing["use of all points"]


def fit(wrong: range, by: int, *, session: bool = True) -> FitFile:
    """Return a ride of ten minutes in which some samples have a wrong time."""
    made = FitFile().file_id().timer(0, start=True)
    for second in range(601):
        time = second + (by if second in wrong else 0)
        made.record(second, {253: ("u4", T0 + time)})
    made.timer(600, start=False).lap(0, 600)
    if session:
        made.session(0, 600)
    return made.activity(600)


@pytest.mark.parametrize("session", [True, False])
@pytest.mark.parametrize("by", [3 * HOUR, 2 * DAY, -2 * DAY])
@pytest.mark.parametrize("wrong", [FIRST, range(600, 601), range(598, 601)])
def test_a_few_samples_of_a_fit_with_a_wrong_time_do_not_move_the_workout(wrong, by, session):
    """Start, duration and claim are those that all other evidence states."""
    [activity] = activities(fit(wrong, by, session=session).content())
    assert FIT_START <= activity.start_utc <= FIT_START + timedelta(seconds=1)
    assert activity.elapsed_s in (597, 599, 600)
    assert len(activity.streams[0].values) == 601 - len(wrong)
    assert activity.completeness.missing["stray samples"].startswith(f"{len(wrong)} of them")
    assert f"@{activity.start_utc:%Y-%m-%dT%H:%M:%SZ}" in activity.claims[1]


def test_a_single_sample_from_before_the_first_clock_was_set_is_left_out():
    """A sample from 1990 does not make a start by a clock that was set."""
    made = fit(FIRST, 1000 - T0)
    [activity] = activities(made.content())
    assert (activity.start_utc, "start_utc" in activity.provenance) == (FIT_START, False)


def test_a_clock_that_gps_sets_after_some_seconds_moves_what_came_before():
    """If the start is by the old clock and the end by the new one, few samples are enough."""
    made = FitFile().file_id()
    for second in range(1200):
        time = second - (20 * DAY if second < 5 else 0)
        made.record(second, {253: ("u4", T0 + time)})
    more = {2: ("u4", T0 - 20 * DAY), 253: ("u4", T0 + 1200)}
    [activity] = activities(made.session(0, 1200, more).activity(1200).content())
    assert (activity.start_utc, len(activity.streams[0].values)) == (FIT_START, 1200)


@pytest.mark.parametrize("by", [2 * HOUR, -2 * HOUR, 2 * DAY])
def test_the_end_laps_and_events_decide_which_clock_is_right(by):
    """If session, laps, events and the end are by the first clock, the samples after a jump are
    moved back to it.
    """
    [activity] = activities(fit(range(200, 601), by).content())
    assert (activity.start_utc, activity.elapsed_s) == (FIT_START, 600)
    assert list(activity.streams[0].values) == list(range(601))
    assert "its last 401 samples" in activity.completeness.missing["steady clock"]


def test_a_pause_that_the_session_contains_keeps_the_last_samples():
    """Samples after a pause of three hours belong to a session that lasts as long."""
    made = FitFile().file_id()
    for second in (*range(600), 3 * HOUR, 3 * HOUR + 1):
        made.record(second)
    more = {8: ("u4", 602_000)}
    [activity] = activities(made.session(0, 3 * HOUR + 1, more).content())
    assert (activity.elapsed_s, len(activity.streams[0].values)) == (3 * HOUR + 1, 602)


def test_a_clock_that_is_set_in_motion_is_recognized_without_a_session():
    """In a file without a session, samples that move on while the clock jumps show that it was
    set, and the start says so.
    """
    made = FitFile().file_id()
    for second in range(601):
        made.record(second, {253: ("u4", T0 + second - (2 * HOUR if second < 100 else 0))})
    [activity] = activities(made.content())
    assert (activity.start_utc, activity.elapsed_s) == (FIT_START, 600)
    assert "set its clock forward by 2 hours" in activity.provenance["start_utc"].note


def test_some_samples_in_the_middle_that_lie_outside_the_session_are_left_out():
    """Ten samples of ten minutes that are three hours late are not in the session."""
    [activity] = activities(fit(range(300, 310), 3 * HOUR).content())
    assert (activity.start_utc, activity.elapsed_s) == (FIT_START, 600)
    assert list(activity.completeness.missing) == ["stray samples"]


def test_some_points_at_the_end_of_a_gpx_are_in_doubt_if_they_move_on_hours_later():
    """Ten points that continue the motion after exactly three hours are kept, and the first ones
    are not moved.
    """
    [workout] = activities(gpx(moments(range(590, 600), 3 * HOUR)))
    assert workout.start_utc == START
    assert "may have been set" in workout.completeness.missing["steady clock"]


def test_a_few_points_that_were_left_out_leave_no_doubt_about_the_clock():
    """What is left out explains the jump."""
    [workout] = activities(gpx(moments(range(597, 600), 3 * HOUR)))
    assert list(workout.completeness.missing) == ["use of all points"]
