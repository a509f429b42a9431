"""What a TCX file becomes, or why it is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fitglue_formats import activities, tcx_summary
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import decode, encode, problems

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><TrainingCenterDatabase '
    'xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2" '
    'xmlns:x="http://www.garmin.com/xmlschemas/ActivityExtension/v2">'
)


def point(second: int, more: str = "", latitude: float | None = 47.0) -> str:
    place = (
        ""
        if latitude is None
        else (
            f"<Position><LatitudeDegrees>{latitude}</LatitudeDegrees>"
            "<LongitudeDegrees>11.0</LongitudeDegrees></Position>"
        )
    )
    time = f"2026-05-03T06:{second // 60:02}:{second % 60:02}Z"
    return f"<Trackpoint><Time>{time}</Time>{place}{more}</Trackpoint>"


def lap(second: int, points: str, more: str = "", seconds: float = 10) -> str:
    time = f"2026-05-03T06:{second // 60:02}:{second % 60:02}.000Z"
    return (
        f'<Lap StartTime="{time}"><TotalTimeSeconds>{seconds}</TotalTimeSeconds>'
        f"<DistanceMeters>100</DistanceMeters>{more}<Track>{points}</Track></Lap>"
    )


def tcx(laps: str, sport: str = "Running", more: str = "") -> str:
    return f'<Activity Sport="{sport}"><Id>2026-05-03T06:00:00Z</Id>{laps}{more}</Activity>'


def whole(*elements: str) -> bytes:
    return f"{HEAD}<Activities>{''.join(elements)}</Activities></TrainingCenterDatabase>".encode()


def only(content: bytes):
    [activity] = activities(content)
    assert (problems(activity), decode(encode(activity))) == ([], activity)
    return activity


def stream(activity, kind):
    return next((list(item.values) for item in activity.streams if item.type == kind), None)


def test_an_activity_is_a_workout_of_all_its_laps(gpx):
    """Moving time and distance are the sums of the laps; elapsed time ends with the last point."""
    activity = only(whole(tcx(lap(0, point(0) + point(10)) + lap(60, point(60) + point(70)))))
    assert (activity.sport, activity.start_utc, activity.moving_s) == (
        "Run",
        datetime(2026, 5, 3, 6, tzinfo=UTC),
        20,
    )
    assert (activity.elapsed_s, activity.distance_m, activity.utc_offset_s) == (70, 200, 7200)
    assert [(item.start_s, item.start_index, item.end_index) for item in activity.laps] == [
        (0, 0, 1),
        (60, 2, 3),
    ]


def test_extensions_become_streams(gpx):
    """Power, speed and run cadence in the extensions of a point become streams; 0 is a value."""
    more = (
        "<Extensions><x:TPX><x:Speed>2.5</x:Speed><x:RunCadence>81</x:RunCadence>"
        "<x:Watts>0</x:Watts></x:TPX></Extensions>"
    )
    activity = only(whole(tcx(lap(0, point(0, more) + point(10)))))
    assert (
        stream(activity, "velocity"),
        stream(activity, "cadence"),
        stream(activity, "watts"),
    ) == ([2.5, None], [81, None], [0, None])
    assert activity.cadence_per_leg is True


def test_heart_rates_are_those_of_the_laps_or_else_of_the_points():
    """The mean heart rate is that of the laps, weighted by time, or is computed from the points."""
    mean = "<AverageHeartRateBpm><Value>{}</Value></AverageHeartRateBpm>"
    laps = lap(0, "", mean.format(100), seconds=30) + lap(30, "", mean.format(140), seconds=10)
    assert only(whole(tcx(laps))).average_heartrate_bpm == 110
    beats = "".join(
        point(at, f"<HeartRateBpm><Value>{beat}</Value></HeartRateBpm>")
        for at, beat in ((0, 120), (5, 0), (10, 130))
    )
    computed = only(whole(tcx(lap(0, beats))))
    assert (computed.average_heartrate_bpm, stream(computed, "heartrate")) == (
        125,
        [120, None, 130],
    )
    assert computed.provenance["average_heartrate_bpm"].how == "computed"


def test_the_device_claims_its_recording():
    """A workout claims the unit id of its device, with the same claim that a FIT file would
    make.
    """
    creator = (
        "<Creator><Name>EDGE705</Name><UnitId>3471911100</UnitId>"
        "<ProductID>625</ProductID></Creator>"
    )
    activity = only(whole(tcx(lap(0, point(0)), more=creator)))
    assert (activity.device.name, activity.claims[1]) == (
        "EDGE705",
        "device:3471911100@2026-05-03T06:00:00Z",
    )


def test_every_activity_of_a_file_is_a_workout():
    """Every activity of a file is a workout, including the legs and transitions of a multisport
    session.
    """
    legs = (
        "<MultiSportSession><Id>x</Id>"
        f"<FirstSport>{tcx(lap(0, point(0)), 'Other')}</FirstSport>"
        f"<NextSport><Transition>{lap(20, point(20))}</Transition>"
        f"{tcx(lap(60, point(60)), 'Biking')}</NextSport></MultiSportSession>"
    )
    workouts = activities(whole(legs))
    assert [(leg.sport, leg.leg_no) for leg in workouts] == [
        ("Other", 0),
        ("Transition", 1),
        ("Ride", 2),
    ]
    assert len({leg.parent for leg in workouts}) == 1


def test_blanks_in_front_are_accepted():
    """Spaces before the XML declaration, as Strava writes them, are accepted."""
    assert only(b"          " + whole(tcx(lap(0, point(0))))).sport == "Run"


def test_points_are_put_in_the_order_of_time():
    """Points are put in the order of time with their values; a point without a position is a
    gap.
    """
    activity = only(whole(tcx(lap(0, point(0) + point(2) + point(1, latitude=None)))))
    assert (stream(activity, "time"), stream(activity, "latlng")) == (
        [0, 1, 2],
        [(47.0, 11.0), None, (47.0, 11.0)],
    )


def test_laps_without_points_are_a_workout():
    """An activity with laps and no points, recorded indoors without a sensor, is a workout."""
    activity = only(whole(tcx(lap(0, "", "<Calories>50</Calories>", seconds=1800))))
    assert (activity.streams, activity.elapsed_s, activity.calories_kcal) == ((), 1800, 50)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e400", "many", "", "-5"])
def test_invalid_numbers_are_left_out(value):
    """An invalid number in a lap or in a point is left out."""
    text = (
        f"<Calories>{value}</Calories>"
        f"<MaximumHeartRateBpm><Value>{value}</Value></MaximumHeartRateBpm>"
    )
    activity = only(
        whole(tcx(lap(0, point(0, f"<HeartRateBpm><Value>{value}</Value></HeartRateBpm>"), text)))
    )
    assert activity.max_heartrate_bpm is None
    assert not activity.calories_kcal


def rate(value: int, name: str = "HeartRateBpm") -> str:
    return f"<{name}><Value>{value}</Value></{name}>"


@pytest.mark.parametrize(
    "unusual",
    [
        lambda text: text.replace("<", "<n:").replace("<n:/", "</n:").replace("<n:?", "<?"),
        lambda text: text.replace("TrainingCenterDatabase/v2", "TrainingCenterDatabase/v1"),
        lambda text: text.replace("<Id>", "<Id>\n  ").replace("</Time>", " </Time>"),
        lambda text: text.replace("</Position>", "", 1),
        lambda text: text.replace("<Intensity>", "<Intensity>&nbsp;", 1) + "</Lap>",
        lambda text: text[: text.index("</Track>")],
    ],
)
def test_a_tcx_is_read_tolerantly(unusual):
    """Prefix, version, white space, errors in the XML and a missing end do not cost the workout."""
    laps = lap(0, point(0) + point(5) + point(10), "<Calories>50</Calories>")
    activity = only(unusual(whole(tcx(laps)).decode()).encode())
    assert (activity.sport, activity.elapsed_s, activity.distance_m) == ("Run", 10, 100)
    assert (activity.calories_kcal, stream(activity, "time")) == (50, [0, 5, 10])


def test_average_cadence_is_that_of_the_laps_weighted_by_time():
    """The mean cadence is that of the laps, of the extension for runners, or of the points."""
    extension = "<Extensions><x:LX><x:AvgRunCadence>{}</x:AvgRunCadence></x:LX></Extensions>"
    run = lap(0, "", extension.format(80), seconds=30) + lap(30, "", extension.format(90))
    assert only(whole(tcx(run))).average_cadence_rpm == 82.5
    turns = "".join(point(at, f"<Cadence>{at * 8}</Cadence>") for at in (0, 5, 10))
    computed = only(whole(tcx(lap(0, turns), "Biking")))
    assert (computed.average_cadence_rpm, computed.max_cadence_rpm) == (60, 80)
    assert computed.provenance["average_cadence_rpm"].how == "computed"


def test_the_cadence_of_both_legs_is_not_doubled():
    """A run cadence of 170 in the extension cannot be that of one leg."""
    steps = "<Extensions><x:TPX><x:RunCadence>170</x:RunCadence></x:TPX></Extensions>"
    assert only(whole(tcx(lap(0, point(0, steps) + point(10, steps))))).cadence_per_leg is False


def test_invalid_values_of_one_lap_do_not_reach_the_totals():
    """A lap whose heart rate is 255 and whose calories are 65,535 counts for neither."""
    good = f"<Calories>50</Calories>{rate(120, 'AverageHeartRateBpm')}"
    bad = f"<Calories>65535</Calories>{rate(255, 'AverageHeartRateBpm')}"
    activity = only(whole(tcx(lap(0, point(0), good) + lap(10, point(10), bad))))
    assert (activity.calories_kcal, activity.average_heartrate_bpm) == (50, 120)
    assert (activity.laps[1].calories_kcal, activity.laps[1].average_heartrate_bpm) == (None, None)


def test_a_zero_distance_of_the_laps_loses_against_the_points():
    """A distance of 0 beside samples with a distance means that the laps do not know it."""
    far = "<DistanceMeters>{}</DistanceMeters>"
    points = point(0, far.format(0)) + point(10, far.format(30))
    laps = lap(0, points).replace("<DistanceMeters>100<", "<DistanceMeters>0<", 1)
    activity = only(whole(tcx(laps)))
    assert activity.distance_m == 30
    assert "the laps state 0" in activity.provenance["distance_m"].note


def test_moving_time_is_not_longer_than_elapsed_time():
    """Laps that state more time than passed from start to end do not make the workout longer."""
    laps = lap(0, point(0) + point(10)) + lap(0, point(5), seconds=10)
    activity = only(whole(tcx(laps)))
    assert (activity.elapsed_s, activity.moving_s) == (10, 10)
    assert "states 20 s" in activity.provenance["moving_s"].note


@pytest.mark.parametrize("start", ["1989-12-31T00:00:00Z", "2026-05-01T06:00:00Z", "yesterday"])
def test_a_start_that_contradicts_the_points_is_not_used(start):
    """Many points are better evidence for the start than one time that is far from them."""
    text = whole(tcx(lap(0, point(0) + point(10)))).decode()
    text = text.replace("2026-05-03T06:00:00.000Z", start).replace("06:00:00Z</Id>", "x</Id>")
    activity = only(text.encode())
    assert activity.start_utc == datetime(2026, 5, 3, 6, tzinfo=UTC)
    assert (activity.elapsed_s, activity.moving_s) == (10, 10)


def test_an_activity_without_a_time_costs_only_itself():
    """Two of three activities are kept, with a message about the one in the middle."""
    timeless = tcx("<Lap><TotalTimeSeconds>5</TotalTimeSeconds></Lap>").replace("2026-05", "x")
    first, second = activities(whole(tcx(lap(0, point(0))), timeless, tcx(lap(60, point(60)))))
    assert (first.leg_no, second.leg_no) == (0, 1)
    assert first.completeness.missing["use of all activities"] == (
        "of 3, activity 2 does not state when the workout took place"
    )


def test_activities_of_two_days_are_not_legs():
    """Activities of different days in one file are not the legs of one event."""
    other_day = tcx(lap(0, point(0))).replace("2026-05-03", "2026-05-04")
    workouts = activities(whole(tcx(lap(0, point(0))), other_day))
    assert [(leg.leg_no, leg.parent) for leg in workouts] == [(0, None), (1, None)]


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]>'
    b"<TrainingCenterDatabase><Id>&c;</Id></TrainingCenterDatabase>"
)
COURSE = (
    f"{HEAD}<Courses><Course><Name>x</Name></Course></Courses></TrainingCenterDatabase>".encode()
)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (BOMB, "FG-file-unsafe"),
        (COURSE, "FG-tcx-without-activities"),
        (whole(tcx("").replace("2026-05", "x")), "FG-tcx-without-times"),
        (whole("")[:-60], "FG-not-tcx"),
    ],
)
def test_a_file_without_a_workout_is_refused_with_a_specific_code(content, code):
    """A file that contains no workout is refused with a code for the reason."""
    with pytest.raises(RecordRefused) as caught:
        activities(content)
    assert caught.value.code == code


def test_what_follows_from_a_track_is_computed_once(monkeypatch):
    """The distance, climb and spans of the points are computed once for each workout, also if
    its distance has to be converted from kilometers and its speeds from km/h.
    """
    computed = []
    for name in ("movement", "climb", "spans_of"):
        original = getattr(tcx_summary, name)

        def counted(*arguments, name=name, original=original):
            computed.append(name)
            return original(*arguments)

        monkeypatch.setattr(tcx_summary, name, counted)
    speed = "<Extensions><x:TPX><x:Speed>36</x:Speed></x:TPX></Extensions>"
    points = "".join(point(step * 10, speed, 47 + step * 0.0009) for step in range(10))
    activity = only(whole(tcx(lap(0, points, seconds=90).replace(">100<", ">0.9<", 1))))
    assert activity.distance_m == 900
    assert "speeds in m/s" in activity.completeness.missing
    assert computed == ["spans_of", "movement", "climb"]
