"""GPX and TCX files that are broken, unusual or hostile, and what is read from them."""

from __future__ import annotations

import pytest

from fitglue_formats import activities, kind_of
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import problems

COUNT = 60
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


def point(index: int, more: str = "", **changed: str) -> str:
    """Return a track point, one per second."""
    values = {
        "lat": f"{47 + index * 1e-4:.6f}",
        "lon": "8.0",
        "time": f"2024-06-01T08:{index // 60:02}:{index % 60:02}Z",
        **changed,
    }
    return (
        f'<trkpt lat="{values["lat"]}" lon="{values["lon"]}"><ele>400</ele>'
        f"<time>{values['time']}</time>{more}</trkpt>"
    )


def gpx(*changes: tuple[int, str], root: str = '<gpx version="1.1">') -> bytes:
    """Return a GPX with sixty points, of which some are changed."""
    points = [point(index) for index in range(COUNT)]
    for index, text in changes:
        points[index] = text
    track = f"<trk><name>Lake</name><trkseg>{''.join(points)}</trkseg></trk>"
    return f"{HEAD}{root}{track}</gpx>".encode()


def only(content: bytes):
    """Return the only workout of a file."""
    [workout] = activities(content, "x.gpx")
    assert problems(workout) == []
    assert workout.moving_s is None or workout.moving_s <= workout.elapsed_s
    return workout


def samples(workout, kind: str) -> list | None:
    """Return the samples of a stream."""
    return next((list(item.values) for item in workout.streams if item.type == kind), None)


PREFIXED = gpx().replace(b"<", b"<n:").replace(b"<n:/", b"</n:").replace(b"<n:?", b"<?")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(gpx(root='<gpx version="2.0">'), id="a version of the future"),
        pytest.param(gpx(root='<gpx xmlns="http://x.org/gpx">'), id="another namespace"),
        pytest.param(b"\n \t " + gpx(), id="blanks in front"),
        pytest.param(b"\xef\xbb\xbf  " + gpx(), id="a byte order mark and blanks"),
        pytest.param(gpx() + b"\0" * 500, id="zeros behind"),
        pytest.param(PREFIXED, id="a prefix that is not declared"),
        pytest.param(
            PREFIXED.replace(b"<n:gpx", b'<n:gpx xmlns:n="http://www.topografix.com/GPX/1/0"'),
            id="a declared prefix",
        ),
        pytest.param(gpx().replace(b'"UTF-8"', b'"UTF-16"'), id="a wrong encoding"),
        pytest.param(gpx().decode().encode("utf-16-le"), id="UTF-16 without a byte order mark"),
        pytest.param(b"<!-- <!DOCTYPE gpx> -->" + gpx()[len(HEAD) :], id="a comment in front"),
        pytest.param(gpx().replace(b'lat="47.', b'lat="47,'), id="decimal commas"),
        pytest.param(gpx().replace(b"-06-01T", b"-6-1 "), id="times with blanks"),
    ],
)
def test_unusual_files_are_read(content):
    """Version, namespace, prefix, encoding and surrounding characters cost nothing."""
    assert kind_of(content[:4096]) == "gpx"
    workout = only(content)
    assert (workout.title, len(samples(workout, "latlng"))) == ("Lake", COUNT)
    assert (workout.elapsed_s, round(workout.distance_m)) == (59, 657)


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(point(5).replace("</ele>", ""), id="an end tag is missing"),
        pytest.param(point(5).replace("</trkpt>", ""), id="the end of a point is missing"),
        pytest.param(point(5) + "</trkpt></trkseg></trk></gpx>", id="superfluous end tags"),
        pytest.param(point(5, "<cmt>a < b && c</cmt>"), id="unescaped characters"),
        pytest.param(point(5, "<cmt>&nbsp;&bomb;</cmt>"), id="unknown entities"),
        pytest.param(point(5, "<cmt>\x01\x02\0</cmt>"), id="control characters"),
        pytest.param(point(5, "<a:b><a:hr>x</a:hr></a:b>"), id="an undeclared prefix"),
        pytest.param(
            '<!DOCTYPE a [<!ENTITY b "c">]>' + point(5, "<cmt>&b;</cmt>"), id="a late DTD"
        ),
    ],
)
def test_an_error_in_the_xml_costs_no_more_than_its_element(broken):
    """All sixty points are read if the error does not concern their position and time."""
    workout = only(gpx((5, broken)))
    assert (len(samples(workout, "time")), round(workout.distance_m)) == (COUNT, 657)


@pytest.mark.parametrize("broken", ['<trkpt lat="47 lon="8"><time/>', "<trkpt", "<<trkpt/>>"])
def test_a_point_that_cannot_be_read_costs_itself(broken):
    """A point that cannot be read is missing, and the workout states that the file is broken."""
    workout = only(gpx((5, broken)))
    assert len(samples(workout, "time")) == COUNT - 1
    assert "not well-formed" in workout.completeness.missing["intact file"]


def test_many_broken_points_do_not_end_the_reading():
    """A file whose every point is broken has all its points: a recovering parser would nest them
    and give up.
    """
    broken = "".join(point(index).replace("</ele>", "") for index in range(3000))
    workout = only(gpx((59, broken)))
    assert (workout.elapsed_s, len(samples(workout, "time"))) == (2999, 3000)


def test_a_truncated_file_is_a_workout_up_to_its_end():
    """A truncated file has the points in front of its end, and states that its end is missing."""
    workout = only(gpx()[:-400])
    assert COUNT - 8 < len(samples(workout, "time")) < COUNT
    assert workout.completeness.missing["intact file"] == "it is truncated: its end is missing"


def test_a_well_formed_file_has_no_message():
    """An ordinary file states nothing about what is missing."""
    assert only(gpx()).completeness.missing == {}


DOCTYPE = '<!DOCTYPE gpx [<!ENTITY a "aaaa">]>'


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (DOCTYPE.encode() + gpx()[len(HEAD) :], "FG-file-unsafe"),
        (HEAD.encode() + DOCTYPE.lower().encode() + gpx()[len(HEAD) :], "FG-file-unsafe"),
        ((DOCTYPE + gpx().decode()[len(HEAD) :]).encode("utf-16"), "FG-file-unsafe"),
        ((DOCTYPE + gpx().decode()[len(HEAD) :]).encode("utf-16-be"), "FG-file-unsafe"),
        (b"<!-- -->" + DOCTYPE.encode() + gpx()[len(HEAD) :], "FG-file-unsafe"),
        (gpx().replace(b"UTF-8", b"UTF-7"), "FG-not-gpx"),
        (gpx().replace(b"UTF-8", b"rot13"), "FG-not-gpx"),
        (gpx().replace(b"UTF-8", b"unicode_escape"), "FG-not-gpx"),
        (HEAD.encode() + b"<gpx><trk><trkseg><trkpt", "FG-not-gpx"),
    ],
)
def test_an_unsafe_file_is_refused_in_every_encoding(content, code):
    """A document type, or an encoding that could hide one, is refused before parsing."""
    with pytest.raises(RecordRefused) as caught:
        only(content)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "end",
    [
        pytest.param('<trkpt lat="' + "1" * 2_000_000 + '"/>', id="a long attribute"),
        pytest.param("<" * 500_000, id="many tags"),
        pytest.param(("<" + "a" * 70) * 50_000, id="many long names"),
        pytest.param("</trkseg><trkseg>" + point(3) * 5000, id="a point many times"),
        pytest.param(("</trkseg><trkseg>" + point(3)) * 5000, id="a segment many times"),
    ],
)
def test_a_hostile_file_is_read_in_seconds(end):
    """What follows the sixty points of a hostile file adds nothing to the workout."""
    workout = only(gpx((59, point(59) + end)))
    assert (workout.elapsed_s, round(workout.distance_m)) == (59, 657)


# -- values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "missing"),
    [
        ({"lat": "north"}, "position of each point"),
        ({"lat": "0", "lon": "0"}, "position of each point"),
        ({"lat": "91"}, "position of each point"),
        ({"time": "yesterday"}, "use of all points"),
        ({"time": "1970-01-01T00:00:00Z"}, "use of all points"),
        ({"time": "1901-12-13T20:45:52Z"}, "use of all points"),
        ({"time": "2085-06-01T08:00:30Z"}, "use of all points"),
        ({"time": "2024-06-08T08:00:30Z"}, "use of all points"),
        ({"time": "2024-06-01T09:00:30Z"}, "use of all points"),
    ],
)
def test_one_wrong_value_is_counted_and_outvoted(changed, missing):
    """One wrong position or time changes neither distance nor duration, and is counted."""
    workout = only(gpx((30, point(30, **changed))))
    assert (workout.elapsed_s, round(workout.distance_m)) == (59, 657)
    assert "1 of 60" in workout.completeness.missing[missing]


@pytest.mark.parametrize("year", ["1901", "1970", "1989", "1990"])
def test_the_times_of_a_clock_that_was_never_set_are_no_times(year):
    """A recording whose clock was never set is refused, with this reason."""
    with pytest.raises(RecordRefused, match="60 of its 60 points have the time of a clock"):
        only(gpx().replace(b"2024-", year.encode() + b"-"))


def test_a_clock_that_was_set_back_is_recognized():
    """If the points go on while their times jump back, the times before the jump are moved."""
    later = [(index, point(index, time=f"2024-06-01T07:00:{index}Z")) for index in range(40, 60)]
    workout = only(gpx(*later))
    assert (workout.elapsed_s, round(workout.distance_m)) == (59, 657)
    assert f"{workout.start_utc:%H:%M:%S}" == "07:00:00"
    assert "moved 1 hour earlier" in workout.provenance["start_utc"].note


def test_halves_in_the_wrong_order_are_not_a_clock_that_was_set():
    """A program that wrote the second half first has the same workout."""
    points = [point(index * 20) for index in range(60)]
    halves = "".join(points[30:] + points[:30])
    workout = only(f"{HEAD}<gpx><trk><trkseg>{halves}</trkseg></trk></gpx>".encode())
    assert (workout.elapsed_s, len(samples(workout, "time"))) == (1180, 60)
    assert workout.completeness.missing.keys() == {"order of all points"}


def track(*indexes: int, kind: str = "running", day: int = 1) -> str:
    """Return a track with points of some seconds of a day."""
    points = "".join(point(index).replace("-06-01", f"-06-{day:02}") for index in indexes)
    return f"<trk><type>{kind}</type><trkseg>{points}</trkseg></trk>"


def tracks(*texts: str) -> list:
    """Return the workouts of a GPX with these tracks."""
    return activities(f"{HEAD}<gpx>{''.join(texts)}</gpx>".encode(), "x.gpx")


def test_the_segments_of_two_days_are_two_workouts():
    """A night divides a file into workouts, also within one track."""
    workouts = tracks(
        track(*range(20)).replace("</trkseg></trk>", "</trkseg>"),
        track(*range(20, 40), day=2).replace("<trk><type>running</type>", ""),
    )
    assert [(len(samples(workout, "time")), workout.sport) for workout in workouts] == [
        (20, "Run"),
        (20, "Run"),
    ]
    assert [workout.parent for workout in workouts] == [None, None]


def test_a_pause_of_hours_divides_nothing():
    """A long pause within a day belongs to the workout."""
    [workout] = tracks(track(*range(20)), track(*range(20)).replace("T08", "T11"))
    assert (workout.elapsed_s, len(samples(workout, "time"))) == (3 * 3600 + 19, 40)


def test_two_sports_of_one_day_are_the_legs_of_one_event():
    """A track with another sport is a workout of its own, and a leg of the same event."""
    ride, run = tracks(track(*range(20), kind="cycling"), track(*range(20, 40)))
    assert [(ride.sport, ride.leg_no), (run.sport, run.leg_no)] == [("Ride", 0), ("Run", 1)]
    assert ride.parent == run.parent is not None


def test_a_segment_that_goes_on_after_a_repetition_is_not_interrupted():
    """A segment that repeats the one before it and goes on has the distance of one recording."""
    [workout] = tracks(track(*range(30)), track(*range(60)), track(*range(10, 50)))
    assert (workout.moving_s, round(workout.distance_m)) == (59, 657)
    assert "70 of 130 (repetitions" in workout.completeness.missing["use of all points"]


@pytest.mark.parametrize(
    ("sport", "cadence", "one_leg"),
    [
        ("running", 85, True),
        ("running", 174, False),
        ("running", 115, None),
        ("walking", 55, True),
        ("walking", 112, False),
        ("cycling", 90, None),
    ],
)
def test_the_value_of_a_cadence_shows_whether_it_counts_one_leg(sport, cadence, one_leg):
    """The cadence of a sport on foot is that of one leg only if it can be."""
    cadences = f"<extensions><cad>{cadence}</cad></extensions>"
    points = "".join(point(index, cadences) for index in range(10))
    [workout] = tracks(f"<trk><type>{sport}</type><trkseg>{points}</trkseg></trk>")
    assert (workout.cadence_per_leg, workout.average_cadence_rpm) == (one_leg, cadence)


@pytest.mark.parametrize(
    ("name", "kind", "invalid"),
    [
        ("hr", "heartrate", "255"),
        ("hr", "heartrate", "0"),
        ("cad", "cadence", "255"),
        ("power", "watts", "65535"),
        ("atemp", "temperature", "127"),
    ],
)
def test_values_that_mean_not_measured_are_gaps(name, kind, invalid):
    """The largest value of a type, as FIT writes it for "not measured", is a gap in a GPX."""
    ext = "<extensions><{0}>{1}</{0}></extensions>"
    workout = only(
        gpx((5, point(5, ext.format(name, invalid))), (6, point(6, ext.format(name, 100))))
    )
    assert samples(workout, kind)[5:7] == [None, 100]


def test_an_altitude_of_raw_zero_is_a_gap():
    """An altitude of -500 m is the raw value 0 of a FIT file."""
    workout = only(gpx((5, point(5).replace("400", "-500"))))
    assert (samples(workout, "altitude")[5], workout.min_altitude_m) == (None, 400)


@pytest.mark.parametrize(("timed", "is_kept"), [(156, True), (80, True), (60, False), (300, True)])
def test_a_recording_of_which_many_points_have_a_time_is_kept(timed, is_kept):
    """A GPX in which a good part of many points has a time is a recording of that part; with fewer
    it is refused, and the reason states only the numbers.
    """
    points = [point(index) for index in range(360)]
    for index in range(timed, 360):
        points[index] = f'<trkpt lat="{47 + index * 1e-4:.6f}" lon="8.0"/>'
    content = f'{HEAD}<gpx version="1.1"><trk><trkseg>{"".join(points)}</trkseg></trk></gpx>'
    if is_kept:
        workout = only(content.encode())
        assert workout.elapsed_s == timed - 1
        assert "no time" in workout.completeness.missing["use of all points"]
    else:
        with pytest.raises(RecordRefused, match=f"only {timed} of its 360 points have a time"):
            activities(content.encode())


def test_points_out_of_order_are_sorted_and_counted():
    """Points that are not in the order of time are sorted, and the workout states how many."""
    workout = only(gpx((20, point(21)), (21, point(20))))
    assert workout.elapsed_s == COUNT - 1
    assert "1 of 60 points were not in the order" in str(workout.completeness.missing)
