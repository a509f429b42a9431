"""FIT files whose figures contradict each other: they are corrected and marked, or reported."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fitglue_formats import activities
from fitglue_formats.fit.clock import EPOCH
from fitglue_formats.testing import T0, FitFile

START = EPOCH + timedelta(seconds=T0)


def clock_set_by(forward_s: int, *, elapsed_s: int = 300) -> FitFile:
    """Return a ride of five minutes whose clock was set after one minute.

    Its session, first lap and first samples have the times of the old clock.
    """
    made = FitFile().file_id().timer(-forward_s, start=True)
    for second in range(300):
        time = second if second >= 60 else second - forward_s
        made.write(20, {253: ("u4", T0 + time), 3: ("u1", 140), 5: ("u4", second * 300)})
    made.timer(300, start=False)
    lap = {2: ("u4", T0 - forward_s)}
    made.lap(0, 100, lap | {253: ("u4", T0 + 100)}).lap(100, 200)
    more = {253: ("u4", T0 + 300), 2: ("u4", T0 - forward_s), 7: ("u4", elapsed_s * 1000)}
    return made.session(0, 300, more).activity(300)


@pytest.mark.shared
def test_the_reported_run_starts_by_the_clock_that_was_set(shared_reports):
    """The reported run starts at 08:00, its samples cover ten minutes, and the start is marked."""
    folder = shared_reports / "03-fit-clock-set-while-recording"
    [activity] = activities((folder / "f06-clock-set-while-recording.fit").read_bytes())
    assert activity.start_utc == datetime(2024, 6, 1, 8, tzinfo=UTC)
    assert list(activity.streams[0].values) == list(range(600))
    assert "set its clock" in activity.provenance["start_utc"].note
    assert (activity.laps[0].start_s, activity.laps[0].end_index) == (0, 600)


@pytest.mark.parametrize(
    ("forward_s", "words"),
    [
        (3600, "forward by 1 hour"),
        (1_728_000, "forward by 20 days"),
        (-7200, "back by 2 hours"),
        (600_000_000, "forward by"),
    ],
)
def test_a_clock_that_was_set_moves_what_came_before(forward_s, words):
    """Start, samples, laps and events before the clock was set are moved to the new clock, and the
    start says so.
    """
    [activity] = activities(clock_set_by(forward_s).content())
    assert (activity.start_utc, activity.elapsed_s, activity.recording_s) == (START, 300, 300)
    assert list(activity.streams[0].values) == list(range(300))
    assert [(lap.start_s, lap.start_index) for lap in activity.laps] == [(0, 0), (100, 100)]
    assert f"set its clock {words}" in activity.provenance["start_utc"].note
    assert list(activity.completeness.missing) == ["steady clock"]


def test_a_pause_of_a_night_does_not_move_the_start(fit):
    """A recording that was paused overnight keeps its start and its elapsed time."""
    night = 40_000
    made = fit().file_id().timer(0, start=True)
    for second in (*range(50), *range(night, night + 50)):
        made.write(20, {253: ("u4", T0 + second), 3: ("u1", 140)})
    more = {8: ("u4", 100_000)}
    [activity] = activities(made.session(0, night + 50, more).content())
    assert (activity.start_utc, activity.elapsed_s) == (START, night + 50)
    assert "start_utc" not in activity.provenance


def test_a_start_and_an_end_that_contradict_each_other_are_reported(fit):
    """Without samples, a start that is days before the end is kept and reported."""
    made = fit().file_id().session(0, 600, {253: ("u4", T0 + 1_728_600)})
    [activity] = activities(made.content())
    assert activity.start_utc == START
    assert "consistent start and end" in activity.completeness.missing


def test_a_timer_that_ran_longer_than_the_recording_is_corrected(fit):
    """A time without pauses that exceeds the elapsed time is cut to it if the samples confirm it,
    and the provenance has the stated value.
    """
    made = fit().file_id()
    for second in range(101):
        made.record(second)
    [activity] = activities(made.session(0, 100, {8: ("u4", 190_000)}).content())
    assert (activity.elapsed_s, activity.moving_s) == (100, 100)
    assert "190 s" in activity.provenance["moving_s"].note


def test_laps_that_do_not_add_up_are_reported(fit):
    """Laps that add up to another duration and distance than the session are reported."""
    made = fit().file_id().lap(0, 500, {9: ("u4", 900_000)}).session(0, 100)
    [activity] = activities(made.content())
    assert {"consistent laps", "consistent distances of laps"} <= set(activity.completeness.missing)


def test_a_start_by_the_new_clock_stays_and_its_samples_are_moved():
    """If the session states its start by the new clock, only the samples before are moved."""
    made = FitFile().file_id()
    for second in range(300):
        time = second if second >= 60 else second - 90_000
        made.write(20, {253: ("u4", T0 + time), 3: ("u1", 140)})
    [activity] = activities(made.session(0, 300).content())
    assert activity.start_utc == START
    assert list(activity.streams[0].values) == list(range(300))


def test_a_highest_heart_rate_below_the_average_is_in_doubt():
    """A session whose highest heart rate is below its average keeps both, and reports it."""
    made = FitFile().file_id().record(0).record(10)
    [activity] = activities(made.session(0, 10, {16: ("u1", 150), 17: ("u1", 120)}).content())
    assert (activity.average_heartrate_bpm, activity.max_heartrate_bpm) == (150, 120)
    assert activity.completeness.missing["consistent heart rates"] == (
        "the highest is 120 and the average is 150, so one of them is wrong"
    )


def test_an_invalid_number_of_a_wider_type_is_absent():
    """A program that copies a speed of 65.535 m/s into the wider field passes on no speed."""
    made = FitFile().file_id().record(0).record(10)
    [activity] = activities(made.session(0, 10, {125: ("u4", 65_535)}).content())
    assert activity.max_speed_mps is None
    assert 'means "not measured"' in activity.completeness.missing["max_speed_mps"]
