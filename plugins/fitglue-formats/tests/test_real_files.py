"""Files of real devices: each gives the figures that other readers found in it, or the refusal that
it deserves.
"""

from __future__ import annotations

import gzip
import json
import os
from datetime import datetime
from pathlib import Path

import pytest

from fitglue_formats import activities, activities_of_glance, glance
from fitglue_registry.model import family, problems

_FILES = (
    Path(os.environ.get("FITGLUE_SHARED") or Path(__file__).parents[4] / "shared")
    / "data"
    / "files"
)
_EXPECTED = (
    json.loads((_FILES / "expected.json").read_text("utf-8"))
    if (_FILES / "expected.json").is_file()
    else []
)
EXPECTED = {entry["file"]: entry for entry in _EXPECTED}

#: No workouts, and why.
REFUSED = {
    "python-fitpars__MonitoringFile.fit": "FG-fit-other-kind",
    "gpxpy__cerknicko-without-times.gpx": "FG-gpx-without-times",
    "gpxpy__unicode_with_bom.gpx": "FG-gpx-without-points",
}
#: Other readers give these up at their header; their samples are whole.
SALVAGED = {"sports-lib__broken.fit": 2319}
#: Two samples a second that complete each other, up to the break; the last one says that it is the
#: year 2085.
JOINED = {"python-fitpars__strava-android-app-201.10-b1218918.fit": 236}
#: For minutes the strap said 0, which other readers counted in their mean; this is the mean of the
#: beats.
WITHOUT_ZEROS = {
    "goldencheetah__14582164182.fit.gz": 130.2,
    "sports-lib__2020-01-09_virtualride.fit": 138.9,
}
FAMILIES = {
    "running": "running",
    "run": "running",
    "9": "running",
    "walking": "walking",
    "cycling": "cycling",
    "biking": "cycling",
    "1": "cycling",
    "swimming": "swimming",
    "transition": "transition",
    "generic": "other",
    "other": "other",
    None: "other",
}

pytestmark = [pytest.mark.shared, pytest.mark.usefixtures("shared_files")]
readable = pytest.mark.parametrize("name", sorted(EXPECTED.keys() - REFUSED.keys()))


def content_of(name: str) -> bytes:
    content = (_FILES / name).read_bytes()
    return gzip.decompress(content) if name.endswith(".gz") else content


def sessions_of(expected: dict) -> list[dict]:
    """One form for what the notes say of the three formats."""
    if expected.get("is_fit"):
        return expected["sessions"]
    start, sports = expected["start"], expected.get("sport") or expected.get("type")
    return [
        {
            "sport": sports[0] if sports else None,
            "start": start[0] if isinstance(start, list) else start,
            "elapsed_s": expected.get("elapsed_s"),
            "timer_s": expected.get("timer_s"),
            "distance_m": expected.get("distance_m") or expected.get("distance_2d_m"),
            "hr_avg": None,
            "hr_max": None,
        }
    ]


def near(said: float | None, found: float | None) -> bool:
    """The notes are rounded to a tenth; what they leave out may be computed."""
    return said is None or (found is not None and abs(found - said) <= 0.051)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_no_workout_is_refused(name):
    """With the right reason."""
    assert glance(content_of(name), name).problem.code == REFUSED[name]


@readable
def test_sport_start_and_figures_are_those_of_other_readers(name):
    """Session by session; sports by their family."""
    found, expected = activities(content_of(name)), sessions_of(EXPECTED[name])
    assert [problem for activity in found for problem in problems(activity)] == []
    assert len(found) == max(len(expected), 1)
    for activity, said in zip(found, expected, strict=False):
        assert family(activity.sport) == FAMILIES[said["sport"] and said["sport"].casefold()]
        assert (
            said["start"] is None
            or abs((activity.start_utc - datetime.fromisoformat(said["start"])).total_seconds()) < 1
        )
        assert near(said["elapsed_s"], activity.elapsed_s)
        assert near(said["timer_s"], activity.moving_s)
        assert near(said["distance_m"], activity.distance_m)


@readable
def test_every_sample_is_there(name):
    """As many as were recorded, but for those that belong together."""
    expected = EXPECTED[name]
    counted = (
        expected.get("records_fitdecode")
        if isinstance(expected.get("records_fitdecode"), int)
        else expected["records"]
    )
    samples = sum(
        len(activity.streams[0].values)
        for activity in activities(content_of(name))
        if activity.streams
    )
    assert samples == (SALVAGED | JOINED).get(name, counted)


@readable
def test_heart_rates_are_those_of_other_readers(name):
    """Of the session where it says them, else of the samples; 0 is no heart rate."""
    expected = EXPECTED[name]
    found = activities(content_of(name))
    for activity, said in zip(found, sessions_of(expected), strict=False):
        assert near(said["hr_avg"] or None, activity.average_heartrate_bpm)
        assert near(said["hr_max"] or None, activity.max_heartrate_bpm)
    average, highest = expected.get("hr_from_records") or expected.get("hr") or (None, None)
    beats = [
        beat
        for activity in found
        for stream in activity.streams
        if stream.type == "heartrate"
        for beat in stream.values
        if beat
    ]
    if average:
        assert max(beats) == highest
        assert sum(beats) / len(beats) == pytest.approx(WITHOUT_ZEROS.get(name, average), abs=0.6)


@readable
def test_laps_and_lengths_are_all_there(name):
    """Each in its leg."""
    expected, found = EXPECTED[name], activities(content_of(name))
    kinds = [lap.kind for activity in found for lap in activity.laps]
    if "laps" in expected:
        assert (kinds.count("lap"), kinds.count("length")) == (
            expected["laps"],
            expected.get("lengths", 0),
        )


@readable
def test_a_glance_says_the_same(name):
    """Of what makes one workout known from another."""
    content = content_of(name)
    for small, big in zip(
        activities_of_glance(glance(content, name).workouts, "x" * 64),
        activities(content, name),
        strict=True,
    ):
        for field in (
            "title",
            "sport",
            "start_utc",
            "start_local",
            "timezone",
            "elapsed_s",
            "moving_s",
            "distance_m",
            "leg_no",
            "device",
            "average_heartrate_bpm",
            "calories_kcal",
            "elevation_gain_m",
        ):
            assert getattr(small, field) == getattr(big, field), field
