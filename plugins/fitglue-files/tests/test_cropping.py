"""Tests of crops: a workout whose beginning or end the athlete cut off at the service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from fitglue_formats.rows import combine
from fitglue_registry.model import (
    Column,
    Lap,
    Provenance,
    SourceActivity,
    Stream,
    TrainingLoad,
    apply_crop,
    is_cropped,
    problems,
    undo_crop,
)

START = datetime(2026, 5, 3, 6, tzinfo=UTC)


def recorded(**values) -> SourceActivity:
    """Return the workout of a file: ten minutes with a sample every ten seconds."""
    times = range(0, 601, 10)
    streams = {
        "time": [float(time) for time in times],
        "distance": [3.3 * time for time in times],
        "heartrate": [120.0 if time < 300 else 140.0 for time in times],
    }
    defaults = {
        "sport": "Run",
        "start_utc": START,
        "start_local": datetime.fromisoformat("2026-05-03T08:00:00"),
        "utc_offset_s": 7200,
        "elapsed_s": 600.0,
        "moving_s": 600.0,
        "distance_m": 1980.0,
        "calories_kcal": 150.0,
        "average_heartrate_bpm": 130.0,
        "training_loads": (TrainingLoad(30.0),),
        "laps": tuple(Lap(start_s=200.0 * lap, elapsed_s=200.0) for lap in range(3)),
        "streams": tuple(Stream(name, Column.of(values)) for name, values in streams.items()),
    }
    return SourceActivity(**(defaults | values))


def row(start_s: float, elapsed_s: float, distance_m: float) -> SourceActivity:
    """Return the row of a workout that begins this many seconds after its file."""
    return SourceActivity(
        sport="Run",
        start_utc=START + timedelta(seconds=start_s),
        elapsed_s=elapsed_s,
        distance_m=distance_m,
    )


def joined(row: SourceActivity, leg: SourceActivity) -> SourceActivity:
    """Return the workout of a row and its file, which must be valid."""
    [activity] = combine(row, [leg])
    assert problems(activity) == []
    return activity


def samples(activity: SourceActivity, kind: str) -> list:
    [stream] = [stream for stream in activity.streams if stream.type == kind]
    return stream.values.to_list()


def test_a_crop_at_both_ends_cuts_times_totals_streams_and_laps():
    """A cropped workout has the start, the time and the distance of the service. Its streams and
    laps are those that are left, and every value of the complete file is computed again or absent.
    """
    activity = apply_crop(joined(row(150, 300, 990.0), recorded()))
    assert (activity.start_utc, activity.start_local) == (
        START + timedelta(seconds=150),
        datetime.fromisoformat("2026-05-03T08:02:30"),
    )
    assert (activity.elapsed_s, activity.distance_m) == (300, 990)
    assert (activity.calories_kcal, activity.moving_s, activity.training_loads) == (None, None, ())
    assert activity.average_heartrate_bpm == pytest.approx(130, abs=1)
    assert (samples(activity, "time")[0], samples(activity, "time")[-1]) == (0, 300)
    assert samples(activity, "distance")[-1] == pytest.approx(990)
    assert [(lap.start_s, lap.elapsed_s) for lap in activity.laps] == [(50, 200)]
    assert is_cropped(activity)


def test_what_the_samples_show_is_computed_for_what_is_left():
    """Altitudes, ascent and highest speed of a cropped track are those of its samples that are
    left, and marked as computed.
    """
    times = range(0, 601, 10)
    streams = {
        "time": [float(time) for time in times],
        "latlng": [[47 + time * 3e-5, 8.5] for time in times],
        "altitude": [400 + time / 10 for time in times],
    }
    by_rule = ("elevation_gain_m", "max_speed_mps")
    leg = recorded(
        streams=tuple(Stream(name, Column.from_list(values)) for name, values in streams.items()),
        max_altitude_m=460.0,
        min_altitude_m=400.0,
        average_altitude_m=430.0,
        elevation_gain_m=60.0,
        elevation_loss_m=0.0,
        max_speed_mps=9.9,
        provenance=dict.fromkeys(by_rule, Provenance("computed", note="from the points")),
    )
    activity = apply_crop(joined(row(150, 300, 990.0), leg))
    altitudes = (activity.min_altitude_m, activity.average_altitude_m, activity.max_altitude_m)
    assert altitudes == (415, 430, 445)
    assert activity.elevation_gain_m == pytest.approx(30, abs=1)
    assert activity.max_speed_mps == pytest.approx(3.5, abs=0.2)
    assert activity.provenance["elevation_gain_m"].note == "from the samples that are left"
    # This one was stated by the device, so nothing of it holds for the rest.
    assert activity.elevation_loss_m is None


def test_the_highest_speed_of_what_is_left_is_that_of_its_samples():
    """A device's samples of the speed show how fast the rest was."""
    times = [float(time) for time in range(0, 601, 10)]
    speeds = [9.0 if time < 100 else 4.0 for time in times]
    streams = (Stream("time", Column.of(times)), Stream("velocity", Column.of(speeds)))
    leg = recorded(streams=streams, max_speed_mps=9.0)
    assert apply_crop(joined(row(150, 300, 990.0), leg)).max_speed_mps == 4


def test_the_provenance_says_what_the_file_has():
    """The time and the distance of a cropped workout say that it was cropped, and what was there
    before. What was computed says so.
    """
    provenance = apply_crop(joined(row(300, 300, 990.0), recorded())).provenance
    assert provenance["elapsed_s"].note == "cropped at the service; the file has 600 s"
    assert provenance["distance_m"].note == "cropped at the service; the file has 1,980 m"
    assert provenance["average_heartrate_bpm"].how == "computed"


def test_a_cropped_workout_keeps_what_its_file_has():
    """Without the crop, the workout is the file with the title of the row. What the row says about
    its own part of the recording is left out.
    """
    cropped = msgspec.structs.replace(
        row(150, 300, 990.0), title="Lake", calories_kcal=80.0, metrics={"relative_effort": 9.0}
    )
    whole = undo_crop(joined(cropped, recorded(calories_kcal=None)))
    in_full = SourceActivity(sport="Run", start_utc=START, title="Lake")
    assert whole == joined(in_full, recorded(calories_kcal=None))
    assert (whole.elapsed_s, whole.calories_kcal, whole.metrics) == (600, None, {})


def test_the_indices_of_laps_point_into_the_samples_that_are_left():
    """The first lap that is left begins at the sample with its time."""
    laps = (Lap(start_s=200.0, elapsed_s=200.0, start_index=20, end_index=40),)
    activity = apply_crop(joined(row(150, 300, 990.0), recorded(laps=laps)))
    [lap] = activity.laps
    assert samples(activity, "time")[lap.start_index] == lap.start_s
    assert samples(activity, "time")[lap.end_index] == lap.start_s + lap.elapsed_s


@pytest.mark.parametrize(
    ("start_s", "elapsed_s", "distance_m"),
    [
        (59, 541, 1500.0),  # less than a minute
        (0, 500, 1975.0),  # a stop before the end has no distance
        (-120, 500, 1500.0),  # it begins before the file
        (300, 400, 1200.0),  # it ends after the file
    ],
)
def test_what_is_not_a_crop_keeps_the_file(start_s, elapsed_s, distance_m):
    """A row is a crop only if it lies inside its file and is shorter in time and in distance."""
    activity = joined(row(start_s, elapsed_s, distance_m), recorded())
    assert (activity.elapsed_s, len(activity.laps), is_cropped(activity)) == (600, 3, False)


def test_a_row_without_a_start_is_not_a_crop():
    """Nothing is cut without a start that is known to the second."""
    without = SourceActivity(sport="Run", elapsed_s=300.0, distance_m=990.0)
    assert not is_cropped(joined(without, recorded()))


@pytest.mark.parametrize(
    ("start", "local", "offset_s"),
    [
        ("2026-10-25T00:55:00+00:00", "2026-10-25T02:00:00", 3600),  # winter time at 01:00 UTC
        ("2026-03-29T00:55:00+00:00", "2026-03-29T03:00:00", 7200),  # summer time at 01:00 UTC
    ],
)
def test_a_crop_across_a_change_of_the_clocks_has_the_offset_of_its_start(start, local, offset_s):
    """If the clocks changed in what was cut off, the rest has the offset of its own start."""
    start_utc = datetime.fromisoformat(start)
    before_s = 10_800 - offset_s
    leg = recorded(
        start_utc=start_utc,
        start_local=(start_utc + timedelta(seconds=before_s)).replace(tzinfo=None),
        utc_offset_s=before_s,
        timezone="Europe/Zurich",
    )
    later = start_utc + timedelta(seconds=300)
    kept = SourceActivity(sport="Run", start_utc=later, elapsed_s=300.0, distance_m=990.0)
    activity = apply_crop(joined(kept, leg))
    assert (activity.start_local, activity.utc_offset_s, activity.timezone) == (
        datetime.fromisoformat(local),
        offset_s,
        "Europe/Zurich",
    )
