"""A duration that contradicts the samples: which evidence decides, and what is said about it."""

from __future__ import annotations

import pytest

from fitglue_formats import activities
from fitglue_formats.consistency import LapTotals, Recording, check
from fitglue_formats.testing import FitFile


def recorded(seconds: int, samples: range, session: dict | None = None) -> FitFile:
    """Return a workout with these samples."""
    made = FitFile().file_id()
    for second in samples:
        made.record(second)
    return made.lap(0, seconds).session(0, seconds, session).activity(seconds)


@pytest.mark.parametrize(("seconds", "last"), [(1800, 1), (3600, 3)])
def test_a_few_seconds_of_samples_do_not_change_the_unit_of_a_duration(seconds, last):
    """A strength session of half an hour with two samples keeps its duration, and the difference
    is reported.
    """
    [activity] = activities(recorded(seconds, range(0, last + 1, last)).content())
    assert (activity.elapsed_s, activity.moving_s) == (seconds, seconds)
    assert f"samples cover {last} s" in activity.completeness.missing["consistent samples"]


def test_a_recording_of_one_second_stays_one_second():
    """The shortest recording is no recording in milliseconds."""
    [activity] = activities(recorded(1, range(2)).content())
    assert activity.elapsed_s == 1


def test_a_tcx_lap_with_two_points_keeps_its_duration():
    """A lap of half an hour whose points cover one second keeps its duration."""
    times = ("2026-05-03T06:00:00Z", "2026-05-03T06:00:01Z")
    points = "".join(f"<Trackpoint><Time>{time}</Time></Trackpoint>" for time in times)
    text = (
        f"<TrainingCenterDatabase><Activities><Activity Sport='Other'><Id>{times[0]}</Id>"
        f"<Lap StartTime='{times[0]}'><TotalTimeSeconds>1800</TotalTimeSeconds>"
        f"<Track>{points}</Track></Lap></Activity></Activities></TrainingCenterDatabase>"
    )
    [activity] = activities(text.encode())
    assert activity.elapsed_s == 1800
    assert "samples cover 1 s" in activity.completeness.missing["consistent samples"]


def test_durations_in_milliseconds_are_recognized_by_minutes_of_samples():
    """A duration that is a thousand times the time of many samples is in milliseconds."""
    stated = Recording(0, elapsed_s=600_000, moving_s=580_000, first=0, last=599)
    corrected = check(stated).corrected
    assert (corrected["elapsed_s"].value, corrected["moving_s"].value) == (600, 580)


@pytest.mark.parametrize(
    "witness", [{"end": 600_000.0}, {"laps": (LapTotals(0), LapTotals(300_000))}]
)
def test_an_end_or_a_lap_that_confirms_a_duration_keeps_its_unit(witness):
    """A recording of a week with ten minutes of samples is in seconds if its end says so."""
    stated = Recording(0, elapsed_s=600_000, first=0, last=599, **witness)
    assert check(stated).corrected == {}


def test_an_elapsed_time_that_all_other_evidence_contradicts_is_corrected():
    """If end, samples, laps and timer agree on ten minutes, a million seconds are wrong."""
    made = recorded(600, range(601), {7: ("u4", 1_000_000_000)})
    [activity] = activities(made.content())
    assert (activity.elapsed_s, dict(activity.completeness.missing)) == (600, {})
    assert "states 1000000 s" in activity.provenance["elapsed_s"].note


def test_an_elapsed_time_that_is_too_short_is_corrected():
    """If end, samples, laps and timer agree on ten minutes, one minute is wrong as well."""
    [activity] = activities(recorded(600, range(601), {7: ("u4", 60_000)}).content())
    assert activity.elapsed_s == 600


def test_a_lap_that_confirms_an_elapsed_time_keeps_it():
    """Two parties of witnesses decide nothing: the stated time is kept and reported."""
    laps = (LapTotals(0, 5000),)
    findings = check(Recording(0, end=600, elapsed_s=5000, first=0, last=600, laps=laps))
    assert (findings.corrected, "consistent samples" in findings.doubts) == ({}, True)


def test_a_distance_that_begins_anew_covers_what_was_added():
    """The samples of a device that counts from 0 again cover both parts, so nothing is in doubt."""
    made = FitFile().file_id()
    for second in range(601):
        made.record(second, {5: ("u4", (second % 301) * 300)})
    [activity] = activities(made.session(0, 600).content())
    assert "consistent distance" not in activity.completeness.missing


def test_a_distance_that_continues_an_earlier_file_is_counted_from_its_first_sample():
    """Samples from 900 m to 2700 m cover the stated 1800 m."""
    made = FitFile().file_id()
    for second in range(300, 901):
        made.record(second)
    [activity] = activities(made.session(300, 600).content())
    assert (activity.distance_m, dict(activity.completeness.missing)) == (1800, {})


def test_a_doubt_states_what_the_samples_cover():
    """The distance in a doubt is that between the first and the last sample."""
    made = FitFile().file_id()
    for second in range(300, 901):
        made.record(second)
    [activity] = activities(made.session(300, 600, {9: ("u4", 900_000)}).content())
    assert "samples cover 1800 m" in activity.completeness.missing["consistent distance"]


def test_the_way_between_two_days_is_not_covered():
    """The samples of two days in one lap do not cover the way from the end of the first day to the
    start of the second.
    """
    points = ""
    for day in (3, 4):
        for number in range(60):
            points += (
                f"<Trackpoint><Time>2026-05-0{day}T06:00:{number:02}Z</Time><Position>"
                f"<LatitudeDegrees>{47 + number / 10_000:.6f}</LatitudeDegrees>"
                "<LongitudeDegrees>11.0</LongitudeDegrees></Position></Trackpoint>"
            )
    start = "2026-05-03T06:00:00Z"
    text = (
        f"<TrainingCenterDatabase><Activities><Activity Sport='Biking'><Id>{start}</Id>"
        f"<Lap StartTime='{start}'><TotalTimeSeconds>118</TotalTimeSeconds>"
        f"<DistanceMeters>1314</DistanceMeters><Track>{points}</Track></Lap>"
        "</Activity></Activities></TrainingCenterDatabase>"
    )
    workouts = activities(text.encode())
    assert [workout.elapsed_s for workout in workouts] == [59, 59]
    for workout in workouts:
        assert "consistent distance" not in workout.completeness.missing


@pytest.mark.parametrize("cut", ["14", "140</x:", "140</x:hr></x:Track", "1"])
def test_a_text_that_is_cut_off_is_no_value(gpx, cut):
    """The last heart rate of a file that was cut off is left out, because 14 is not 140."""
    hr = "<extensions><x:TrackPointExtension><x:hr>{}</x:hr></x:TrackPointExtension></extensions>"
    whole = gpx([(10 * number, 47 + number / 10_000, hr.format(140)) for number in range(60)])
    end = whole.rfind(b"140")
    [activity] = activities(whole[:end] + cut.encode())
    assert (activity.average_heartrate_bpm, activity.elapsed_s) == (140, 590)
