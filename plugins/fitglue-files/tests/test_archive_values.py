"""Tests of the numbers in the rows of archives: what is a value, and what means "not measured"."""

from __future__ import annotations

import pytest

from fitglue_files.archives import garmin_row, strava_row, trainingpeaks_table
from fitglue_formats.rows import combine
from fitglue_registry.model import SourceActivity

#: What programs write in the place of a value.
NOTHING = ["", "--", "-", "N/A", "n/a", "NaN", "null", "Infinity", "-1", "0:00"]


def of_strava(**cells: str) -> SourceActivity:
    start = {"start": "2026-05-03T06:00:00Z", "type": "Run"}
    return strava_row.activity_of("101", start | cells)


def of_trainingpeaks(**cells: str) -> SourceActivity:
    day = {"workoutday": "2026-05-03", "workouttype": "Run"}
    return trainingpeaks_table.activity_of("a" * 32, day | cells)


def of_garmin(**values: object) -> SourceActivity:
    start = {"beginTimestamp": 1_777_788_000_000, "activityType": "running"}
    return garmin_row.activity_of("111", start | values)


@pytest.mark.parametrize("nothing", NOTHING)
def test_a_text_in_place_of_a_value_is_no_value(nothing):
    """A text that is not a number, and a negative number, leave the field without a value."""
    strava = of_strava(distance_m=nothing, moving_s=nothing, average_heartrate_bpm=nothing)
    assert (strava.distance_m, strava.moving_s, strava.average_heartrate_bpm) == (None,) * 3
    peaks = of_trainingpeaks(distanceinmeters=nothing, heartrateaverage=nothing)
    assert (peaks.distance_m, peaks.average_heartrate_bpm) == (None, None)


@pytest.mark.parametrize("nothing", ["--", None, -1, "12", True, [], 1e300])
def test_a_summary_of_garmin_without_a_usable_number_has_no_value(nothing):
    """Anything but a possible number of a summary leaves the field without a value, and costs
    nothing else.
    """
    keys = ("distance", "avgHr", "avgRunCadence", "maxRunCadence", "avgPower", "calories")
    activity = of_garmin(duration=60_000.0, **dict.fromkeys(keys, nothing))
    assert (activity.distance_m, activity.average_heartrate_bpm) == (None, None)
    assert (activity.average_cadence_rpm, activity.average_watts) == (None, None)
    assert activity.elapsed_s == 60


@pytest.mark.parametrize(
    "activity",
    [
        of_strava(distance_m="0.0", calories_kcal="0", moving_s="0.0"),
        of_garmin(distance=0.0, calories=0.0, movingDuration=0.0),
    ],
    ids=["strava", "garmin"],
)
def test_a_zero_that_stands_alone_in_a_row_is_kept(activity):
    """A total of zero is kept if no file has another value, and gives way to a file that does."""
    assert (activity.distance_m, activity.calories_kcal, activity.moving_s) == (0, 0, 0)
    leg = SourceActivity(sport="Run", distance_m=1980.0, calories_kcal=150.0, moving_s=590.0)
    [joined] = combine(activity, [leg])
    assert (joined.distance_m, joined.calories_kcal, joined.moving_s) == (1980, 150, 590)


@pytest.mark.parametrize(
    "activity",
    [
        of_strava(average_heartrate_bpm="255", calories_kcal="65535"),
        of_garmin(avgHr=255.0, calories=65_535.0 * 4.19),
        of_trainingpeaks(heartrateaverage="255"),
    ],
    ids=["strava", "garmin", "trainingpeaks"],
)
def test_a_number_that_means_not_measured_is_left_out_of_a_row(activity):
    """The invalid values of FIT are not measurements, and the activity says what the source has."""
    assert (activity.average_heartrate_bpm, activity.calories_kcal) == (None, None)
    assert activity.completeness.missing["average_heartrate_bpm"] == (
        'the source says 255, which means "not measured"'
    )


def test_the_file_supplies_what_the_row_has_as_not_measured():
    """A heart rate of 255 in the row gives way to that of the file, and the provenance says why."""
    row = of_strava(average_heartrate_bpm="255")
    [joined] = combine(row, [SourceActivity(sport="Run", average_heartrate_bpm=140.0)])
    assert joined.average_heartrate_bpm == 140
    assert joined.completeness.missing == {}
    assert joined.provenance["average_heartrate_bpm"].note.startswith("from the file, because")


@pytest.mark.parametrize(
    "activity",
    [
        of_strava(distance_m="1980.0", moving_s="600"),
        of_garmin(distance=198_000.0, movingDuration=600_000.0),
        of_trainingpeaks(distanceinmeters="1980", timetotalinhours="0.1666667"),
    ],
    ids=["strava", "garmin", "trainingpeaks"],
)
def test_a_row_without_an_average_speed_gets_a_computed_one(activity):
    """If the archive states no average speed, it is the distance divided by the moving time."""
    assert activity.average_speed_mps == pytest.approx(3.3)
    assert activity.provenance["average_speed_mps"].how == "computed"


def test_an_average_speed_is_made_from_the_joined_distance_and_time():
    """If the distance is that of the row and the time that of the file, neither of the two average
    speeds belongs to them, and it is computed.
    """
    row = of_strava(distance_m="2500.0", elapsed_s="600", moving_s="600")
    leg = SourceActivity(
        sport="Run", distance_m=0.0, moving_s=500.0, elapsed_s=600.0, average_speed_mps=3.3
    )
    [joined] = combine(row, [leg])
    assert (joined.distance_m, joined.moving_s, joined.average_speed_mps) == (2500, 500, 5)
    assert joined.provenance["average_speed_mps"].how == "computed"


@pytest.mark.parametrize(("cadence", "per_leg"), [(85, True), (115, None), (174, False)])
def test_the_value_of_a_row_shows_whether_its_cadence_counts_one_leg(cadence, per_leg):
    """The cadence of a run counts the steps of one leg only if it can, in every archive."""
    rows = (
        of_strava(average_cadence_rpm=str(cadence)),
        of_garmin(avgRunCadence=cadence),
        of_trainingpeaks(cadenceaverage=str(cadence)),
    )
    assert [row.cadence_per_leg for row in rows] == [per_leg] * 3


@pytest.mark.parametrize(("hours", "offset_s"), [(14, 50_400), (15, None), (20, None)])
def test_an_offset_that_no_zone_has_is_in_doubt(hours, offset_s):
    """A local start of Garmin's archive that is 15 hours from UTC is left out, with the reason."""
    activity = of_garmin(startTimeLocal=1_777_788_000_000 + hours * 3_600_000)
    assert activity.utc_offset_s == offset_s
    assert ("start_local" in activity.completeness.missing) is (offset_s is None)
