"""Tests of the writer for GPX: what it writes is read back by our reader and by gpxpy."""

from __future__ import annotations

from datetime import timedelta

import gpxpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from fg_workouts import START, latlng, ride, samples, stream
from fitglue_formats import activities as read
from fitglue_formats.writing import write_gpx
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import Lap, SourceActivity

SECONDS = list(range(11))


def written(activity: SourceActivity) -> SourceActivity:
    """Return an activity after it was written and read back."""
    (back,) = read(write_gpx(activity))
    return back


def outdoors(**channels) -> SourceActivity:
    """Return a ride with a track and these channels."""
    track = latlng([47 + second * 3e-5 for second in SECONDS], [11.0] * 11)
    others = [stream(name, values) for name, values in channels.items()]
    return ride(streams=(stream("time", SECONDS), track, *others))


@settings(max_examples=25, deadline=None)
@given(
    heartrate=st.lists(st.none() | st.integers(30, 240), min_size=11, max_size=11),
    watts=st.lists(st.none() | st.integers(0, 2000), min_size=11, max_size=11),
    temperature=st.lists(st.none() | st.integers(-40, 50), min_size=11, max_size=11),
    altitude=st.lists(st.none() | st.integers(-300, 8000), min_size=11, max_size=11),
)
def test_samples_come_back(**channels):
    """Every sample with a position is the same after writing and reading, with zeros and gaps."""
    activity = outdoors(**channels)
    before = samples(activity)
    after = samples(written(activity))
    for name, values in before.items():
        if all(value is None for value in values):
            assert name not in after
        else:
            assert after[name] == values


def test_gpxpy_reads_the_same():
    """gpxpy, which many programs use, reads the points, the texts and the sport."""
    activity = ride()
    file = gpxpy.parse(write_gpx(activity).decode())
    (track,) = file.tracks
    assert (track.name, track.description, track.type) == (
        "Morning ride",
        "Around the lake",
        "cycling",
    )
    points = [point for segment in track.segments for point in segment.points]
    assert [(point.latitude, point.longitude) for point in points] == samples(activity)["latlng"]
    assert [point.elevation for point in points] == samples(activity)["altitude"]
    assert [point.time for point in points] == [START + timedelta(seconds=s) for s in SECONDS]
    (extension, power) = points[2].extensions
    assert [child.text for child in extension] == ["132"]
    assert power.text == "200"


def test_texts_are_safe():
    """Markup is escaped, and control characters and halves of characters are left out."""
    title = 'A <b> & "c" \x00\x0b\ud83d\ufffe 🚴'
    content = write_gpx(ride(title=title, description="one\r\ntwo\x1b"))
    etree.fromstring(content)
    back = written(ride(title=title, description="one\r\ntwo\x1b"))
    assert (back.title, back.description) == ('A <b> & "c" 🚴', "one\ntwo")


def test_a_pause_begins_a_new_segment():
    """The track is interrupted where the recording was, so nobody measures through the pause."""
    times = [0, 1, 2, 102, 103]
    track = latlng([47, 47.0001, 47.0002, 47.0003, 47.0004], [11.0] * 5)
    activity = ride(elapsed_s=103.0, recording_s=3.0, streams=(stream("time", times), track))
    (written_track,) = gpxpy.parse(write_gpx(activity).decode()).tracks
    assert [len(segment.points) for segment in written_track.segments] == [3, 2]


def test_a_jump_that_the_distance_lacks_begins_a_new_segment():
    """The way between two tracks that one recording joins is not counted."""
    track = latlng([47, 47.0001, 48, 48.0001], [11.0] * 4)
    distance = stream("distance", [0, 11, 11, 22])
    activity = ride(streams=(stream("time", [0, 10, 20, 30]), track, distance))
    (written_track,) = gpxpy.parse(write_gpx(activity).decode()).tracks
    assert [len(segment.points) for segment in written_track.segments] == [2, 2]


def test_fractions_of_a_second_come_back():
    """GPX states times with fractions, so each sample of a second is kept."""
    track = latlng([47, 47.00001, 47.00002], [11.0] * 3)
    activity = ride(streams=(stream("time", [0, 0.5, 1.25]), track))
    assert samples(written(activity))["time"] == [0, 0.5, 1.25]


def test_several_activities_become_tracks():
    """Each leg of a multisport event becomes a track with its sport."""
    run = ride(sport="Run", title="Run", start_utc=START + timedelta(seconds=20))
    back = read(write_gpx(ride(), run))
    assert [(leg.sport, leg.title) for leg in back] == [("Ride", "Morning ride"), ("Run", "Run")]


def test_a_workout_without_positions_is_refused():
    """A GPX consists of positions, so a workout indoors is refused with another format."""
    with pytest.raises(RecordRefused) as refused:
        write_gpx(ride(streams=(stream("time", [0, 1]), stream("watts", [1, 2]))))
    assert refused.value.code == "FG-gpx-without-positions"
    assert refused.value.fix == "write it as FIT or TCX"


@pytest.mark.parametrize("fields", [{"start_utc": None}, {"start_precision": "day"}])
def test_a_workout_without_a_moment_is_refused(fields):
    """The points of a recording have times in UTC."""
    with pytest.raises(RecordRefused, match="FG-start-unknown"):
        write_gpx(ride(**fields))


def test_what_gpx_cannot_hold_is_lost():
    """Samples without a position, laps, totals and the device have no place in a GPX."""
    track = latlng([47, None, 47.0001], [11.0, None, 11.0])
    streams = (stream("time", [0, 1, 2]), track, stream("distance", [0, 5, 50]))
    back = written(ride(streams=streams, laps=(Lap(start_s=0.0),), calories_kcal=300.0))
    assert samples(back)["time"] == [0, 2]
    assert (back.laps, back.calories_kcal) == ((), None)
    assert back.distance_m < 20
    assert back.device.name == "FitGlue"


def test_the_same_activity_gives_the_same_bytes():
    """Writing is deterministic."""
    assert write_gpx(ride()) == write_gpx(ride())
