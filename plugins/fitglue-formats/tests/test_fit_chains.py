"""FIT files that are chained in one file: they overlap, repeat each other, or contain settings."""

from __future__ import annotations

from fitglue_formats import activities
from fitglue_formats.testing import FitFile


def part(first: int, last: int, **of_session: int) -> FitFile:
    """Return a recording with one sample per second, a lap and a session."""
    made = FitFile().file_id()
    for second in range(first, last + 1):
        made.record(second)
    return made.lap(first, last - first).session(first, last - first, **of_session)


def lengths(workouts: list) -> list[tuple]:
    """Return for each workout its duration, its number of samples, and its number of laps."""
    return [
        (
            workout.elapsed_s,
            len(workout.streams[0].values) if workout.streams else 0,
            len(workout.laps),
        )
        for workout in workouts
    ]


def test_a_session_that_is_written_twice_is_one_workout():
    """A session and a lap that are written twice are one workout with one lap."""
    content = part(0, 100).lap(0, 100).session(0, 100).content()
    assert lengths(activities(content)) == [(100, 101, 1)]


def test_a_session_that_is_saved_on_the_way_gives_way_to_the_complete_one(fit):
    """Of two copies of a session, the longer one is the workout, in either order."""
    for durations in ((40, 100), (100, 40)):
        made = fit().file_id().record(0).record(100)
        for seconds in durations:
            made.session(0, seconds)
        assert lengths(activities(made.content())) == [(100, 2, 0)]


def test_a_file_that_is_chained_to_its_copy_is_one_workout():
    """A recording that is chained to its own copy has each sample once, which is reported."""
    content = part(0, 100).content()
    [activity] = workouts = activities(content + content)
    assert lengths(workouts) == [(100, 101, 1)]
    assert "101 of them" in activity.completeness.missing["repeated samples"]


def test_a_recording_that_continues_with_an_overlap_has_each_sample_once():
    """A first file without a session, whose last samples the second file repeats, is part of the
    session of the second one.
    """
    first = FitFile().file_id()
    for second in range(61):
        first.record(second)
    second_file = FitFile().file_id()
    for second in range(50, 101):
        second_file.record(second)
    content = first.content() + second_file.session(0, 100).content()
    [activity] = activities(content)
    assert list(activity.streams[0].values) == list(range(101))
    assert "11 of them" in activity.completeness.missing["repeated samples"]


def test_two_recordings_that_overlap_keep_their_own_samples():
    """Two chained recordings with sessions of their own that overlap in time each have their own
    samples and laps.
    """
    workouts = activities(part(0, 100).content() + part(50, 150, sport=1).content())
    assert lengths(workouts) == [(100, 101, 1), (100, 101, 1)]
    assert [(workout.sport, workout.leg_no) for workout in workouts] == [("Ride", 0), ("Run", 1)]


def test_chained_recordings_are_in_the_order_of_their_starts():
    """The legs of chained files are numbered in the order of time, not of the file."""
    workouts = activities(part(500, 600).content() + part(0, 50).content())
    assert [(workout.leg_no, workout.elapsed_s) for workout in workouts] == [(0, 50), (1, 100)]


def test_settings_in_front_of_an_activity_do_not_hide_it(fit):
    """An activity that is chained after settings is read."""
    content = fit().file_id(2).content() + part(0, 10).content()
    assert lengths(activities(content)) == [(10, 11, 1)]
