"""The bytes that leave lack what the privacy rules hide, in every format that is written."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from fitglue_formats.reading import activities
from fitglue_formats.writing import write_csv, write_fit, write_gpx, write_json, write_tcx
from fitglue_registry.model import Column, Lap, Link, Location, SourceActivity, Stream
from fitglue_registry.pipeline.circles import distance_m
from fitglue_registry.pipeline.document import Privacy, Zone
from fitglue_registry.pipeline.hidden_positions import track_of
from fitglue_registry.pipeline.privacy import departing

HOME = Zone(47.0, 8.0, 300.0)
#: From home to the north and back: a sample per second, 11 m apart.
LATITUDES = [47.000_01 + min(number, 200 - number) * 0.000_1 for number in range(201)]


def ride():
    """Return a ride that begins and ends at home, with everything that could show it."""
    seconds = [float(number) for number in range(201)]
    return SourceActivity(
        title="Evening ride",
        notes="to the secret lake",
        sport="Ride",
        start_utc=datetime(2026, 5, 1, 16, tzinfo=UTC),
        elapsed_s=200.0,
        distance_m=2_000.0,
        average_heartrate_bpm=233.0,
        max_heartrate_bpm=233.0,
        location=Location("Homestreet", None, 47.0, 8.0),
        links=(Link("map", "https://example.org/homestreet"),),
        extensions={"polyline": "homestreet"},
        laps=(Lap(start_s=0.0, elapsed_s=200.0, average_heartrate_bpm=233.0),),
        streams=(
            Stream("time", Column.of(seconds)),
            Stream("latlng", Column.pairs(LATITUDES, [8.0] * 201)),
            Stream("distance", Column.of(number * 10.0 for number in seconds)),
            Stream("heartrate", Column.of([233.0] * 201)),
        ),
    )


def leaving(*zones, leave_out=()):
    activity = departing(ride(), Privacy(zones, leave_out)).activity
    assert activity is not None
    return activity


WRITERS = {
    "fit": lambda activity: write_fit(activity, serial=7),
    "gpx": write_gpx,
    "tcx": write_tcx,
}


@pytest.mark.parametrize("kind", WRITERS)
def test_no_position_of_a_file_is_within_a_zone(kind):
    """What is read back from a written file has positions, and none of them within the zone."""
    [read] = activities(WRITERS[kind](leaving(HOME)))
    track = [point for point in track_of(read.streams) if point]
    assert len(track) > 100
    assert min(distance_m(point, (47.0, 8.0)) for point in track) > HOME.radius_m


@pytest.mark.parametrize("kind", ["fit", "tcx"])
def test_a_file_still_has_the_whole_distance(kind):
    """The distance of the workout stays, although its ends are hidden."""
    [read] = activities(WRITERS[kind](leaving(HOME)))
    assert read.distance_m == pytest.approx(2_000, rel=0.01)


@pytest.mark.parametrize("kind", ["json", "csv", "gpx", "tcx"])
def test_no_text_of_a_file_shows_the_zone(kind):
    """Neither a coordinate within the zone nor the place, a link or an extension is in the text."""
    text = {**WRITERS, "json": write_json, "csv": write_csv}[kind](leaving(HOME)).decode()
    assert "homestreet" not in text.casefold()
    near = [number for number in map(float, re.findall(r"\b47\.00\d+", text)) if number < 47.0026]
    assert near == []


@pytest.mark.parametrize("kind", ["json", "csv", "gpx", "tcx"])
def test_no_text_of_a_file_has_what_is_left_out(kind):
    """The heart rate and the notes are in no file if the pipeline leaves them out."""
    activity = leaving(leave_out=("heartrate", "notes"))
    text = {**WRITERS, "json": write_json, "csv": write_csv}[kind](activity).decode()
    assert not re.search(r"\b233\b", text)
    assert "secret lake" not in text


def test_a_fit_file_has_no_heart_rate_that_is_left_out():
    """A FIT file has no heart rate in its samples, its laps or its totals."""
    [read] = activities(WRITERS["fit"](leaving(leave_out=("heartrate",))))
    assert [stream for stream in read.streams if stream.type == "heartrate"] == []
    assert (read.average_heartrate_bpm, read.max_heartrate_bpm) == (None, None)
    assert [lap.average_heartrate_bpm for lap in read.laps if lap.average_heartrate_bpm] == []
