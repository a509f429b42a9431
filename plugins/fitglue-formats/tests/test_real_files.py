"""Files from real devices: each gives the values that other readers found in it, or the expected
refusal.
"""

from __future__ import annotations

import gzip
import json
import os
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import pytest

from fitglue_formats import activities
from fitglue_registry.errors import RecordRefused
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

#: Files that contain no workout → the code of their refusal.
REFUSED = {
    "python-fitpars__MonitoringFile.fit": "FG-fit-other-kind",
    "gpxpy__cerknicko-without-times.gpx": "FG-gpx-without-times",
    "gpxpy__unicode_with_bom.gpx": "FG-gpx-without-points",
}
#: Files that other readers reject because of their header, although their samples are intact → the
#: number of samples.
SALVAGED = {"sports-lib__broken.fit": 2319}
#: A file with two samples per second that complete each other, up to the damage → the number of
#: samples after joining. The last sample states that it is from 2085.
JOINED = {"python-fitpars__strava-android-app-201.10-b1218918.fit": 236}
#: Files whose strap reported 0 for minutes, which other readers count in their mean → the mean of
#: the other samples.
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


# The scope groups the tests of one file, so that each file is decoded once.
@pytest.fixture(scope="module", params=sorted(EXPECTED.keys() - REFUSED.keys()))
def name(request):
    """Return the name of each readable file in turn."""
    return request.param


def content_of(name: str) -> bytes:
    content = (_FILES / name).read_bytes()
    return gzip.decompress(content) if name.endswith(".gz") else content


@lru_cache(maxsize=1)
def workouts_of(name: str) -> list:
    """Return the workouts of a file; those of the last one are remembered."""
    return activities(content_of(name))


def sessions_of(expected: dict) -> list[dict]:
    """Return what the notes state about a file of any format, in the form of those for FIT."""
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


def near(expected: float | None, actual: float | None) -> bool:
    """Return whether a value fits the notes, which are rounded to a tenth and may leave it out."""
    return expected is None or (actual is not None and abs(actual - expected) <= 0.051)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_files_without_a_workout_are_refused(name):
    """Each real file without a workout is refused with the expected code."""
    with pytest.raises(RecordRefused) as caught:
        activities(content_of(name), name)
    assert caught.value.code == REFUSED[name]


def test_sport_start_and_summary_are_those_of_other_readers(name):
    """Each session has the start, duration, distance and family of sport that other readers
    found.
    """
    workouts, sessions = workouts_of(name), sessions_of(EXPECTED[name])
    assert [problem for activity in workouts for problem in problems(activity)] == []
    assert len(workouts) == max(len(sessions), 1)
    for activity, session in zip(workouts, sessions, strict=False):
        start = session["start"]
        assert family(activity.sport) == FAMILIES[session["sport"] and session["sport"].casefold()]
        assert (
            start is None
            or abs((activity.start_utc - datetime.fromisoformat(start)).total_seconds()) < 1
        )
        assert near(session["elapsed_s"], activity.elapsed_s)
        assert near(session["timer_s"], activity.moving_s)
        assert near(session["distance_m"], activity.distance_m)


def test_every_sample_is_there(name):
    """A file has as many samples as other readers counted, except where samples are joined."""
    expected = EXPECTED[name]
    counted = (
        expected.get("records_fitdecode")
        if isinstance(expected.get("records_fitdecode"), int)
        else expected["records"]
    )
    samples = sum(
        len(activity.streams[0].values) for activity in workouts_of(name) if activity.streams
    )
    assert samples == (SALVAGED | JOINED).get(name, counted)


def test_heart_rates_are_those_of_other_readers(name):
    """Heart rates are those of the session, or else of the samples, where 0 does not count."""
    expected = EXPECTED[name]
    workouts = workouts_of(name)
    for activity, session in zip(workouts, sessions_of(expected), strict=False):
        assert near(session["hr_avg"] or None, activity.average_heartrate_bpm)
        assert near(session["hr_max"] or None, activity.max_heartrate_bpm)
    average, highest = expected.get("hr_from_records") or expected.get("hr") or (None, None)
    beats = [
        beat
        for activity in workouts
        for stream in activity.streams
        if stream.type == "heartrate"
        for beat in stream.values
        if beat
    ]
    if average:
        assert max(beats) == highest
        assert sum(beats) / len(beats) == pytest.approx(WITHOUT_ZEROS.get(name, average), abs=0.6)


def test_laps_and_lengths_are_all_there(name):
    """The legs of a file have as many laps and lengths together as other readers counted."""
    expected, workouts = EXPECTED[name], workouts_of(name)
    kinds = [lap.kind for activity in workouts for lap in activity.laps]
    if "laps" in expected:
        assert (kinds.count("lap"), kinds.count("length")) == (
            expected["laps"],
            expected.get("lengths", 0),
        )
