"""Tests of the writer for TCX: what it writes is read back by our reader."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from fg_workouts import START, latlng, ride, samples, stream
from fitglue_formats import activities as read
from fitglue_formats import device_claim
from fitglue_formats.writing import write_tcx
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import Device, Lap, SourceActivity

SECONDS = list(range(11))
NAMES = {"t": "http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"}


def written(activity: SourceActivity) -> SourceActivity:
    """Return an activity after it was written and read back."""
    (back,) = read(write_tcx(activity))
    return back


@settings(max_examples=25, deadline=None)
@given(
    heartrate=st.lists(st.none() | st.integers(30, 240), min_size=11, max_size=11),
    watts=st.lists(st.none() | st.integers(0, 2000), min_size=11, max_size=11),
    cadence=st.lists(st.none() | st.integers(0, 200), min_size=11, max_size=11),
    altitude=st.lists(st.none() | st.integers(-300, 8000), min_size=11, max_size=11),
)
def test_samples_come_back(**channels):
    """Every sample is the same after writing and reading, with zeros and gaps."""
    streams = [stream(name, values) for name, values in channels.items()]
    activity = ride(streams=(stream("time", SECONDS), *streams))
    before = samples(activity)
    after = samples(written(activity))
    for name, values in before.items():
        if all(value is None for value in values):
            assert name not in after
        else:
            assert after[name] == values


def test_figures_come_back():
    """What a lap of a TCX can state comes back, if the activity has no laps or one."""
    figures = {
        "elapsed_s": 10.0,
        "distance_m": 30.0,
        "calories_kcal": 12.0,
        "average_heartrate_bpm": 141.0,
        "max_heartrate_bpm": 151.0,
        "average_watts": 188.0,
        "max_watts": 205.0,
        "average_cadence_rpm": 81.0,
        "average_speed_mps": 3.0,
        "max_speed_mps": 4.5,
    }
    back = written(ride(**figures))
    assert {name: getattr(back, name) for name in figures} == figures


def test_laps_come_back_with_their_samples():
    """Each lap has its start, figures and samples; those of the border belong to the later one."""
    laps = (
        Lap(start_s=0.0, elapsed_s=4.0, distance_m=12.0, intensity="work", max_watts=200.0),
        Lap(start_s=4.0, elapsed_s=6.0, distance_m=18.0, intensity="rest"),
    )
    content = write_tcx(ride(laps=laps))
    root = etree.fromstring(content)
    counts = [
        len(lap.findall(".//t:Trackpoint", NAMES)) for lap in root.iterfind(".//t:Lap", NAMES)
    ]
    assert counts == [4, 7]
    (back,) = read(content)
    for lap, again in zip(laps, back.laps, strict=True):
        for name in ("start_s", "elapsed_s", "distance_m", "intensity", "max_watts"):
            assert getattr(again, name) == getattr(lap, name)


def test_laps_that_are_not_the_workout_are_left_out():
    """A TCX has totals only in its laps, so laps that add up to something else are left out."""
    laps = (Lap(start_s=0.0, elapsed_s=4.0, distance_m=200.0),)
    back = written(ride(laps=laps))
    assert (back.elapsed_s, back.distance_m, len(back.laps)) == (10.0, 30.0, 1)


def test_the_claim_of_the_device_comes_back():
    """A TCX names the recording device, so it is recognized as a copy of the same recording."""
    back = written(ride(device=Device("Edge 530", product="3121", serial="39", software="9.75")))
    assert device_claim(39, START) in back.claims
    assert back.device == Device("Edge 530", product="3121", serial="39", software="9.75")


def test_the_start_is_that_of_the_activity():
    """A first lap that begins before or after the workout does not move its start."""
    for at in (-20.0, 3.0):
        laps = (Lap(start_s=at, elapsed_s=10.0, distance_m=30.0),)
        assert written(ride(laps=laps)).start_utc == START


def test_texts_are_safe():
    """Markup is escaped, and control characters and halves of characters are left out."""
    back = written(ride(description="A <b> & \x00\x0b\ud83d\ufffe 🚴\r\ntwo"))
    assert back.description == "A <b> &  🚴\ntwo"


def test_a_pause_begins_a_new_track():
    """The track is interrupted where the recording was."""
    times = [0, 1, 2, 102, 103]
    activity = ride(elapsed_s=103.0, recording_s=3.0, streams=(stream("time", times),))
    root = etree.fromstring(write_tcx(activity))
    tracks = root.findall(".//t:Track", NAMES)
    assert [len(track) for track in tracks] == [3, 2]


def test_runners_have_an_element_of_their_own():
    """The cadence of a run counts one leg, in Garmin's extension."""
    streams = (stream("time", [0, 1, 2]), stream("cadence", [170, 172, 174]))
    activity = ride(sport="Run", average_cadence_rpm=172.0, cadence_per_leg=False, streams=streams)
    content = write_tcx(activity)
    assert b"RunCadence>85<" in content
    assert b"<Cadence>" not in content
    (back,) = read(content)
    assert (back.average_cadence_rpm, samples(back)["cadence"]) == (86.0, [85, 86, 87])


def test_positions_come_back():
    """Positions are kept to a millimeter, and points without one keep their other values."""
    track = latlng([47.12345678, None, -0.00000001], [-179.99999999, None, 11.0])
    streams = (stream("time", [0, 1, 2]), track, stream("watts", [1, 2, 3]))
    content = write_tcx(ride(streams=streams))
    assert b"<LongitudeDegrees>-179.99999999<" in content
    assert b"e-" not in content.split(b"Activities")[1].replace(b"Time", b"")
    assert samples(read(content)[0])["watts"] == [1, 2, 3]


def test_several_activities_become_a_multisport_session():
    """The legs of an event are the activities of one session."""
    run = ride(sport="Run", start_utc=START + timedelta(seconds=20), description="Run")
    back = read(write_tcx(ride(), run))
    assert [(leg.sport, leg.description) for leg in back] == [
        ("Ride", "Around the lake"),
        ("Run", "Run"),
    ]


def test_an_activity_without_samples_is_written():
    """A workout that was typed in has one lap without a track."""
    back = written(ride(streams=(), device=None))
    assert (back.elapsed_s, back.distance_m, back.streams) == (10.0, 30.0, ())


@pytest.mark.parametrize("fields", [{"start_utc": None}, {"start_precision": "day"}])
def test_a_workout_without_a_moment_is_refused(fields):
    """A TCX states times in UTC."""
    with pytest.raises(RecordRefused, match="FG-start-unknown"):
        write_tcx(ride(**fields))


@pytest.mark.parametrize("sport", ["Hike", "Swim", "Yoga"])
def test_what_tcx_cannot_hold_is_lost(sport):
    """Other sports than running and cycling, the title, temperatures and climb have no place."""
    streams = (stream("time", SECONDS), stream("temperature", [20] * 11))
    back = written(ride(sport=sport, elevation_gain_m=5.0, streams=streams))
    assert (back.sport, back.title) == ("Other", None)
    assert (back.elevation_gain_m, "temperature" in samples(back)) == (None, False)


def test_the_same_activity_gives_the_same_bytes():
    """Writing is deterministic."""
    assert write_tcx(ride()) == write_tcx(ride())
