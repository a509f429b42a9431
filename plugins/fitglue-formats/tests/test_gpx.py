"""What a GPX file becomes, or why it is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fitglue_formats import activities
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import decode, encode, problems


def made(content: bytes, name: str = "Evening.gpx"):
    [activity] = activities(content, name)
    return activity


def stream(activity, kind):
    return next((list(item.values) for item in activity.streams if item.type == kind), None)


def ext(inner: str) -> str:
    return f"<extensions><x:TrackPointExtension>{inner}</x:TrackPointExtension></extensions>"


def test_a_track_is_a_workout_with_its_streams(gpx):
    """A track becomes a workout whose start, duration, distance and altitude follow from its
    points.
    """
    activity = made(gpx())
    assert (activity.start_utc, activity.elapsed_s) == (datetime(2026, 5, 3, 6, tzinfo=UTC), 20.0)
    assert activity.distance_m == pytest.approx(222.6, abs=0.1)
    assert stream(activity, "time") == [0, 10, 20]
    assert stream(activity, "altitude") == [500, 510, 505]
    assert (problems(activity), decode(encode(activity))) == ([], activity)


def test_distance_and_duration_of_a_track_count_as_computed(gpx):
    """Distance and duration of a GPX are marked as computed, so that a value that a device reported
    wins.
    """
    provenance = made(gpx()).provenance
    assert [provenance[field].how for field in ("distance_m", "elapsed_s", "moving_s")] == [
        "computed"
    ] * 3


def test_the_place_says_which_clock_was_local(gpx):
    """The local time of a GPX, which has only UTC, follows from its place."""
    activity = made(gpx())
    assert (activity.start_local, activity.utc_offset_s) == (
        datetime.fromisoformat("2026-05-03T08:00:00"),
        7200,
    )
    assert activity.timezone in {"Europe/Vienna", "Europe/Berlin"}


def test_a_pause_between_segments_adds_time_and_no_distance(gpx):
    """A pause between two segments counts as time, but the distance across it does not count."""
    activity = made(gpx([(0, 47.0, ""), (10, 47.001, "")], [(300, 47.1, ""), (310, 47.101, "")]))
    assert activity.elapsed_s == 310
    assert activity.distance_m == pytest.approx(222.6, abs=0.1)


def test_segments_are_put_in_the_order_of_time(gpx):
    """Segments that a program wrote in the wrong order are put in the order of time."""
    assert stream(
        made(gpx([(300, 47.1, ""), (310, 47.101, "")], [(0, 47.0, ""), (10, 47.001, "")])), "time"
    ) == [0, 10, 300, 310]


def test_points_are_put_in_the_order_of_time(gpx):
    """Points that a program wrote in the wrong order are put in the order of time."""
    assert stream(
        made(gpx([(0, 47.0, ""), (20, 47.001, ""), (10, 47.002, ""), (30, 47.003, "")])), "time"
    ) == [0, 10, 20, 30]


@pytest.mark.parametrize(
    ("inner", "kind", "value"),
    [
        ("<x:hr>120</x:hr>", "heartrate", 120),
        ("<x:cad>80</x:cad>", "cadence", 80),
        ("<x:atemp>0</x:atemp>", "temperature", 0),
        ("<x:PowerInWatts>210</x:PowerInWatts>", "watts", 210),
    ],
)
def test_extensions_become_streams_with_gaps(gpx, inner, kind, value):
    """An extension in any namespace becomes a stream; a point without it is a gap, and 0 is a
    value.
    """
    assert stream(made(gpx([(0, 47.0, ext(inner)), (10, 47.001, "")])), kind) == [value, None]


def test_heart_rate_has_its_mean_and_its_top(gpx):
    """Mean and maximum heart rate follow from the points and are marked as computed."""
    activity = made(
        gpx([(0, 47.0, ext("<x:hr>100</x:hr>")), (10, 47.001, ext("<x:hr>150</x:hr>"))])
    )
    assert (activity.average_heartrate_bpm, activity.max_heartrate_bpm) == (125, 150)
    assert activity.provenance["average_heartrate_bpm"].how == "computed"


@pytest.mark.parametrize(
    ("trk", "sport", "raw"),
    [
        ("<type>running</type>", "Run", "running"),
        ("", "Other", None),
        ("<type>9</type>", "Other", "9"),
    ],
)
def test_the_sport_is_the_tracks_type(gpx, trk, sport, raw):
    """The type of the track decides the sport; a number means something only in a file from
    Strava.
    """
    activity = made(gpx(trk=trk))
    assert (activity.sport, activity.sport_raw) == (sport, raw)


def test_strava_writes_numbers_for_sports(gpx):
    """The number 9 is a run in a file from Strava."""
    strava = made(gpx(trk="<type>9</type>").replace(b"Test watch", b"StravaGPX Android"))
    assert (strava.sport, strava.device.name) == ("Run", "StravaGPX Android")


def test_a_low_cadence_on_foot_counts_one_leg(gpx):
    """A cadence of 80 on foot counts the steps of one leg, as Garmin and Strava write it."""
    points = [(0, 47.0, ext("<x:cad>80</x:cad>")), (10, 47.001, "")]
    assert (
        made(gpx(points, trk="<type>running</type>")).cadence_per_leg,
        made(gpx(points)).cadence_per_leg,
    ) == (True, None)


def test_the_title_is_the_tracks_or_the_files(gpx):
    """The title is the name of the track, or else the name of the file."""
    assert (made(gpx(trk="<name>Föhn</name>")).title, made(gpx()).title) == ("Föhn", "Evening")


def test_other_encodings_are_read(gpx):
    """Files in UTF-8 with a byte order mark, in Latin-1 and in UTF-16 are read."""
    text = gpx(trk="<name>Föhn</name>").decode()
    assert made(b"\xef\xbb\xbf" + text.encode()).title == "Föhn"
    assert made(text.replace("UTF-8", "ISO-8859-1").encode("latin-1")).title == "Föhn"
    assert made(text.replace("UTF-8", "UTF-16").encode("utf-16")).title == "Föhn"


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE gpx [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    b'<gpx version="1.1"><trk><name>&b;</name></trk></gpx>'
)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "FG-file-empty"),
        (b"  \n", "FG-file-empty"),
        (b"hello", "FG-not-a-workout"),
        (b"<gpx><trk>", "FG-not-gpx"),
        (b"<kml><Document/></kml>", "FG-not-a-workout"),
        (BOMB, "FG-file-unsafe"),
        (b'<gpx version="1.1"/>', "FG-gpx-without-points"),
        (b'<gpx version="1.1"><wpt lat="1" lon="2"/></gpx>', "FG-gpx-without-points"),
        (
            b'<gpx version="1.1"><trk><trkseg><trkpt lat="x" lon="2"/></trkseg></trk></gpx>',
            "FG-gpx-without-times",
        ),
        (b'<?xml version="1.0" encoding="klingon"?><gpx version="1.1"/>', "FG-not-gpx"),
    ],
)
def test_a_file_without_a_workout_is_refused_with_a_specific_code(content, code):
    """A file that contains no workout is refused with a code for the reason and with a fix."""
    with pytest.raises(RecordRefused) as caught:
        made(content)
    assert caught.value.code == code
    assert caught.value.fix


@pytest.mark.parametrize(
    "points",
    [
        [(None, 47.0, ""), (None, 47.1, "")],
        [(0, 47.0, "")],
        [(0, 47.0, ""), (10, 47.1, ""), *[(None, 47.2, "")] * 3],
    ],
)
def test_a_route_without_times_is_refused(gpx, points):
    """A planned route, or a track that lost its times, is refused even if two points have a
    time.
    """
    with pytest.raises(RecordRefused) as caught:
        made(gpx(points))
    assert caught.value.code == "FG-gpx-without-times"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('lat="47.001"', 'lat="1e300"'),
        ('lon="11.0"><time>2026-05-03T06:00:10Z', 'lon="-1e9"><time>2026-05-03T06:00:10Z'),
        ("<ele>510</ele>", "<ele>1e400</ele>"),
        ("<ele>510</ele>", "<ele>-9e99</ele>"),
        ("06:00:10Z", "06:00:10"),
        ("06:00:10Z", "06:00:10+99:99"),
        ("2026-05-03T06:00:10Z", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_impossible_values_cost_only_their_point_or_their_altitude(gpx, old, new):
    """An impossible value removes its point or its altitude, not the workout; times without a zone
    are UTC.
    """
    changed = gpx().replace(old.encode(), new.encode())
    assert changed != gpx()
    activity = made(changed)
    assert (problems(activity), activity.elapsed_s, activity.max_altitude_m <= 510) == (
        [],
        20,
        True,
    )


#: File → meters, seconds and points as another reader counted them, or the code of its refusal.
REAL = {
    "gpsbabel__fit-sample.gpx": (9946.6, 2810, 533),
    "gpsbabel__garmin-edge-800-output.gpx": (25149.9, 3621, 1286),
    "gpsbabel__garmin-forerunner-10-output.gpx": (10177.2, 1696, 514),
    "gpsbabel__lezyne_super_gps-garmin_fit-sample-bad-endian.gpx": (8088.8, 5475, 804),
    "gpxpy__cerknicko-jezero.gpx": (4580.1, 7190, 296),
    "gpxpy__cerknicko-without-times.gpx": "FG-gpx-without-times",
    "gpxpy__track-with-empty-segment.gpx": (85.9, 76, 9),
    "gpxpy__track-with-less-sec-time.gpx": (1.6, 1, 2),
    "gpxpy__unicode_with_bom.gpx": "FG-gpx-without-points",
    "sports-lib__20170319_run_906581465.gpx": (4594.3, 1958, 1038),
    "sports-lib__20171008_run_2067489619.gpx": (4400.2, 2818, 502),
    "sports-lib__20190721_ride_2551623996.gpx": (49849.5, 7225, 1932),
    "sports-lib__amazfit.gpx": (8732.4, 2531, 1216),
    "sports-lib__garmin.gpx": (3879.1, 1377, 217),
}


@pytest.mark.shared
def test_every_real_file_is_in_the_table(shared_files):
    """Every real GPX file has an expected result in the table."""
    assert {path.name for path in shared_files.glob("*.gpx")} == REAL.keys()


@pytest.mark.shared
@pytest.mark.parametrize(
    "name", [name for name, expected in REAL.items() if not isinstance(expected, str)]
)
def test_real_files_are_normalized(shared_files, name):
    """Each real GPX file has the distance, duration and number of points that another reader
    found.
    """
    activity = made((shared_files / name).read_bytes())
    meters, seconds, points = REAL[name]
    assert (
        round(activity.distance_m, 1),
        round(activity.elapsed_s),
        len(activity.streams[0].values),
    ) == (meters, seconds, points)
    assert problems(activity) == []


@pytest.mark.shared
@pytest.mark.parametrize(
    "name", [name for name, expected in REAL.items() if isinstance(expected, str)]
)
def test_real_files_that_are_no_workout_are_refused(shared_files, name):
    """Each real GPX file without a workout is refused with the expected code."""
    with pytest.raises(RecordRefused) as caught:
        made((shared_files / name).read_bytes())
    assert caught.value.code == REAL[name]
